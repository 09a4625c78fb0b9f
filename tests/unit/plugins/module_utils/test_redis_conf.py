import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.neurallog.tenant.plugins.module_utils.components.redis import conf as redis_conf

SPEC = {
    "resources": {"memory": {"limit": "256Mi"}},
    "mode": "standalone",
    "storage": "1Gi",
    "config": {},
    "persistence": {"type": "aof", "fsync": "everysec", "savePoints": [{"seconds": 60, "changes": 1}]},
    "security": {"enabled": True, "tls": {"enabled": False}},
    "advanced": {
        "maxmemoryPolicy": "noeviction",
        "clientOutputBufferLimit": "normal 0 0 0",
        "databases": 16,
        "tcpKeepalive": 300,
    },
}


def lines(**changes):
    return redis_conf.render({**SPEC, **changes}).splitlines()


@pytest.mark.parametrize(
    ("kind", "appendonly", "save"),
    [("aof", "yes", 'save ""'), ("rdb", "no", "save 60 1"), ("both", "yes", "save 60 1"), ("none", "no", 'save ""')],
)
def test_persistence_says_what_is_written(kind, appendonly, save):
    text = lines(persistence={**SPEC["persistence"], "type": kind})
    assert f"appendonly {appendonly}" in text
    assert save in text


def test_maxmemory_leaves_room_below_the_memory_limit():
    assert f"maxmemory {192 * 1024 * 1024}" in lines()


def test_tls_closes_the_plain_port():
    text = lines(security={"enabled": True, "tls": {"enabled": True, "certSecret": "redis-tls"}})
    assert "port 0" in text
    assert "tls-port 6379" in text


@given(st.text(max_size=40))
def test_a_value_never_leaves_its_line_nor_its_quotes(value):
    spec = {**SPEC, "config": {"timeout": value}}
    if re.search(r"[\x00-\x1f\x7f]", value):
        with pytest.raises(ValueError, match=r"spec\.redis\.config\.timeout"):
            redis_conf.render(spec)
        return
    text = redis_conf.render(spec)
    last = text.split("\n")[-2]
    assert re.fullmatch(r'timeout "(?:[^"\\]|\\.)*"', last, re.DOTALL)
    assert text.count("\n") == redis_conf.render(SPEC).count("\n") + 1


def test_a_name_that_is_no_directive_is_refused_by_field():
    with pytest.raises(ValueError, match=r"spec\.redis\.config: 'a b' is not a directive"):
        lines(config={"a b": "1"})


def test_a_mode_adds_its_directives_and_standalone_none():
    assert not [line for line in lines() if line.startswith(("cluster-", "min-replicas"))]
    assert "min-replicas-to-write 1" in lines(mode="sentinel")
    assert "cluster-enabled yes" in lines(mode="cluster")
