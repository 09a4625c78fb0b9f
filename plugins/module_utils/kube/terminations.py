"""How a container ended: ``state.terminated`` of its status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def last_line(terminated: Mapping[str, Any]) -> str:
    """Return the last line that the container left as its message; empty where it left none."""
    return next(reversed((terminated.get("message") or "").strip().splitlines()), "")


def last_words(pods: Iterable[Mapping[str, Any]]) -> str:
    """Return the last line that a container left as its message, one that failed first; empty where none did.

    Args:
        pods: the pods, of a Job for example.
    """
    statuses = [
        status
        for pod in pods
        for kind in ("initContainerStatuses", "containerStatuses")
        for status in (pod.get("status") or {}).get(kind) or ()
    ]
    ended = [terminated for status in statuses if (terminated := (status.get("state") or {}).get("terminated"))]
    ended.sort(key=lambda terminated: terminated.get("exitCode", 0) == 0)
    return next(filter(None, map(last_line, ended)), "")
