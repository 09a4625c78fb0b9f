"""What network policies let through, evaluated as a network would.

Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network


@dataclass(frozen=True)
class Pod:
    """A pod, or, without a namespace, an address outside of the cluster."""

    namespace: str | None
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str = "10.0.0.1"


def connects(policies: Sequence[Mapping], source: Pod, target: Pod, port: int, protocol: str = "TCP") -> bool:
    """Tell whether a connection comes about: the source's policies let it out, and the target's let it in."""
    return _lets(policies, "Egress", source, target, port, protocol) and _lets(
        policies, "Ingress", target, source, port, protocol
    )


def _lets(policies, direction, pod, peer, port, protocol):
    own = [
        policy
        for policy in policies
        if policy["metadata"]["namespace"] == pod.namespace
        and direction in policy["spec"]["policyTypes"]
        and _selects(policy["spec"]["podSelector"], pod.labels)
    ]
    if not own:
        return True
    peers = {"Ingress": "from", "Egress": "to"}[direction]
    return any(
        _is_peer(rule.get(peers), policy["metadata"]["namespace"], peer) and _is_port(rule.get("ports"), port, protocol)
        for policy in own
        for rule in policy["spec"].get(direction.lower()) or ()
    )


def _is_peer(peers, namespace, pod):
    return not peers or any(_matches(peer, namespace, pod) for peer in peers)


def _matches(peer, namespace, pod):
    if "ipBlock" in peer:
        inside = ip_address(pod.address) in ip_network(peer["ipBlock"]["cidr"])
        return inside and not any(
            ip_address(pod.address) in ip_network(net) for net in peer["ipBlock"].get("except", ())
        )
    if pod.namespace is None:
        return False
    if "namespaceSelector" in peer:
        if not _selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": pod.namespace}):
            return False
    elif pod.namespace != namespace:
        return False
    return _selects(peer.get("podSelector", {}), pod.labels)


def _is_port(ports, port, protocol):
    return not ports or any(
        entry.get("protocol", "TCP") == protocol
        and ("port" not in entry or entry["port"] <= port <= entry.get("endPort", entry["port"]))
        for entry in ports
    )


def _selects(selector, labels):
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    return wanted and all(_holds(expression, labels) for expression in selector.get("matchExpressions", ()))


def _holds(expression, labels):
    value, values = labels.get(expression["key"]), expression.get("values", ())
    return {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }[expression["operator"]]
