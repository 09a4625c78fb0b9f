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

NAME = "{name}"
"""What stands for a resource's name in a namespace pattern."""

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")


class WatchError(Exception):
    """An entry of watches.yaml that cannot be used; the message names the field and what would be right."""


@dataclass(frozen=True)
class GroupVersionKind:
    """A kind of the API; the core group is the empty one."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """The apiVersion of the kind."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True)
class Inventory:
    """How resources become hosts: the inventory plugin, and the tags that a watcher's run leaves out."""

    plugin: str
    skip_tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class DependentKind:
    """A kind of objects that runs make.

    ``status`` says that a change of their status is news, ``name`` that only objects of this name are looked at.
    """

    gvk: GroupVersionKind
    status: bool = False
    name: str = ""


@dataclass(frozen=True)
class Dependents:
    """What runs make for a resource, and how it is known again: by its namespace, and by who applied its fields."""

    namespace: str
    field_manager: str
    kinds: tuple[DependentKind, ...]
    label_selector: str = ""
    status_tags: tuple[str, ...] = ()
    """Tags of the part of the playbook that reports the status and changes nothing else."""

    def namespace_of(self, name: str) -> str:
        """Return the namespace that belongs to the resource of this name."""
        return self.namespace.replace(NAME, name)

    def owner_of(self, namespace: str) -> str | None:
        """Return the name of the resource that the namespace belongs to, or None."""
        prefix, _, suffix = self.namespace.partition(NAME)
        name = namespace.removeprefix(prefix).removesuffix(suffix)
        return name if name and self.namespace_of(name) == namespace else None


@dataclass(frozen=True)
class Finalizer:
    """What runs when a resource is deleted, before it may go."""

    name: str
    playbook: str
    vars: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Watch:
    """One kind and its playbook."""

    gvk: GroupVersionKind
    place: str
    """The file and the entry, for messages."""
    playbook: str
    inventory: Inventory
    vars: Mapping[str, Any] = field(default_factory=dict)
    finalizer: Finalizer | None = None
    dependents: Dependents | None = None
    reconcile_period: float = 0.0
    """Seconds after which a resource is looked at again without an event; 0 for never."""

    @property
    def kind(self) -> str:
        """The kind, as messages name it."""
        return self.gvk.kind


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
    kinds = [watch.gvk for watch in watches]
    for gvk in kinds:
        if kinds.count(gvk) > 1:
            raise WatchError(f"{path}: {gvk.kind} in {gvk.api_version} is there twice")
    return watches


def _watch(entry: Any, where: str) -> Watch:
    known = {"group", "version", "kind", "playbook", "vars", "reconcilePeriod", "inventory", "finalizer"}
    known |= {"dependents"}
    _check(entry, where, required={"version", "kind", "playbook", "inventory"}, known=known)
    inventory = entry["inventory"]
    _check(inventory, f"{where}: inventory", required={"plugin"}, known={"plugin", "skipTags"})
    return Watch(
        gvk=_gvk(entry),
        place=where,
        playbook=entry["playbook"],
        inventory=Inventory(inventory["plugin"], tuple(inventory.get("skipTags") or ())),
        vars=entry.get("vars") or {},
        finalizer=_finalizer(entry.get("finalizer"), f"{where}: finalizer"),
        dependents=_dependents(entry.get("dependents"), f"{where}: dependents"),
        reconcile_period=duration(entry.get("reconcilePeriod") or "0s", f"{where}: reconcilePeriod"),
    )


def _finalizer(entry: Any, where: str) -> Finalizer | None:
    if entry is None:
        return None
    _check(entry, where, required={"name", "playbook"}, known={"name", "playbook", "vars"})
    if "/" not in entry["name"]:
        raise WatchError(f"{where}: name must be qualified by a domain, such as example.com/finalizer")
    return Finalizer(entry["name"], entry["playbook"], entry.get("vars") or {})


def _dependents(entry: Any, where: str) -> Dependents | None:
    if entry is None:
        return None
    required = {"namespace", "fieldManager", "kinds"}
    _check(entry, where, required=required, known=required | {"labelSelector", "statusTags"})
    if str(entry["namespace"]).count(NAME) != 1:
        raise WatchError(f"{where}: namespace must contain {NAME} once, such as app-{NAME}")
    if not isinstance(entry["kinds"], list) or not entry["kinds"]:
        raise WatchError(f"{where}: kinds must be a list of kinds")
    kinds = [
        _dependent_kind(kind, f"{where}: kinds: entry {number}") for number, kind in enumerate(entry["kinds"], start=1)
    ]
    names = [kind.gvk.kind for kind in kinds]
    for name in names:
        if names.count(name) > 1:
            raise WatchError(f"{where}: kinds: {name} is there twice")
    return Dependents(
        namespace=entry["namespace"],
        field_manager=entry["fieldManager"],
        kinds=tuple(kinds),
        label_selector=entry.get("labelSelector") or "",
        status_tags=tuple(entry.get("statusTags") or ()),
    )


def _dependent_kind(entry: Any, where: str) -> DependentKind:
    _check(entry, where, required={"version", "kind"}, known={"group", "version", "kind", "status", "name"})
    return DependentKind(_gvk(entry), bool(entry.get("status")), entry.get("name") or "")


def _gvk(entry: Mapping[str, Any]) -> GroupVersionKind:
    return GroupVersionKind(entry.get("group") or "", entry["version"], entry["kind"])


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
