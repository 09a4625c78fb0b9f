"""What a tenant's network policies let through, by an evaluator that takes the table which kind tries for real."""

import pytest

from tests.isolation import PAIRS, RULES, WAYS_OUT, namespaces
from tests.policies import Pod, connects
from tests.rendering import Renderer

MODES = {
    "standalone": {},
    "sentinel": {"mode": "sentinel", "replicas": 3},
    "cluster": {"mode": "cluster", "replicas": 6},
}
OUTSIDERS = ("outside", "friends", "partners")
COMPONENTS = {"redis": "redis", "neurallog-server": "server"}
OUT = Pod(None, address="93.184.216.34")


@pytest.fixture(scope="module")
def renderer(cluster):
    return Renderer(cluster.kubeconfig)


@pytest.fixture(scope="module", params=MODES)
def redis(request):
    """The Redis of the tenants."""
    return MODES[request.param]


@pytest.fixture(scope="module")
def plain_policies(renderer, redis):
    """The policies of tenants without rules of their own, by name."""
    return {name: policies_of(renderer, name, redis) for name in ("a", "b")}


@pytest.fixture(scope="module")
def policies(renderer, redis, plain_policies):
    """The policies of the two tenants of the table."""
    return policies_of(renderer, "a", redis, allowedNamespaces=["friends"], **RULES) + plain_policies["b"]


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
    assert not connects(policies, pod("a"), OUT, 443)


TEAM = [{"namespaceSelector": {"matchExpressions": [
    {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["partners", "friends"]}
]}}]  # fmt: skip
GATEWAYS = [{**namespaces("partners"), "podSelector": {"matchLabels": {"app": "gateway"}}}]
GATEWAY, CLERK = Pod("partners", {"app": "gateway"}), Pod("partners", {"app": "clerk"})
NETWORK = [{"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.128/25"]}}]
NEAR, FAR = Pod(None, address="192.0.2.7"), Pod(None, address="192.0.2.200")
SERVER, REDIS = pod("a", "server"), pod("a", "redis")
TCP, UDP = "TCP", "UDP"

CUSTOM_RULES = {
    "friends may use the API": (
        {"allowedNamespaces": ["friends"]},
        [(Pod("friends"), SERVER, 3030, TCP)],
        [(Pod("friends"), REDIS, 6379, TCP), (Pod("friends"), SERVER, 22, TCP), (Pod("partners"), SERVER, 3030, TCP)],
    ),
    "in: every port of a namespace": (
        {"ingressRules": [{"from": [namespaces("partners")]}]},
        [(CLERK, REDIS, 6379, TCP), (CLERK, SERVER, 3030, TCP), (CLERK, SERVER, 53, UDP)],
        [(Pod("friends"), REDIS, 6379, TCP), (pod("b"), REDIS, 6379, TCP)],
    ),
    "in: one port": (
        {"ingressRules": [{"from": [namespaces("partners")], "ports": [{"port": 6379}]}]},
        [(CLERK, REDIS, 6379, TCP)],
        [(CLERK, REDIS, 6379, UDP), (CLERK, REDIS, 26379, TCP), (CLERK, SERVER, 3030, TCP)],
    ),
    "in: a range of ports": (
        {"ingressRules": [{"from": [namespaces("partners")], "ports": [{"port": 6000, "endPort": 6500}]}]},
        [(CLERK, REDIS, 6000, TCP), (CLERK, REDIS, 6500, TCP)],
        [(CLERK, REDIS, 5999, TCP), (CLERK, REDIS, 6501, TCP)],
    ),
    "in: a protocol": (
        {"ingressRules": [{"from": [namespaces("partners")], "ports": [{"port": 514, "protocol": "UDP"}]}]},
        [(CLERK, SERVER, 514, UDP)],
        [(CLERK, SERVER, 514, TCP)],
    ),
    "in: some pods of a namespace": (
        {"ingressRules": [{"from": GATEWAYS}]},
        [(GATEWAY, SERVER, 3030, TCP)],
        [(CLERK, SERVER, 3030, TCP), (Pod("friends", {"app": "gateway"}), SERVER, 3030, TCP)],
    ),
    "in: namespaces by an expression": (
        {"ingressRules": [{"from": TEAM}]},
        [(Pod("friends"), REDIS, 6379, TCP), (CLERK, REDIS, 6379, TCP)],
        [(Pod("outside"), REDIS, 6379, TCP)],
    ),
    "in: a network but a part of it": (
        {"ingressRules": [{"from": NETWORK}]},
        [(NEAR, SERVER, 3030, TCP)],
        [(FAR, SERVER, 3030, TCP), (OUT, SERVER, 3030, TCP)],
    ),
    "in: two rules, each for itself": (
        {
            "ingressRules": [
                {"from": [namespaces("partners")], "ports": [{"port": 6379}]},
                {"from": [namespaces("friends")], "ports": [{"port": 3030}]},
            ]
        },
        [(CLERK, REDIS, 6379, TCP), (Pod("friends"), SERVER, 3030, TCP)],
        [(CLERK, SERVER, 3030, TCP), (Pod("friends"), REDIS, 6379, TCP)],
    ),
    "out: every port of a namespace": (
        {"egressRules": [{"to": [namespaces("partners")]}]},
        [(SERVER, CLERK, 8080, TCP), (REDIS, CLERK, 514, UDP)],
        [(SERVER, Pod("friends"), 8080, TCP), (CLERK, SERVER, 8080, TCP)],
    ),
    "out: a range of ports": (
        {"egressRules": [{"to": [namespaces("partners")], "ports": [{"port": 8000, "endPort": 8100}]}]},
        [(SERVER, CLERK, 8000, TCP), (SERVER, CLERK, 8100, TCP)],
        [(SERVER, CLERK, 8101, TCP), (SERVER, CLERK, 8000, UDP)],
    ),
    "out: some pods of a namespace": (
        {"egressRules": [{"to": GATEWAYS}]},
        [(SERVER, GATEWAY, 443, TCP)],
        [(SERVER, CLERK, 443, TCP)],
    ),
    "out: a network but a part of it": (
        {"egressRules": [{"to": NETWORK, "ports": [{"port": 443}]}]},
        [(SERVER, NEAR, 443, TCP)],
        [(SERVER, FAR, 443, TCP), (SERVER, NEAR, 80, TCP), (SERVER, OUT, 443, TCP), (NEAR, SERVER, 443, TCP)],
    ),
}
"""Custom rules: what each opens, and what stays closed next to it."""


@pytest.mark.parametrize("rule", CUSTOM_RULES)
def test_a_rule_opens_what_it_names_and_nothing_next_to_it(renderer, redis, plain_policies, rule):
    network, opened, closed = CUSTOM_RULES[rule]
    with_it = policies_of(renderer, "a", redis, **network) + plain_policies["b"]
    without_it = plain_policies["a"] + plain_policies["b"]
    for connection in opened:
        assert connects(with_it, *connection), connection
        assert not connects(without_it, *connection), connection
    for connection in closed:
        assert not connects(with_it, *connection), connection
        assert not connects(without_it, *connection), connection


def test_without_policies_every_way_is_open(renderer, redis):
    assert policies_of(renderer, "a", redis, enabled=False) == []


BUCKET = {"storage": {"type": "s3", "bucket": "abc", "endpoint": "http://s3.example:9000", "secretRef": {"name": "s"}}}
HOOK = {"postCreate": {"http": {"url": "https://crm.example/hook"}}}
INGRESS = {"ingress": {"enabled": True, "hosts": [{"host": "a.example.com"}]}}


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
