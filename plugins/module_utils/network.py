"""The custom rules of a tenant's network policies, ready for their manifests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from .resources import Manifest


def port_of(url: str) -> int:
    """Return the port that a request to this http or https URL goes to."""
    address = urlsplit(url)
    return address.port or (80 if address.scheme == "http" else 443)


def tcp(ports: Iterable[int]) -> list[dict[str, Any]]:
    """Return TCP ports as those of a rule, in their order."""
    return [{"protocol": "TCP", "port": port} for port in sorted(set(ports))]


def outside(networks: Sequence[str]) -> list[dict[str, Any]]:
    """Return the peers of a rule: every address but those of these networks, which are blocks of IPv4 or IPv6.

    Raises:
        ValueError: one of them is no block.
    """
    denied = [ip_network(network) for network in networks]
    return [
        {"ipBlock": {"cidr": everything, "except": [str(one) for one in denied if one.version == version]}}
        for everything, version in (("0.0.0.0/0", 4), ("::/0", 6))
    ]


def denies_all(policy: Manifest) -> bool:
    """Tell whether a NetworkPolicy closes all pods of its namespace in both directions and opens nothing."""
    spec = policy.get("spec") or {}
    closes = spec.get("podSelector") == {} and {"Ingress", "Egress"} <= set(spec.get("policyTypes") or ())
    return closes and not spec.get("ingress") and not spec.get("egress")


def rules(policy: Mapping[str, Any], direction: str) -> list[dict[str, Any]]:
    """Return the custom rules of ``spec.networkPolicy`` for ``ingress`` or ``egress``.

    Each has the name of its policy, its description or None, its peers, and its ports or None: every port.
    """
    peers = {"ingress": "from", "egress": "to"}[direction]
    return [
        {
            "name": f"custom-{direction}-{position}",
            "description": rule.get("description"),
            "peers": rule[peers],
            "ports": rule.get("ports") or None,
        }
        for position, rule in enumerate(policy.get(f"{direction}Rules") or ())
    ]
