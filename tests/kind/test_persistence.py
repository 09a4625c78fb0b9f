"""Redis changes what it keeps on its volume, and how, without losing a key: every pair of types, in every mode."""

from itertools import pairwise

import pytest

from tests.control_plane import holds_now

from .conftest import small_tenant
from .keys import DUMP

MODES = {
    "standalone": {},
    "sentinel": {"mode": "sentinel", "replicas": 3},
    "cluster": {"mode": "cluster", "masters": 3, "replicas": 3},
}
WALK = ("aof", "rdb", "aof", "both", "rdb", "both", "none", "rdb", "none", "aof", "none", "both", "aof")
"""Every change of one type to another, each once."""

SHORT_WALK = ("aof", "rdb", "none", "aof")
"""From a log to copies, to nothing, and back."""

FILL = """
seq 100 | sed "s/.*/set $0-& value&/" | redis-cli -c >/dev/null
redis-cli -c del "$0-list" >/dev/null
redis-cli -c rpush "$0-list" a b c >/dev/null
redis-cli -c hset "$0-hash" field value >/dev/null
"""
KEYS = 102
LOOK = "ls -A /data; redis-cli config get appendonly; redis-cli config get save"


def test_the_walk_has_every_pair_of_types():
    types = set(WALK)
    assert sorted(pairwise(WALK)) == sorted((old, new) for old in types for new in types if old != new)


class Redis:
    """The Redis of a tenant, asked in its pods."""

    def __init__(self, name, mode, execute):
        self.tenant = f"{name}-{mode}"
        self.mode = mode
        self.pods = [f"redis-{number}" for number in range(MODES[mode].get("replicas", 1))]
        self._execute = execute
        self.expected = {}

    def run(self, pod, script, *arguments, check=True):
        words = ("-c", "redis", "--", "sh", "-c", script, *arguments)
        return self._execute(f"tenant-{self.tenant}", pod, *words, check=check)

    def fill(self, word, count):
        """Write keys that begin with the word, and take all that there is for what has to be kept.

        Tells whether it is so many keys, the same wherever they are: a Redis that looks for its master refuses some.
        """
        for pod in self.pods:
            if self.run(pod, "redis-cli role", check=False).startswith("master"):
                self.run(pod, FILL, word, check=False)
                break
        self.expected, *others = self.data()
        return len(self.expected) == count and all(keys == self.expected for keys in others)

    def has_kept(self):
        """Tell whether every set of data is what was remembered."""
        return all(keys == self.expected for keys in self.data())

    def data(self):
        """Return every key with its value as Redis dumps it, once for each complete set of data that there is."""
        found = []
        for pod in self.pods:
            lines = self.run(pod, DUMP, check=False).splitlines()
            found.append(dict(zip(lines[::2], lines[1::2], strict=False)))  # a replica's keys may change meanwhile
        if self.mode == "cluster":
            return [{key: value for part in found for key, value in part.items()}]
        return found

    def keeps(self, kind):
        """Tell whether every pod keeps on its volume what this type says, and nothing else."""
        return all(self._keeps(pod, kind) for pod in self.pods)

    def _keeps(self, pod, kind):
        said = self.run(pod, LOOK, check=False).splitlines()
        if "appendonly" not in said:
            return False
        saves = bool(said[said.index("save") + 1 :] not in ([], [""]))
        log = kind in {"aof", "both"}
        return (
            said[said.index("appendonly") + 1] == ("yes" if log else "no")
            and ("appendonlydir" in said) == log
            and saves == (kind in {"rdb", "both"})
            and (kind != "none" or "dump.rdb" not in said)
        )


@pytest.fixture
def redises(cluster, name, execute):
    made = [Redis(name, mode, execute) for mode in MODES]
    yield made
    cluster.kubectl("delete", "tenant", *(redis.tenant for redis in made), "--ignore-not-found", "--wait=false")


@pytest.mark.parametrize("walk", [SHORT_WALK, pytest.param(WALK, marks=pytest.mark.day_two)], ids=["short", "whole"])
def test_every_change_of_the_persistence_keeps_every_key_in_every_mode(cluster, redises, walk):
    for number, kind in enumerate(walk):
        for redis in redises:
            cluster.apply(small_tenant(redis.tenant, redis={**MODES[redis.mode], "persistence": {"type": kind}}))
        for redis in redises:
            # The server does not count: kubelet restarts it, later and later, while its Redis is away most of the time.
            cluster.wait_until(lambda redis=redis: holds_now(cluster, redis.tenant, "RedisReady"))
            cluster.wait_until(lambda redis=redis, kind=kind: redis.keeps(kind))
            cluster.wait_until(redis.has_kept)
        for redis in redises:
            word, count = f"word{number}", KEYS * (number + 1)
            cluster.wait_until(lambda redis=redis, word=word, count=count: redis.fill(word, count))
