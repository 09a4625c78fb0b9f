"""The Secrets that a Tenant names: whether they are there, and whether the server's pods have what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import names
from ..kube import objects, workloads
from ..kube.resources import Manifest, describe
from .base import Component, Health, Look, Observed
from .server import api, monitoring
from .server.settings import AUTH_SECRET

GRANT = "tenant-operator-secrets"
"""The Role by which the operator may read these Secrets and no others, and its RoleBinding."""


@dataclass(frozen=True)
class Reference:
    """A Secret that the Tenant names.

    Args:
        name: the name of the Secret.
        field: the field that names it.
        keys: the keys that its data must have.
        optional: whether pods start without it.
    """

    name: str
    field: str
    keys: tuple[str, ...] = ()
    optional: bool = False


def references(spec: Mapping[str, Any]) -> list[Reference]:
    """Return the Secrets that a tenant's pods and alerts need because its ``spec`` names them.

    Those of hooks are not among them: a hook that lacks one says so when it runs.
    """
    return [*_of_redis(spec), *_of_backup(spec), *_of_server(spec), *_of_alerts(spec)]


def secret_names(spec: Mapping[str, Any]) -> list[str]:
    """Return the names of these Secrets."""
    return sorted({reference.name for reference in references(spec)})


def _of_redis(spec: Mapping[str, Any]) -> Iterator[Reference]:
    security = (spec.get("redis") or {}).get("security") or {}
    if security.get("enabled") and security.get("authSecret"):
        yield Reference(security["authSecret"], "spec.redis.security.authSecret", ("password",))
    if (security.get("tls") or {}).get("enabled"):
        keys = ("ca.crt", "tls.crt", "tls.key")
        yield Reference(security["tls"]["certSecret"], "spec.redis.security.tls.certSecret", keys)


def _of_backup(spec: Mapping[str, Any]) -> Iterator[Reference]:
    backup = spec.get("backup") or {}
    if (backup.get("enabled") or "restoreFrom" in backup) and "secretRef" in (backup.get("storage") or {}):
        yield Reference(backup["storage"]["secretRef"]["name"], "spec.backup.storage.secretRef")


def _of_server(spec: Mapping[str, Any]) -> Iterator[Reference]:
    server = spec.get("server") or {}
    for pull in server.get("imagePullSecrets") or ():
        yield Reference(pull["name"], "spec.server.imagePullSecrets")
    if "api" in server:
        for used in api.secrets(server["api"]).values():
            yield Reference(used["name"], "spec.server.api.authentication", (used["key"],))
    for variable in server.get("env") or ():
        if key := (variable.get("valueFrom") or {}).get("secretKeyRef"):
            optional = bool(key.get("optional"))
            yield Reference(key["name"], f"spec.server.env: {variable['name']}", (key["key"],), optional=optional)


def _of_alerts(spec: Mapping[str, Any]) -> Iterator[Reference]:
    if "monitoring" in spec and monitoring.has_alerts(spec):
        for receiver in spec["monitoring"]["alerts"].get("receivers") or ():
            if key := (receiver.get("slack") or {}).get("webhookURLSecretRef"):
                yield Reference(key["name"], "spec.monitoring.alerts.receivers", (key["key"],))


def looks(tenant: Manifest, observed: Observed) -> Iterator[Look]:
    """Yield looks at the Role, at each Secret that it lets the operator read, and at those that the server reads.

    Args:
        tenant: the Tenant.
        observed: what was found so far.
    """
    yield Look("grant", "rbac.authorization.k8s.io/v1", "Role", GRANT)
    if role := observed.one("grant"):
        granted = {name for rule in role["rules"] for name in rule.get("resourceNames") or ()}
        wanted = {*secret_names(tenant["spec"]), *workloads.secret_reads(observed.one("server") or {})}
        for name in sorted(wanted & {*granted, AUTH_SECRET}):
            yield Look(_key(name), "v1", "Secret", name)


def judge(tenant: Manifest, observed: Observed) -> Health:
    """Return whether the Secrets are there, and whether the server's pods have what is in them.

    Pods that run do without a Secret until their next start: a Secret that is gone degrades a tenant.

    Args:
        tenant: the Tenant.
        observed: what was found so far.
    """
    if observed.one("grant") is None:
        return Health("Pending", f"Role {GRANT} does not exist: the operator may not read the Secrets that spec names")
    if missing := [text for reference in references(tenant["spec"]) if (text := _lack(reference, observed))]:
        return Health("Degraded", "; ".join(dict.fromkeys(missing)))
    if behind(observed):
        return Health("Degraded", behind(observed))
    return Health("Running", f"Secrets {', '.join(secret_names(tenant['spec']))} are there")


def behind(observed: Observed) -> str:
    """Return that the server's pods read something else when they started; empty where they have what is there now."""
    server = observed.one("server")
    if server is None or observed.one("grant") is None:
        return ""
    secrets = {name: observed.one(_key(name)) for name in workloads.secret_reads(server)}
    digest = workloads.secret_digest(server, secrets)
    if digest in {"", objects.annotation(server["spec"]["template"], names.SECRET_DIGEST_ANNOTATION)}:
        return ""
    return f"{describe(server)}: its pods do not have what is in Secret {', '.join(sorted(secrets))} now"


def _lack(reference: Reference, observed: Observed) -> str:
    """Return what is missing of a Secret, with the field that names it; empty where nothing is."""
    if reference.optional or not observed.has(_key(reference.name)):
        return ""
    secret = observed.one(_key(reference.name))
    if secret is None:
        return f"Secret {reference.name} does not exist: {reference.field} names it"
    missing = [key for key in reference.keys if key not in (secret.get("data") or {})]
    if missing:
        return f"Secret {reference.name} has no key {', '.join(missing)}: {reference.field} needs it"
    return ""


def _key(name: str) -> str:
    return f"secret {name}"


def _applies(tenant: Manifest) -> bool:
    return bool(secret_names(tenant["spec"]))


COMPONENT = Component("secrets", looks, judge, applies=_applies, role=False, filters={"secret_names": secret_names})
