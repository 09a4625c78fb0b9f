"""Rules of network policies: what they open, and what they must not."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.components import network

PODS = ["10.244.0.0/16", "fd00:10:244::/56"]


def policy(*blocks):
    return {"ingressRules": [{"from": [{"podSelector": {}}, *({"ipBlock": block} for block in blocks)]}]}


@pytest.mark.parametrize(
    "block",
    [
        {"cidr": "10.243.0.0/16"},
        {"cidr": "203.0.113.0/24"},
        {"cidr": "10.0.0.0/8", "except": ["10.244.0.0/16"]},
        {"cidr": "10.0.0.0/8", "except": ["10.244.0.0/15"]},
        {"cidr": "10.0.0.0/8", "except": ["10.244.128.0/17", "10.244.0.0/17"]},
        {"cidr": "fd00:10:200::/56"},
        {"cidr": "10.0.0.0/8", "except": ["10.244.0.0/16", "fd00::/8"]},
    ],
)
def test_a_block_without_addresses_of_pods_passes(block):
    (rule,) = network.rules(policy(block), "ingress", PODS)
    assert rule["peers"][1] == {"ipBlock": block}


@pytest.mark.parametrize(
    ("block", "shared"),
    [
        ({"cidr": "10.0.0.0/8"}, "10.244.0.0/16"),
        ({"cidr": "10.244.0.0/16"}, "10.244.0.0/16"),
        ({"cidr": "10.244.7.9/32"}, "10.244.0.0/16"),
        ({"cidr": "10.0.0.0/8", "except": ["10.244.0.0/17"]}, "10.244.0.0/16"),
        ({"cidr": "10.244.0.0/24", "except": ["10.244.0.0/25"]}, "10.244.0.0/16"),
        ({"cidr": "fd00:10::/32"}, "fd00:10:244::/56"),
        ({"cidr": "fd00:10::/32", "except": ["fd00:10:245::/48"]}, "fd00:10:244::/56"),
    ],
)
def test_a_block_with_addresses_of_pods_is_refused_with_its_field(block, shared):
    with pytest.raises(ValueError, match=r"^spec\.networkPolicy\.ingressRules\[0\]\.from\[2\]\.ipBlock: ") as caught:
        network.rules(policy({"cidr": "203.0.113.0/24"}, block), "ingress", PODS)
    assert f"{block['cidr']} has addresses of pods ({shared})" in str(caught.value)


def test_what_goes_out_may_go_to_the_network_of_pods_and_each_rule_has_a_name():
    asked = {
        "egressRules": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}, {"to": [], "ports": [1], "description": "d"}]
    }
    assert network.rules(asked, "egress", PODS) == [
        {"name": "custom-egress-0", "description": None, "peers": asked["egressRules"][0]["to"], "ports": None},
        {"name": "custom-egress-1", "description": "d", "peers": [], "ports": [1]},
    ]
    assert network.rules(asked, "ingress", PODS) == []


def test_outside_is_every_address_but_those_of_the_networks():
    assert network.outside(["10.0.0.0/8", "fc00::/7"]) == [
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}},
        {"ipBlock": {"cidr": "::/0", "except": ["fc00::/7"]}},
    ]
    with pytest.raises(ValueError, match="house"):
        network.outside(["house"])


@pytest.mark.parametrize(
    ("url", "port"), [("http://a", 80), ("https://a/b", 443), ("https://a:8443/", 8443), ("http://a:1", 1)]
)
def test_a_request_goes_to_the_port_of_its_url(url, port):
    assert network.port_of(url) == port


def test_ports_of_a_rule_are_in_order_and_each_once():
    assert network.tcp([443, 80, 443]) == [{"protocol": "TCP", "port": 80}, {"protocol": "TCP", "port": 443}]


@pytest.mark.parametrize(
    ("spec", "closes"),
    [
        ({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}, True),
        ({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": []}, True),
        ({"podSelector": {}, "policyTypes": ["Ingress"]}, False),
        ({"podSelector": {"matchLabels": {"a": "b"}}, "policyTypes": ["Ingress", "Egress"]}, False),
        ({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}]}, False),
        ({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": [{}]}, False),
        ({}, False),
    ],
)
def test_a_policy_denies_all_that_selects_every_pod_and_opens_nothing(spec, closes):
    assert network.denies_all({"spec": spec}) is closes
