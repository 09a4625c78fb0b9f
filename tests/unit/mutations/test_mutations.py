"""The mutations themselves: of every field, in every class that its type has, and told apart where they are refused."""

from collections import defaultdict
from itertools import combinations

import pytest

from tests.fields import SPEC, leaves, lists, places
from tests.mutations.bundles import LARGEST, Bundle, bundled
from tests.mutations.mutations import Mutation, mutations, names

ALL = list(mutations())
CLASSES = defaultdict(set)
for mutation in ALL:
    CLASSES[mutation.field].add(mutation.name)


def test_every_field_and_every_list_has_mutations_each_another_one():
    assert CLASSES.keys() == {path for path, _ in (*leaves(SPEC), *lists(SPEC))}
    assert len({(each.field, each.name) for each in ALL}) == len(ALL) >= 1000
    assert all(each.before != each.after for each in ALL)


@pytest.mark.parametrize(
    ("field", "classes"),
    [
        ("displayName", {"of another type", "null", "empty", "254 characters", "template", "end of line"}),
        ("redis.mode", {"no choice", "choice sentinel", "choice cluster", "left out"}),
        ("server.replicas", {"maximum", "beyond the maximum", "negative", "too large", "fraction", "nothing"}),
        ("server.resources.cpu.limit", {"nothing", "exponent", "no quantity", "percent"}),
        ("backup.enabled", {"false", "of another type"}),
        ("server.nodeSelector", {"empty", "added", "key of no label", "value of another type"}),
        ("server.env", {"empty", "the last one twice", "too many"}),
        ("networkPolicy.allowedNamespaces", {"one more", "an empty one more", "too many"}),
    ],
)
def test_a_field_is_set_to_values_of_the_classes_of_its_type(field, classes):
    assert classes - CLASSES[field] == set()


def test_a_bound_is_met_and_exceeded_by_one():
    found = {each.name: each.after["server"].get("replicas") for each in ALL if each.field == "server.replicas"}
    assert found["beyond the maximum"] - found["maximum"] == 1


@pytest.mark.parametrize(
    ("message", "field", "expected"),
    [
        ("spec.redis.replicas: Invalid value", "redis.replicas", True),
        ("spec.redis.replicaset: Invalid value", "redis.replicas", False),
        ("spec.server.env[0].name: Required value", "server.env[].name", True),
        ("spec.server.env: Too many", "server.env", True),
        ("spec.server.terms: Invalid", "server.terms[]", True),
        ("no such host", "server.env", False),
    ],
)
def test_a_refusal_names_the_field_or_does_not(message, field, expected):
    assert names(message, field) is expected


def test_bundles_have_every_mutation_once_and_no_two_that_share_a_place():
    bundles = bundled(ALL, 1)
    assert sorted(map(str, ALL)) == sorted(str(each) for bundle in bundles for each in bundle.mutations)
    assert len(bundles) < len(ALL) / 2
    for bundle in bundles:
        taken = [places(each.before) | places(each.after) for each in bundle.mutations]
        assert not any(one & other for one, other in combinations(taken, 2))
        assert len(taken) <= LARGEST


def test_a_seed_gives_the_same_bundles_and_another_seed_others():
    assert bundled(ALL, 1) == bundled(ALL, 1) != bundled(ALL, 2)


def test_a_bundle_asks_for_all_that_its_mutations_ask_for_and_is_halved():
    one = Mutation("a", "changed", {"a": {"x": 1}}, {"a": {"x": 2}})
    two = Mutation("b", "left out", {"a": {"y": 1}}, {"a": {}})
    three = Mutation("c", "set", {}, {"c": 3})
    bundle = Bundle((one, two, three))
    assert (bundle.before, bundle.after) == ({"a": {"x": 1, "y": 1}}, {"a": {"x": 2}, "c": 3})
    assert bundle.halves() == [Bundle((one,)), Bundle((two, three))]
