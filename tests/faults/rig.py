"""Runs batches of cases: an operator behind the proxy, tenants, and the oracles."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import ApiError, connect
from tests.control_plane import CHECKOUT, DEADLINE
from tests.faults import oracles
from tests.faults.cases import ACTIONS, PLACES, Case
from tests.faults.drift import Drift
from tests.faults.outage import Outage
from tests.faults.proxy import Proxy
from tests.faults.results import Result
from tests.objects import made_by_tenant
from tests.processes import processes_of

SPECS = {
    "create": {"displayName": "one", "lifecycle": {}},
    "change": {
        "displayName": "two",
        "server": {"replicas": 2, "env": [{"name": "ADDED", "value": "1"}]},
        "redis": {"config": {"timeout": "60"}},
        "backup": {"enabled": False},
    },
}
"""What the tenants ask for: everything is on at first, and the change adds, alters and takes away."""

LINGERS = 60
"""Seconds after which a process that outlives its watcher counts as left behind."""
NUMBERS = count()
"""Of the tenants: no two have the same name, in however many rigs."""
PAUSE = 0.1
SYNC_PERIOD = 5
"""Seconds after which the operator lists everything anew."""
QUIET = 2.0
"""Seconds in which nothing is written where all is well."""
QUIET_AFTER_LOSS = 2 * SYNC_PERIOD
"""The same where an event was lost, which the next list makes up for."""
WRITES = "POST|PUT|PATCH|DELETE"
MANY = 10**6
"""More events than there are of one tenant."""
MANAGER = "campaign"
AWAY = 60


@dataclass
class Undisturbed:
    """A tenant that nothing happens to: by action its objects, what was made and deleted; and what can be disturbed."""

    objects: dict = field(default_factory=dict)
    made: dict = field(default_factory=dict)
    deleted: dict = field(default_factory=dict)
    counts: Counter = field(default_factory=Counter)


class Rig:
    """A control plane, a proxy, and an operator behind it that is killed and started again.

    Args:
        cluster: the control plane, with the Tenant API and an audit log.
        folder: where kubeconfig and logs are kept.
        checkout: the code of the operator.
        undisturbed: the tenant to compare with; by default one is made.
        bound: the seconds after which a tenant that is not done counts as lost.
        away: the seconds that an outage of the control plane takes.
    """

    def __init__(self, cluster, folder, checkout=CHECKOUT, undisturbed=None, bound=DEADLINE, away=AWAY):
        self._cluster, self._folder, self._checkout = cluster, folder, checkout
        self._proxy = Proxy(cluster.kubeconfig)
        self._client = connect({"kubeconfig": str(cluster.kubeconfig)})
        self._outage = Outage(cluster.kubeconfig.parent, away)
        self._process = None
        self._ending = threading.Lock()
        self._log = folder / "operator.log"
        self._log.write_text("")
        self._bound = bound
        self._was_killed = False
        self._strange = []
        self.start()
        self._wait_for_watches()
        self.undisturbed = undisturbed or self._observe()

    def start(self):
        """Start the operator."""
        self._was_killed = False
        program = (
            Path(sys.executable).parent / "tenant-operator",
            "run",
            "--watches",
            "watches.yaml",
            "--sync-period",
            str(SYNC_PERIOD),
        )
        source = str(self._checkout / "src")
        paths = {"PYTHONPATH": source, "ANSIBLE_COLLECTIONS_PATH": source, "TMPDIR": str(self._folder)}
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                program,
                cwd=self._checkout,
                env={**os.environ, **paths, "KUBECONFIG": str(self._proxy.kubeconfig(self._folder))},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_for_watches(self):
        """Wait until the operator hears of events: one that comes before is none."""
        while "Watching" not in self._log.read_text():
            assert self._process.poll() is None, self._log.read_text()
            time.sleep(PAUSE)

    def kill(self):
        """End the operator and the process that it has warmed, without a chance to do anything.

        A thread of the proxy does it as well. No other operator is started until the processes of this one have ended.
        """
        with self._ending:
            self._was_killed = True
            with suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            ends = time.monotonic() + LINGERS
            while (left := processes_of(self._folder)) and time.monotonic() < ends:
                time.sleep(PAUSE)
            self._strange += [f"process {pid} outlives its watcher: {command!r}" for pid, command in left.items()]

    def close(self):
        """End everything."""
        self.kill()
        self._proxy.close()

    def run(self, batch):
        """Run a batch of cases to its end. Return the results.

        Args:
            batch: for each tenant, its case by action.
        """
        names = [f"case-{next(NUMBERS)}" for _ in batch]
        results = []
        for action in ACTIONS:
            cases = {name: cases[action] for name, cases in zip(names, batch, strict=True) if action in cases}
            results += self._act(action, names, cases)
        return results

    def carry_out(self, action, names):
        """Do what the action is to all of these tenants, without faults. Return the seconds of those that are done."""
        self._begin(action, names)
        return self._wait(action, names)

    def processes(self):
        """Return the command lines of the operator and what it has started, by process id."""
        return processes_of(self._folder)

    def _observe(self):
        """See what happens to a tenant without any fault, and count what can be disturbed."""
        seen = Undisturbed()
        name = "undisturbed"
        for action in ACTIONS:
            requests = self._proxy.add("none", _about(name))
            events = self._proxy.add_to_events("double", _named(name), spared=MANY)
            began = self._begin(action, [name])
            self._wait(action, [name])
            self._rest(action, [name], QUIET)
            self._proxy.clear()
            seen.counts["request", action] = len(requests.seen)
            seen.counts["outage", action] = PLACES
            seen.counts["event", action] = MANY - events.spared
            seen.counts["kill", action] = sum(bool(re.match(WRITES, shown)) for shown in requests.seen)
            made, deleted = oracles.made_and_deleted(self._cluster.audited(began), f"tenant-{name}")
            seen.made[action], seen.deleted[action] = made, deleted
            seen.objects[action] = self._objects([name])[name]
            seen.counts["drift", action] = len(seen.objects[action])
        number = self._requests_of_a_start()
        seen.counts.update({("start", action): number for action in ACTIONS})
        return seen

    def _requests_of_a_start(self):
        """Return how many requests the operator makes when it is started again, until it watches."""
        self.kill()
        requests = self._proxy.add("none", "")
        self._log.write_text("")
        self.start()
        self._wait_for_watches()
        self._proxy.clear()
        return len(requests.seen)

    def _act(self, action, names, cases):
        """Do what the action is to all of these tenants, with the faults of some. Return the results."""
        faults = {name: self._fault(case, name) for name, case in cases.items()}
        began = self._begin(action, names)
        if any(case.subject == "start" for case in cases.values()):
            self.kill()
        done = self._wait(action, names)
        self._proxy.clear()
        drifts = {name: fault for name, fault in faults.items() if isinstance(fault, Drift)}
        done |= self._drift(action, drifts)
        is_lossy = any(case.kind == "drop" for case in cases.values())
        at_rest = self._rest(action, names, QUIET_AFTER_LOSS if is_lossy else QUIET)
        wrong = self._judge(action, names, began, drifts)
        for name in names:
            late = [] if name in done else [f"not done after {self._bound} s: {self._told(name)}"]
            wrong[name] = [*late, *wrong[name], *oracles.quiet(at_rest, name), *self.tracebacks(), *self._strange]
        self._log.write_text("")
        self._strange.clear()
        untouched = {name: Case("neighbour", "none", action, 0) for name in names if name not in cases and wrong[name]}
        return [
            Result(case, name in faults and bool(faults[name].seen), round(done.get(name, self._bound), 2), wrong[name])
            for name, case in {**cases, **untouched}.items()
        ]

    def _begin(self, action, names):
        """Do what the action is to these tenants. Return the position in the audit log before it."""
        position = self._cluster.audit_position()
        for name in names:
            tenant = {"apiVersion": "neurallog.io/v1", "kind": "Tenant", "metadata": {"name": name}}
            if action == "delete":
                if live := self._client.get("neurallog.io/v1", "Tenant", name):
                    self._client.delete(live)
            else:
                self._client.apply({**tenant, "spec": SPECS[action]}, manager=MANAGER)
        return position

    def _fault(self, case, name):
        options = {"spared": case.number}
        if case.subject == "start":
            return self._proxy.add(case.kind, "", times=1, **options)
        if case.subject == "drift":
            return Drift(self._cluster, self._client, case.kind, case.number)
        if case.subject == "event":
            return self._proxy.add_to_events(case.kind, _named(name), **options)
        options["times"] = 1
        if case.subject == "outage":
            last = self.undisturbed.counts["request", case.action] - 1
            options["spared"] = last * case.number // (PLACES - 1)
            return self._proxy.add("none", _about(name), do=lambda: self._begin_outage(case.kind), **options)
        if case.subject == "kill":
            return self._proxy.add(case.kind, _about(name), method=WRITES, do=self.kill, **options)
        return self._proxy.add(case.kind, _about(name), **options)

    def _begin_outage(self, program):
        try:
            self._outage.begin(program)
        except LookupError as error:
            self._strange.append(f"there was no outage: {error}")

    def _wait(self, action, names):
        """Wait until the action is done for all, and start the operator again when it was killed.

        Returns:
            The seconds that it took, by name, of those for which it is done: from the end of a kill or an outage.
        """
        started, done, outages = time.monotonic(), {}, self._outage.number
        while len(done) < len(names) and time.monotonic() - started < self._bound:
            if self._restarted() or self._outage.wait() > outages:
                started, done, outages = time.monotonic(), {}, self._outage.number
            for name in self._done(action, names):
                done.setdefault(name, time.monotonic() - started)
            time.sleep(PAUSE)
        return done

    def _drift(self, action, drifts):
        """Change an object of each of these tenants. Return the seconds until they were as before, by name."""
        if drifts:
            found = made_by_tenant(self._client)
            for name, drift in drifts.items():
                drift.happen(found[name])
        started, mended = time.monotonic(), {}
        while len(mended) < len(drifts) and time.monotonic() - started < self._bound:
            objects = self._objects(drifts)
            for name in drifts.keys() - mended.keys():
                if not oracles.end_state(self.undisturbed.objects[action], objects[name]):
                    mended[name] = time.monotonic() - started
            time.sleep(PAUSE)
        return mended

    def _done(self, action, names):
        """Return those of the tenants that are as the action wants them now; none where nobody can be asked."""
        try:
            found = self._client.list_objects("neurallog.io/v1", "Tenant")
            tenants = {each["metadata"]["name"]: each for each in found}
            return [name for name in names if self._is_done(action, name, tenants.get(name))]
        except ApiError:  # an outage began
            return []

    def _restarted(self):
        """Start the operator again if it has ended. Return whether it had."""
        with self._ending:
            if self._process.poll() is None:
                return False
            if not self._was_killed:
                self._strange.append(f"the operator ended by itself with the code {self._process.returncode}")
            self.start()
            return True

    def _is_done(self, action, name, tenant):
        if action == "delete":
            return tenant is None and self._client.get("v1", "Namespace", f"tenant-{name}") is None
        return tenant is not None and not oracles.status(tenant)

    def _rest(self, action, names, quiet):
        """Wait until all is well and nothing is written for so many seconds. Return the events of that time.

        A fault may have come after the action was done.
        """
        self._restarted()  # a fault may have come after the end of the action
        self._outage.wait()
        ends = time.monotonic() + self._bound
        while True:
            position = self._cluster.audit_position()
            time.sleep(quiet)
            events = self._cluster.audited(position)
            is_quiet = not any(oracles.quiet(events, name) for name in names)
            if (is_quiet and len(self._done(action, names)) == len(names)) or time.monotonic() > ends:
                return events

    def _judge(self, action, names, began, drifts):
        events, objects = self._cluster.audited(began), self._objects(names)
        wrong = defaultdict(list)
        for name in names:
            made, deleted = oracles.made_and_deleted(events, f"tenant-{name}")
            wrong[name] += oracles.end_state(self.undisturbed.objects[action], objects[name])
            again = Counter([drifts[name].made_again] if name in drifts and drifts[name].made_again else ())
            wrong[name] += oracles.same_counts("made", self.undisturbed.made[action] + again, made)
            wrong[name] += oracles.same_counts(
                "deleted",
                Counter(dict.fromkeys(self.undisturbed.deleted[action], 1)),
                Counter(dict.fromkeys(deleted, 1)),
            )
            if action != "delete" and (tenant := self._client.get("neurallog.io/v1", "Tenant", name)):
                wrong[name] += oracles.status(tenant)
        return wrong

    def _objects(self, names):
        """Return the operator's objects in the tenants' namespaces, by tenant, in a form that can be compared."""
        found = made_by_tenant(self._client)
        return {name: oracles.compared(found[name], name) for name in names}

    def _told(self, name):
        tenant = self._client.get("neurallog.io/v1", "Tenant", name) or {}
        conditions = (tenant.get("status") or {}).get("conditions") or ()
        return (
            "; ".join(f"{each['type']}={each['status']}: {each.get('message')}" for each in conditions) or "no status"
        )

    def tracebacks(self):
        """Return the exceptions that the operator's log shows."""
        log = self._log.read_text()
        at = log.find("Traceback")
        return [log[at : at + 1500]] if at >= 0 else []


def _about(name):
    """Return what the requests about a tenant have in common."""
    return rf"(tenants/|tenant-|\"name\": *\"){name}\b"


def _named(name):
    """Return what the events about a tenant have in common."""
    return rf'"(name|namespace)":"(tenant-)?{name}"'
