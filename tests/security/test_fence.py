"""What the API server refuses to the operator itself, to those who make namespaces, and to those who delete the CRD."""

import pytest
import yaml

from tests.control_plane import CHECKOUT
from tests.pods import restricted

OPERATOR = ("--as", "system:serviceaccount:neurallog-system:tenant-operator")
MAKER = ("--as", "maker")
HOOKS = "neurallog-hooks"
OUT_OF_BOUNDS = (
    "the operator writes to Tenants, to the namespaces of tenants, and to its own Lease, Events and hooks alone"
)


@pytest.fixture
def attempt(cluster):
    """Try to create an object as somebody; returns what the server says to it."""

    def attempt(who, manifest):
        stdin = yaml.safe_dump(manifest)
        return cluster.kubectl(*who, "create", "--dry-run=server", "-f", "-", stdin=stdin, check=False).strip()

    return attempt


@pytest.fixture
def operator(cluster):
    """The operator's service account with the rights that are shipped."""
    cluster.kubectl("apply", "-f", CHECKOUT / "config" / "manager" / "namespace.yaml")
    cluster.kubectl("apply", "-k", CHECKOUT / "config" / "rbac")
    return OPERATOR


@pytest.fixture
def namespace(cluster, name, manifest, make_tenant):
    """The namespace of a tenant."""
    assert cluster.playbook("reconcile", "-i", manifest(make_tenant(name))).code == 0
    return f"tenant-{name}"


def thing(kind, name, namespace=None, **fields):
    versions = {"Job": "batch/v1", "Deployment": "apps/v1"}
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": versions.get(kind, "v1"), "kind": kind, "metadata": metadata, **fields}


TOKEN = {"type": "kubernetes.io/service-account-token"}
TOKEN_OF = {"annotations": {"kubernetes.io/service-account.name": "default"}}


def with_token(secret):
    return {**secret, "metadata": {**secret["metadata"], **TOKEN_OF}, **TOKEN}


def job(name, namespace, **spec):
    return thing("Job", name, namespace, spec={"template": {"spec": restricted(**spec)}})


QUIET = {"automountServiceAccountToken": False}
PROJECTED = [{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}]


@pytest.mark.parametrize(
    ("verb", "resource", "namespace"),
    [
        ("get", "secrets/other", "tenant-acme"),
        ("list", "secrets", "kube-system"),
        ("watch", "secrets", "tenant-acme"),
        ("get", "secrets", "neurallog-system"),
        ("create", "pods", "tenant-acme"),
        ("create", "pods --subresource=exec", "tenant-acme"),
        ("create", "serviceaccounts --subresource=token", "neurallog-system"),
        ("get", "pods --subresource=log", "tenant-acme"),
        ("create", "roles.rbac.authorization.k8s.io", "tenant-acme"),
        ("escalate", "roles.rbac.authorization.k8s.io/other", "tenant-acme"),
        ("bind", "roles.rbac.authorization.k8s.io/other", "tenant-acme"),
        ("bind", "clusterroles.rbac.authorization.k8s.io/tenant-operator-secrets", "tenant-acme"),
        ("create", "rolebindings.rbac.authorization.k8s.io", "tenant-acme"),
        ("patch", "clusterrolebindings.rbac.authorization.k8s.io/tenant-operator", "default"),
        ("bind", "clusterroles.rbac.authorization.k8s.io", "default"),
        ("impersonate", "users", "default"),
        ("create", "daemonsets.apps", "kube-system"),
        ("list", "nodes", "default"),
        ("patch", "validatingadmissionpolicies.admissionregistration.k8s.io", "default"),
        ("delete", "customresourcedefinitions.apiextensions.k8s.io", "default"),
        ("delete", "persistentvolumes", "default"),
    ],
)
def test_the_operator_has_no_right_that_leads_out_of_the_fence(cluster, operator, verb, resource, namespace):
    asked = (*operator, "auth", "can-i", verb, *resource.split(), "-n", namespace)
    assert cluster.kubectl(*asked, check=False).splitlines()[0] == "no"


@pytest.mark.parametrize("where", ["kube-system", "default", "neurallog-system"])
def test_the_operator_writes_no_secret_outside_of_tenants_namespaces(attempt, operator, where):
    assert OUT_OF_BOUNDS in attempt(operator, with_token(thing("Secret", "redis-auth", where)))
    assert OUT_OF_BOUNDS in attempt(operator, thing("Secret", "redis-auth", where))


