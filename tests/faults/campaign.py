"""Every fault at every place: python -m tests.faults.campaign. It can be stopped, and goes on where it was.

What has ended is kept in .devcluster/campaign/results.jsonl, and report.md says what came of it.
"""

import argparse
import random
import sys
import time

from tests.control_plane import CHECKOUT, started
from tests.faults.cases import Case, all_cases, batches
from tests.faults.results import Results
from tests.faults.rig import Rig

FOLDER = CHECKOUT / ".devcluster" / "campaign"
SIZE = 10
"""Tenants in a batch."""


def main(arguments=None):
    """Run the cases that have no result yet, and write the report. Return 1 where something was wrong."""
    parser = argparse.ArgumentParser(prog="campaign", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="replay these, such as request/conflict/create/3")
    parser.add_argument("--seed", type=int, default=1, help="the order of the cases")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end after so long")
    parser.add_argument("--anew", action="store_true", help="forget what has ended")
    options = parser.parse_args(arguments)
    kept = Results(FOLDER, options.seed)
    if options.anew:
        kept.forget()
    with started(FOLDER / "control-plane", audit=True) as cluster:
        cluster.install()
        rig = Rig(cluster, FOLDER)
        try:
            named = [Case.parse(name) for name in options.cases]
            cases = named or kept.without(all_cases(rig.undisturbed.counts))
            random.Random(options.seed).shuffle(cases)
            _run(rig, cases, kept, time.monotonic() + 60 * options.minutes)
        finally:
            rig.close()
    (FOLDER / "report.md").write_text(kept.report())
    print(f"The report is in {FOLDER / 'report.md'}")
    return int(any(result.wrong for result in kept.all()))


def _run(rig, cases, kept, ends):
    began, done = time.monotonic(), 0
    for batch in batches(cases, SIZE):
        if time.monotonic() > ends:
            return
        results = rig.run(batch)
        kept.add(results)
        done += sum(map(len, batch))
        left = (time.monotonic() - began) / done * (len(cases) - done) / 60
        wrong = sum(bool(result.wrong) for result in results)
        print(
            f"{done} of {len(cases)} cases, {wrong} of the last {len(results)} wrong, {left:.0f} min left", flush=True
        )
        for result in results:
            for each in result.wrong[:3]:
                print(f"  {result.case}: {each[:300]}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
