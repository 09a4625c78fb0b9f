"""Every mutation of every field of a Tenant: python -m tests.mutations.

The report is .devcluster/mutations/report.md.
"""

import argparse
import sys
import time
from collections import Counter

from tests.control_plane import CHECKOUT, started
from tests.mutations.bundles import bundled
from tests.mutations.mutations import mutations
from tests.mutations.trial import OUTCOMES, Trial

FOLDER = CHECKOUT / ".devcluster" / "mutations"
SIZE = 15
"""Bundles in a batch; each has two tenants."""


def main(arguments=None):
    """Try the mutations, and write the report. Return 1 where something was wrong."""
    parser = argparse.ArgumentParser(prog="mutations", description=__doc__)
    parser.add_argument("--fields", default="", help="only those of fields that begin so")
    parser.add_argument("--seed", type=int, default=1, help="which of them are tried together")
    options = parser.parse_args(arguments)
    with started(FOLDER / "control-plane") as cluster:
        cluster.install()
        named = [each for each in mutations() if each.field.startswith(options.fields)]
        results = list(results_of(Trial(cluster, FOLDER), named, options.seed))
    (FOLDER / "report.md").write_text(report(results))
    print(f"The report is in {FOLDER / 'report.md'}")
    return int(any(result.wrong for result in results))


def results_of(trial, named, seed):
    """Yield the result of each mutation, and show how far it is."""
    left = []
    for mutation in named:
        if result := trial.look(mutation):
            yield result
        else:
            left.append(mutation)
    print(f"{len(named)} mutations, of which {len(left)} change a Tenant", flush=True)
    queue, began, done = bundled(left, seed), time.monotonic(), 0
    while queue:
        batch, queue = queue[:SIZE], queue[SIZE:]
        for tried in trial.run(batch):
            results = tried.results
            if results is None:
                queue += tried.bundle.halves()
                continue
            yield from results
            done += len(results)
            for result in results:
                _show(result)
        minutes = (time.monotonic() - began) / max(done, 1) * (len(left) - done) / 60
        print(f"{done} of {len(left)} tried, {minutes:.0f} min left", flush=True)


def _show(result):
    for each in result.wrong[:3]:
        print(f"  {result.mutation}: {each[:300]}", flush=True)


def report(results):
    """Return what came of it, in Markdown."""
    counts = Counter(result.outcome for result in results)
    rows = [f"| {outcome} | {what} | {counts[outcome]} |" for outcome, what in OUTCOMES.items()]
    wrong = [f"- `{result.mutation}`: {'; '.join(result.wrong)[:500]}" for result in results if result.wrong]
    fields = len({result.mutation.field for result in results})
    return "\n".join(
        [
            "# Mutations",
            "",
            f"{len(results)} mutations of {fields} fields.",
            "",
            "| outcome | what it says | mutations |",
            "| --- | --- | --- |",
            *rows,
            "",
            "## Failures",
            "",
            *(wrong or ["None."]),
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
