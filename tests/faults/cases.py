"""The cases of the campaign: which fault happens at what, during which action of a tenant."""

from dataclasses import dataclass

ACTIONS = ("create", "change", "delete")

ERRORS = (
    "reset",
    "lost_answer",
    "cut_answer",
    "no_json",
    "unavailable",
    "too_many_requests",
    "conflict",
    "internal_error",
    "unauthorized",
    "forbidden",
    "not_found",
)
"""What a request meets. Each is a method of the proxy."""

EVENTS = ("drop", "double", "delay", "cut")
"""What an event of a watch meets."""

KILLS = ("end_before", "end_after_commit", "end_after_answer")
"""When the operator is killed at a write."""

OUTAGES = ("kube-apiserver", "etcd")
"""What gives no sign of life for a while. Each is a program of the control plane."""
PLACES = 3
"""Requests of an action at which an outage begins: the first, the middle and the last one."""

DRIFTS = ("edit", "strip", "disown", "delete")
"""What somebody does to an object at rest. Each is a method of Drift."""

NOTHING = ("none",)
"""What happens to a tenant of a batch whose neighbours have the faults."""

KINDS = {
    "request": ERRORS,
    "event": EVENTS,
    "kill": KILLS,
    "start": ERRORS,
    "outage": OUTAGES,
    "drift": DRIFTS,
    "neighbour": NOTHING,
}
"""The kinds of faults, by what they happen to.

A request or an event about a tenant, the operator at a write, a request while it starts, the control plane, or one of
the tenant's objects after the action.
"""
EVERYBODYS = {"kill", "start", "outage"}
"""What happens to all tenants."""


@dataclass(frozen=True)
class Case:
    """A fault that happens once: to which request, event or write, counted from 0 within an action or a start."""

    subject: str
    kind: str
    action: str
    number: int

    def __str__(self):
        return f"{self.subject}/{self.kind}/{self.action}/{self.number}"

    @classmethod
    def parse(cls, name):
        """Return the case of a name.

        Raises:
            ValueError: there is no such case; the message says why.
        """
        subject, kind, action, number = name.split("/")
        if kind not in KINDS.get(subject, ()) or action not in ACTIONS or not number.isdigit():
            raise ValueError(f"{name}: cases are named subject/kind/action/number, such as request/conflict/create/3")
        return cls(subject, kind, action, int(number))


def all_cases(counts):
    """Return every case.

    Args:
        counts: how many there are of a subject in an action, by both.
    """
    return [
        Case(subject, kind, action, number)
        for subject, kinds in KINDS.items()
        for kind in kinds
        for action in ACTIONS
        for number in range(counts[subject, action])
    ]


def batches(cases, size):
    """Return the cases as batches: lists of tenants, each of which has one case at most for each of its actions.

    The tenant to which something happens that is everybody's is alone.

    Args:
        cases: the cases.
        size: how many tenants there are at once.
    """
    made = []
    for subjects, tenants in (({"request", "event", "drift"}, size), (EVERYBODYS, 1)):
        waiting = {action: [c for c in cases if c.action == action and c.subject in subjects] for action in ACTIONS}
        while any(waiting.values()):
            taken = {
                action: [waiting[action].pop(0) for _ in range(min(tenants, len(waiting[action])))]
                for action in ACTIONS
            }
            number = max(map(len, taken.values()))
            made.append(
                [{action: taken[action][n] for action in ACTIONS if n < len(taken[action])} for n in range(number)]
            )
    return made
