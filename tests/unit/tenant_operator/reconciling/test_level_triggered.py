"""No change is ever lost: whatever fails meanwhile, what a resource asks for last is what runs last.

Controller, queue, reconciler and records are the real ones. The API server, its events, the runs, the Lease and the
clock are a world in which each of them can fail.
"""

import copy
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from tenant_operator.kube.client import ApiError, key_of
from tenant_operator.kube.gvk import GroupVersionKind
from tenant_operator.reconciling.applied import Applied
from tenant_operator.reconciling.controller import Controller
from tenant_operator.reconciling.drift_backoff import DriftBackoff
from tenant_operator.reconciling.reconciler import Reconciler
from tenant_operator.reconciling.requeue import Requeue
from tenant_operator.reconciling.rollout import Rollout
from tenant_operator.reconciling.status_refresh import StatusRefresh
from tenant_operator.reconciling.workqueue import MAXIMUM_DELAY, WorkQueue
from tenant_operator.runner.outcome import Outcome
from tenant_operator.watches import Dependents, Finalizer, Inventory, Program, Watch

WATCH = Watch(
    GroupVersionKind("example.com", "v1", "Thing"),
    "here",
    Program("site.yml"),
    Inventory("a.b.c"),
    finalizer=Finalizer("example.com/ours", Program("end.yml")),
    dependents=Dependents("app-{name}", "us", (), status_tags=("status",)),
)
NAMES = ("a", "b", "c")
FAULTS = ("not leading", "no resource", "no patch", "no answer", "run fails", "run explodes", "deaf")


class World:
    """An API server with a cache that follows it, and a watcher; each fault is on or off."""

    def __init__(self):
        self.now, self.version = 0.0, 0
        self.live, self.cached, self.news = {}, {}, []
        self.faults = set()
        self.done = {}
        self.queue = WorkQueue(lambda: self.now, jitter=lambda: 0.0)
        nothing = SimpleNamespace(
            of=lambda owner: iter(()), get=lambda *_: None, is_watched=lambda key: False, served=()
        )
        requeue = Requeue(
            self.queue,
            period=WATCH.reconcile_period,
            rollout=Rollout(1000.0, lambda: self.now),
            drift_backoff=DriftBackoff(lambda: self.now),
            status_refresh=StatusRefresh(0.0, lambda: self.now),
        )
        reconciler = Reconciler(
            WATCH,
            self,
            self.cached.get,
            self,
            requeue=requeue,
            applied=Applied(nothing),
            recorder=self,
            history=SimpleNamespace(add=lambda run: None),
            now=lambda: "2026-11-26T00:00:00Z",
        )
        leads = lambda: "not leading" not in self.faults  # noqa: E731 - asked anew each time
        self.controller = Controller(self.queue, requeue, reconciler.reconcile, lambda *_: False, is_leading=leads)

    # what users do
    def change(self, name):
        """Make the resource, or have it ask for something else."""
        self.version += 1
        metadata = {"name": name, "uid": f"uid {self.version}", "finalizers": [], **self.metadata(name)}
        metadata |= {"generation": self.version}
        self.store({"metadata": metadata, "status": {}})

    def delete(self, name):
        if name in self.live:
            self.version += 1
            end = {"deletionTimestamp": "now", "generation": self.version}
            self.store({"metadata": {**self.metadata(name), **end}, "status": {}})

    def metadata(self, name):
        return copy.deepcopy(self.live.get(name, {}).get("metadata", {}))

    def store(self, resource):
        """Keep the resource as the API server does: one that is to go goes with its last finalizer."""
        self.version += 1
        name = resource["metadata"]["name"]
        resource["metadata"]["resourceVersion"] = str(self.version)
        if resource["metadata"].get("deletionTimestamp") and not resource["metadata"]["finalizers"]:
            self.live.pop(name)
            self.news.append((name, None))
        else:
            self.live[name] = resource
            self.news.append((name, copy.deepcopy(resource)))

    # the watcher's own
    def deliver(self):
        """Bring the cache up to date, event by event."""
        while self.news and "deaf" not in self.faults:
            name, after = self.news.pop(0)
            before = self.cached.pop(name, None)
            if after:
                self.cached[name] = after
            self.controller.handle(before, after)

    def work(self):
        """Work on everything that is due."""
        while len(self.queue):
            failed = set(self.queue._ready) & self.queue._failed  # take_failed would wait where there is none
            self.controller._work_on(self.queue.take_failed() if failed else self.queue.take())
            self.deliver()

    def settle(self):
        """Let time pass without faults, for longer than any retry waits."""
        self.faults.clear()
        for _ in range(8):
            self.deliver()
            self.work()
            self.now += 2 * MAXIMUM_DELAY

    # the client
    def get(self, key):
        self._answer()
        return None if "no resource" in self.faults else copy.deepcopy(self.live.get(key))

    def patch_metadata(self, resource, operations):
        self._answer()
        name = key_of(resource)
        if "no patch" in self.faults or name not in self.live:
            return None
        if self.live[name]["metadata"]["resourceVersion"] != resource["metadata"]["resourceVersion"]:
            raise ApiError("the test failed", 422)
        changed = copy.deepcopy(self.live[name])
        changed["metadata"]["finalizers"] = operations[0]["value"]
        self.store(changed)
        return copy.deepcopy(changed)

    def apply_status(self, resource, status, *, manager):
        self._answer()
        if "no resource" in self.faults or key_of(resource) not in self.live:
            raise ApiError("not found", 404)
        self.live[key_of(resource)]["status"].update(status)

    def _answer(self):
        if "no answer" in self.faults:
            raise ApiError("cannot be reached")

    # the runner
    digest = "one"

    def run(self, program, resource, *, tags=()):
        if "run explodes" in self.faults:
            raise RuntimeError("the run exploded")
        assert WATCH.finalizer.name in resource["metadata"]["finalizers"]
        failure = "a task failed" if "run fails" in self.faults else ""
        if not failure and not tags:
            self.done[key_of(resource)] = resource["metadata"]["generation"]
        return Outcome(failure=failure), self.digest

    # the recorder
    def normal(self, resource, reason, note):
        """Events are of no interest here."""

    warning = normal


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.sampled_from(NAMES)),
        st.tuples(st.just("delete"), st.sampled_from(NAMES)),
        st.tuples(st.just("fault"), st.sets(st.sampled_from(FAULTS), max_size=3)),
        st.tuples(st.just("wait"), st.floats(0.0, 2 * MAXIMUM_DELAY)),
    ),
    max_size=25,
)


