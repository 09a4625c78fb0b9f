"""What there is to do for a resource, by what was applied and what the cache shows."""

from types import SimpleNamespace

import pytest

from tenant_operator.reconciling.applied import Applied
from tenant_operator.reconciling.dependents import Dependent
from tenant_operator.reconciling.trigger import Trigger
from tenant_operator.runner.outcome import AppliedObject

KEY = ("ConfigMap", "settings")
WORKLOAD = ("Deployment", "app")


class Cluster:
    """What the caches show, and how new they are."""

    def __init__(self):
        self.objects = {}
        self.seen = 100

    def put(self, key, applied, status=""):
        self.objects[key] = Dependent("a", key, applied, status)
        return self.objects[key]

    def of(self, owner):
        return iter(self.objects.values())

    def get(self, owner, key):
        return self.objects.get(key)

    def is_watched(self, key):
        return key[0] != "Job"

    def has_seen(self, key, version):
        return self.seen >= version


def resource(generation=1, uid="1", **status):
    return {"metadata": {"name": "a", "uid": uid, "generation": generation}, "status": status}


@pytest.fixture
def settled():
    """A resource after its run: what it stated is there, and its status was reported."""
    cluster = Cluster()
    applied = Applied(cluster)
    cluster.put(KEY, "x")
    cluster.put(WORKLOAD, "y", status="2 of 2")
    objects = {KEY: AppliedObject("x", 90), WORKLOAD: AppliedObject("y", 91), ("Job", "once"): AppliedObject("z", 92)}
    record = applied.record(resource(), objects, applied.observed("a"), "digest")
    return SimpleNamespace(cluster=cluster, applied=applied, record=record)


def test_a_resource_that_was_never_seen_runs_whole():
    assert Applied(Cluster()).trigger(resource(), "digest") is Trigger.CHANGE


def test_at_rest_nothing_runs(settled):
    assert settled.applied.trigger(resource(), "digest") is Trigger.NONE


@pytest.mark.parametrize("wish", [{"generation": 2}, {"uid": "2"}])
def test_another_wish_runs_whole(settled, wish):
    assert settled.applied.trigger(resource(**wish), "digest") is Trigger.CHANGE


def test_a_field_that_was_taken_or_an_object_that_is_gone_is_drift(settled):
    settled.cluster.put(KEY, "taken")
    assert settled.applied.trigger(resource(), "digest") is Trigger.DRIFT
    del settled.cluster.objects[KEY]
    assert settled.applied.trigger(resource(), "digest") is Trigger.DRIFT


def test_an_object_whose_news_are_on_the_way_is_no_drift(settled):
    settled.cluster.put(KEY, "from before the run")
    settled.cluster.seen = 89
    assert settled.applied.trigger(resource(), "digest") is Trigger.NONE
    settled.cluster.seen = 90
    assert settled.applied.trigger(resource(), "digest") is Trigger.DRIFT


def test_a_status_that_changed_runs_only_the_status_part_until_it_was_reported(settled):
    settled.cluster.put(WORKLOAD, "y", status="1 of 2")
    assert settled.applied.trigger(resource(), "digest") is Trigger.STATUS
    settled.applied.report(resource(), settled.applied.observed("a"))
    assert settled.applied.trigger(resource(), "digest") is Trigger.NONE


def test_another_playbook_rolls_out(settled):
    assert settled.applied.trigger(resource(), "another digest") is Trigger.ROLLOUT


def test_after_a_failure_the_next_look_is_a_run_whatever_the_status_says(settled):
    settled.applied.fail("a")
    assert settled.applied.trigger(resource(applied=str(settled.record)), "digest") is Trigger.RETRY


def test_a_restarted_watcher_takes_up_what_the_status_says(settled):
    restarted = Applied(settled.cluster)
    assert restarted.trigger(resource(applied=str(settled.record)), "digest") is Trigger.NONE
    assert restarted.trigger(resource(applied=str(settled.record)), "another digest") is Trigger.ROLLOUT


@pytest.mark.parametrize("key", [KEY, WORKLOAD])
def test_a_restarted_watcher_finds_what_drifted_while_it_was_away(settled, key):
    settled.cluster.put(key, "taken")
    assert Applied(settled.cluster).trigger(resource(applied=str(settled.record)), "digest") is Trigger.CHANGE


