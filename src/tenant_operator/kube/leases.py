"""Leader election by a Lease: one watcher is active at a time.

Source: https://kubernetes.io/docs/concepts/architecture/leases/ and the durations of k8s.io/client-go's leaderelection.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Protocol

from tenant_operator.kube import fence
from tenant_operator.kube.client import ApiError, Manifest
from tenant_operator.kube.clocks import AwakeClock
from tenant_operator.kube.fence import Fence

logger = logging.getLogger(__name__)

LEASE_DURATION = 15
"""Seconds after which a Lease that was not renewed is anybody's."""

RENEW_DEADLINE = 10.0
"""Seconds after which a leader that cannot renew its Lease must have stopped."""

RETRY_PERIOD = 2.0
"""Seconds between two attempts to acquire or renew."""

REQUEST_TIMEOUT = 3.0
"""Seconds that a request may take. An attempt has two, and has to end before the deadline."""

NEVER = float("-inf")


class Requests(Protocol):
    """The part of the connection that a lease needs."""

    def request(self, method: str, path: str, *, body: Any = None, seconds: float | None = None) -> Manifest:
        """Send a request and return the answer, which may take so many seconds."""


class Lease:
    """A Lease that this process holds, or waits for.

    Args:
        connection: the API server.
        namespace: where the Lease is.
        name: its name.
        identity: who holds it; no two processes may have the same at the same time.
        clock: seconds that never go back, and that pass while the machine is suspended.
    """

    def __init__(
        self,
        connection: Requests,
        namespace: str,
        name: str,
        *,
        identity: str,
        clock: Callable[[], float] | None = None,
    ):
        clock = clock or AwakeClock()
        self._connection = connection
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._name = name
        self._identity = identity
        self._clock = clock
        self._observed: tuple[str, float] = ("", clock())
        self._renewed = NEVER
        self.fence = Fence()

    @property
    def is_held(self) -> bool:
        """Whether the Lease was renewed in time. It is false in a process that was stopped for a while."""
        return self._clock() - self._renewed <= RENEW_DEADLINE

    def acquire(self, stopped: threading.Event) -> bool:
        """Wait for the Lease; return False when stopped before that."""
        holder = None
        while not stopped.is_set():
            try:
                held, current = self.attempt()
                if held:
                    return True
                if current != holder:
                    holder = current
                    logger.info("Waiting for the lease %s, which %s holds", self._name, holder)
            except ApiError as error:
                logger.warning("The lease %s cannot be acquired: %s", self._name, error)
            stopped.wait(RETRY_PERIOD)
        return False

    def keep(self, stopped: threading.Event) -> bool:
        """Renew the Lease until stopped. Return False if it is lost; then every run has to end at once."""
        while not stopped.wait(RETRY_PERIOD):
            try:
                is_held, _ = self.attempt()
            except ApiError as error:
                logger.warning("The lease %s cannot be renewed: %s", self._name, error)
                is_held = self.is_held
            if not is_held:
                self._end()
                return False
        return True

    def attempt(self) -> tuple[bool, str]:
        """Take or renew the Lease if possible. Return whether it is held, and who holds it.

        Raises:
            ApiError: the API server refused, or could not be reached.
        """
        began, moment = self._clock(), fence.now()
        try:
            lease = self._request("GET", f"{self._collection}/{self._name}")
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            lease = None
        holder = ((lease or {}).get("spec") or {}).get("holderIdentity") or ""
        if lease and holder not in {"", self._identity} and not self._is_expired(lease):
            return False, holder
        try:
            self._write(lease, self._identity)
        except ApiError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            return False, "somebody else"
        self._renewed = began
        self.fence.open(RENEW_DEADLINE, since=moment)
        return True, self._identity

    def release(self) -> None:
        """Release the Lease, so that the next watcher does not wait until it expires."""
        self._end()
        try:
            lease = self._request("GET", f"{self._collection}/{self._name}")
            if lease["spec"].get("holderIdentity") == self._identity:
                self._write(lease, "")
        except ApiError as error:
            logger.warning("The lease %s cannot be released: %s", self._name, error)

    def _end(self) -> None:
        self._renewed = NEVER
        self.fence.close()

    def _is_expired(self, lease: Manifest) -> bool:
        """Return whether the holder has not renewed for the Lease's duration, by the clock of this process."""
        version = lease["metadata"]["resourceVersion"]
        if self._observed[0] != version:
            self._observed = version, self._clock()
        duration = float(lease["spec"].get("leaseDurationSeconds") or LEASE_DURATION)
        return self._clock() - self._observed[1] > duration

    def _write(self, lease: Manifest | None, holder: str) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        before = (lease or {}).get("spec") or {}
        spec = {**before, "holderIdentity": holder, "leaseDurationSeconds": LEASE_DURATION, "renewTime": now}
        if holder and before.get("holderIdentity") != holder:
            spec |= {"acquireTime": now, "leaseTransitions": before.get("leaseTransitions", -1) + 1}
        if lease:
            self._request("PUT", f"{self._collection}/{self._name}", body={**lease, "spec": spec})
        else:
            manifest = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": self._name}}
            self._request("POST", self._collection, body={**manifest, "spec": spec})

    def _request(self, method: str, path: str, *, body: Any = None) -> Manifest:
        return self._connection.request(method, path, body=body, seconds=REQUEST_TIMEOUT)
