"""Which cases there are, and how they are put together."""

from collections import Counter

import pytest

from tests.faults.cases import ACTIONS, DRIFTS, EVENTS, KILLS, OUTAGES, Case, all_cases, batches

COUNTS = Counter(
    {
        ("request", "create"): 2,
        ("event", "change"): 1,
        ("kill", "delete"): 3,
        ("outage", "change"): 3,
        ("start", "create"): 1,
        ("drift", "change"): 2,
    }
)


def test_there_is_a_case_for_each_kind_of_fault_at_each_place():
    cases = all_cases(COUNTS)
    number = 11 * (2 + 1) + len(EVENTS) + len(KILLS) * 3 + len(OUTAGES) * 3 + len(DRIFTS) * 2
    assert len(cases) == len(set(cases)) == number
    assert Case("event", "drop", "change", 0) in cases


def test_a_case_has_a_name_by_which_it_is_found_again():
    for case in all_cases(COUNTS):
        assert Case.parse(str(case)) == case


@pytest.mark.parametrize(
    "name", ["request/never/create/1", "kill/drop/create/1", "event/drop/rename/1", "event/drop/create/x"]
)
def test_a_name_of_no_case_is_refused(name):
    with pytest.raises(ValueError, match="such as request/conflict/create/3"):
        Case.parse(name)


def test_batches_have_each_case_once_and_one_for_each_action_of_a_tenant():
    cases = all_cases(COUNTS)
    made = batches(cases, 4)
    flat = [case for batch in made for tenant in batch for case in tenant.values()]
    assert Counter(flat) == Counter(cases)
    for batch in made:
        assert 1 <= len(batch) <= 4
        assert all(case.action == action for tenant in batch for action, case in tenant.items())


@pytest.mark.parametrize("subject", ["kill", "outage", "start"])
def test_a_tenant_to_which_something_happens_that_is_everybodys_is_alone(subject):
    found = [batch for batch in batches(all_cases(COUNTS), 4) if subject in str(batch)]
    assert found
    assert all(len(batch) == 1 for batch in found)
    assert ACTIONS[0] == "create"
