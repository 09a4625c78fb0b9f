"""What a run did for each host, read from ansible-runner's job events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """The end of a run for one host.

    ``remaining`` is what a task of the run returned under this name: what is still in the way of a deletion.
    """

    changed: int = 0
    failure: str = ""
    remaining: tuple[str, ...] = ()


def read(events: Iterable[Mapping[str, Any]], hosts: Iterable[str], *, ended: str) -> dict[str, Outcome]:
    """Return the outcome of each host.

    Args:
        events: the job events of the run.
        hosts: those that the run was for; one that the run says nothing of has failed.
        ended: how the run as a whole ended, for hosts that it says nothing of.
    """
    messages: dict[str, str] = {}
    remaining: dict[str, tuple[str, ...]] = {}
    stats: Mapping[str, Mapping[str, int]] = {}
    for event in events:
        data = event.get("event_data") or {}
        host = data.get("host", "")
        if event["event"] == "playbook_on_stats":
            stats = data
        elif event["event"] in {"runner_on_failed", "runner_on_unreachable"} and not data.get("ignore_errors"):
            messages[host] = str((data.get("res") or {}).get("msg") or f"{data.get('task')} failed")
        elif event["event"] == "runner_on_ok" and "remaining" in (data.get("res") or {}):
            remaining[host] = tuple(map(str, data["res"]["remaining"]))
    return {host: _outcome(host, stats, messages, remaining, ended) for host in hosts}


def _outcome(
    host: str,
    stats: Mapping[str, Mapping[str, int]],
    messages: Mapping[str, str],
    remaining: Mapping[str, tuple[str, ...]],
    ended: str,
) -> Outcome:
    if host not in (stats.get("processed") or {}):
        return Outcome(failure=messages.get(host) or f"the run ended before its outcome was known: {ended}")
    failed = (stats.get("failures") or {}).get(host) or (stats.get("dark") or {}).get(host)
    return Outcome(
        changed=(stats.get("changed") or {}).get(host, 0),
        failure=messages.get(host, "a task failed") if failed else "",
        remaining=remaining.get(host, ()),
    )
