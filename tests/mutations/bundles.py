"""Mutations that do not get in each other's way are tried in one tenant. One that is to blame is found by halves."""

import random
from dataclasses import dataclass
from itertools import pairwise

from tests.fields import merged, places
from tests.mutations.mutations import Mutation

LARGEST = 12
"""Mutations in a bundle: some are not taken together, and each time that happens is two tries more."""


@dataclass(frozen=True)
class Bundle:
    """Mutations of one tenant, which none of them shares a place with another."""

    mutations: tuple[Mutation, ...]

    @property
    def before(self):
        """What the tenant asks for at first."""
        return _together(each.before for each in self.mutations)

    @property
    def after(self):
        """What it asks for then."""
        return _together(each.after for each in self.mutations)

    def halves(self):
        """Return the bundles of the first and of the second half."""
        middle = len(self.mutations) // 2
        return [Bundle(self.mutations[one:other]) for one, other in pairwise((0, middle, None))]


def bundled(mutations, seed):
    """Return bundles of all of these mutations, which the seed mixes."""
    members, taken = [], []
    for mutation in random.Random(seed).sample(mutations, len(mutations)):
        needed = places(mutation.before) | places(mutation.after)
        fitting = (n for n, those in enumerate(members) if len(those) < LARGEST and not taken[n] & needed)
        number = next(fitting, None)
        if number is None:
            number = len(members)
            members.append([])
            taken.append(set())
        members[number].append(mutation)
        taken[number] |= needed
    return [Bundle(tuple(those)) for those in members]


def _together(specs):
    first, *others = specs
    for other in others:
        first = merged(first, other)
    return first
