"""What a Tenant's author writes is data, and what is not the tenant's is not touched."""

import pytest
import yaml


def leaves(value):
    """Yield every string of an object, keys included."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield key
            yield from leaves(below)
    elif isinstance(value, list):
        for below in value:
            yield from leaves(below)
    elif isinstance(value, str):
        yield value


HOSTILE = [
    "{{ lookup('pipe', 'touch FILE') }}",
    "{% for x in [1] %}{{ lookup('pipe', 'touch FILE') }}{% endfor %}",
    "x\nspec: {replicas: 9}",
    "yes",
    "1e3",
    ": #",
    "{# nothing #}",
    "null",
    "&a *a",
]


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_tenant_writes_is_one_leaf_byte_for_byte_and_never_a_template(
    cluster, name, manifest, make_tenant, tmp_path, value
):
    marker = tmp_path / "executed"
    value = value.replace("FILE", str(marker))
    variables = [{"name": "HOSTILE", "value": value}]
    # Map keys are checked by the server: what is no label there is refused, and never evaluated on the way.
    spec = {"displayName": value[:63], "description": value, "server": {"env": variables}}
    run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name, **spec)), "--diff")
    assert run.code == 0, run.output
    namespace = cluster.get("namespace", f"tenant-{name}")
    assert namespace["metadata"]["annotations"]["neurallog.io/description"] == value
    assert namespace["metadata"]["annotations"]["neurallog.io/display-name"] == value[:63]
    deployment = cluster.get("deployment", "neurallog-server", namespace=f"tenant-{name}")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert {"name": "HOSTILE", "value": value} in container["env"]
    assert deployment["spec"]["replicas"] == 1
    assert not marker.exists()


def test_a_template_in_a_map_key_is_refused_by_name_and_not_evaluated(cluster, name, manifest, make_tenant, tmp_path):
    marker = tmp_path / "executed"
    key = f"{{{{ lookup('pipe', 'touch {marker}') }}}}"
    run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name, redis={"config": {key: "1"}})))
    assert run.code != 0
    assert "spec.redis.config takes tuning directives of redis.conf alone" in run.flat
    peer = {"podSelector": {"matchLabels": {key: "x"}}}
    other = cluster.playbook(
        "reconcile", "-i", manifest(make_tenant(name, networkPolicy={"ingressRules": [{"from": [peer]}]}))
    )
    assert other.code != 0
    assert not marker.exists()


def test_a_template_in_a_live_tenant_is_not_evaluated(cluster, name, manifest, make_tenant, tmp_path):
    marker = tmp_path / "executed"
    text = f"{{{{ lookup('pipe', 'touch {marker}') }}}}"
    cluster.apply(make_tenant(name, description=text))
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("plugin: neurallog.tenant.tenants\ncluster: true\n")
    run = cluster.playbook("reconcile", "-i", inventory, "--limit", name)
    assert run.code == 0, run.output
    annotations = cluster.get("namespace", f"tenant-{name}")["metadata"]["annotations"]
    assert annotations["neurallog.io/description"] == text
    assert not marker.exists()


def test_variables_of_ansible_cannot_be_set_by_a_tenant(cluster, name, manifest, make_tenant):
    run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name, ansible_connection="ssh")))
    assert run.code != 0
    assert ".spec.ansible_connection: field not declared in schema" in run.flat


@pytest.mark.parametrize("directive", ["include", "loadmodule", "rename-command", "user", "requirepass", "dir", "save"])
def test_redis_directives_that_are_no_tuning_are_refused(cluster, name, make_tenant, directive):
    message = cluster.kubectl(
        "apply", "--dry-run=server", "-f", "-", check=False,
        stdin=yaml.safe_dump(make_tenant(name, redis={"config": {directive: "x"}})),
    )  # fmt: skip
    assert "spec.redis.config" in message
    assert "takes tuning directives of redis.conf alone" in message


def test_a_namespace_that_is_not_the_tenants_is_not_touched_and_the_status_says_so(
    cluster, name, manifest, make_tenant
):
    cluster.kubectl("create", "namespace", f"tenant-{name}")
    before = cluster.get("namespace", f"tenant-{name}")
    run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name)))
    assert run.code != 0
    assert "exists and is not this Tenant's: nothing was written to it" in run.flat
    assert cluster.get("namespace", f"tenant-{name}") == before
    assert not cluster.get("configmap", "redis-config", namespace=f"tenant-{name}")
    status = cluster.get("tenant", name)["status"]
    assert status["phase"] == "Failed"
    ready = next(condition for condition in status["conditions"] if condition["type"] == "Ready")
    assert "is not this Tenant's" in ready["message"]


def test_copied_labels_and_a_forged_note_do_not_make_a_namespace_the_tenants(cluster, name, manifest, make_tenant):
    cluster.apply(make_tenant(name))
    uid = cluster.get("tenant", name)["metadata"]["uid"]
    metadata = {
        "name": f"tenant-{name}",
        "labels": {"neurallog.io/tenant": name},
        "annotations": {"neurallog.io/tenant-uid": uid},
    }
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name)))
    assert run.code != 0
    assert "exists and is not this Tenant's" in run.flat


def test_an_administrator_gives_a_namespace_to_a_tenant_by_annotation(cluster, name, manifest, make_tenant):
    cluster.kubectl("create", "namespace", f"tenant-{name}")
    cluster.kubectl("annotate", "namespace", f"tenant-{name}", f"neurallog.io/adopt={name}")
    run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name)))
    assert run.code == 0, run.output
    (owner,) = cluster.get("namespace", f"tenant-{name}")["metadata"]["ownerReferences"]
    assert owner["uid"] == cluster.get("tenant", name)["metadata"]["uid"]


@pytest.mark.parametrize(
    ("peer", "message"),
    [
        ({}, "empty peer"),
        ({"namespaceSelector": {}}, "namespaceSelector must name namespaces"),
        ({"ipBlock": {"cidr": "10.0.0.0/7"}}, "not be wider than /8"),
        ({"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}, "either ipBlock"),
        ({"ipBlock": {"cidr": "house"}}, "CIDR notation"),
    ],
)
def test_no_rule_opens_a_tenant_to_everybody_by_accident(cluster, name, make_tenant, peer, message):
    answer = cluster.kubectl(
        "apply", "--dry-run=server", "-f", "-", check=False,
        stdin=yaml.safe_dump(make_tenant(name, networkPolicy={"ingressRules": [{"from": [peer]}]})),
    )  # fmt: skip
    assert message in answer


def test_pods_pass_the_pod_security_level_that_the_namespace_enforces(cluster, name, manifest, make_tenant):
    run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name)), "-e", "wait=true")
    assert run.code == 0, run.output
    labels = cluster.get("namespace", f"tenant-{name}")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert len(cluster.get("pods", namespace=f"tenant-{name}")) == 2


@pytest.mark.parametrize("where", [{"namespaceSelector": {}}, {"namespaces": ["kube-system"]}])
@pytest.mark.parametrize("kind", ["podAffinity", "podAntiAffinity"])
def test_no_pod_of_a_tenant_can_keep_pods_of_other_namespaces_away(cluster, affine, kind, where):
    term = {"topologyKey": "kubernetes.io/os", "labelSelector": {}}
    assert "no-affinity-across-namespaces" in affine(kind, {**term, **where})
    assert affine(kind, term).endswith("created (server dry run)")


@pytest.fixture
def affine(cluster, name, manifest, make_tenant):
    """Try a pod with a term of affinity in a tenant's namespace; returns what the server says."""
    assert cluster.playbook("reconcile", "-i", manifest(make_tenant(name))).code == 0
    namespace = f"tenant-{name}"
    quota = lambda: cluster.get("resourcequota", "no-affinity-across-namespaces", namespace=namespace)  # noqa: E731
    cluster.wait_until(lambda: quota().get("status", {}).get("hard") == {"pods": "0"})

    def affine(kind, term):
        spec = {
            "affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "a", "image": "a", "securityContext": CONTAINER}],
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": namespace}, "spec": spec}
        create = ("create", "--dry-run=server", "-f", "-")
        return cluster.kubectl(*create, stdin=yaml.safe_dump(pod), check=False).strip()

    return affine


CONTAINER = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
