"""What a tenant's network policies let through, by an evaluator that takes the table which kind tries for real."""

import pytest

from tests.isolation import PAIRS, RULES, WAYS_OUT
from tests.policies import Pod, connects
from tests.rendering import Renderer

MODES = {
    "standalone": {},
    "sentinel": {"mode": "sentinel", "replicas": 3},
    "cluster": {"mode": "cluster", "replicas": 6},
}
OUTSIDERS = ("outside", "friends", "partners")
COMPONENTS = {"redis": "redis", "neurallog-server": "server"}


@pytest.fixture(scope="module")
def renderer(cluster):
    return Renderer(cluster.kubeconfig)


@pytest.fixture(params=MODES)
def policies(renderer, request):
    """The policies of the two tenants of the table, whose Redis has the mode."""
    return policies_of(renderer, "a", MODES[request.param], allowedNamespaces=["friends"], **RULES) + policies_of(
        renderer, "b", MODES[request.param]
    )


def policies_of(renderer, name, redis, *, spec=None, **network):
    manifest = {"apiVersion": "neurallog.io/v1", "kind": "Tenant", "metadata": {"name": name}}
    manifest["spec"] = {"redis": redis, "networkPolicy": network, **(spec or {})}
    return [
        {**made, "metadata": {**made["metadata"], "namespace": f"tenant-{name}"}}
        for made in renderer.objects(renderer.accepted(manifest)).values()
        if made["kind"] == "NetworkPolicy"
    ]


def pod(who, component="server"):
    if who in OUTSIDERS:
        return Pod(who)
    labels = {"app.kubernetes.io/instance": who, "app.kubernetes.io/component": component}
    return Pod(f"tenant-{who}", labels)


@pytest.mark.parametrize(("who", "whose", "service", "port", "expected"), PAIRS)
def test_the_evaluator_agrees_with_the_connections_on_kind(policies, who, whose, service, port, expected):
    assert connects(policies, pod(who), pod(whose, COMPONENTS[service]), port) is expected


@pytest.mark.parametrize(("who", "to", "expected"), WAYS_OUT)
def test_the_evaluator_agrees_with_the_ways_out_on_kind(policies, who, to, expected):
    assert connects(policies, pod(who), Pod(to), 8080) is expected


@pytest.mark.parametrize(
    ("one", "other", "port"),
    [
        ("server", "redis", 6379),
        ("server", "redis", 26379),
        ("server", "redis-proxy", 6379),
        ("redis-proxy", "redis", 6379),
        ("redis", "redis", 16379),
        ("redis-cluster", "redis", 6379),
        ("backup", "redis", 6379),
    ],
)
def test_the_parts_of_a_tenant_reach_each_other_and_no_other_tenants(policies, one, other, port):
    assert connects(policies, pod("a", one), pod("a", other), port)
    assert not connects(policies, pod("b", one), pod("a", other), port)


def test_names_are_asked_for_and_nothing_outside_is_reached(policies):
    dns = Pod("kube-system", {"k8s-app": "kube-dns"})
    assert connects(policies, pod("a"), dns, 53, "UDP")
    assert not connects(policies, pod("a"), dns, 9153)
    assert not connects(policies, pod("a"), Pod(None, address="93.184.216.34"), 443)


BUCKET = {"storage": {"type": "s3", "bucket": "abc", "endpoint": "http://s3.example:9000", "secretRef": {"name": "s"}}}
HOOK = {"postCreate": {"http": {"url": "https://crm.example/hook"}}}
INGRESS = {"ingress": {"enabled": True, "hosts": [{"host": "a.example.com"}]}}
OUT = Pod(None, address="93.184.216.34")


@pytest.mark.parametrize(
    ("spec", "source", "target", "port", "with_it", "without_it"),
    [
        ({"backup": BUCKET}, pod("a", "backup"), OUT, 9000, True, False),
        ({"backup": BUCKET}, pod("a", "backup"), OUT, 443, False, False),
        ({"backup": BUCKET}, pod("a", "server"), OUT, 9000, False, False),
        ({"lifecycle": HOOK}, pod("a", "lifecycle"), OUT, 443, True, False),
        ({"lifecycle": HOOK}, pod("a", "server"), OUT, 443, False, False),
        ({"integrations": INGRESS}, Pod("ingress-nginx"), pod("a", "server"), 3030, True, False),
        ({"integrations": INGRESS}, Pod("ingress-nginx"), pod("a", "redis"), 6379, False, False),
        ({"monitoring": {"enabled": False}}, Pod("monitoring"), pod("a", "server"), 3030, False, True),
    ],
)
def test_what_a_tenant_asks_for_opens_its_way_and_no_other(renderer, spec, source, target, port, with_it, without_it):
    assert connects(policies_of(renderer, "a", {}, spec=spec), source, target, port) is with_it
    assert connects(policies_of(renderer, "a", {}), source, target, port) is without_it
