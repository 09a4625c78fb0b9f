"""The hosts of Ingresses: each belongs to one Tenant, the oldest that asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import server
from .resources import Manifest


def hosts(spec: Mapping[str, Any]) -> list[str]:
    """Return the hosts that a Tenant's spec asks for."""
    ingress = (spec.get("integrations") or {}).get("ingress") or {}
    return [entry["host"] for entry in ingress.get("hosts") or ()] if ingress.get("enabled") else []


def rules(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ``rules`` of the Ingress."""
    backend = {"service": {"name": "neurallog-server", "port": {"number": server.port(spec)}}}
    return [
        {
            "host": entry["host"],
            "http": {"paths": [{"path": entry["path"], "pathType": entry["pathType"], "backend": backend}]},
        }
        for entry in spec["integrations"]["ingress"]["hosts"]
    ]


def tls(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ``tls`` of the Ingress; a certificate that names no hosts is for all of them."""
    return [
        {"secretName": entry["secretName"], "hosts": entry.get("hosts") or hosts(spec)}
        for entry in spec["integrations"]["ingress"]["tls"]
    ]


def url(spec: Mapping[str, Any]) -> str | None:
    """Return the address of the first host, or None without an Ingress."""
    if not (wanted := hosts(spec)):
        return None
    entry = spec["integrations"]["ingress"]["hosts"][0]
    secured = {host for certificate in tls(spec) for host in certificate["hosts"]}
    scheme = "https" if wanted[0] in secured else "http"
    return f"{scheme}://{wanted[0]}{entry['path'].rstrip('/')}"


def taken(tenant: Manifest, others: Iterable[Manifest]) -> Iterator[tuple[str, str]]:
    """Yield the hosts that an older Tenant asks for too, each with that Tenant's name."""
    wanted = set(hosts(tenant["spec"]))
    for other in others:
        if other["metadata"]["uid"] != tenant["metadata"]["uid"] and _age(other) < _age(tenant):
            for host in sorted(wanted & set(hosts(other.get("spec") or {}))):
                yield host, other["metadata"]["name"]


def _age(tenant: Manifest) -> tuple[str, str]:
    metadata = tenant["metadata"]
    return metadata.get("creationTimestamp") or "9999", metadata["name"]
