"""The hosts of Ingresses. Each host belongs to the first Ingress of the cluster that had it."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ... import names
from ...kube.resources import Manifest, describe
from ..base import Component, Health, Look, Observed
from . import settings as server


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


def refused(
    spec: Mapping[str, Any], ingresses: Iterable[Manifest], namespace: str, domains: Sequence[str]
) -> dict[str, str]:
    """Return the hosts that a Tenant asks for and does not get, each with the reason.

    A host is held by whoever has it: the age of a Tenant gives no right to what is live.

    Args:
        spec: the Tenant's.
        ingresses: those of the whole cluster.
        namespace: the tenant's own, whose Ingresses count for nothing.
        domains: patterns, as of a shell, of the hosts that the operator lets tenants have.
    """
    held = {host: other for other in ingresses if other["metadata"]["namespace"] != namespace for host in _hosts(other)}
    reasons = {}
    for host in hosts(spec):
        if not any(fnmatch.fnmatchcase(host, pattern) for pattern in domains):
            reasons[host] = f"{host}, which is in no domain that the operator gives to tenants ({', '.join(domains)})"
        elif other := held.get(host) or held.get(f"*.{host.partition('.')[2]}"):
            reasons[host] = f"{host}, which {describe({**other, 'kind': 'Ingress'})} holds"
    return reasons


def missing(spec: Mapping[str, Any], ingress: Manifest | None) -> list[str]:
    """Return the hosts that a Tenant asks for and its Ingress does not have.

    Args:
        spec: the ``spec`` of the Tenant.
        ingress: the Ingress; None where there is none.
    """
    present = set(_hosts(ingress)) if ingress else set()
    return [host for host in hosts(spec) if host not in present]


def without(manifest: Manifest, gone: Collection[str]) -> dict[str, Any] | None:
    """Return the Ingress without some hosts; None where no host is left.

    Args:
        manifest: the object.
        gone: the hosts to leave out.
    """
    left = [rule for rule in manifest["spec"]["rules"] if rule["host"] not in gone]
    certificates = [
        {**certificate, "hosts": kept}
        for certificate in manifest["spec"].get("tls") or ()
        if (kept := [host for host in certificate["hosts"] if host not in gone])
    ]
    return {**manifest, "spec": {**manifest["spec"], "rules": left, "tls": certificates}} if left else None


def older(ingresses: Iterable[Manifest], than: Manifest) -> list[Manifest]:
    """Return the Ingresses that are older than this one. Within one second the smaller UID counts as older.

    Args:
        ingresses: the Ingresses of the cluster.
        than: the one to compare with.
    """
    return [ingress for ingress in ingresses if _age(ingress) < _age(than)]


def _hosts(ingress: Manifest) -> list[str]:
    return [rule["host"] for rule in (ingress.get("spec") or {}).get("rules") or () if rule.get("host")]


def _age(manifest: Manifest) -> tuple[str, str]:
    return manifest["metadata"]["creationTimestamp"], manifest["metadata"]["uid"]


def looks(tenant: Manifest, observed: Observed) -> Iterator[Look]:
    """Yield looks at the Ingress, and at those of others if it lacks a host.

    Args:
        tenant: the Tenant.
        observed: what was found so far.
    """
    # By a list: the operator may list Ingresses of the whole cluster.
    named = {"fieldSelector": "metadata.name=neurallog-server"}
    yield Look("ingress", "networking.k8s.io/v1", "Ingress", selectors=named)
    if observed.has("ingress") and missing(tenant["spec"], _own(observed)):
        yield Look("ingresses", "networking.k8s.io/v1", "Ingress", namespaced=False)


def judge(tenant: Manifest, observed: Observed) -> Health:
    """Return whether the Ingress has all hosts, and who has those that it lacks.

    Args:
        tenant: the Tenant.
        observed: what was found so far.
    """
    lacking = missing(tenant["spec"], _own(observed))
    namespace = names.namespace_name(tenant["metadata"]["name"])
    domains = observed.settings.get("ingress_domains", ("*",))
    reasons = refused(tenant["spec"], observed.all("ingresses"), namespace, domains) if lacking else {}
    if refusals := [reasons[host] for host in lacking if host in reasons]:
        return Health("Failed", f"spec.integrations.ingress.hosts: the tenant does not get {'; '.join(refusals)}")
    if lacking:
        return Health("Pending", f"Ingress neurallog-server does not have {', '.join(lacking)}")
    return Health("Running", "Ingress neurallog-server has all hosts")


def _own(observed: Observed) -> Manifest | None:
    return next(iter(observed.all("ingress")), None)


COMPONENT = Component(
    "ingress",
    looks,
    judge,
    applies=lambda tenant: bool(hosts(tenant["spec"])),
    role=False,
    filters={"ingress_rules": rules, "ingress_tls": tls},
)