def test_the_operator_writes_one_secret_of_one_type_in_a_tenants_namespace(attempt, operator, namespace):
    refused = "of Secrets the operator writes redis-auth alone, of the type Opaque"
    assert refused in attempt(operator, thing("Secret", "other", namespace))
    assert refused in attempt(operator, with_token(thing("Secret", "redis-auth", namespace)))


GRANT = "tenant-operator-secrets"
READ = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["own"], "verbs": ["get"]}
ITSELF = {"kind": "ServiceAccount", "name": "tenant-operator", "namespace": "neurallog-system"}


def grant(kind, namespace, **fields):
    metadata = {"name": GRANT, "namespace": namespace}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, **fields}


def binding(namespace, *subjects, of=GRANT, kind="Role"):
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": of}
    return grant("RoleBinding", namespace, roleRef=role, subjects=list(subjects))


@pytest.fixture
def apply(cluster):
    """Try to apply an object as somebody; returns what the server says to it."""

    def apply(who, manifest):
        command = (*who, "apply", "--server-side", "--field-manager=tenant-operator", "--dry-run=server", "-f", "-")
        return cluster.kubectl(*command, stdin=yaml.safe_dump(manifest), check=False).strip()

    return apply


def test_the_operator_gives_itself_the_right_to_read_secrets_by_name(apply, operator, namespace):
    assert "serverside-applied" in apply(operator, grant("Role", namespace, rules=[READ]))
    assert "serverside-applied" in apply(operator, binding(namespace, ITSELF))


@pytest.mark.parametrize(
    "change",
    [
        {"verbs": ["get", "list"]},
        {"verbs": ["*"]},
        {"resources": ["secrets", "pods"]},
        {"resources": ["*"]},
        {"apiGroups": ["", "apps"]},
        {"resourceNames": []},
    ],
)
def test_the_operator_gives_itself_no_other_right(apply, operator, namespace, change):
    refused = "of Roles the operator writes tenant-operator-secrets alone"
    assert refused in apply(operator, grant("Role", namespace, rules=[READ, {**READ, **change}]))


def test_the_operator_gives_no_right_to_others_and_none_elsewhere(apply, operator, namespace):
    refused = "of RoleBindings the operator writes tenant-operator-secrets alone"
    user = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "somebody"}
    for subject in (user, {**ITSELF, "namespace": "default"}, {**ITSELF, "name": "default"}):
        assert refused in apply(operator, binding(namespace, ITSELF, subject))
    assert "forbidden" in apply(operator, binding(namespace, ITSELF, of="cluster-admin", kind="ClusterRole"))
    for where in ("kube-system", "default", "neurallog-system"):
        assert OUT_OF_BOUNDS in apply(operator, grant("Role", where, rules=[READ]))
        assert OUT_OF_BOUNDS in apply(operator, binding(where, ITSELF))


@pytest.mark.parametrize("where", ["kube-system", "default", "neurallog-system"])
def test_the_operator_runs_nothing_outside_of_tenants_namespaces_and_its_hooks(attempt, operator, where):
    assert OUT_OF_BOUNDS in attempt(operator, job("a", where, **QUIET))
    assert OUT_OF_BOUNDS in attempt(operator, job("a", where, hostPID=True, **QUIET))


def test_no_pod_that_the_operator_makes_gets_a_token(attempt, operator, namespace):
    refused = "a pod of a tenant gets no token of its service account"
    for where in (namespace, HOOKS):
        assert refused in attempt(operator, job("a", where))
        assert refused in attempt(operator, job("a", where, automountServiceAccountToken=True))
        assert refused in attempt(operator, job("a", where, volumes=PROJECTED, **QUIET))
        assert "created (server dry run)" in attempt(operator, job("a", where, **QUIET))


