"""CPU and memory of this container, by its control group.

Source: https://docs.kernel.org/admin-guide/cgroup-v2.html (cpu.max, memory.max)
"""

from __future__ import annotations

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")

RUNS_PER_CPU = 2.5
"""A run waits for the API server for more than half of its time."""

MEMORY_PER_RUN = 64 * 1024 * 1024
"""Bytes that a run copies of the warmed process, and some."""

MEMORY_OF_THE_REST = 256 * 1024 * 1024
"""Bytes for the watcher, its cache and the warmed process."""


def runs(cgroup: Path = CGROUP, cpus: int | None = None) -> int:
    """Return how many runs there may be at once; at least one.

    Args:
        cgroup: the folder of the control group.
        cpus: the processors of the machine; by default those that this process may use.
    """
    available = float(cpus or len(os.sched_getaffinity(0)))
    if (quota := _cpu_quota(cgroup)) is not None:
        available = min(available, quota)
    bounds = [available * RUNS_PER_CPU]
    if (limit := _memory_limit(cgroup)) is not None:
        bounds.append((limit - MEMORY_OF_THE_REST) / MEMORY_PER_RUN)
    return max(1, int(min(bounds)))


def _cpu_quota(cgroup: Path) -> float | None:
    """Return the processors that the group may use, or None where it is not bounded."""
    words = _read(cgroup / "cpu.max").split()
    if len(words) != 2 or words[0] == "max":  # noqa: PLR2004 - quota and period
        return None
    return int(words[0]) / int(words[1])


def _memory_limit(cgroup: Path) -> int | None:
    """Return the bytes that the group may use, or None where it is not bounded."""
    text = _read(cgroup / "memory.max").strip()
    return None if text in {"", "max"} else int(text)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
