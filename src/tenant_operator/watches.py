"""watches.yaml: which kind runs which playbook.

Source: https://sdk.operatorframework.io/docs/building-operators/ansible/reference/watches/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")


class WatchError(Exception):
    """An entry of watches.yaml that cannot be used; the message names the field and what would be right."""


@dataclass(frozen=True)
class Inventory:
    """How resources become hosts: the inventory plugin, and the tags that a watcher's run leaves out."""

    plugin: str
    skip_tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finalizer:
    """What runs when a resource is deleted, before it may go."""

    name: str
    playbook: str
    vars: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Watch:
    """One kind and its playbook."""

    group: str
    version: str
    kind: str
    playbook: str
    inventory: Inventory
    vars: Mapping[str, Any] = field(default_factory=dict)
    finalizer: Finalizer | None = None
    reconcile_period: float = 0.0
    """Seconds after which a resource is looked at again without an event; 0 for never."""

    @property
    def api_version(self) -> str:
        """The apiVersion of the kind."""
        return f"{self.group}/{self.version}" if self.group else self.version


def load(path: Path) -> list[Watch]:
    """Read a watches.yaml.

    Raises:
        WatchError: the file or an entry cannot be used.
    """
    try:
        entries = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise WatchError(f"{path}: {error}") from None
    if not isinstance(entries, list) or not entries:
        raise WatchError(f"{path}: must be a list with an entry for each kind")
    watches = [_watch(entry, f"{path}: entry {number}") for number, entry in enumerate(entries, start=1)]
    kinds = [(watch.api_version, watch.kind) for watch in watches]
    for api_version, kind in kinds:
        if kinds.count((api_version, kind)) > 1:
            raise WatchError(f"{path}: {kind} in {api_version} is there twice")
    return watches


def _watch(entry: Any, where: str) -> Watch:
    known = {"group", "version", "kind", "playbook", "vars", "reconcilePeriod", "inventory", "finalizer"}
    _check(entry, where, required={"version", "kind", "playbook", "inventory"}, known=known)
    inventory = entry["inventory"]
    _check(inventory, f"{where}: inventory", required={"plugin"}, known={"plugin", "skipTags"})
    return Watch(
        group=entry.get("group") or "",
        version=entry["version"],
        kind=entry["kind"],
        playbook=entry["playbook"],
        inventory=Inventory(inventory["plugin"], tuple(inventory.get("skipTags") or ())),
        vars=entry.get("vars") or {},
        finalizer=_finalizer(entry.get("finalizer"), f"{where}: finalizer"),
        reconcile_period=duration(entry.get("reconcilePeriod") or "0s", f"{where}: reconcilePeriod"),
    )


def _finalizer(entry: Any, where: str) -> Finalizer | None:
    if entry is None:
        return None
    _check(entry, where, required={"name", "playbook"}, known={"name", "playbook", "vars"})
    if "/" not in entry["name"]:
        raise WatchError(f"{where}: name must be qualified by a domain, such as example.com/finalizer")
    return Finalizer(entry["name"], entry["playbook"], entry.get("vars") or {})


def _check(entry: Any, where: str, *, required: set[str], known: set[str]) -> None:
    if not isinstance(entry, dict):
        raise WatchError(f"{where}: must be a mapping")
    if missing := required - entry.keys():
        raise WatchError(f"{where}: needs {', '.join(sorted(missing))}")
    if unknown := entry.keys() - known:
        raise WatchError(f"{where}: does not know {', '.join(sorted(map(str, unknown)))}")


def duration(text: str, where: str) -> float:
    """Return the seconds of a Go duration such as ``1h30m`` or ``10s``.

    Raises:
        WatchError: it is none.
    """
    match = _DURATION.fullmatch(str(text))
    if not match or not str(text):
        raise WatchError(f"{where}: {text!r} is not a duration, such as 10m or 1h30m")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds
