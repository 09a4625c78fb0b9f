"""Redis changes what it keeps on its volume, and how, without losing a key: every pair of types, in every mode."""

from itertools import pairwise

import pytest

from tests.control_plane import holds_now

from .conftest import small_tenant
from .data import KEYS, MODES, Redis
from .keys import CLI

WALK = ("aof", "rdb", "aof", "both", "rdb", "both", "none", "rdb", "none", "aof", "none", "both", "aof")
"""Every change of one type to another, each once."""

SHORT_WALK = ("aof", "rdb", "none", "aof")
"""From a log to copies, to nothing, and back."""

LOOK = f"{CLI}ls -A /data; cli config get appendonly; cli config get save"


def test_the_walk_has_every_pair_of_types():
    types = set(WALK)
    assert sorted(pairwise(WALK)) == sorted((old, new) for old in types for new in types if old != new)


class Keeper(Redis):
    """A Redis that is asked what it keeps on its volume."""

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
    made = [Keeper(name, mode, execute) for mode in MODES]
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
