"""What is different between two versions of an object, field by field, for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .objects import masked_pair, without_bookkeeping
from .resources import Manifest, step

MOST = 20
"""Fields that are named."""

LONGEST = 120
"""Characters of a value that are shown."""

_ABSENT = object()


def of(before: Manifest, after: Manifest) -> list[dict[str, str]]:
    """Return the fields that differ, each with its ``path`` and, where it had one, its value ``before`` and ``after``.

    What is secret is masked. After :data:`MOST` fields one entry says how many more there are.

    Args:
        before: the object as it was.
        after: the object as it is.
    """
    old, new = masked_pair(before, after)
    found = [_shown(*each) for each in _differences(without_bookkeeping(old), without_bookkeeping(new), "")]
    more = [{"path": f"{len(found) - MOST} more"}] if len(found) > MOST else []
    return found[:MOST] + more


def _shown(path: str, before: Any, after: Any) -> dict[str, str]:
    sides = {"before": before, "after": after}
    return {"path": path, **{side: _short(value) for side, value in sides.items() if value is not _ABSENT}}


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _differences(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield the leaves that differ: path, value before, value after."""
    if before == after:
        return
    old, new = _fields(before), _fields(after)
    if old is None or new is None:
        yield path, before, after
        return
    for key in dict.fromkeys([*old, *new]):
        yield from _differences(old.get(key, _ABSENT), new.get(key, _ABSENT), f"{path}{key}")


def _fields(value: Any) -> dict[str, Any] | None:
    """Return what is in a mapping, or in a list of named mappings, by the next part of the path; None for a leaf."""
    if isinstance(value, Mapping):
        return {step(str(key)): below for key, below in value.items()}
    if isinstance(value, list) and value and all(isinstance(each, Mapping) and "name" in each for each in value):
        return {f'[name="{each["name"]}"]': each for each in value}
    return None
