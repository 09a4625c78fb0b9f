"""Owns every lifetime: starts caches and controllers in order, and stops them in the opposite one."""

from __future__ import annotations

import logging
import signal
import threading

from tenant_operator import client, watches
from tenant_operator.cache import Cache
from tenant_operator.controller import Controller
from tenant_operator.reconcile import Reconciler
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
        resources = client.connect(watch)
        settings = self._settings
        runner = Runner(watch, forks=settings.forks, time_limit=settings.time_limit)
        runner.start()
        queue = WorkQueue()
        reconciler = Reconciler(watch, resources, runner.run, queue)
        controller = Controller(queue, reconciler.reconcile, batch=settings.batch)
        cache = Cache(resources, controller.handle)
        threading.Thread(target=cache.run, args=[self._stopped], name=f"watch-{watch.kind}", daemon=True).start()
        worker = threading.Thread(target=controller.run, name=f"work-{watch.kind}")
        worker.start()
        self._runners.append(runner)
        self._queues.append(queue)
        self._workers.append(worker)
        logger.info("Watching %s in %s", watch.kind, watch.api_version)
