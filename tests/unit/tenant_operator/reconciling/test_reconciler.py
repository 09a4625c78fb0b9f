"""What a reconcile does where the caches, the API server and the clock do not agree."""

import copy
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tenant_operator.kube.client import ApiError, key_of
from tenant_operator.kube.gvk import GroupVersionKind
from tenant_operator.reconciling.applied import Applied
from tenant_operator.reconciling.dependents import Dependent
from tenant_operator.reconciling.drift_backoff import AT_ONCE, FIRST_DELAY, DriftBackoff
from tenant_operator.reconciling.reconciler import Reconciler
from tenant_operator.reconciling.requeue import Requeue
from tenant_operator.reconciling.rollout import Rollout
from tenant_operator.reconciling.status_refresh import StatusRefresh
from tenant_operator.reconciling.workqueue import WorkQueue
from tenant_operator.runner.outcome import AppliedObject, Outcome
from tenant_operator.watches import Dependents, Finalizer, Inventory, Program, Watch

KEY = ("Deployment", "app")
STATUS_PERIOD = 45.0
WATCH = Watch(
    GroupVersionKind("example.com", "v1", "Thing"),
    "here",
    Program("site.yml"),
    Inventory("a.b.c"),
    dependents=Dependents("app-{name}", "us", (), status_tags=("status",)),
    reconcile_period=60.0,
)


def thing(name="a", generation=1, **status):
    metadata = {"name": name, "uid": f"uid of {name}", "generation": generation, "resourceVersion": "1"}
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": metadata, "status": status}


class Server:
    """The resources, the caches of them and of their objects, and what ran."""

    def __init__(self):
        self.live, self.cached, self.objects, self.runs = {}, {}, {}, []
        self.digest = "first"
        self.away = False
        self.events, self.kept = [], []

    def put(self, resource, *, cached=True):
        self.live[key_of(resource)] = resource
        if cached:
            self.cached[key_of(resource)] = copy.deepcopy(resource)

    # the client
    def get(self, key):
        if self.away:
            raise ApiError("cannot be reached")
        return copy.deepcopy(self.live.get(key))

    def apply_status(self, resource, status, *, manager):
        kept = self.live[key_of(resource)].setdefault("status", {})
        kept.pop("applied", None)
        kept.update(status)

    def patch_metadata(self, resource, operations):
        live = self.live[key_of(resource)]
        live["metadata"]["finalizers"] = operations[0]["value"]
        return copy.deepcopy(live)

    # the runner
    def run(self, program, resource, *, tags=()):
        key = key_of(resource)
        self.runs.append((key, resource["metadata"]["generation"], tuple(tags)))
        if not tags:
            self.observe(key, "2 of 2")
        return Outcome(objects={KEY: AppliedObject("x", 1)}), self.digest

    def end_with(self, outcome):
        """Have the next runs end with this outcome."""
        self.run = lambda program, resource, *, tags=(): (outcome, self.digest)

    def wait(self, message):
        """Have the next run come to something that it waits for."""
        self.end_with(Outcome(remaining=(message,)))

    # the dependents
    def observe(self, name, status):
        self.objects[name] = Dependent(name, KEY, "x", status)

    def of(self, owner):
        return iter([self.objects[owner]] if owner in self.objects else [])

    def is_watched(self, key):
        return True

    def has_seen(self, key, version):
        return True

    # the history
    def add(self, run):
        self.kept.append((run.resource, run.scope, run.trigger, run.result))

    # the recorder
    def normal(self, resource, reason, note):
        self.events.append((key_of(resource), reason))

    warning = normal


def build(watch):
    """Return a world with a watcher of this watch."""
    server, clock = Server(), SimpleNamespace(now=0.0)
    server.dependents = SimpleNamespace(
        of=server.of,
        get=lambda owner, key: server.objects.get(owner),
        is_watched=server.is_watched,
        has_seen=server.has_seen,
        served=(),
    )
    queue = WorkQueue(lambda: clock.now, jitter=lambda: 0.0)
    requeue = Requeue(
        queue,
        period=watch.reconcile_period,
        rollout=Rollout(0.1, lambda: clock.now),
        drift_backoff=DriftBackoff(lambda: clock.now),
        status_refresh=StatusRefresh(STATUS_PERIOD, lambda: clock.now),
    )
    reconciler = Reconciler(
        watch,
        server,
        server.cached.get,
        server,
        requeue=requeue,
        applied=Applied(server.dependents),
        recorder=server,
        history=server,
        now=lambda: "2026-11-24T20:00:00Z",
    )
    return SimpleNamespace(server=server, clock=clock, queue=queue, reconcile=reconciler.reconcile)


@pytest.fixture
def world():
    return build(WATCH)


@pytest.fixture
def guarded():
    """The world after the runs of one resource whose watch has a finalizer."""
    world = build(replace(WATCH, finalizer=Finalizer("example.com/ours", Program("end.yml"))))
    world.server.put(thing())
    world.reconcile("a")
    world.server.put(world.server.live["a"])
    world.reconcile("a")
    world.server.runs.clear()
    return world


@pytest.fixture
def settled(world):
    """The world after the run of one resource, whose status was reported since."""
    world.server.put(thing())
    world.reconcile("a")
    world.reconcile("a")
    world.server.runs.clear()
    return world


def finalizers(world):
    return world.server.live["a"]["metadata"]["finalizers"]


def test_a_finalizer_that_somebody_removed_comes_back(guarded):
    assert finalizers(guarded) == ["example.com/ours"]
    guarded.server.live["a"]["metadata"]["finalizers"] = ["example.com/other"]
    guarded.server.put(guarded.server.live["a"])
    guarded.reconcile("a")
    assert finalizers(guarded) == ["example.com/other", "example.com/ours"]
    guarded.server.put(guarded.server.live["a"])
    guarded.server.runs.clear()
    guarded.reconcile("a")
    assert guarded.server.runs == []


def test_a_cache_that_has_not_heard_of_the_finalizer_yet_starts_no_run(guarded):
    del guarded.server.cached["a"]["metadata"]["finalizers"]
    guarded.reconcile("a")
    assert guarded.server.runs == []
    guarded.clock.now += 1
    assert len(guarded.queue) == 1


def test_a_resource_takes_one_run_and_one_report_of_what_came_of_it(world):
    world.server.put(thing())
    world.reconcile("a")
    world.reconcile("a")
    world.reconcile("a")
    assert world.server.runs == [("a", 1, ()), ("a", 1, ("status",))]


def test_a_run_that_waits_has_not_failed_and_is_made_whole_when_it_comes_back(world):
    world.server.put(thing())
    run = world.server.run
    world.server.wait("Job first: is running")
    world.reconcile("a")
    told = {one["type"]: (one["status"], one["reason"]) for one in world.server.live["a"]["status"]["conditions"]}
    assert told == {"Progressing": ("True", "Waiting"), "Stalled": ("False", "Waiting")}
    assert world.server.events == [("a", "Waiting")]
    world.clock.now += 3600
    assert world.queue.take() == "a"
    world.server.run = run
    world.reconcile("a")
    assert world.server.runs == [("a", 1, ())]


@pytest.mark.parametrize("failure", ["", "it broke"])
def test_a_run_that_says_when_time_changes_something_comes_back_then(settled, failure):
    settled.server.end_with(Outcome(failure=failure, remaining=("it",), requeue_after=0.05))
    settled.server.put(thing(generation=2))
    settled.reconcile("a")
    settled.clock.now += 0.04
    assert len(settled.queue) == 0
    settled.clock.now += 0.02
    assert len(settled.queue) == 1


def test_at_rest_the_api_server_is_not_even_asked(settled):
    settled.server.away = True
    settled.reconcile("a")
    assert settled.server.runs == []


def test_a_status_that_no_event_asks_for_is_reported_again_after_its_period(settled):
    settled.clock.now += STATUS_PERIOD - 1.0
    assert len(settled.queue) == 0
    settled.clock.now += 1.0
    for _ in range(2):
        assert settled.queue.take() == "a"
        settled.reconcile("a")
        settled.queue.done("a")
        settled.clock.now += STATUS_PERIOD
    assert settled.server.runs == [("a", 1, ("status",))] * 2


def test_a_kind_that_comes_to_be_served_takes_the_whole_playbook_once(settled):
    settled.server.dependents.served = ("Probe",)
    settled.reconcile("a")
    settled.reconcile("a")
    assert settled.server.runs == [("a", 1, ())]


def test_a_kind_that_comes_to_be_served_during_a_run_takes_one_more(settled):
    run = settled.server.run

    def install(program, resource, *, tags=()):
        settled.server.dependents.served = ("Probe",)
        return run(program, resource, tags=tags)

    settled.server.run = install
    settled.server.put(thing(generation=2))
    settled.reconcile("a")
    settled.clock.now += 3600.0
    settled.reconcile("a")
    assert settled.server.runs == [("a", 2, ())] * 2


