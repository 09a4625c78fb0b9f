"""The watcher when something else fails: another watcher, the API server, its own input."""

import json
import signal
import socket
import threading
from contextlib import suppress

import pytest
import yaml

from tests.control_plane import condition, is_reconciled
from tests.endpoints import address, fetch

ENTRY = {
    "group": "neurallog.io",
    "version": "v1",
    "kind": "Tenant",
    "playbook": "neurallog.tenant.reconcile",
    "inventory": {"plugin": "neurallog.tenant.tenants"},
}


@pytest.fixture(scope="module")
def cluster(operated_cluster):
    return operated_cluster


class Proxy:
    """A TCP proxy on loopback that can go away and come back."""

    def __init__(self, host, port):
        self._target = host, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._connections = []
        self._serve()

    def _serve(self):
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def _accept(self, listener):
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self._target)
                self._connections += [client, server]
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._copy, args=[source, target], daemon=True).start()

    @staticmethod
    def _copy(source, target):
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        """Break every connection off; new ones go through."""
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._connections.clear()

    def go(self):
        """Refuse connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def come_back(self):
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._serve()


@pytest.fixture
def proxy(cluster, tmp_path):
    """A proxy before the API server, with the kubeconfig that leads to it."""
    configuration = yaml.safe_load(cluster.kubeconfig.read_text())
    server = configuration["clusters"][0]["cluster"]
    host, _, port = server["server"].removeprefix("https://").rpartition(":")
    proxy = Proxy(host, int(port))
    server["server"] = f"https://127.0.0.1:{proxy.port}"
    proxy.kubeconfig = tmp_path / "kubeconfig"
    proxy.kubeconfig.write_text(yaml.safe_dump(configuration))
    yield proxy
    proxy.go()


def says(operator, text):
    return text in operator.log.read_text()


def test_connections_that_break_off_are_taken_up_again_without_a_loss(cluster, name, make_tenant, start, proxy):
    operator = start(kubeconfig=proxy.kubeconfig)
    cluster.wait_until(lambda: says(operator, "Watching Tenant"))
    proxy.cut()
    cluster.apply(make_tenant(name))
    proxy.cut()
    cluster.wait_until(lambda: is_reconciled(cluster, name))


def test_an_api_server_that_is_away_is_waited_for_and_what_happened_meanwhile_is_done(
    cluster, name, make_tenant, start, proxy
):
    proxy.go()
    operator = start(kubeconfig=proxy.kubeconfig)
    cluster.wait_until(lambda: says(operator, "cannot be reached"))
    proxy.come_back()
    cluster.wait_until(lambda: says(operator, "Watching Tenant"))
    proxy.go()
    cluster.wait_until(lambda: says(operator, "The watch is opened again in"))
    cluster.apply(make_tenant(name))
    proxy.come_back()
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    operator.send_signal(signal.SIGTERM)
    assert operator.wait(timeout=60) == 0


def test_one_watcher_is_active_and_the_next_takes_over_when_it_stops(cluster, name, make_tenant, start):
    first = start("--leader-elect", "true")
    cluster.wait_until(lambda: cluster.get("lease", "tenant-operator", namespace="default"))
    second = start("--leader-elect", "true")
    cluster.wait_until(lambda: says(second, "Waiting for the lease"))
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert not says(second, f"Tenant {name}:")
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=60) == 0
    cluster.apply(make_tenant(name, server={"replicas": 2}))
    cluster.wait_until(lambda: says(second, f"Tenant {name}: all"))
    second.send_signal(signal.SIGTERM)
    assert second.wait(timeout=60) == 0


def test_a_leader_that_was_stopped_past_its_lease_ends_instead_of_going_on(cluster, name, make_tenant, start):
    first = start("--leader-elect", "true")
    cluster.wait_until(lambda: (cluster.get("lease", "tenant-operator", namespace="default") or {}).get("spec"))
    cluster.wait_until(lambda: cluster.get("lease", "tenant-operator", namespace="default")["spec"]["holderIdentity"])
    second = start("--leader-elect", "true")
    cluster.wait_until(lambda: says(second, "Waiting for the lease"))
    first.send_signal(signal.SIGSTOP)
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert says(second, f"Tenant {name}: all")
    first.send_signal(signal.SIGCONT)
    assert first.wait(timeout=60) == 1
    assert says(first, "the lease tenant-operator in default is lost")
    assert not says(first, f"Tenant {name}:")
    second.send_signal(signal.SIGTERM)
    assert second.wait(timeout=60) == 0


def test_the_endpoints_say_what_is_missing_and_count_what_was_done(cluster, name, make_tenant, start, proxy):
    proxy.go()
    operator = start(
        *(
            "--health-probe-bind-address",
            "127.0.0.1:0",
            "--metrics-bind-address",
            "127.0.0.1:0",
            "--log-format",
            "json",
        ),
        *("--metrics-secure", "false", "--metrics-require-rbac", "false"),
        kubeconfig=proxy.kubeconfig,
    )

    def lines():
        return [json.loads(line) for line in operator.log.read_text().splitlines()]

    cluster.wait_until(lambda: any("cannot be reached" in line["message"] for line in lines()))
    probes, scraped = (f"http://{address(operator, path)}" for path in ("/healthz", "/metrics"))
    assert fetch(f"{probes}/healthz") == (200, "ok\n")
    assert fetch(f"{probes}/readyz") == (503, "not ok: the log says why\n")
    proxy.come_back()
    cluster.wait_until(lambda: fetch(f"{probes}/readyz")[0] == 200)
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    labels = 'kind="Tenant",result="ok",scope="all",trigger="change"'
    assert f"tenant_operator_runs_total{{{labels}}}" in fetch(f"{scraped}/metrics")[1]
    (changes,) = [line["changes"] for line in lines() if (line.get("resource"), line.get("scope")) == (name, "all")]
    assert "StatefulSet redis created" in changes


def test_events_tell_a_person_what_happened(cluster, name, make_tenant, start):
    start()
    cluster.kubectl("create", "namespace", f"tenant-{name}")
    cluster.apply(make_tenant(name))

    def description():
        return cluster.kubectl("describe", "tenant", name).partition("\nEvents:")[2]

    cluster.wait_until(lambda: "ReconcileFailed" in description())
    assert "is not this Tenant's" in description()
    cluster.kubectl("annotate", "namespace", f"tenant-{name}", f"neurallog.io/adopt={name}")
    cluster.kubectl("annotate", "tenant", name, "example.com/again=1")
    cluster.apply(make_tenant(name, displayName="again"))
    cluster.wait_until(lambda: "All components are ready" in description())


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({**ENTRY, "group": "example.com"}, "entry 1: kind: the server does not serve example.com/v1"),
        ({**ENTRY, "kind": "Lodger"}, "entry 1: kind: the server has no Lodger in neurallog.io/v1"),
        ({**ENTRY, "playbook": "no/such.yml"}, "entry 1: playbook: Ansible cannot be warmed"),
        ({**ENTRY, "colour": "red"}, "entry 1: does not know colour"),
    ],
)
def test_a_watch_that_cannot_be_used_ends_the_operator_with_file_entry_and_key(
    cluster, start, tmp_path, entry, message
):
    path = tmp_path / "watches.yaml"
    path.write_text(yaml.safe_dump([entry]))
    operator = start(watches=path)
    assert operator.wait(timeout=60) == 1
    assert f"{path}: {message}" in operator.log.read_text()
    assert not list(tmp_path.glob("tenant-operator-*"))


def test_without_the_right_to_watch_it_says_so_and_waits_for_it(cluster, name, make_tenant, start, tmp_path):
    cluster.kubectl("create", "serviceaccount", "operator", "-n", "default")
    operator = start(kubeconfig=cluster.kubeconfig_of("operator", "default", tmp_path))
    cluster.wait_until(lambda: says(operator, 'User "system:serviceaccount:default:operator" cannot list resource'))
    rights = ["clusterrolebinding", "operator", "--clusterrole=cluster-admin", "--serviceaccount=default:operator"]
    cluster.kubectl("create", *rights)
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))


def test_a_tenant_that_fails_again_and_again_holds_up_nobody(cluster, name, make_tenant, start):
    cluster.kubectl("create", "namespace", f"tenant-{name}")
    operator = start()
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: operator.log.read_text().count(f"Tenant {name}: all failed") >= 3)
    cluster.apply(make_tenant(f"{name[:40]}-b"))
    cluster.wait_until(lambda: is_reconciled(cluster, f"{name[:40]}-b"))
    assert condition(cluster.get("tenant", name), "Stalled")["status"] == "True"
