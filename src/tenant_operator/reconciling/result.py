"""What came of a reconcile. Metrics use these words, which are controller-runtime's."""

from __future__ import annotations

from enum import StrEnum


class Result(StrEnum):
    """What came of a reconcile."""

    SUCCESS = "success"
    """It is as it should be, or nothing was to be done."""
    REQUEUE = "requeue"
    """It comes back: something is still on its way."""
    ERROR = "error"
