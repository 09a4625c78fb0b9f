"""The server's container: image, environment, probes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...kube import objects
from ...kube.resources import Manifest
from ..redis.conf import PORT as REDIS_PORT
from . import api as server_api

PORT = 3030
HIGHEST_PORT = 65535
SENTINEL_PORT = 26379
MASTER_NAME = "main"
AUTH_SECRET = "redis-auth"  # noqa: S105 - the name of a Secret


def image(spec: Mapping[str, Any]) -> str:
    """Return the image reference; without tag or digest it gets ``spec.version``, else ``latest``."""
    reference = str(spec["server"]["image"])
    if ":" in reference.rpartition("/")[2] or "@" in reference:
        return reference
    return f"{reference}:{spec.get('version') or 'latest'}"


def port(spec: Mapping[str, Any]) -> int:
    """Return the port that the server listens on: ``PORT``, where the tenant sets it to a number."""
    for variable in spec["server"]["env"]:
        value = str(variable.get("value", ""))
        if variable["name"] == "PORT" and re.fullmatch("[0-9]{1,5}", value) and 0 < int(value) <= HIGHEST_PORT:
            return int(value)
    return PORT


def settings(tenant: Manifest) -> dict[str, str]:
    """Return the environment that every server gets; never a password."""
    spec = tenant["spec"]
    return {
        "NODE_ENV": "production",
        "PORT": str(PORT),
        **_addresses(spec["redis"]),
        **_authority(spec["redis"]),
        "LOG_LEVEL": spec["server"]["logLevel"],
        "TENANT_ID": tenant["metadata"]["name"],
        **server_api.settings(spec["server"]["api"]),
    }


def _authority(redis: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment with the certificate authority of Redis. Node.js trusts it in addition to its own."""
    if not redis["security"]["tls"].get("enabled"):
        return {}
    return {"REDIS_TLS_CA": "/run/redis-ca/ca.crt", "NODE_EXTRA_CA_CERTS": "/run/redis-ca/ca.crt"}


def _addresses(redis: Mapping[str, Any]) -> dict[str, str]:
    """Return the addresses of Redis. Three are enough: sentinels and cluster nodes know the others."""
    pods = [f"redis-{number}.redis-headless" for number in range(3)]
    if redis["mode"] == "cluster":
        return {"REDIS_CLUSTER_NODES": ",".join(f"{pod}:{REDIS_PORT}" for pod in pods)}
    scheme = "rediss" if redis["security"]["tls"].get("enabled") else "redis"
    url = {"REDIS_URL": f"{scheme}://redis:{REDIS_PORT}"}
    if redis["mode"] == "sentinel":
        sentinels = ",".join(f"{pod}:{SENTINEL_PORT}" for pod in pods)
        return url | {"REDIS_SENTINELS": sentinels, "REDIS_MASTER_NAME": MASTER_NAME}
    return url


def digest(tenant: Manifest) -> str:
    """Return the digest of the settings whose change triggers a rollout.

    Settings of the API that are as the server has them anyway do not count: an operator that begins to write them
    restarts nothing.
    """
    counted = {
        name: value for name, value in settings(tenant).items() if (name, value) not in server_api.DEFAULTS.items()
    }
    return objects.digest(counted)


def environment(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ``env`` of the container: what is secret by reference, and what the tenant adds or overrides."""
    own = spec["server"]["env"]
    overridden = {variable["name"] for variable in own}
    references = [
        password_variable("REDIS_PASSWORD", spec["redis"]["security"]),
        *(_from_secret(name, key) for name, key in server_api.secrets(spec["server"]["api"]).items()),
    ]
    return [variable for variable in references if variable and variable["name"] not in overridden] + list(own)


def password_variable(name: str, security: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the environment variable with the password of Redis; None where Redis has none.

    It is in the Secret that the tenant names, else in the generated one.

    Args:
        name: the name of the variable.
        security: ``spec.redis.security``.
    """
    if not security["enabled"]:
        return None
    return _from_secret(name, {"name": password_secret(security), "key": "password"})


def password_secret(security: Mapping[str, Any]) -> str:
    """Return the name of the Secret with the password: the one that the tenant names, else the generated one."""
    return str(security.get("authSecret") or AUTH_SECRET)


def _from_secret(name: str, key: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": dict(key)}}


def probe(settings_of_probe: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the probe of the container for one of ``spec.server.probes``, or None where it is off."""
    if not settings_of_probe["enabled"]:
        return None
    timing = {key: value for key, value in settings_of_probe.items() if key not in {"enabled", "path", "port"}}
    return {"httpGet": {"path": settings_of_probe["path"], "port": settings_of_probe["port"]}, **timing}


def requirements(resources: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a container's ``resources`` for a spec's ``{cpu,memory}.{request,limit}``."""
    return {
        f"{bound}s": {name: values[bound] for name, values in resources.items() if bound in values}
        for bound in ("request", "limit")
    }