def test_a_restarted_watcher_reports_a_status_that_changed_while_it_was_away(settled):
    settled.cluster.put(WORKLOAD, "y", status="0 of 2")
    assert Applied(settled.cluster).trigger(resource(applied=str(settled.record)), "digest") is Trigger.STATUS


def test_the_status_of_an_object_that_somebody_else_made_is_reported_and_its_end_is_no_drift(settled):
    settled.cluster.put(("Job", "by-hand"), "", status="failed")
    assert settled.applied.trigger(resource(), "digest") is Trigger.STATUS
    record = settled.applied.report(resource(), settled.applied.observed("a"))
    assert settled.applied.trigger(resource(), "digest") is Trigger.NONE
    assert Applied(settled.cluster).trigger(resource(applied=str(record)), "digest") is Trigger.NONE
    del settled.cluster.objects["Job", "by-hand"]
    assert settled.applied.trigger(resource(), "digest") is Trigger.STATUS


def test_what_a_paused_resource_has_is_left_alone_also_after_a_restart(settled):
    record = settled.applied.record(resource(2), {}, settled.applied.observed("a"), "digest")
    settled.cluster.put(KEY, "taken")
    assert settled.applied.trigger(resource(2), "digest") is Trigger.NONE
    assert Applied(settled.cluster).trigger(resource(2, applied=str(record)), "digest") is Trigger.NONE


def test_the_echo_of_a_run_is_known_and_drift_and_news_are_not_one(settled):
    assert settled.applied.is_echo(None, settled.cluster.objects[KEY])
    assert settled.applied.is_echo(None, settled.cluster.objects[WORKLOAD])
    assert not settled.applied.is_echo(settled.cluster.objects[KEY], settled.cluster.put(KEY, "taken"))
    assert not settled.applied.is_echo(settled.cluster.objects[KEY], None)
    news = settled.cluster.put(WORKLOAD, "y", status="1 of 2")
    assert not settled.applied.is_echo(None, news)


def test_a_watch_without_dependents_runs_at_each_look():
    applied = Applied(None)
    assert applied.record(resource(), {}, applied.observed("a"), "digest") is None
    assert applied.trigger(resource(), "digest") is Trigger.PERIOD


def test_annotations_that_count_are_part_of_what_is_asked_for_and_others_are_not():
    cluster = Cluster()
    cluster.put(KEY, "x")
    applied = Applied(cluster, ["example.com/restart"])

    def asking(**annotations):
        made = resource()
        made["metadata"]["annotations"] = {f"example.com/{key}": value for key, value in annotations.items()}
        return made

    plain = applied.record(resource(), {KEY: AppliedObject("x", 90)}, "", "digest")
    assert str(plain) == str(Applied(cluster).record(resource(), {KEY: AppliedObject("x", 90)}, "", "digest"))
    assert applied.trigger(asking(other="x"), "digest") is not Trigger.CHANGE
    assert applied.trigger(asking(restart="now"), "digest") is Trigger.CHANGE
    record = applied.record(asking(restart="now"), {KEY: AppliedObject("x", 90)}, applied.observed("a"), "digest")
    assert applied.trigger(asking(restart="now", other="x"), "digest") is Trigger.NONE
    assert applied.trigger(asking(restart="later"), "digest") is Trigger.CHANGE
    assert applied.trigger(resource(), "digest") is Trigger.CHANGE
    restarted = Applied(cluster, ["example.com/restart"])
    kept = asking(restart="now")
    kept["status"] = {"applied": str(record)}
    assert restarted.trigger(kept, "digest") is Trigger.NONE


def test_after_a_reset_versions_from_before_count_for_nothing(settled):
    settled.cluster.seen = 10  # the API server went back: the record is of version 90
    settled.cluster.put(KEY, "changed")
    assert settled.applied.trigger(resource(), "digest") is Trigger.NONE
    settled.applied.reset()
    assert settled.applied.trigger(resource(applied=str(settled.record)), "digest") is Trigger.CHANGE
