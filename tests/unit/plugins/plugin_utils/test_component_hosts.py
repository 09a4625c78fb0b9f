"""An Ingress gets the hosts that nobody else has."""

import pytest

from .components import manifest

HOSTS = [{"host": "a.example.com"}, {"host": "b.example.com"}]


def ingress_of(*hosts):
    rules = [{"host": host, "http": {"paths": []}} for host in hosts]
    return manifest("Ingress", "neurallog-server", "networking.k8s.io/v1", spec={"rules": rules})


def hosts_of(api, name="neurallog-server", namespace="tenant-acme"):
    live = api.get("Ingress", name, namespace)
    return live and [rule["host"] for rule in live["spec"]["rules"]]


@pytest.fixture
def exposed(make_tenant, tenant):
    """A tenant that asks for two hosts."""
    return make_tenant({"integrations": {"ingress": {"enabled": True, "hosts": HOSTS}}}, tenant["status"])


@pytest.fixture
def other(api):
    """Somebody else's Ingress with this host."""

    def other(host, uid="other", created="2026-01-01T00:00:00Z"):
        metadata = {"name": "web", "namespace": "other", "uid": uid, "creationTimestamp": created}
        made = manifest("Ingress", "web", "networking.k8s.io/v1", spec={"rules": [{"host": host}]})
        return api.put({**made, "metadata": metadata})

    return other


def test_an_ingress_gets_the_hosts_that_are_free_and_says_which_are_not(api, apply, exposed, other):
    other("b.example.com")
    wanted = ingress_of("a.example.com", "b.example.com")
    assert apply(wanted, of=exposed, component="server") == {"Ingress neurallog-server": "created"}
    assert hosts_of(api) == ["a.example.com"]
    (remaining,) = apply.report.remaining
    assert "b.example.com" in remaining


def test_an_ingress_without_any_free_host_is_not_made_and_one_that_was_there_goes(api, apply, exposed, other):
    wanted = ingress_of("a.example.com", "b.example.com")
    other("a.example.com")
    apply(wanted, of=exposed, component="server")
    assert hosts_of(api) == ["b.example.com"]
    assert apply(wanted, of=exposed, component="server", ingress_domains=["*.example.org"]) == {
        "Ingress neurallog-server": "deleted"
    }
    assert hosts_of(api) is None
    assert apply(wanted, of=exposed, component="server", ingress_domains=["*.example.org"]) == {}
    assert len(apply.report.remaining) == 2


def test_of_two_that_take_a_host_at_once_the_older_one_keeps_it(api, apply, exposed, other):
    def meanwhile(method, path):
        if method == "PATCH" and path.endswith("/ingresses/neurallog-server"):
            api.before = lambda *_: None
            other("b.example.com", created="2020-01-01T00:00:00Z")

    api.before = meanwhile
    apply(ingress_of("a.example.com", "b.example.com"), of=exposed, component="server")
    assert hosts_of(api) == ["a.example.com"]
    (remaining,) = apply.report.remaining
    assert "b.example.com" in remaining


def test_in_a_dry_run_an_ingress_is_looked_at_once(api, apply, exposed):
    wanted = ingress_of("a.example.com")
    assert apply(wanted, of=exposed, component="server", dry_run=True) == {"Ingress neurallog-server": "created"}
    assert len([1 for _, path, _ in api.requests if path == "/apis/networking.k8s.io/v1/ingresses"]) == 1
    apply(wanted, of=exposed, component="server")
    api.requests.clear()
    apply(wanted, of=exposed, component="server")
    assert len([1 for _, path, _ in api.requests if path == "/apis/networking.k8s.io/v1/ingresses"]) == 1
