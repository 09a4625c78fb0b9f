"""Tenants as tables and trees for people, and as JSON, YAML or names for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import yaml
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from kubectl_tenant.objects import Object
from kubectl_tenant.tenants import conditions_of, message_of

FORMATS = ("table", "json", "yaml", "name")

COLOURS = {"Running": "green", "Degraded": "yellow", "Failed": "red", "Terminating": "magenta", "Paused": "cyan"}
UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def as_text(tenants: Sequence[Mapping[str, Any]], form: str) -> str:
    """Return Tenants for machines.

    Args:
        tenants: the Tenants.
        form: json, yaml or name.
    """
    if form == "name":
        return "\n".join(f"tenant.neurallog.io/{tenant['metadata']['name']}" for tenant in tenants)
    whole = {"apiVersion": "v1", "kind": "List", "items": list(tenants)}
    return json.dumps(whole, indent=2) if form == "json" else yaml.safe_dump(whole, sort_keys=False).rstrip("\n")


def table(tenants: Iterable[Mapping[str, Any]], now: datetime | None = None) -> Table:
    """Return a line for each Tenant.

    Args:
        tenants: the Tenants.
        now: what ages are counted from; the present without it.
    """
    shown = Table("NAME", "PHASE", "SERVER", "REDIS", "AGE", "MESSAGE", box=None, pad_edge=False)
    for tenant in tenants:
        status = tenant.get("status") or {}
        components = status.get("components") or {}
        replicas = [(components.get(name) or {}).get("replicas") or "-" for name in ("server", "redis")]
        age = _age(tenant["metadata"]["creationTimestamp"], now or datetime.now(UTC))
        message = escape(message_of(tenant))
        shown.add_row(escape(tenant["metadata"]["name"]), _phase(status), *replicas, age, message)
    return shown


def _phase(status: Mapping[str, Any]) -> str:
    phase = status.get("phase") or "Pending"
    colour = COLOURS.get(phase)
    return f"[{colour}]{phase}[/]" if colour else phase


def _age(since: str, now: datetime) -> str:
    seconds = int((now - datetime.fromisoformat(since)).total_seconds())
    return next((f"{seconds // size}{unit}" for size, unit in UNITS if seconds >= size), "0s")


def whole(tenant: Mapping[str, Any], objects: Iterable[Object]) -> RenderableType:
    """Return a Tenant with its conditions, and its objects by component.

    Args:
        tenant: the Tenant.
        objects: its objects.
    """
    status = tenant.get("status") or {}
    tree = Tree(f"[bold]{escape(tenant['metadata']['name'])}[/]  {_phase(status)}  {escape(message_of(tenant))}")
    by_component = sorted(objects, key=lambda each: each.component)
    for component, of_it in groupby(by_component, key=lambda each: each.component):
        told = _told(tenant, component)
        branch = tree.add(f"[bold]{component or 'others'}[/]{f'  {escape(told)}' if told else ''}")
        for each in of_it:
            mark = "[green]✓[/]" if each.is_well else "[red]✗[/]"
            branch.add(f"{mark} {each.kind} {escape(each.name)}  [dim]{escape(each.state)}[/]")
    return Group(_conditions(tenant), "", tree)


def _told(tenant: Mapping[str, Any], component: str) -> str:
    """Return what the status says of a component."""
    told = ((tenant.get("status") or {}).get("components") or {}).get(component) or {}
    return str(told.get("message") or "")


def _conditions(tenant: Mapping[str, Any]) -> Table:
    shown = Table("CONDITION", "STATUS", "SINCE", "MESSAGE", box=None, pad_edge=False)
    for each in conditions_of(tenant):
        message = escape(str(each.get("message") or ""))
        shown.add_row(each["type"], each["status"], each.get("lastTransitionTime") or "", message)
    return shown