@settings(max_examples=400, deadline=None)
@given(steps=STEPS)
def test_the_last_change_of_every_resource_is_worked_on_whatever_fails_meanwhile(steps):
    world = World()
    for what, argument in steps:
        if what == "fault":
            world.faults = set(argument)
        elif what == "wait":
            world.now += argument
        else:
            getattr(world, what)(argument)
        world.deliver()
        world.work()
    world.settle()
    staying = {name: resource["metadata"] for name, resource in world.live.items()}
    assert not any(metadata.get("deletionTimestamp") for metadata in staying.values())
    for name, metadata in staying.items():
        assert world.done[name] == metadata["generation"]
        assert metadata["finalizers"] == [WATCH.finalizer.name]
    assert len(world.queue) == 0


def test_a_key_that_is_taken_while_the_lease_is_late_is_worked_on_when_it_is_renewed():
    world = World()
    world.faults = {"not leading"}
    world.change("a")
    world.deliver()
    world.work()
    assert world.done == {}
    world.settle()
    assert world.done == {"a": world.live["a"]["metadata"]["generation"]}


def test_a_resource_that_the_server_denies_once_is_not_forgotten():
    for fault in ("no resource", "no patch"):
        world = World()
        world.faults = {fault}
        world.change("a")
        world.deliver()
        world.work()
        assert world.done == {}
        world.settle()
        assert world.done, fault


def test_a_deletion_whose_release_the_server_denies_once_still_ends():
    world = World()
    world.change("a")
    world.settle()
    world.delete("a")
    world.faults = {"no patch"}
    world.deliver()
    world.work()
    assert "a" in world.live
    world.settle()
    assert "a" not in world.live
