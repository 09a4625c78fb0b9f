"""Every field that reaches Redis is changed on living tenants, there and back, and every key is kept in every mode."""

import pytest

from tests.certificates import certificate, redis_certificate
from tests.control_plane import holds_now, is_reconciled
from tests.fields import GROUPS
from tests.kind.conftest import small_tenant
from tests.kind.data import KEYS, MODES, Redis

ANOTHER_IMAGE = "redis:7.0-alpine"
"""Where there is no registry, another name of the same image."""

COPIES = {"persistence": {"type": "both", "savePoints": [{"seconds": 900, "changes": 1}]}}
TLS = {"enabled": True, "certSecret": "one"}

CHANGES = {
    "resources": (
        {},
        {"resources": {"cpu": {"request": "11m", "limit": 2}, "memory": {"request": "33Mi", "limit": "300Mi"}}},
    ),
    "image": ({}, {"image": ANOTHER_IMAGE}),
    "settings": (
        {},
        {
            "config": {"timeout": "3600"},
            "persistence": {"fsync": "always"},
            "advanced": {
                "maxmemoryPolicy": "allkeys-lru",
                "clientOutputBufferLimit": "normal 1mb 1mb 60",
                "databases": 17,
                "tcpKeepalive": 301,
            },
        },
    ),
    "save-points": (COPIES, {"persistence": {"type": "both", "savePoints": [{"seconds": 600, "changes": 2}]}}),
    "password": ({}, {"security": {"enabled": False}}),
    "password-of-a-secret": ({}, {"security": {"authSecret": "one"}}),
    "password-of-another-secret": ({"security": {"authSecret": "one"}}, {"security": {"authSecret": "two"}}),
    "encryption": ({}, {"security": {"tls": TLS}}),
    "certificate": ({"security": {"tls": TLS}}, {"security": {"tls": {**TLS, "certSecret": "two"}}}),
}
"""What Redis is at first, and what it becomes and changes back from."""

ELSEWHERE = {
    "redis": "refused: tests/cluster/refusals.yaml",
    "redis.storageClassName": "refused: tests/cluster/refusals.yaml",
    "redis.replicas": "test_sentinel.py and test_redis_cluster.py",
    "redis.masters": "test_redis_cluster.py",
    "redis.storage": "grows alone, which this cluster's storage cannot: tests/cluster/test_changes.py",
    "redis.persistence.type": "test_persistence.py",
    "backup.restoreFrom": "test_restore.py",
}


def leaves(value, prefix):
    """Yield the paths of all that a specification says, as fields.yaml writes them."""
    if isinstance(value, dict) and prefix != "redis.config":
        for key, below in value.items():
            yield from leaves(below, f"{prefix}.{key}")
    elif isinstance(value, list):
        for below in value:
            yield from leaves(below, f"{prefix}[]")
    else:
        yield prefix


def test_every_field_that_reaches_redis_is_changed_here_or_elsewhere():
    reached = {
        field
        for group in GROUPS
        if {"StatefulSet redis", "ConfigMap redis-config"} & set(group.get("changes", ()))
        for field in group["fields"]
    }
    changed = {path for pair in CHANGES.values() for spec in pair for path in leaves(spec, "redis")}
    assert reached <= changed | set(ELSEWHERE)


@pytest.fixture(scope="module")
def redises(cluster, execute, node, worker_id):
    """A Redis of each mode, with Secrets of passwords and certificates to choose from."""
    image = "docker.io/library/redis:7-alpine"
    node("ctr", "-n", "k8s.io", "images", "tag", image, f"docker.io/library/{ANOTHER_IMAGE}", check=False)
    made = [Redis(f"changes-{worker_id}", mode, execute) for mode in MODES]
    authority = certificate("authority")
    for redis in made:
        cluster.apply(small_tenant(redis.tenant, redis=MODES[redis.mode]))
        for secret in ("one", "two"):
            cluster.wait_until(lambda redis=redis: cluster.get("namespace", f"tenant-{redis.tenant}"))
            data = {"password": secret, **redis_certificate(f"tenant-{redis.tenant}", authority)}
            metadata = {"name": secret, "namespace": f"tenant-{redis.tenant}"}
            cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})
    yield made
    cluster.kubectl("delete", "tenant", *(redis.tenant for redis in made), "--ignore-not-found", "--wait=false")


def change(cluster, redises, spec):
    """Change each Redis; waits until it is as asked, and its server with it."""
    for redis in redises:
        cluster.apply(small_tenant(redis.tenant, redis={**MODES[redis.mode], **spec}))
    for redis in redises:
        cluster.wait_until(lambda redis=redis: holds_now(cluster, redis.tenant, "RedisReady"))
        cluster.wait_until(lambda redis=redis: is_reconciled(cluster, redis.tenant))


@pytest.mark.day_two
@pytest.mark.parametrize("label", CHANGES)
def test_every_change_there_and_back_keeps_every_key_in_every_mode(cluster, redises, label):
    first, second = CHANGES[label]
    change(cluster, redises, first)
    for redis in redises:
        count = len(redis.data()[0]) + KEYS
        cluster.wait_until(lambda redis=redis, count=count: redis.fill(label, count))
    for spec in (second, first):
        change(cluster, redises, spec)
        for redis in redises:
            cluster.wait_until(redis.has_kept)
