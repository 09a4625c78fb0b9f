"""The CPU that processes have used. On a shared machine wall time drifts by a factor, and this by a tenth.

What a process has used that ended counts with the one that waited for it. Source: proc_pid_stat(5).
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def of_tree(root: int) -> float:
    """Return the milliseconds of a process, of all below it, and of those of them that have ended."""
    children = defaultdict(list)
    used = {}
    for pid, parent, ticks in _processes():
        children[parent].append(pid)
        used[pid] = ticks
    total, left = 0, [root]
    while left:
        pid = left.pop()
        total += used.get(pid, 0)
        left += children[pid]
    return 1000 * total / TICK


def of_programs(folder: Path) -> float:
    """Return the milliseconds of the programs that are started from within a folder."""
    return 1000 * sum(ticks for pid, _, ticks in _processes() if _program(pid).is_relative_to(folder)) / TICK


def _processes() -> Iterator[tuple[int, int, int]]:
    """Yield the id of each process, its parent's, and the ticks of itself and of those it has waited for."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        yield int(process.name), int(fields[1]), sum(map(int, fields[11:15]))


def _program(pid: int) -> Path:
    try:
        return Path(os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]))
    except OSError:
        return Path()
