"""What a hook in the namespace for hooks reaches, by real connections."""

import pytest

from tests.kind.conftest import SYSTEM
from tests.kind.images import PYTHON, SERVER

HOOKS = "neurallog-hooks"
PUBLIC = "203.0.113.10"
"""An address that is nobody's in the world (RFC 5737), and the node's in this test."""
PORT = 18080
LISTEN = f"""
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(204)
        self.end_headers()
http.server.HTTPServer(("", {PORT}), Handler).serve_forever()
"""
SILENT = ("timed out", "Failed to connect", "Could not connect")
"""What curl says where nothing answers; a refusal by TLS or by HTTP would be an answer."""


def listener(namespace, name, **spec):
    container = {"name": "a", "image": SERVER, "command": [PYTHON, "-c", LISTEN]}
    pod = {"containers": [container], **spec}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod}


@pytest.fixture(scope="module")
def targets(cluster, node):
    """A listener at a public address of the node, and others in pods; URLs by what they are.

    What kind's network does not filter is not tried: what goes to the node itself, the API server with it.
    """
    node("ip", "address", "add", f"{PUBLIC}/32", "dev", "lo")
    cluster.kubectl("create", "namespace", "listeners")
    cluster.apply(listener("listeners", "node", hostNetwork=True))
    cluster.apply(listener("listeners", "pod"))
    pods = ("pod/node", "pod/pod")
    cluster.kubectl("wait", "--for=condition=Ready", *pods, "-n", "listeners", "--timeout=240s")
    addresses = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in cluster.get("pods", namespace="listeners")}
    yield {
        "public": f"http://{PUBLIC}:{PORT}/",
        "pod": f"http://{addresses['pod']}:{PORT}/",
        "dns": f"http://{_address(cluster, 'kube-system', 'k8s-app=kube-dns')}:9153/metrics",
        "operator": f"http://{_address(cluster, SYSTEM, 'app.kubernetes.io/name=tenant-operator')}:8080/healthz",
        "metadata": "http://169.254.169.254/latest/",
    }
    cluster.kubectl("delete", "namespace", "listeners", "--wait=false")


def _address(cluster, namespace, selector):
    pod, *_ = cluster.get("pods", "-l", selector, namespace=namespace)
    return pod["status"]["podIP"]


def ended(cluster, name):
    """Return how the container of a tenant's hook ended, or None as long as it runs."""
    for pod in cluster.get("pods", "-l", f"neurallog.io/tenant={name}", namespace=HOOKS) or ():
        for container in pod["status"].get("containerStatuses") or ():
            if end := container["state"].get("terminated"):
                return end
    return None


def test_a_hook_reaches_the_port_of_its_url_in_the_world_and_nothing_in_the_cluster(
    cluster, name, make_tenant, targets
):
    tenants = {what: f"{name[:40]}-{what}" for what in targets}
    try:
        for what, url in targets.items():
            hook = {"http": {"url": url, "timeoutSeconds": 10}, "failurePolicy": "Fail"}
            cluster.apply(make_tenant(tenants[what], lifecycle={"preCreate": hook}))
        ends = {
            what: cluster.wait_until(lambda tenant=tenant: ended(cluster, tenant)) for what, tenant in tenants.items()
        }
    finally:
        cluster.kubectl("delete", "tenant", *tenants.values(), "--ignore-not-found", "--wait=false")
    assert ends.pop("public")["exitCode"] == 0
    heard = {what: end for what, end in ends.items() if not any(word in end.get("message", "") for word in SILENT)}
    assert heard == {}
