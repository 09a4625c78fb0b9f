"""watches.yaml: which kind runs which playbook.

Source: https://sdk.operatorframework.io/docs/building-operators/ansible/reference/watches/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tenant_operator.kube.gvk import GroupVersionKind

NAME = "{name}"
"""What stands for a resource's name in a namespace pattern."""

DEFAULT_PERIOD = "10h"
"""ansible-operator's reconcilePeriod where an entry has none."""

_OPERATORS = {
    "In": "{key} in ({values})",
    "NotIn": "{key} notin ({values})",
    "Exists": "{key}",
    "DoesNotExist": "!{key}",
}

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")


class WatchError(Exception):
    """An entry of watches.yaml cannot be used. The message names the field and what would be right."""


@dataclass(frozen=True)
class Inventory:
    """The inventory mode: the plugin that makes hosts of resources, and the tags that runs of the watcher skip."""

    plugin: str
    skip_tags: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()
    """Annotations of a resource that count as its specification: a change of one starts a run."""


@dataclass(frozen=True)
class DependentKind:
    """A kind of objects that runs make.

    ``status`` says that a change of their status is news, ``name`` that only objects of this name are looked at,
    ``optional`` that the server may not know the kind, or not yet, ``exclusive`` that nobody else may have a field of
    their spec, ``content`` that their ``data`` counts as well.
    """

    gvk: GroupVersionKind
    status: bool = False
    name: str = ""
    optional: bool = False
    exclusive: bool = False
    content: bool = False


@dataclass(frozen=True)
class Dependents:
    """The objects that runs make for a resource, and how they are recognised."""

    namespace: str
    field_manager: str
    kinds: tuple[DependentKind, ...]
    label_selector: str = ""
    status_tags: tuple[str, ...] = ()
    """Tags of the part of the playbook that reports the status and changes nothing else."""
    status_period: float = 0.0
    """Seconds after which the status is reported again without an event; 0 for never."""

    def namespace_of(self, name: str) -> str:
        """Return the namespace that belongs to the resource of this name."""
        return self.namespace.replace(NAME, name)

    def owner_of(self, namespace: str) -> str | None:
        """Return the name of the resource that the namespace belongs to, or None."""
        prefix, _, suffix = self.namespace.partition(NAME)
        name = namespace.removeprefix(prefix).removesuffix(suffix)
        return name if name and self.namespace_of(name) == namespace else None


@dataclass(frozen=True)
class Parameters:
    """The mode of ansible-operator: a resource becomes the extra variables of a run."""

    snake_case: bool = True


@dataclass(frozen=True)
class Program:
    """A playbook or a role."""

    name: str
    is_role: bool = False
    vars: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finalizer:
    """What runs when a resource is deleted."""

    name: str
    program: Program


@dataclass(frozen=True)
class Watch:
    """One kind and its playbook."""

    gvk: GroupVersionKind
    place: str
    """The file and the entry, for messages."""
    program: Program
    mode: Inventory | Parameters
    """Every resource a host of one run; or each one a run of its own on localhost."""
    label_selector: str = ""
    manage_status: bool = True
    finalizer: Finalizer | None = None
    dependents: Dependents | None = None
    reconcile_period: float = 0.0
    """Seconds after which a resource is looked at again without an event; 0 for never."""
    settings: tuple[str, ...] = ()
    """The names of the variables that come from the settings file."""

    @property
    def kind(self) -> str:
        """The kind, as messages name it."""
        return self.gvk.kind


def load(path: Path, settings: Path | None = None) -> list[Watch]:
    """Read a watches.yaml, and the settings file if there is one.

    Args:
        path: the watches.yaml.
        settings: variables of roles, which come before those in the ``vars`` of all entries.

    Raises:
        WatchError: a file or an entry cannot be used.
    """
    entries = _read(path)
    if not isinstance(entries, list) or not entries:
        raise WatchError(f"{path}: must be a list with an entry for each kind")
    variables = _settings(settings) if settings else {}
    written = [_watch(entry, f"{path}: entry {number}") for number, entry in enumerate(entries, start=1)]
    watches = [_with(variables, watch) for watch in written]
    kinds = [watch.gvk for watch in watches]
    for gvk in kinds:
        if kinds.count(gvk) > 1:
            raise WatchError(f"{path}: {gvk.kind} in {gvk.api_version} is there twice")
    return watches


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise WatchError(f"{path}: {error}") from None


def _settings(path: Path) -> dict[str, Any]:
    """Return the variables of a settings file. The roles' argument specs check them when Ansible is warmed."""
    variables = _read(path)
    if variables is None:
        return {}
    if not isinstance(variables, dict):
        raise WatchError(f"{path}: must be a mapping of variables of the roles, such as redis_user: 999")
    if wrong := [name for name in variables if not str(name).isidentifier()]:
        raise WatchError(f"{path}: {wrong[0]!r} is no name of a variable")
    return variables


def _with(settings: Mapping[str, Any], watch: Watch) -> Watch:
    """Return the watch with the settings over the variables of its programs."""

    def changed(program: Program) -> Program:
        return replace(program, vars={**program.vars, **settings})

    finalizer = watch.finalizer and replace(watch.finalizer, program=changed(watch.finalizer.program))
    return replace(watch, program=changed(watch.program), finalizer=finalizer, settings=tuple(settings))


