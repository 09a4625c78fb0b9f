"""The custom rules of a tenant's network policies, ready for their manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .resources import Manifest


def port_of(url: str) -> int:
    """Return the port that a request to this http or https URL goes to."""
    address = urlsplit(url)
    return address.port or (80 if address.scheme == "http" else 443)


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