def test_a_wish_that_the_cache_does_not_know_yet_is_not_taken_for_done(settled):
    settled.server.observe("a", "1 of 2")
    settled.server.put(thing(generation=2), cached=False)
    settled.reconcile("a")
    settled.server.put(thing(generation=2))
    settled.reconcile("a")
    assert settled.server.runs[0] == ("a", 2, ())


def test_a_status_is_reported_also_while_a_new_playbook_is_waited_for(settled):
    settled.server.put(thing("b"))
    settled.reconcile("b")
    settled.server.runs.clear()
    settled.server.digest = "second"
    settled.reconcile("a")
    assert settled.server.runs == [("a", 1, ())]
    settled.server.observe("b", "1 of 2")
    settled.reconcile("b")
    assert settled.server.runs[1:] == [("b", 1, ("status",))]
    settled.clock.now += 10.0
    settled.reconcile("b")
    assert settled.server.runs[2:] == [("b", 1, ())]


def test_what_the_api_server_did_not_answer_for_is_run_again_alone(settled):
    settled.server.put(thing(generation=2))
    settled.server.away = True
    settled.reconcile("a")
    assert settled.server.runs == []
    settled.server.away = False
    settled.clock.now += 1.0
    assert settled.queue.take_failed() == "a"
    settled.reconcile("a")
    assert settled.server.runs == [("a", 2, ())]


def test_a_resource_that_is_gone_is_forgotten(settled):
    settled.server.live.clear()
    settled.server.cached.clear()
    settled.reconcile("a")
    settled.server.put(thing())
    settled.reconcile("a")
    assert settled.server.runs == [("a", 1, ())]


def test_drift_is_repaired_at_once_and_later_each_time_where_somebody_insists(settled):
    def drift():
        settled.server.objects["a"] = Dependent("a", KEY, "theirs", "2 of 2")
        settled.reconcile("a")

    for _ in range(AT_ONCE):
        drift()
    assert settled.server.runs == [("a", 1, ())] * AT_ONCE
    drift()
    assert len(settled.server.runs) == AT_ONCE
    settled.clock.now += FIRST_DELAY
    assert settled.queue.take() == "a"
    settled.reconcile("a")
    assert len(settled.server.runs) == AT_ONCE + 1


def test_a_status_that_is_old_is_reported_although_a_repair_has_to_wait(settled):
    for _ in range(AT_ONCE + 6):  # the next repair waits 64 seconds
        settled.clock.now += 60.0
        settled.server.objects["a"] = Dependent("a", KEY, "theirs", "2 of 2")
        settled.reconcile("a")
    settled.server.objects["a"] = Dependent("a", KEY, "theirs", "2 of 2")
    settled.reconcile("a")  # the server plays its status anew
    settled.server.runs.clear()
    settled.clock.now += STATUS_PERIOD
    settled.reconcile("a")
    assert settled.server.runs == [("a", 1, ("status",))]


def test_a_run_is_kept_and_a_report_that_all_is_well_is_not(world):
    world.server.put(thing())
    world.reconcile("a")
    world.reconcile("a")
    assert world.server.runs == [("a", 1, ()), ("a", 1, ("status",))]
    assert world.server.kept == [("a", "all", "change", "ok")]


@pytest.mark.parametrize(
    ("outcome", "result"),
    [(Outcome(), "success"), (Outcome(remaining=("x",)), "requeue"), (Outcome(failure="no"), "error")],
)
def test_what_came_of_a_run_is_the_result(world, outcome, result):
    world.server.put(thing())
    world.server.end_with(outcome)
    assert world.reconcile("a") == result


def test_where_nothing_runs_the_result_says_whether_it_comes_back(world):
    assert world.reconcile("gone") == "success"
    world.server.put(thing())
    world.server.live.clear()
    assert world.reconcile("a") == "requeue"
    world.server.away = True
    assert world.reconcile("a") == "error"


def test_a_deletion_runs_the_finalizers_program_and_ends_with_it(guarded):
    going = copy.deepcopy(guarded.server.live["a"])
    going["metadata"]["deletionTimestamp"] = "now"
    guarded.server.put(going)
    programs = []
    guarded.server.run = lambda program, resource, *, tags=(): (programs.append(program.name) or Outcome(), "first")
    guarded.reconcile("a")
    assert (programs, finalizers(guarded)) == (["end.yml"], [])


def test_a_resource_that_cannot_be_concluded_fails_and_comes_back(settled):
    settled.server.put(thing(generation=2))

    def refuse(*_, **__):
        raise ApiError("cannot be reached")

    settled.server.apply_status = refuse
    settled.reconcile("a")
    settled.clock.now += 3600.0
    assert settled.queue.take_failed() == "a"