def _watch(entry: Any, where: str) -> Watch:
    fields = {
        *("group", "version", "kind", "role", "playbook", "vars", "finalizer", "reconcilePeriod", "selector"),
        *("manageStatus", "snakeCaseParameters", "markUnsafe", "inventory", "dependents"),
    }
    _check(entry, where, required={"version", "kind"}, known=fields)
    mode = _mode(entry, where)
    period = "0s" if isinstance(mode, Inventory) else DEFAULT_PERIOD
    return Watch(
        gvk=_gvk(entry),
        place=where,
        program=_program(entry, where),
        mode=mode,
        label_selector=_selector(entry.get("selector"), f"{where}: selector"),
        manage_status=_boolean(entry, "manageStatus", where),
        finalizer=_finalizer(entry.get("finalizer"), f"{where}: finalizer"),
        dependents=_dependents(entry.get("dependents"), f"{where}: dependents"),
        reconcile_period=duration(entry.get("reconcilePeriod", period), f"{where}: reconcilePeriod"),
    )


def _mode(entry: Mapping[str, Any], where: str) -> Inventory | Parameters:
    inventory = entry.get("inventory")
    if inventory is None:
        if "dependents" in entry:
            raise WatchError(f"{where}: dependents need inventory")
        if not _boolean(entry, "markUnsafe", where):
            raise WatchError(f"{where}: markUnsafe must be true: what a resource says is never evaluated as a template")
        return Parameters(snake_case=_boolean(entry, "snakeCaseParameters", where))
    _check(inventory, f"{where}: inventory", required={"plugin"}, known={"plugin", "skipTags", "annotations"})
    if useless := {"snakeCaseParameters", "markUnsafe"} & entry.keys():
        raise WatchError(f"{where}: {', '.join(sorted(useless))} have no effect with inventory")
    annotations = inventory.get("annotations") or []
    if not isinstance(annotations, list):
        raise WatchError(f"{where}: inventory: annotations must be a list of names, such as example.com/restart")
    return Inventory(inventory["plugin"], tuple(inventory.get("skipTags") or ()), tuple(map(str, annotations)))


def _program(entry: Mapping[str, Any], where: str) -> Program:
    named = [key for key in ("role", "playbook") if entry.get(key)]
    if len(named) != 1:
        raise WatchError(f"{where}: needs either role or playbook")
    name = str(entry[named[0]])
    path = Path(name)
    return Program(str(path.resolve()) if path.exists() else name, named == ["role"], entry.get("vars") or {})


def _selector(entry: Any, where: str) -> str:
    """Return a LabelSelector as the text that the API takes."""
    if entry is None:
        return ""
    _check(entry, where, required=set(), known={"matchLabels", "matchExpressions"})
    terms = [f"{key}={value}" for key, value in (entry.get("matchLabels") or {}).items()]
    for number, expression in enumerate(entry.get("matchExpressions") or (), start=1):
        place = f"{where}: matchExpressions: entry {number}"
        _check(expression, place, required={"key", "operator"}, known={"key", "operator", "values"})
        if expression["operator"] not in _OPERATORS:
            raise WatchError(f"{place}: operator must be one of {', '.join(_OPERATORS)}")
        values = ",".join(map(str, expression.get("values") or ()))
        terms.append(_OPERATORS[expression["operator"]].format(key=expression["key"], values=values))
    return ",".join(terms)


def _boolean(entry: Mapping[str, Any], key: str, where: str, *, default: bool = True) -> bool:
    value = entry.get(key, default)
    if not isinstance(value, bool):
        raise WatchError(f"{where}: {key} must be true or false")
    return value


def _finalizer(entry: Any, where: str) -> Finalizer | None:
    if entry is None:
        return None
    _check(entry, where, required={"name"}, known={"name", "role", "playbook", "vars"})
    if "/" not in entry["name"]:
        raise WatchError(f"{where}: name must be qualified by a domain, such as example.com/finalizer")
    return Finalizer(entry["name"], _program(entry, where))


def _dependents(entry: Any, where: str) -> Dependents | None:
    if entry is None:
        return None
    required = {"namespace", "fieldManager", "kinds"}
    _check(entry, where, required=required, known=required | {"labelSelector", "statusTags", "statusPeriod"})
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
    if "statusPeriod" in entry and not entry.get("statusTags"):
        raise WatchError(f"{where}: statusPeriod needs statusTags, which name what runs")
    return Dependents(
        namespace=entry["namespace"],
        field_manager=entry["fieldManager"],
        kinds=tuple(kinds),
        label_selector=entry.get("labelSelector") or "",
        status_tags=tuple(entry.get("statusTags") or ()),
        status_period=duration(entry.get("statusPeriod", "0s"), f"{where}: statusPeriod"),
    )


def _dependent_kind(entry: Any, where: str) -> DependentKind:
    _check(
        entry,
        where,
        required={"version", "kind"},
        known={"group", "version", "kind", "status", "name", "optional", "exclusive", "content"},
    )
    return DependentKind(
        _gvk(entry),
        status=_boolean(entry, "status", where, default=False),
        name=entry.get("name") or "",
        optional=_boolean(entry, "optional", where, default=False),
        exclusive=_boolean(entry, "exclusive", where, default=False),
        content=_boolean(entry, "content", where, default=False),
    )


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

    Args:
        text: the duration.
        where: the place in watches.yaml, for messages.

    Raises:
        WatchError: it is none.
    """
    match = _DURATION.fullmatch(str(text))
    if not match or not str(text):
        raise WatchError(f"{where}: {text!r} is not a duration, such as 10m or 1h30m")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds
