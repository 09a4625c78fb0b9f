"""Owns every lifetime: starts caches and controllers in order, and stops them in the opposite one."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Sequence
from typing import Any

from tenant_operator import client, watches
from tenant_operator.applied import Applied
from tenant_operator.cache import Cache
from tenant_operator.controller import Controller
from tenant_operator.dependents import Dependents
from tenant_operator.reconcile import Reconciler
from tenant_operator.rollout import Rollout
from tenant_operator.runner import Runner
from tenant_operator.settings import Settings
from tenant_operator.workqueue import WorkQueue

logger = logging.getLogger(__name__)


class Manager:
    """All that runs for one watches.yaml."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._watches = watches.load(settings.watches)
        self._stopped = threading.Event()
        self._runners: list[Runner] = []
        self._queues: list[WorkQueue] = []
        self._workers: list[threading.Thread] = []

    def run(self) -> None:
        """Watch until SIGTERM or SIGINT; a run that is under way is finished.

        Raises:
            client.ApiError: a kind is not served, or there is no cluster.
            warmprocess.WarmError: a playbook cannot be loaded.
        """
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, lambda *_: self._stopped.set())
        for watch in self._watches:
            self._start(watch)
        self._stopped.wait()
        self._stop()

    def _stop(self) -> None:
        logger.info("Stopping: runs that are under way are finished")
        for queue in self._queues:
            queue.close()
        for worker in self._workers:
            worker.join()
        for runner in self._runners:
            runner.stop()

    def _start(self, watch: watches.Watch) -> None:
        settings = self._settings
        connection = client.connect()
        resources = connection.client(watch.gvk)
        runner = Runner(watch, forks=settings.forks, time_limit=settings.time_limit)
        runner.start()
        queue = WorkQueue()
        dependents = Dependents(watch.dependents, connection) if watch.dependents else None
        applied = Applied(dependents)
        cache = Cache(resources, lambda resource: resource)
        reconciler = Reconciler(
            watch,
            resources,
            cache.get,
            runner,
            queue=queue,
            applied=applied,
            rollout=Rollout(settings.rollout_rate / 60.0),
        )
        controller = Controller(queue, reconciler.reconcile, applied.is_echo, batch=settings.batch)
        cache.add_event_handler(controller.handle)
        if dependents:
            dependents.add_event_handler(controller.handle_dependent)
            self._sync(dependents.caches, f"what belongs to {watch.kind}")
        self._sync([cache], watch.kind)
        worker = threading.Thread(target=controller.run, name=f"work-{watch.kind}")
        worker.start()
        self._runners.append(runner)
        self._queues.append(queue)
        self._workers.append(worker)
        logger.info("Watching %s in %s", watch.kind, watch.gvk.api_version)

    def _sync(self, caches: Sequence[Cache[Any]], name: str) -> None:
        """Run the caches, each in a thread, and wait until all know what there is."""
        for cache in caches:
            threading.Thread(target=cache.run, args=[self._stopped], name=f"watch {name}", daemon=True).start()
        for cache in caches:
            while not cache.synced.wait(1.0) and not self._stopped.is_set():
                pass
