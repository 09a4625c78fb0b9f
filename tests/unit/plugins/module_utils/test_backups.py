"""What is known of backups from the specification alone."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.components import backup as backups

GIB = 2**30
NOW = "2026-11-26T12:00:00Z"


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


def scheduled(schedule="0 2 * * *", zone="Etc/UTC"):
    return {"backup": {"enabled": True, "schedule": schedule, "timeZone": zone}}


@pytest.mark.parametrize(
    ("schedule", "zone", "due"),
    [
        ("0 2 * * *", "Etc/UTC", "2026-11-27T02:00:00Z"),
        ("0 2 * * *", "Asia/Kolkata", "2026-11-26T20:30:00Z"),
        ("30 12 * * *", "Etc/UTC", "2026-11-26T12:30:00Z"),
    ],
)
def test_the_next_backup_is_due_by_the_schedule_in_its_time_zone(schedule, zone, due):
    assert backups.next_time(scheduled(schedule, zone), NOW) == due


@pytest.mark.parametrize(
    ("schedule", "zone"),
    [("0 2 * * *", "Foo/Bar"), ("0 2 * * *", "../etc"), ("0 0 31 2 *", "Etc/UTC"), ("nonsense", "Etc/UTC")],
)
def test_a_time_that_never_comes_is_an_error_and_leaves_what_is_known_of_backups(schedule, zone):
    with pytest.raises(ValueError, match="never comes"):
        backups.next_time(scheduled(schedule, zone), NOW)
    last = {"backupCount": 3, "nextBackupTime": NOW}
    assert backups.status(scheduled(schedule, zone), [], [], last=last, now=NOW) == {"backupCount": 3}


def job(uid, ended, kind="Complete"):
    end = {"type": kind, "status": "True", "lastTransitionTime": ended, "reason": "R", "message": "m"}
    return {"metadata": {"name": f"b-{uid}", "uid": uid}, "status": {"conditions": [end]}}


def pod(uid, message, code=0):
    terminated = {"message": message, "exitCode": code}
    status = {"containerStatuses": [{"state": {"running": {}}}, {"state": {"terminated": terminated}}]}
    return {"metadata": {"ownerReferences": [{"uid": uid}]}, "status": status}


def test_the_newest_backup_that_ended_is_told_with_what_its_container_says():
    jobs = [job("new", "2026-11-26T02:00:00Z"), job("old", "2026-11-25T02:00:00Z", "Failed"), {"status": {}}]
    pods = [pod("old", "x"), pod("new", '{"name": "20261126", "kilobytes": 12, "count": 7}')]
    told = backups.status(scheduled(), jobs, pods, last={"lastBackupName": "before"}, now=NOW)
    assert told == {
        "lastBackupStatus": "Succeeded",
        "lastBackupTime": "2026-11-26T02:00:00Z",
        "lastBackupName": "20261126",
        "lastBackupSize": "12Ki",
        "backupCount": 7,
        "nextBackupTime": "2026-11-27T02:00:00Z",
    }


@pytest.mark.parametrize(
    "message",
    [
        "",
        "nothing",
        "[" * 100_000,
        "[1]",
        '{"name": "a", "kilobytes": Infinity, "count": 1}',
        '{"name": "a", "kilobytes": 1, "count": NaN}',
        '{"name": "a", "kilobytes": 1, "count": 2147483648}',
        '{"name": "a", "kilobytes": -1, "count": 1}',
        '{"name": "a", "kilobytes": "1", "count": 1}',
        '{"name": ["a"], "kilobytes": 1, "count": 1}',
        '{"name": "' + "a" * 254 + '", "kilobytes": 1, "count": 1}',
        '{"name": "a", "count": 1}',
        '{"name": "a", "kilobytes": 1, "count": ' + "9" * 5000 + "}",
    ],
)
def test_what_a_container_says_that_is_no_report_changes_nothing(message):
    jobs = [job("j", "2026-11-26T02:00:00Z")]
    told = backups.status(scheduled(), jobs, [pod("j", message)], last={"lastBackupName": "before"}, now=NOW)
    assert told["lastBackupName"] == "before"
    assert "backupCount" not in told


def test_a_failure_is_told_with_the_last_words_of_its_container():
    jobs = [job("old", "2026-11-25T02:00:00Z"), job("new", "2026-11-26T02:00:00Z", "Failed")]
    assert backups.failure(jobs, [pod("new", "first\nno space left", code=1)]) == "Job b-new: R: no space left"
    assert backups.failure(jobs, []) == "Job b-new: R: m"
    assert backups.failure(jobs[:1], []) == ""
    assert backups.failure([], []) == ""
