"""What was measured of each contender, as a table and as data."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FLOOR = "floor"
"""The contender that the others are compared with."""


@dataclass
class Measure:
    """A contender's rounds of one kind of work, in milliseconds a tenant."""

    wall: list[float] = field(default_factory=list)
    own_cpu: list[float] = field(default_factory=list)
    control_plane_cpu: list[float] = field(default_factory=list)

    def add(self, wall: float, own_cpu: float, control_plane_cpu: float) -> None:
        """Add a round."""
        self.wall.append(wall)
        self.own_cpu.append(own_cpu)
        self.control_plane_cpu.append(control_plane_cpu)


class Measures:
    """All that was measured in one run."""

    def __init__(self) -> None:
        self._measures: dict[str, dict[str, Measure]] = defaultdict(lambda: defaultdict(Measure))

    def of(self, work: str, contender: str) -> Measure:
        """Return where the rounds of a contender are kept."""
        return self._measures[work][contender]

    def table(self) -> str:
        """Return the medians as a table in Markdown."""
        lines = [
            "| work | contender | wall ms | times the floor | own CPU ms | control plane's CPU ms |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for each in self.data():
            wall = "{median:.0f} ({min:.0f} to {max:.0f})".format(**each["wall_ms"])
            lines.append(
                f"| {each['work']} | {each['contender']} | {wall} | {each['ratio_to_floor']:.1f} "
                f"| {each['own_cpu_ms']:.0f} | {each['control_plane_cpu_ms']:.0f} |"
            )
        return "\n".join(lines)

    def data(self) -> list[dict[str, Any]]:
        """Return one record for each contender and work."""
        return list(self._records())

    def write(self, path: Path) -> None:
        """Write the records as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.data(), indent=2) + "\n")

    def _records(self) -> Iterator[dict[str, Any]]:
        for work, contenders in self._measures.items():
            floor = statistics.median(contenders[FLOOR].wall)
            for contender, measure in contenders.items():
                middle = statistics.median(measure.wall)
                yield {
                    "contender": contender,
                    "work": work,
                    "wall_ms": {"min": min(measure.wall), "median": middle, "max": max(measure.wall)},
                    "own_cpu_ms": statistics.median(measure.own_cpu),
                    "control_plane_cpu_ms": statistics.median(measure.control_plane_cpu),
                    "ratio_to_floor": middle / floor,
                }
