"""Jobs: how far one is, when it ended, and why it failed.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup
"""

from __future__ import annotations

import enum

from .resources import Manifest


class State(enum.Enum):
    """How far a Job is; the value of an end is the word for it in a status."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


_ENDS = {"Complete": State.SUCCEEDED, "Failed": State.FAILED}


def state(job: Manifest) -> State:
    """Return how far the Job is."""
    end = _end(job)
    return _ENDS[end["type"]] if end else State.RUNNING


def end_time(job: Manifest) -> str:
    """Return when the Job ended, RFC 3339; empty while it runs."""
    end = _end(job)
    return str(end["lastTransitionTime"]) if end else ""


def failure(job: Manifest, said: str = "") -> str:
    """Return why the Job failed: the reason of its controller, and its own last words or those of the controller.

    Args:
        job: the Job.
        said: the last words of its container.
    """
    end = _end(job)
    return f"{end.get('reason')}: {said or end.get('message')}" if end and end["type"] == "Failed" else ""


def _end(job: Manifest) -> Manifest | None:
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition["type"] in _ENDS and condition["status"] == "True":
            ended: Manifest = condition
            return ended
    return None
