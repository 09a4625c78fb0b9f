"""What is known of backups from the specification alone."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils import backups

GIB = 2**30


def spec(*, kind="s3", mode="standalone", masters=0, restored=False, **storage):
    redis = {"storage": "2Gi", "mode": mode, "masters": masters, "resources": {"cpu": {"limit": "1"}}}
    source = {"restoreFrom": "b"} if restored else {}
    return {"redis": redis, "backup": {"storage": {"type": kind, **storage}, **source}}


@pytest.mark.parametrize(("mode", "masters", "copies"), [("standalone", 3, 2), ("sentinel", 3, 2), ("cluster", 3, 6)])
def test_a_pod_with_a_copy_on_its_way_has_room_for_two_of_each_master(mode, masters, copies):
    resources = backups.with_scratch({"limits": {"cpu": "1"}}, spec(mode=mode, masters=masters))
    limits = {"cpu": "1", "ephemeral-storage": str(copies * 2 * GIB + GIB)}
    assert resources == {"requests": {"ephemeral-storage": "64Mi"}, "limits": limits}


def test_no_room_is_asked_for_where_backups_have_a_volume():
    assert backups.with_scratch({"limits": {"cpu": "1"}}, spec(kind="local")) == {"limits": {"cpu": "1"}}


def test_redis_has_room_for_the_copy_that_it_was_restored_from_and_no_other():
    asked = {"requests": {}, "limits": {"cpu": "1"}}
    assert backups.redis_resources(spec()) == asked
    assert backups.redis_resources(spec(restored=True, kind="local")) == asked
    restored = backups.redis_resources(spec(restored=True))
    assert restored["limits"] == {"cpu": "1", "ephemeral-storage": str(5 * GIB)}


@pytest.mark.parametrize(
    ("endpoint", "port"), [({}, 443), ({"endpoint": "http://b"}, 80), ({"endpoint": "https://b:9000"}, 9000)]
)
def test_the_port_of_a_bucket_is_its_endpoints(endpoint, port):
    assert backups.port(spec(**endpoint)) == port
