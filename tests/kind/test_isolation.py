"""Who reaches whom: real connections between two tenants, an outsider, and what is around them."""

import zlib

import pytest

from tests.control_plane import is_reconciled
from tests.isolation import PAIRS, RULES, WAYS_OUT

from .conftest import small_tenant

LISTEN = "import http.server; http.server.HTTPServer(('', 8080), http.server.SimpleHTTPRequestHandler).serve_forever()"


OUTSIDER = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "outsider", "namespace": "outside"},
    "spec": {
        "containers": [
            {
                "name": "client",
                "image": "neurallog/server:1.4.2",
                "command": ["/opt/standin/bin/python", "-c", LISTEN],
            }
        ]
    },
}


OUTSIDERS = ("outside", "friends", "partners")

CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2)
except OSError as error:
    print("refused", error)
else:
    print("connected")
"""
PYTHON = "/opt/standin/bin/python"


class Table:
    """Two tenants, one with a friend, rules and a partner, and an outsider; each pair is tried by a real connection."""

    def __init__(self, cluster, execute):
        self._cluster = cluster
        self.execute = execute
        suffix = zlib.crc32(b"isolation") % 1000
        self.names = {"a": f"a-{suffix}", "b": f"b-{suffix}"}
        for namespace in OUTSIDERS:
            cluster.kubectl("create", "namespace", namespace)
            pod = {**OUTSIDER, "metadata": {"name": "outsider", "namespace": namespace}}
            cluster.apply(pod)
        cluster.apply(small_tenant(self.names["a"], networkPolicy={"allowedNamespaces": ["friends"], **RULES}))
        cluster.apply(small_tenant(self.names["b"]))
        for name in self.names.values():
            cluster.wait_until(lambda name=name: is_reconciled(cluster, name))
        for namespace in OUTSIDERS:
            cluster.kubectl("wait", "--for=condition=Ready", "pod/outsider", "-n", namespace, "--timeout=240s")

    def pod(self, who):
        if who in OUTSIDERS:
            return who, "outsider"
        namespace = f"tenant-{self.names[who]}"
        selector = "app.kubernetes.io/component=server"
        return namespace, self._cluster.get("pods", "-l", selector, namespace=namespace)[0]["metadata"]["name"]

    def reaches(self, who, host, port):
        namespace, pod = self.pod(who)
        said = self.execute(namespace, pod, PYTHON, "-c", CONNECT, host, str(port))
        assert said.startswith(("connected", "refused")), said
        return said.startswith("connected")

    def service(self, whose, name):
        return f"{name}.tenant-{self.names[whose]}.svc.cluster.local"


@pytest.fixture(scope="module")
def table(cluster):
    def execute(namespace, pod, *command, check=True):
        return cluster.kubectl("exec", "-n", namespace, pod, "--", *command, check=check)

    made = Table(cluster, execute)
    yield made
    cluster.kubectl("delete", "tenant", *made.names.values(), "--wait=false")


@pytest.mark.parametrize(("who", "whose", "service", "port", "expected"), PAIRS)
def test_a_pair_is_connected_or_not_as_the_policies_say(table, cluster, who, whose, service, port, expected):
    host = table.service(whose, service)
    cluster.wait_until(lambda: table.reaches(who, host, port) is expected)


@pytest.mark.parametrize(("who", "to", "expected"), WAYS_OUT)
def test_a_tenant_goes_out_where_a_rule_of_its_own_lets_it(table, cluster, who, to, expected):
    address = cluster.get("pod", "outsider", namespace=to)["status"]["podIP"]
    cluster.wait_until(lambda: table.reaches("outside", address, 8080))
    cluster.wait_until(lambda: table.reaches(who, address, 8080) is expected)


def test_a_tenant_asks_for_names_and_reaches_nothing_else_of_the_cluster(table, cluster):
    namespace, pod = table.pod("a")
    # Not the API server: it is on the only node, and no policy closes the node that a pod runs on.
    dns = "kube-dns.kube-system.svc.cluster.local"
    resolve = f"import socket; print(socket.gethostbyname('{dns}'))"
    assert table.execute(namespace, pod, PYTHON, "-c", resolve).strip()
    cluster.wait_until(lambda: table.reaches("a", dns, 53))
    cluster.wait_until(lambda: table.reaches("outside", dns, 9153))
    assert not table.reaches("a", dns, 9153)


def test_without_policies_the_way_is_open(table, cluster):
    name = table.names["b"]
    host = table.service("b", "redis")
    assert not table.reaches("outside", host, 6379)
    cluster.kubectl("patch", "tenant", name, "--type=merge", "-p", '{"spec": {"networkPolicy": {"enabled": false}}}')
    cluster.wait_until(lambda: table.reaches("outside", host, 6379))
    cluster.kubectl("patch", "tenant", name, "--type=merge", "-p", '{"spec": {"networkPolicy": {"enabled": true}}}')
    cluster.wait_until(lambda: not table.reaches("outside", host, 6379))
