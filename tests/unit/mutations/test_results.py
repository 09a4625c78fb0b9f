"""Every mutation has a result, also those that are tried again with fewer others."""

from collections import Counter

from tests.mutations.__main__ import results_of
from tests.mutations.mutations import mutations
from tests.mutations.trial import Tried

SOME = [each for each in mutations() if each.field.startswith(("displayName", "redis.persistence"))]


class Trial:
    """A control plane on which one mutation is wrong, and with it all that are tried together with it."""

    culprit = SOME[7]

    def look(self, _mutation):
        return None

    def run(self, bundles):
        return [Tried(each, wrong=["wrong"] if self.culprit in each.mutations else []) for each in bundles]


def test_each_mutation_has_one_result_and_the_culprit_alone_is_blamed():
    results = list(results_of(Trial(), SOME, seed=1))
    assert Counter(str(each.mutation) for each in results) == Counter(map(str, SOME))
    assert [each.mutation for each in results if each.wrong] == [Trial.culprit]
