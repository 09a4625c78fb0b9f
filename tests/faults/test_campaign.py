"""A sample of the campaign: after a fault of every kind the tenant is as if nothing had happened, and stays so."""

import random
from collections import defaultdict
from itertools import cycle

import pytest

from tests.faults.cases import ACTIONS, KINDS, all_cases, batches
from tests.faults.rig import Rig

SEED = 1
"""The sample is the same in every run. ``make campaign`` has all cases."""


@pytest.fixture(scope="module")
def rig(operated_cluster, tmp_path_factory):
    rig = Rig(operated_cluster, tmp_path_factory.mktemp("rig"), away=15)
    yield rig
    rig.close()


def sample(rig, subject, most=None):
    """Return a case of each kind of what happens to a subject, each in the action that is next, where the seed says."""
    numbers, places = random.Random(SEED), defaultdict(list)
    for case in all_cases(rig.undisturbed.counts):
        if case.subject == subject:
            places[case.kind, case.action].append(case)
    kinds = KINDS[subject]
    chosen = numbers.sample(kinds, most) if most else kinds
    actions = [action for action in ACTIONS if rig.undisturbed.counts[subject, action]]
    return [numbers.choice(places[place]) for place in zip(chosen, cycle(actions), strict=False)]


def wrong(rig, cases):
    """Run the cases; return what was wrong, by case."""
    results = [result for batch in batches(cases, len(cases)) for result in rig.run(batch)]
    assert {result.case for result in results} >= {*cases}
    return {str(result.case): result.wrong for result in results if result.wrong}


def test_after_every_kind_of_error_of_a_request_and_of_an_event_all_is_as_ever(rig):
    assert wrong(rig, [*sample(rig, "request"), *sample(rig, "event")]) == {}


def test_after_a_drift_of_every_kind_all_is_as_ever(rig):
    assert wrong(rig, sample(rig, "drift")) == {}


def test_after_a_kill_at_a_write_all_is_as_ever(rig):
    assert wrong(rig, sample(rig, "kill")) == {}


def test_after_an_error_of_a_request_while_it_starts_all_is_as_ever(rig):
    assert wrong(rig, sample(rig, "start", most=2)) == {}


def test_after_an_outage_of_the_control_plane_all_is_as_ever(rig):
    assert wrong(rig, sample(rig, "outage")) == {}
