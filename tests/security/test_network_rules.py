"""No rule of a Tenant opens it to all other tenants, however it says so."""

import pytest
import yaml


@pytest.fixture
def say(cluster, name, make_tenant):
    """Try a Tenant with these peers of a rule for what comes in; returns what the server says."""

    def say(*peers):
        made = make_tenant(name, networkPolicy={"ingressRules": [{"from": list(peers)}]})
        return cluster.kubectl("apply", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(made), check=False)

    return say


def chosen(*expressions, **labels):
    selector = {"matchLabels": labels} if labels else {}
    return {"namespaceSelector": {**selector, **({"matchExpressions": list(expressions)} if expressions else {})}}


def expression(key, operator, *values):
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


NAME = "kubernetes.io/metadata.name"
ENFORCED = "pod-security.kubernetes.io/enforce"


def test_no_label_that_the_namespaces_of_all_tenants_have_opens_a_tenant(cluster, say, name, manifest, make_tenant):
    assert cluster.playbook("reconcile", "-i", manifest(make_tenant(f"{name[:40]}-x"))).code == 0
    labels = cluster.get("namespace", f"tenant-{name[:40]}-x")["metadata"]["labels"]
    assert cluster.playbook("reconcile", "-i", manifest(make_tenant(f"{name[:40]}-y"))).code == 0
    others = cluster.get("namespace", f"tenant-{name[:40]}-y")["metadata"]["labels"]
    common = dict(labels.items() & others.items())
    assert len(common) >= 7
    for key, value in common.items():
        assert "to every other tenant" in say(chosen(**{key: value}))
        assert "to every other tenant" in say(chosen(expression(key, "In", "a", value)))
    assert "to every other tenant" in say(chosen(**common))
    enforced = {ENFORCED: "restricted"}
    for key in labels.keys() - common.keys():
        assert "to every other tenant" in say(chosen(expression(key, "Exists"), **enforced))


@pytest.mark.parametrize(
    "peer",
    [
        chosen(
            expression(ENFORCED, "In", "restricted"),
            expression(NAME, "NotIn", "kube-system"),
        ),
        chosen(expression("team", "DoesNotExist"), **{"app.kubernetes.io/part-of": "neurallog"}),
        {
            **chosen(**{"app.kubernetes.io/part-of": "neurallog"}),
            "podSelector": {"matchLabels": {"app.kubernetes.io/component": "server"}},
        },
    ],
)
def test_a_selector_that_holds_for_a_tenant_nobody_named_is_refused(say, name, peer):
    assert f"would open Tenant {name} to every other tenant" in say({"podSelector": {}}, peer)


@pytest.mark.parametrize(
    "peer",
    [
        chosen(**{NAME: "partners"}),
        chosen(expression(NAME, "In", "partners", "friends")),
        chosen(team="blue"),
        chosen(expression("team", "In", "blue"), **{ENFORCED: "restricted"}),
        chosen(expression("neurallog.io/tenant", "DoesNotExist"), expression("team", "In", "a"), team="a"),
        {"ipBlock": {"cidr": "10.1.0.0/16"}},
        {"ipBlock": {"cidr": "2001:db8::/32"}},
    ],
)
def test_a_rule_that_names_who_comes_in_is_accepted(say, peer):
    assert "created (server dry run)" in say(peer)


def test_a_block_of_ipv6_is_bounded_as_one_of_ipv4_is(say):
    assert "not be wider than /8, of IPv6 than /32" in say({"ipBlock": {"cidr": "fd00::/8"}})


def test_a_block_with_the_addresses_of_pods_is_refused_by_the_run_with_its_field(cluster, name, manifest, make_tenant):
    rules = [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]
    path = manifest(make_tenant(name, networkPolicy={"ingressRules": rules}))
    run = cluster.playbook("reconcile", "-i", path)
    assert run.code != 0
    assert "spec.networkPolicy.ingressRules[0].from[0].ipBlock: 10.0.0.0/8 has addresses of pods" in run.flat
    settings = '{"network_pod_networks": ["172.30.0.0/16"]}'
    assert cluster.playbook("reconcile", "-i", path, "-e", settings).code == 0
