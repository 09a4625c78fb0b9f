"""How a container ended: ``state.terminated`` of its status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def last_line(terminated: Mapping[str, Any]) -> str:
    """Return the last line that the container left as its message; empty where it left none."""
    return next(reversed((terminated.get("message") or "").strip().splitlines()), "")
