"""Hosts of Ingresses: who holds them, and what is left of an Ingress without them."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.components.server import ingress


def spec(*hosts, enabled=True, tls=()):
    asked = {"enabled": enabled, "hosts": [{"host": host, "path": "/a/", "pathType": "Prefix"} for host in hosts]}
    return {"integrations": {"ingress": {**asked, "tls": list(tls)}}, "server": {"env": []}}


def live(namespace, *hosts, created="2026-01-01T00:00:00Z", uid="u"):
    metadata = {"name": "i", "namespace": namespace, "creationTimestamp": created, "uid": uid}
    return {"metadata": metadata, "spec": {"rules": [{"host": host} for host in hosts]}}


@pytest.mark.parametrize(
    ("others", "domains", "reasons"),
    [
        ([], ["*"], {}),
        ([live("other", "b.example.com")], ["*"], {}),
        ([live("tenant-acme", "a.example.com")], ["*"], {}),
        ([live("other", "a.example.com")], ["*"], {"a.example.com": "a.example.com, which Ingress other/i holds"}),
        ([live("other", "*.example.com")], ["*"], {"a.example.com": "a.example.com, which Ingress other/i holds"}),
        ([live("other", "*.com")], ["*"], {}),
        ([live("other", "")], ["*"], {}),
        ([], ["*.example.com"], {}),
        (
            [live("other", "a.example.com")],
            ["b.*", "*.example.org"],
            {
                "a.example.com": "a.example.com, which is in no domain that the operator gives to tenants "
                "(b.*, *.example.org)"
            },
        ),
    ],
)
def test_a_host_is_refused_that_another_namespace_holds_or_that_no_domain_has(others, domains, reasons):
    assert ingress.refused(spec("a.example.com"), others, "tenant-acme", domains) == reasons


def test_an_ingress_that_is_switched_off_asks_for_nothing():
    off = spec("a.example.com", enabled=False)
    assert ingress.hosts(off) == []
    assert ingress.url(off) is None
    assert ingress.refused(off, [live("other", "a.example.com")], "tenant-acme", ["*"]) == {}
    assert ingress.hosts({}) == []


def test_what_an_ingress_lacks_is_what_was_asked_for_and_is_not_there():
    assert ingress.missing(spec("a.b", "c.d"), None) == ["a.b", "c.d"]
    assert ingress.missing(spec("a.b", "c.d"), live("tenant-acme", "c.d")) == ["a.b"]


def test_an_ingress_goes_on_without_the_hosts_that_others_hold_in_its_rules_and_certificates():
    tls = [{"secretName": "s", "hosts": ["a.b", "c.d"]}, {"secretName": "t", "hosts": ["a.b"]}]
    manifest = {"kind": "Ingress", "spec": {"rules": [{"host": "a.b"}, {"host": "c.d"}], "tls": tls}}
    assert ingress.without(manifest, ["a.b"]) == {
        "kind": "Ingress",
        "spec": {"rules": [{"host": "c.d"}], "tls": [{"secretName": "s", "hosts": ["c.d"]}]},
    }
    assert ingress.without(manifest, ["a.b", "c.d"]) is None
    assert ingress.without(manifest, []) == manifest


def test_of_two_that_took_a_host_at_once_the_ingress_that_was_made_first_keeps_it():
    mine = live("tenant-acme", created="2026-01-01T00:00:05Z", uid="m")
    before = live("a", created="2026-01-01T00:00:04Z", uid="z")
    same, later = live("b", created="2026-01-01T00:00:05Z", uid="a"), live("c", created="2026-01-01T00:00:05Z", uid="n")
    assert ingress.older([before, same, later, mine], mine) == [before, same]


@pytest.mark.parametrize(
    ("tls", "url"),
    [
        ([], "http://a.b/a"),
        ([{"secretName": "s"}], "https://a.b/a"),
        ([{"secretName": "s", "hosts": ["c.d"]}], "http://a.b/a"),
    ],
)
def test_the_address_is_that_of_the_first_host_and_secure_with_a_certificate_for_it(tls, url):
    assert ingress.url(spec("a.b", "c.d", tls=tls)) == url


def test_each_host_has_a_rule_that_leads_to_the_server():
    rule, _ = ingress.rules(spec("a.b", "c.d"))
    (path,) = rule["http"]["paths"]
    assert (rule["host"], path["path"], path["pathType"]) == ("a.b", "/a/", "Prefix")
    assert path["backend"]["service"]["name"] == "neurallog-server"
