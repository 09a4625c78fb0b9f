"""The operator's ClusterRole: every right is used, and none is missing."""

from http import HTTPStatus

import pytest
import yaml

from tests.control_plane import CHECKOUT, condition, is_reconciled
from tests.endpoints import TO_SERVE, address, fetch

USER = "system:serviceaccount:neurallog-system:tenant-operator"


@pytest.fixture
def cluster(operated_cluster):
    return operated_cluster


@pytest.fixture
def kubeconfig(cluster, tmp_path):
    """The kubeconfig of the operator's service account, with what config/rbac grants and no more."""
    cluster.kubectl("apply", "-f", CHECKOUT / "config" / "manager" / "namespace.yaml")
    cluster.kubectl("apply", "-k", CHECKOUT / "config" / "rbac")
    return cluster.kubeconfig_of("tenant-operator", "neurallog-system", tmp_path)


def granted():
    """Return the rights of the roles: group, resource, verb."""
    rights = set()
    for file in ("role", "leader_election_role"):
        for rule in yaml.safe_load((CHECKOUT / "config" / "rbac" / f"{file}.yaml").read_text())["rules"]:
            rights |= {
                (group, resource, verb)
                for group in rule["apiGroups"]
                for resource in rule["resources"]
                for verb in rule["verbs"]
            }
    return rights


def used(cluster, position, adopted):
    """Return the rights that the operator used since, and what it was refused.

    A policy knows a moment later than the operator that a namespace was adopted. What it refuses there is left out.
    """
    rights, refused = set(), set()
    for event in cluster.audited(position):
        if event["user"]["username"] != USER or "objectRef" not in event:
            continue
        reference = event["objectRef"]
        resource = "/".join(filter(None, (reference["resource"], reference.get("subresource"))))
        right = reference.get("apiGroup", ""), resource, event["verb"]
        rights.add(right)
        code = event.get("responseStatus", {}).get("code")
        if code == HTTPStatus.CREATED:  # a patch that creates needs both
            rights.add((*right[:2], "create"))
        is_by_policy = event["annotations"]["authorization.k8s.io/decision"] == "allow"
        if code == HTTPStatus.FORBIDDEN and not (is_by_policy and reference.get("namespace") == adopted):
            refused.add((*right, event["requestURI"]))
    return rights, refused


RBAC = "rbac.authorization.k8s.io"
ASKED_BY_THE_SERVER = {("neurallog.io", "tenants", "adopt"), (RBAC, "roles", "escalate"), (RBAC, "roles", "bind")}
"""Rights that no request shows: config/crd/own-namespaces.yaml asks for the first one, RBAC for the others."""

TOKEN = {"secretKeyRef": {"name": "own", "key": "token"}}

FULL = {
    "resources": {key: {"request": "8", "limit": "16"} for key in ("cpu",)}
    | {"memory": {"request": "8Gi", "limit": "16Gi"}},
    "server": {
        "env": [{"name": "TOKEN", "valueFrom": TOKEN}],
        "replicas": 2,
        "autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 3},
    },
    "networkPolicy": {"allowedNamespaces": ["friends"]},
    "monitoring": {"alerts": {"enabled": True, "receivers": [{"name": "a", "email": "a@b.example"}]}},
    "integrations": {"ingress": {"enabled": True, "hosts": [{"host": "rights.example.com"}]}},
    "lifecycle": {"preCreate": {"exec": {"image": "busybox", "command": ["true"]}}},
}
"""Uses what can be used; then it is turned off."""

OFF = {
    "redis": {"storage": "2Gi", "security": {"enabled": False}},
    "monitoring": {"enabled": False},
    "backup": {"enabled": False},
}


def adopted_namespace_without_pods(cluster, name):
    """Make the namespace of a tenant whose pods are refused, so that its status has something to explain."""
    annotations = {"neurallog.io/adopt": name}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"tenant-{name}"}}
    cluster.apply(namespace | {"metadata": namespace["metadata"] | {"annotations": annotations}})
    cluster.kubectl("create", "quota", "no-pods", "--hard=pods=0", "-n", f"tenant-{name}")


def phase_of_redis(cluster, name):
    status = (cluster.get("tenant", name) or {}).get("status") or {}
    return status.get("components", {}).get("redis", {}).get("phase")


def test_the_operator_uses_every_right_that_it_has_and_needs_no_other(
    cluster, name, make_tenant, start, kubeconfig, monitoring_kinds
):
    monitoring_kinds.install()
    position = cluster.audit_position()
    operator = start("--leader-elect", "true", "--namespace", "neurallog-system", *TO_SERVE, kubeconfig=kubeconfig)
    scraped = cluster.wait_until(lambda: address(operator, "/metrics"))
    cluster.kubectl("create", "serviceaccount", "scraper", "-n", "default", check=False)
    token = cluster.kubectl("create", "token", "scraper", "-n", "default").strip()
    cluster.wait_until(lambda: fetch(f"https://{scraped}/metrics", token)[0] == HTTPStatus.FORBIDDEN)
    kept, refused_pods, grown, typo, big = (f"{name[:40]}-{what}" for what in ("kept", "none", "more", "typo", "big"))
    adopted_namespace_without_pods(cluster, refused_pods)
    cluster.apply(make_tenant(refused_pods))
    cluster.apply(make_tenant(name, **FULL))
    cluster.apply(make_tenant(kept, deletionPolicy="Retain"))
    cluster.apply(make_tenant(grown, redis={"mode": "cluster", "replicas": 6}))
    cluster.apply(make_tenant(typo, redis={"storageClassName": "typo"}))
    cluster.apply(make_tenant(big, redis={"resources": {"cpu": {"request": "9999", "limit": "9999"}}}))
    for each in (name, kept, grown):
        cluster.wait_until(lambda each=each: is_reconciled(cluster, each))
    secrets = cluster.get("tenant", name)["status"]["components"]["secrets"]
    assert secrets["message"] == "Secret own does not exist: spec.server.env: TOKEN names it"
    for each in (typo, big):
        cluster.wait_until(lambda each=each: phase_of_redis(cluster, each) == "Failed")
        cluster.apply(make_tenant(each))
    for each in (typo, big):
        cluster.wait_until(lambda each=each: is_reconciled(cluster, each))
    assert cluster.get("alertmanagerconfigs,prometheusrules,servicemonitors", namespace=f"tenant-{name}")
    cluster.apply(make_tenant(grown, redis={"mode": "cluster", "replicas": 9}))
    cluster.apply(make_tenant(name, **OFF))
    cluster.wait_until(lambda: cluster.get("resourcequota", "tenant", namespace=f"tenant-{name}") is None)
    for each in (name, grown):
        cluster.wait_until(lambda each=each: is_reconciled(cluster, each))
    cluster.wait_until(lambda: cluster.get("job", "redis-cluster-3-9", namespace=f"tenant-{grown}"))
    cluster.wait_until(lambda: "exceeded quota" in condition(cluster.get("tenant", refused_pods), "Ready")["message"])
    cluster.kubectl("delete", "tenant", name, kept, refused_pods, grown, typo, big, "--timeout=240s")
    operator.terminate()
    assert operator.wait(timeout=60) == 0
    rights, refused = used(cluster, position, adopted=f"tenant-{refused_pods}")
    assert refused == set()
    assert sorted(rights - granted()) == []
    unused = ["/".join(right) for right in sorted(granted() - rights - ASKED_BY_THE_SERVER)]
    assert not unused, "\n".join(unused)
