"""Waves of Tenants that come and go, for an hour: python -m tests.faults.soak.

After each wave the operator must have no more memory, descriptors and files than before. The report is
.devcluster/soak/report.md.
"""

import argparse
import sys
import time
from dataclasses import dataclass, fields
from pathlib import Path

from tests.control_plane import CHECKOUT, started
from tests.faults.rig import Rig, Undisturbed

FOLDER = CHECKOUT / ".devcluster" / "soak"
PAGE = 4096
MEBIBYTE = 2**20
RUN_ENDS = 60
"""Seconds that a run under way has to end before it is counted."""
PAUSE = 0.5
GROWTH = 1.1
"""How many times what the first half needed at most the second half may need."""


@dataclass(frozen=True)
class Sample:
    """What the operator holds when all tenants of a wave are gone."""

    memory_mib: int
    descriptors: int
    threads: int
    files: int


def main(arguments=None):
    """Let waves come and go, and write the report. Return 1 where something grew, or was not done."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="how long")
    parser.add_argument("--wave", type=int, default=50, help="Tenants in a wave")
    options = parser.parse_args(arguments)
    with started(FOLDER / "control-plane", audit=True) as cluster:
        cluster.install()
        rig = Rig(cluster, FOLDER, undisturbed=Undisturbed())
        try:
            samples, late = _soaked(rig, options.wave, time.monotonic() + 60 * options.minutes)
        finally:
            rig.close()
    (FOLDER / "report.md").write_text(report(samples, options.wave, late))
    print(f"The report is in {FOLDER / 'report.md'}")
    return int(bool(late or grown(samples)))


def _soaked(rig, size, ends):
    samples, late = [], []
    while time.monotonic() < ends:
        names = [f"wave-{len(samples)}-{number}" for number in range(size)]
        for action in ("create", "delete"):
            done = rig.carry_out(action, names)
            late += [f"{name} was not done: {action}" for name in names if name not in done]
        samples.append(_sample(rig))
        print(f"{len(samples)} waves, {len(samples) * size} Tenants: {samples[-1]}", flush=True)
    return samples, late


def _sample(rig):
    ends = time.monotonic() + RUN_ENDS
    while any(FOLDER.glob("tenant-operator-*/run-*")) and time.monotonic() < ends:
        time.sleep(PAUSE)
    processes = [Path("/proc") / str(pid) for pid in rig.processes()]
    return Sample(
        memory_mib=sum(int((each / "statm").read_text().split()[1]) for each in processes) * PAGE // MEBIBYTE,
        descriptors=sum(len(list((each / "fd").iterdir())) for each in processes),
        threads=sum(len(list((each / "task").iterdir())) for each in processes),
        files=sum(1 for _ in FOLDER.glob("tenant-operator-*/**/*")),
    )


def grown(samples):
    """Return what the second half of the waves needed more of than the first half, but for the very first wave."""
    settled = samples[1:]
    first, second = settled[: len(settled) // 2], settled[len(settled) // 2 :]
    return [field.name for field in fields(Sample) if first and _most(second, field) > GROWTH * _most(first, field)]


def _most(samples, field):
    return max(getattr(sample, field.name) for sample in samples)


def report(samples, size, late):
    """Return what came of it, in Markdown."""
    names = [field.name for field in fields(Sample)]
    rows = [
        f"| {number} | {' | '.join(str(getattr(sample, name)) for name in names)} |"
        for number, sample in enumerate(samples, 1)
    ]
    return "\n".join(
        [
            "# Soak",
            "",
            f"{len(samples) * size} Tenants came and went in {len(samples)} waves.",
            "",
            f"Grown: {', '.join(grown(samples)) or 'nothing'}. Not done: {'; '.join(late) or 'nothing'}.",
            "",
            f"| wave | {' | '.join(names)} |",
            f"| --- {'| --- ' * len(names)}|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