def test_the_operator_makes_no_namespace_but_a_tenants_and_none_without_pod_security(attempt, operator):
    restricted = {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
    privileged = {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}
    assert OUT_OF_BOUNDS in attempt(
        operator, {**thing("Namespace", "other"), "metadata": {"name": "other", **restricted}}
    )
    for labels in ({}, privileged):
        made = {**thing("Namespace", "tenant-new"), "metadata": {"name": "tenant-new", **labels}}
        assert "enforces the Pod Security level restricted" in attempt(operator, made)
    made = {**thing("Namespace", "tenant-new"), "metadata": {"name": "tenant-new", **restricted}}
    assert "created (server dry run)" in attempt(operator, made)


def test_the_operator_takes_nothing_from_others(cluster, operator, name):
    cluster.kubectl("create", "configmap", name, "-n", "default")
    said = cluster.kubectl(*operator, "delete", "configmap", name, "-n", "default", check=False)
    assert OUT_OF_BOUNDS in said
    assert cluster.get("configmap", name, namespace="default")


@pytest.fixture
def maker(cluster):
    """Somebody who may make and change any namespace, and write no Tenants."""
    verbs = "--verb=create,get,update,patch"
    cluster.kubectl("create", "clusterrole", "namespace-maker", verbs, "--resource=namespaces", check=False)
    cluster.kubectl(
        "create", "clusterrolebinding", "maker", "--clusterrole=namespace-maker", "--user=maker", check=False
    )
    return MAKER


MARKS = [
    {"annotations": {"neurallog.io/tenant-uid": "u"}},
    {"annotations": {"neurallog.io/adopt": "acme"}},
    {"ownerReferences": [{"apiVersion": "neurallog.io/v1", "kind": "Tenant", "name": "acme", "uid": "u"}]},
    {"labels": {"neurallog.io/hooks": "true"}},
]


def test_no_one_makes_a_namespace_for_a_tenant_beforehand(cluster, attempt, maker):
    assert "need the verb adopt on tenants" in attempt(maker, thing("Namespace", "tenant-acme"))
    for mark in MARKS:
        made = {**thing("Namespace", "mine"), "metadata": {"name": "mine", **mark}}
        assert "needs the verb adopt on tenants" in attempt(maker, made)
    assert "created" in attempt(maker, thing("Namespace", "mine"))


def test_no_one_gives_a_namespace_to_a_tenant_but_who_may_adopt(cluster, name, maker):
    cluster.kubectl("create", "namespace", name)
    for mark in MARKS:
        patch = ("patch", "namespace", name, "--type=merge", "-p", yaml.safe_dump({"metadata": mark}))
        assert "needs the verb adopt on tenants" in cluster.kubectl(*maker, *patch, check=False)
    cluster.kubectl(*maker, "label", "namespace", name, "team=blue")
    cluster.kubectl("annotate", "namespace", name, "neurallog.io/adopt=nobody")
    cluster.kubectl(*maker, "label", "namespace", name, "team=red", "--overwrite")  # the mark that is there stays
    cluster.kubectl("create", "clusterrole", "adopter", "--verb=adopt", "--resource=tenants.neurallog.io", check=False)
    cluster.kubectl("create", "clusterrolebinding", "adopter", "--clusterrole=adopter", "--user=maker")
    try:
        cluster.kubectl(*maker, "annotate", "namespace", name, "neurallog.io/adopt=acme", "--overwrite")
    finally:
        cluster.kubectl("delete", "clusterrolebinding", "adopter")


def test_the_crd_is_not_deleted_unless_that_was_allowed(cluster):
    delete = ("delete", "crd", "tenants.neurallog.io", "--dry-run=server")
    assert "every Tenant goes with its CRD" in cluster.kubectl(*delete, check=False)
    assert "every Tenant goes with its CRD" in cluster.kubectl(
        "delete", "crd", "--all", "--dry-run=server", check=False
    )
    allow = ("annotate", "crd", "tenants.neurallog.io", "--overwrite")
    cluster.kubectl(*allow, "neurallog.io/allow-deletion=true")
    try:
        assert "deleted (server dry run)" in cluster.kubectl(*delete)
    finally:
        cluster.kubectl(*allow, "neurallog.io/allow-deletion-")


def test_the_operator_deletes_no_ready_pod_and_no_claim_with_a_volume(cluster, operator, namespace):
    def redis(kind):
        return cluster.get(kind, "data-redis-0" if kind == "pvc" else "redis-0", namespace=namespace) or {}

    cluster.wait_until(lambda: redis("pvc").get("status", {}).get("phase") == "Bound")
    cluster.wait_until(
        lambda: any(
            each["type"] == "Ready" and each["status"] == "True" for each in redis("pod")["status"]["conditions"]
        )
    )
    delete = (*operator, "-n", namespace, "delete", "--dry-run=server")
    assert "the operator deletes no claim that has a volume" in cluster.kubectl(
        *delete, "pvc/data-redis-0", check=False
    )
    assert "the operator deletes no pod that is ready" in cluster.kubectl(*delete, "pod/redis-0", check=False)
