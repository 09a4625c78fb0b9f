"""The redis.conf of a tenant.

Source: https://redis.io/docs/latest/operate/oss_and_stack/management/config-file/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...kube import quantities

MEMORY_SHARE = 75
"""Percent of the memory limit for data; the rest is for the copy-on-write of a save, buffers and fragmentation."""

PORT = 6379
DIRECTIVE = re.compile(r"[a-z][a-z0-9-]*")


def render(redis: Mapping[str, Any]) -> str:
    """Return the text of redis.conf for ``spec.redis``, with the server's defaults.

    Raises:
        ValueError: a directive or a value could end its line or change another one; the message names the field.
    """
    return "".join(f"{line}\n" for line in _lines(redis))


def cluster_job_name(redis: Mapping[str, Any]) -> str:
    """Return the name of the Job that forms a cluster of this size. Each size has its own Job."""
    return f"redis-cluster-{redis['masters']}-{redis['replicas']}"


def maxmemory(redis: Mapping[str, Any]) -> int:
    """Return the bytes of data that fit in the container's memory limit."""
    return int(quantities.parse(redis["resources"]["memory"]["limit"]) * MEMORY_SHARE / 100)


def _lines(redis: Mapping[str, Any]) -> Iterator[str]:
    advanced = redis["advanced"]
    yield "dir /data"
    yield "bind * -::*"
    yield "protected-mode no"  # network policies and the password protect it; this mode would refuse every pod
    yield "aclfile /run/redis/users.acl"
    yield from _listening(redis["security"])
    yield from _persistence(redis["persistence"])
    yield from _mode(redis)
    yield f"maxmemory {maxmemory(redis)}"
    yield f"maxmemory-policy {advanced['maxmemoryPolicy']}"
    yield f"client-output-buffer-limit {advanced['clientOutputBufferLimit']}"
    yield f"databases {advanced['databases']}"
    yield f"tcp-keepalive {advanced['tcpKeepalive']}"
    for directive, value in sorted(redis["config"].items()):
        yield f"{_directive(directive)} {_quoted(directive, value)}"


def _listening(security: Mapping[str, Any]) -> Iterator[str]:
    if not security["tls"].get("enabled"):
        yield f"port {PORT}"
        return
    yield "port 0"
    yield f"tls-port {PORT}"
    yield "tls-cert-file /run/tls/tls.crt"
    yield "tls-key-file /run/tls/tls.key"
    yield "tls-ca-cert-file /run/tls/ca.crt"
    yield "tls-auth-clients optional"


def _mode(redis: Mapping[str, Any]) -> Iterator[str]:
    encrypted = redis["security"]["tls"].get("enabled")
    if redis["mode"] == "sentinel":
        # A master without any replica takes no writes: a failover would lose them.
        yield "min-replicas-to-write 1"
        yield "min-replicas-max-lag 10"
        yield f"tls-replication {'yes' if encrypted else 'no'}"
    if redis["mode"] == "cluster":
        yield "cluster-enabled yes"
        yield "cluster-config-file /data/nodes.conf"
        yield "cluster-node-timeout 5000"
        yield f"tls-cluster {'yes' if encrypted else 'no'}"
        yield f"tls-replication {'yes' if encrypted else 'no'}"


def _persistence(persistence: Mapping[str, Any]) -> Iterator[str]:
    kind = persistence["type"]
    yield f"appendonly {'yes' if kind in {'aof', 'both'} else 'no'}"
    yield f"appendfsync {persistence['fsync']}"
    if kind in {"rdb", "both"}:
        for point in persistence["savePoints"]:
            yield f"save {point['seconds']} {point['changes']}"
    else:
        yield 'save ""'


def _directive(name: str) -> str:
    if not DIRECTIVE.fullmatch(name):
        raise ValueError(f"spec.redis.config: {name!r} is not a directive: lower-case letters, digits and '-'")
    return name


def _quoted(directive: str, value: str) -> str:
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise ValueError(f"spec.redis.config.{directive}: control characters are not allowed")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
