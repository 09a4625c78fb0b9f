"""What came of the cases of a campaign."""

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.faults.cases import KINDS, Case


@dataclass
class Result:
    """How a case ended: whether its fault came to pass, after how many seconds all was well, and what was wrong."""

    case: Case
    is_reached: bool
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Results:
    """The results of a campaign, in a file of one line for each."""

    def __init__(self, folder, seed):
        self._file, self._seed = Path(folder) / "results.jsonl", seed
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.touch()

    def forget(self):
        """Begin anew."""
        self._file.write_text("")

    def add(self, results):
        """Keep results."""
        with self._file.open("a") as file:
            for result in results:
                file.write(json.dumps({**asdict(result), "case": str(result.case)}) + "\n")

    def all(self):
        """Return all that is kept: of each case the last one."""
        lines = map(json.loads, self._file.read_text().splitlines())
        return list({line["case"]: Result(**{**line, "case": Case.parse(line["case"])}) for line in lines}.values())

    def without(self, cases):
        """Return the cases that have no result yet."""
        ended = {result.case for result in self.all()}
        return [case for case in cases if case not in ended]

    def report(self):
        """Return what came of it, in Markdown."""
        results = [result for result in self.all() if result.is_reached or result.wrong]
        lines = [
            "# Campaign",
            "",
            f"Seed {self._seed}. Seconds until all is well: from the action, or from the end of a kill or an outage.",
            "",
            "| fault | cases | failed | median s | p99 s |",
            "| --- | --- | --- | --- | --- |",
        ]
        for subject, kinds in KINDS.items():
            for kind in kinds:
                found = [each for each in results if (each.case.subject, each.case.kind) == (subject, kind)]
                if found:
                    failed = sum(bool(each.wrong) for each in found)
                    seconds = sorted(each.seconds for each in found)
                    last = seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))]
                    middle = statistics.median(seconds)
                    lines.append(f"| {subject}: {kind} | {len(found)} | {failed} | {middle:.1f} | {last:.1f} |")
        failures = [f"- `{each.case}`: {'; '.join(each.wrong)[:500]}" for each in results if each.wrong]
        return "\n".join([*lines, "", "## Failures", "", *(failures or ["None."]), ""])
