"""The network policies of a tenant: their custom rules, and whether they isolate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any
from urllib.parse import urlsplit

from .. import names
from ..kube import managed_fields
from ..kube.resources import Manifest, describe
from .base import Component, Health, Look, Observed

Network = IPv4Network | IPv6Network


def port_of(url: str) -> int:
    """Return the port that a request to this http or https URL goes to."""
    address = urlsplit(url)
    return address.port or (80 if address.scheme == "http" else 443)


def tcp(ports: Iterable[int]) -> list[dict[str, Any]]:
    """Return TCP ports as the ports of a rule, in order."""
    return [{"protocol": "TCP", "port": port} for port in sorted(set(ports))]


def outside(networks: Sequence[str]) -> list[dict[str, Any]]:
    """Return the peers of a rule: every address except those of some networks.

    Raises:
        ValueError: one of them is no block.
    """
    denied = [ip_network(network) for network in networks]
    return [
        {"ipBlock": {"cidr": everything, "except": [str(network) for network in denied if network.version == version]}}
        for everything, version in (("0.0.0.0/0", 4), ("::/0", 6))
    ]


def denies_all(policy: Manifest) -> bool:
    """Return whether a NetworkPolicy denies all traffic of all pods of its namespace."""
    spec = policy.get("spec") or {}
    closes = spec.get("podSelector") == {} and {"Ingress", "Egress"} <= set(spec.get("policyTypes") or ())
    return closes and not spec.get("ingress") and not spec.get("egress")


def rules(policy: Mapping[str, Any], direction: str, pod_networks: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the custom rules of ``spec.networkPolicy`` for ``ingress`` or ``egress``.

    Each has the name of its policy, its description or None, its peers, and its ports or None: every port.

    Args:
        policy: ``spec.networkPolicy``.
        direction: ``ingress`` or ``egress``.
        pod_networks: blocks of the addresses of pods, which no rule for ingress may open the tenant to.

    Raises:
        ValueError: a block of a rule for ingress has addresses of pods; the message names the field.
    """
    peers = {"ingress": "from", "egress": "to"}[direction]
    custom = policy.get(f"{direction}Rules") or ()
    if direction == "ingress":
        _check_blocks(custom, [ip_network(network) for network in pod_networks])
    return [
        {
            "name": f"custom-{direction}-{position}",
            "description": rule.get("description"),
            "peers": rule[peers],
            "ports": rule.get("ports") or None,
        }
        for position, rule in enumerate(custom)
    ]


def _check_blocks(ingress_rules: Sequence[Mapping[str, Any]], pods: Sequence[Network]) -> None:
    for position, rule in enumerate(ingress_rules):
        for number, peer in enumerate(rule["from"]):
            if shared := _shared(peer.get("ipBlock") or {}, pods):
                field = f"spec.networkPolicy.ingressRules[{position}].from[{number}].ipBlock"
                raise ValueError(
                    f"{field}: {peer['ipBlock']['cidr']} has addresses of pods ({shared}), so that it would open the "
                    "tenant to every other tenant: take a smaller block, or put these addresses into except"
                )


def _shared(block: Mapping[str, Any], pods: Sequence[Network]) -> Network | None:
    """Return the first pod network that overlaps with the block."""
    if "cidr" not in block:
        return None
    opened = ip_network(block["cidr"], strict=False)
    closed: list[Any] = [ip_network(network, strict=False) for network in block.get("except") or ()]
    closed = list(collapse_addresses(network for network in closed if network.version == opened.version))
    for network in pods:
        if opened.version == network.version and opened.overlaps(network):
            common: Any = opened if opened.prefixlen >= network.prefixlen else network
            if not any(common.subnet_of(network) for network in closed):
                return network
    return None


def looks(_tenant: Manifest, _observed: Observed) -> Iterator[Look]:
    """Yield a look at the network policies.

    Args:
        _tenant: the Tenant.
        _observed: what was found so far.
    """
    yield Look("policies", "networking.k8s.io/v1", "NetworkPolicy")


def judge(tenant: Manifest, observed: Observed) -> Health:
    """Return whether the policies isolate the tenant as the operator wrote them.

    Args:
        tenant: the Tenant.
        observed: what was found so far.
    """
    if not tenant["spec"]["networkPolicy"]["enabled"]:
        return Health("Running", "Isolation is switched off")
    policies = observed.all("policies")
    deny = next((policy for policy in policies if policy["metadata"]["name"] == "default-deny"), None)
    if deny is None:
        return Health("Pending", "NetworkPolicy default-deny does not exist")
    ours = [policy for policy in policies if managed_fields.claimed(policy, names.FIELD_MANAGER)]
    changed = [policy for policy in ours if managed_fields.others(policy, names.FIELD_MANAGER, ("f:spec",))]
    if changed or not denies_all(deny):
        return Health("Failed", f"{describe((changed or [deny])[0])}: somebody changed its rules")
    if foreign := [describe(policy) for policy in policies if policy not in ours]:
        return Health("Degraded", f"The rules of {', '.join(foreign)} are not the operator's")
    return Health("Running", f"{len(ours)} network policies are in place")


COMPONENT = Component("network", looks, judge, filters={"custom_rules": rules})
