"""Places for hosts: bounded in number, given back as hosts end, and one for every run."""

from tenant_operator.runner.slots import Slots


def test_runs_share_the_places_and_each_gets_one():
    slots = Slots(4)
    assert [slots.take(hosts).places for hosts in (3, 5, 5, 1)] == [3, 1, 1, 1]


def test_no_run_gets_more_places_than_it_has_hosts():
    assert Slots(4).take(2).places == 2


def test_a_place_is_free_when_no_host_is_left_for_it():
    slots = Slots(4)
    share = slots.take(6)
    share.end()
    share.end()
    assert slots.take(9).places == 1  # four hosts are left for four places
    slots = Slots(4)
    share = slots.take(4)
    for _ in range(3):
        share.end()
    assert slots.take(9).places == 3


def test_what_a_run_had_is_free_at_its_end_and_given_back_once():
    slots = Slots(4)
    share = slots.take(9)
    share.end()
    share.close()
    share.close()
    assert slots.take(9).places == 4
