"""Starts caches, controllers, the Lease and the servers in order, and stops them in reverse order."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

from tenant_operator import metrics, signals, watches
from tenant_operator.endpoints import certificates
from tenant_operator.endpoints.health import Probes
from tenant_operator.endpoints.scrape import Metrics
from tenant_operator.endpoints.server import Server
from tenant_operator.history.store import History
from tenant_operator.kube import client
from tenant_operator.kube.backoff import Backoff
from tenant_operator.kube.cache import Cache
from tenant_operator.kube.client import ApiError, Connection, Manifest, split
from tenant_operator.kube.leases import Lease
from tenant_operator.kube.recorder import Recorder
from tenant_operator.reconciling.applied import Applied
from tenant_operator.reconciling.controller import Controller, outline
from tenant_operator.reconciling.dependents import Dependents
from tenant_operator.reconciling.drift_backoff import DriftBackoff
from tenant_operator.reconciling.reconciler import Reconciler
from tenant_operator.reconciling.requeue import Requeue
from tenant_operator.reconciling.rollout import Rollout
from tenant_operator.reconciling.status_refresh import StatusRefresh
from tenant_operator.reconciling.workqueue import WorkQueue
from tenant_operator.runner import folder
from tenant_operator.runner.runner import Runner
from tenant_operator.runner.warmprocess import WarmError, WarmLateError
from tenant_operator.settings import Settings
from tenant_operator.watches import Inventory, Watch, WatchError

logger = logging.getLogger(__name__)

T = TypeVar("T")

LEASE = "tenant-operator"


RETRYING = 2
"""Workers of a watch for what failed before: while one waits for a resource that hangs, the other goes on."""


class LeaseLostError(Exception):
    """The Lease is lost. Another watcher may be active now."""


@dataclass(frozen=True)
class _Watched:
    """A watch and its caches, queue, runner and threads."""

    watch: Watch
    caches: list[Cache[Any]]
    queue: WorkQueue
    runner: Runner
    controller: Controller
    concurrency: int
    """How many resources are worked on at once."""
    threads: list[threading.Thread] = field(default_factory=list)
    workers: list[threading.Thread] = field(default_factory=list)

    def observe(self, stopped: threading.Event) -> None:
        """Fill the caches and keep them up to date."""
        for number, cache in enumerate(self.caches):
            name = f"cache {self.watch.kind} {number}"
            self._start(name, partial(cache.run, stopped))
        for cache in self.caches:
            while not cache.synced.wait(0.5) and not stopped.is_set():
                pass

    def work(self) -> None:
        """Start working on the queue."""
        for number in range(self.concurrency):
            self.workers.append(self._start(f"work {self.watch.kind} {number}", self.controller.run))
        for number in range(RETRYING):
            self.workers.append(self._start(f"retry {self.watch.kind} {number}", self.controller.run_failed))

    def drain(self) -> None:
        """Start nothing new and wait for the current runs."""
        self.queue.close()
        for thread in self.workers:
            thread.join()

    def health_error(self) -> str:
        """Return the names of threads that ended unexpectedly; empty if all run."""
        return ", ".join(f"{thread.name} ended" for thread in self.threads if not thread.is_alive())

    def _start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        self.threads.append(thread)
        return thread


@contextmanager
def _kept(lease: Lease | None) -> Iterator[None]:
    """Renew the Lease meanwhile, in a thread of its own."""
    if lease is None:
        yield
        return
    done = threading.Event()
    keeper = threading.Thread(target=lease.keep, args=[done], name="lease")
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


class Manager:
    """Runs all watches of a watches.yaml."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._watches = watches.load(settings.watches, settings.settings)
        self._history = History(settings.history)
        self._stopped = threading.Event()
        self._watched: list[_Watched] = []
        self._missing = "starting"
        self._checks: list[Callable[[], str]] = []

    def run(self) -> None:
        """Watch until SIGTERM or SIGINT, then finish the current runs.

        Raises:
            WatchError: an entry names a kind that is not served, or a playbook that cannot be loaded.
            LeaseLostError: the Lease could not be renewed.
        """
        signals.set_on_end(self._stopped)
        for swept in folder.sweep():
            logger.info("Removed %s, which a watcher that was killed has left", swept)
        with ExitStack() as servers:
            scraped = self._serve(servers)
            if connection := self._retry_until_stopped(client.connect):
                scraped.connection = connection
                self._run(connection)

    def _serve(self, servers: ExitStack) -> Metrics:
        """Serve probes and metrics as the settings say, until the stack ends."""
        settings = self._settings
        if settings.health_probe_bind_address:
            probes = Probes(healthy=self._health_error, ready=lambda: self._missing)
            probe_server = servers.enter_context(closing(Server(settings.health_probe_bind_address, probes)))
            logger.info("Serving /healthz and /readyz on %s", probe_server.address)
        scraped = Metrics(require_rbac=settings.metrics_require_rbac)
        if settings.metrics_bind_address:
            certificate = None
            if settings.metrics_secure:
                kept = folder.Folder()
                servers.callback(kept.remove)
                certificate = certificates.self_signed(kept.path, LEASE)
            address = settings.metrics_bind_address
            server = servers.enter_context(closing(Server(address, scraped, certificate=certificate)))
            logger.info("Serving /metrics on %s", server.address)
        return scraped

    def _run(self, connection: Connection) -> None:
        settings = self._settings
        lease = None
        if settings.leader_elect:
            lease = Lease(connection, settings.namespace, LEASE, identity=settings.identity)
            connection = connection.fenced(lambda: lease.is_held)
        recorder = Recorder(connection)
        self._checks.append(recorder.health_error)
        try:
            for watch in self._watches:
                if watched := self._retry_until_stopped(partial(self._set_up, watch, connection, recorder, lease)):
                    self._watched.append(watched)
                    self._checks.append(watched.health_error)
                    watched.observe(self._stopped)
                    logger.info("Watching %s in %s", watch.kind, watch.gvk.api_version)
            self._missing = ""
            self._lead(lease)
        finally:
            for watched in self._watched:
                watched.runner.stop()
            recorder.close()

    def _lead(self, lease: Lease | None) -> None:
        """Work while this is the active watcher."""
        if lease and not lease.acquire(self._stopped):
            return
        metrics.LEADER.set(1)
        for watched in self._watched:
            watched.work()
        if lease and not lease.keep(self._stopped):
            raise LeaseLostError(f"the lease {LEASE} in {self._settings.namespace} is lost")
        self._stopped.wait()
        logger.info("Stopping: runs that are under way are finished")
        metrics.LEADER.set(0)
        with _kept(lease):
            for watched in self._watched:
                watched.drain()
        if lease:
            lease.release()

    def _retry_until_stopped(self, step: Callable[[], T]) -> T | None:
        """Call a function that needs the API server. Retry with backoff while it is away. Return None when stopped."""
        backoff = Backoff()
        while not self._stopped.is_set():
            try:
                return step()
            except ApiError as error:
                delay = backoff.delay()
                logger.warning("%s; again in %.1f s", error, delay)
                self._missing = str(error)
                self._stopped.wait(delay)
        return None

    def _set_up(self, watch: Watch, connection: Connection, recorder: Recorder, lease: Lease | None) -> _Watched:
        period = float(self._settings.sync_period)
        try:
            selectors = {"labelSelector": watch.label_selector} if watch.label_selector else None
            resources = connection.client(watch.gvk, selectors=selectors)
            dependents = Dependents(watch.dependents, connection, sync_period=period) if watch.dependents else None
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise WatchError(f"{watch.place}: kind: {error}") from None
            raise
        if resources.is_namespaced and isinstance(watch.mode, Inventory):
            raise WatchError(f"{watch.place}: inventory: {watch.kind} has a namespace, and a host is known by its name")
        runner = self._warm(watch, lease)
        name = watch.kind.lower()
        queue = WorkQueue(name=name)
        requeue = Requeue(
            queue,
            period=watch.reconcile_period,
            rollout=Rollout(self._settings.rollout_rate / 60.0),
            drift_backoff=DriftBackoff(),
            status_refresh=StatusRefresh(watch.dependents.status_period if watch.dependents else 0.0),
        )
        annotations = watch.mode.annotations if isinstance(watch.mode, Inventory) else ()
        applied = Applied(dependents, annotations)
        cache: Cache[Manifest] = Cache(resources, partial(outline, annotations=annotations), sync_period=period)
        reconciler = Reconciler(
            watch,
            resources,
            lambda key: cache.get(*split(key)),
            runner,
            requeue=requeue,
            applied=applied,
            recorder=recorder,
            history=self._history,
        )
        controller = Controller(
            queue,
            requeue,
            reconciler.reconcile,
            applied.is_echo,
            is_leading=lambda: lease is None or lease.is_held,
            name=name,
        )
        cache.add_event_handler(controller.handle)
        if dependents:
            dependents.add_event_handler(controller.handle_dependent)
            dependents.add_served_handler(lambda: controller.handle_all(cache.items()))
        caches: list[Cache[Any]] = [*(dependents.caches if dependents else []), cache]

        def start_over() -> None:
            metrics.REWINDS.labels(watch.kind).inc()
            applied.reset()
            controller.handle_all(cache.items())

        for each in caches:
            each.add_rewind_handler(start_over)
        metrics.MAX_CONCURRENT_RECONCILES.labels(name).set(self._settings.max_concurrent_reconciles + RETRYING)
        metrics.QUEUE_DEPTH.labels(name).set_function(lambda: len(queue))
        metrics.UNFINISHED_SECONDS.labels(name).set_function(lambda: sum(queue.ages()))
        metrics.LONGEST_SECONDS.labels(name).set_function(lambda: max(queue.ages(), default=0.0))
        metrics.RESOURCES.labels(watch.kind).set_function(lambda: len(cache))
        metrics.STATES.count(watch.kind, cache.items, client.key_of)
        # Dependents are listed before their resource: otherwise all of them would seem to be missing.
        return _Watched(watch, caches, queue, runner, controller, self._settings.max_concurrent_reconciles)

    def _warm(self, watch: Watch, lease: Lease | None) -> Runner:
        fence = lease.fence.path if lease else ""
        runner = Runner(watch, time_limit=self._settings.time_limit, fence=fence)
        try:
            runner.start(self._stopped.is_set)
        except WarmLateError as error:
            runner.stop()
            raise ApiError(str(error)) from None
        except WarmError as error:
            runner.stop()
            raise WatchError(f"{watch.place}: {'role' if watch.program.is_role else 'playbook'}: {error}") from None
        return runner

    def _health_error(self) -> str:
        return "; ".join(filter(None, (check() for check in list(self._checks))))
