"""Tries mutations on a control plane.

A tenant that is changed is as a fresh one, and as before when it is changed back.
"""

import json
from dataclasses import dataclass, field
from itertools import count

import yaml

from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import ApiError, connect
from tests.control_plane import tenant
from tests.faults import oracles
from tests.mutations.bundles import Bundle
from tests.mutations.mutations import Mutation, names
from tests.objects import made_by_tenant

MANAGER = "mutations"
API = "neurallog.io/v1"
HOST = "example.com"
"""In the hosts of fields.yaml."""


@dataclass
class Result:
    """What came of a mutation: one of OUTCOMES, and what was wrong."""

    mutation: Mutation
    outcome: str
    wrong: list[str] = field(default_factory=list)


OUTCOMES = {
    "refused": "The API server does not take such a Tenant.",
    "no change": "The API server makes the same Tenant of it.",
    "refused change": "It may begin so, and may not become so.",
    "one way": "It becomes so, and may not go back.",
    "there and back": "It becomes so, and goes back.",
}


@dataclass
class Tried:
    """What came of a bundle, as of a mutation."""

    bundle: Bundle
    outcome: str = "there and back"
    wrong: list[str] = field(default_factory=list)

    @property
    def results(self):
        """The result of each mutation; None where some of them have to be tried again with fewer others."""
        mutations = self.bundle.mutations
        if len(mutations) > 1 and (self.wrong or self.outcome != "there and back"):
            return None
        return [Result(each, self.outcome, self.wrong) for each in mutations]


class Trial:
    """A control plane with the Tenant API.

    Args:
        cluster: the control plane.
        folder: where inventories are kept.
    """

    def __init__(self, cluster, folder):
        self._cluster, self._inventory = cluster, folder / "fleet.yaml"
        self._client = connect({"kubeconfig": str(cluster.kubeconfig)})
        self._numbers = count()
        self._begun = None, None

    def look(self, mutation):
        """Return the result of a mutation that changes nothing, None for one that has to be tried."""
        if mutation.before != self._begun[0]:  # those of a field begin alike
            self._begun = mutation.before, self._accepted(mutation.before)
        _, before = self._begun
        try:
            after = self._accepted(mutation.after)
        except ApiError as error:
            return Result(mutation, "refused", _unnamed(mutation, error))
        return Result(mutation, "no change") if before == after else None

    def run(self, bundles):
        """Change a tenant for each bundle, and change it back. Return what came of each."""
        tried = {f"changed-{next(self._numbers)}": Tried(each) for each in bundles}
        before = self._taken("refused", {name: each.bundle.before for name, each in tried.items()}, tried)
        after = self._taken("refused", {name: tried[name].bundle.after for name in before}, tried)
        before = {name: before[name] for name in after}
        self._reconcile({**before, **{_fresh(name): spec for name, spec in after.items()}})
        first = self._shown([*before, *map(_fresh, after)])
        changed = self._taken("refused change", after, tried)
        self._reconcile(changed)
        for name, shown in self._shown(changed).items():
            tried[name].wrong += _different("as a fresh one", first[_fresh(name)], shown)
        back = self._taken("one way", {name: before[name] for name in changed}, tried)
        self._reconcile(back)
        for name, shown in self._shown(back).items():
            tried[name].wrong += _different("as before", first[name], shown)
        self._delete([*before, *map(_fresh, before)])
        return list(tried.values())

    def _taken(self, otherwise, specs, tried):
        """Return those of the specifications that the API server takes. The outcome of others is the other one."""
        taken = {}
        for name, spec in specs.items():
            try:
                self._client.apply(_manifest(name, spec), manager=MANAGER, dry_run=True)
            except ApiError as error:
                tried[name].outcome = otherwise
                tried[name].wrong += _unnamed(tried[name].bundle.mutations[0], error)  # of several, each is tried again
            else:
                taken[name] = spec
        return taken

    def _accepted(self, spec):
        return self._client.apply(tenant("mutation", **spec), manager=MANAGER, dry_run=True)["spec"]

    def _reconcile(self, specs):
        for name, spec in specs.items():
            self._client.apply(_manifest(name, spec), manager=MANAGER)
        self._play("reconcile", specs)

    def _play(self, playbook, specs, *arguments):
        if specs:
            self._inventory.write_text(yaml.safe_dump_all([_manifest(name, spec) for name, spec in specs.items()]))
            self._cluster.playbook(playbook, "-i", self._inventory, *arguments)

    def _delete(self, tenants):
        for name in tenants:
            self._client.apply(tenant(name, preventDeletion=False, deletionPolicy="Delete"), manager=MANAGER)
        self._play("delete", {name: {} for name in tenants}, "-e", "confirm=true")

    def _shown(self, tenants):
        """Return the operator's objects and what the status says of each tenant, in a form that can be compared."""
        found = made_by_tenant(self._client)
        told = {each["metadata"]["name"]: each for each in self._client.list_objects(API, "Tenant")}
        return {
            name: {**oracles.compared(_at_one_host(found[name], name), name), "status": _told(told[name])}
            for name in tenants
        }


def _manifest(name, spec):
    """Return the Tenant with hosts of its own, since a host is one Tenant's alone."""
    return json.loads(json.dumps(tenant(name, **spec)).replace(HOST, f"{name}.{HOST}"))


def _at_one_host(objects, name):
    return json.loads(json.dumps(objects).replace(f"{name}.{HOST}", HOST))


def _told(found):
    """Return what a status says that does not depend on how long ago the tenant was changed."""
    status = found.get("status") or {}
    stalled = {each["type"]: each["status"] for each in status.get("conditions") or ()}.get("Stalled")
    return {"behind": found["metadata"]["generation"] - status.get("observedGeneration", 0), "stalled": stalled}


def _unnamed(mutation, error):
    return [] if names(str(error), mutation.field) else [f"the refusal does not name the field: {error}"]


def _fresh(name):
    return name.replace("changed", "fresh")


def _different(what, expected, actual):
    late = [f"the status is behind by {actual['status']['behind']}"] if actual["status"]["behind"] else []
    return [*late, *(f"not {what}: {place}" for place in oracles.end_state(expected, actual))]
