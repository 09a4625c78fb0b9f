"""The deletion of a tenant."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible.utils.display import Display

from ..module_utils import kinds, names, ownership
from ..module_utils.components.server import settings as server
from ..module_utils.kube.resources import Manifest, describe
from ..module_utils.ownership import NamespaceState
from . import namespaces
from .client import Client

SHOWN_KINDS = (("v1", "PersistentVolumeClaim"), ("apps/v1", "StatefulSet"), ("apps/v1", "Deployment"), ("v1", "Pod"))
"""What somebody who is about to delete a tenant wants to be told of."""

MANAGER = f"{names.FIELD_MANAGER}-deletion"
"""Owns the annotation that allows the delete of a tenant's namespace."""

POLL_INTERVAL = 0.2
"""Seconds between two looks at what is left."""

display = Display()


@dataclass(frozen=True)
class Deletion:
    """The deletion of one tenant."""

    client: Client
    tenant: Manifest
    namespace: Manifest | None
    state: NamespaceState
    release: bool = False
    """Whether this run does the operator's part as well, and removes its finalizer: there is no operator any more."""

    @classmethod
    def of(cls, client: Client, tenant: Manifest, *, release: bool = False) -> Deletion | None:
        """Return the deletion of a Tenant; None where the cluster does not have it.

        Args:
            client: the way to the API server.
            tenant: the Tenant.
            release: whether to do the operator's part as well.

        Raises:
            ApiError: the server refused to tell.
        """
        live = client.get(names.API_VERSION, names.KIND, tenant["metadata"]["name"])
        uid = tenant["metadata"].get("uid")
        if live is None or (uid and live["metadata"]["uid"] != uid):
            return None
        namespace = namespaces.find_surely(client, live)
        return cls(client, {"spec": {}, **live}, namespace, ownership.namespace_state(namespace, live), release)

    @property
    def name(self) -> str:
        """The name of the Tenant."""
        return str(self.tenant["metadata"]["name"])

    @property
    def is_under_way(self) -> bool:
        """Whether the Tenant was deleted already and waits for a finalizer."""
        return bool(self.tenant["metadata"].get("deletionTimestamp"))

    @property
    def is_ours_to_do(self) -> bool:
        """Whether this run deletes the tenant's objects. Otherwise the operator does it."""
        has_finalizer = names.FINALIZER in self.tenant["metadata"].get("finalizers", ())
        return self.release or self.is_under_way or not has_finalizer

    @property
    def _has_namespace(self) -> bool:
        return self.state in {NamespaceState.OURS, NamespaceState.TERMINATING}

    def summary(self) -> str:
        """Return what will be deleted, in one sentence."""
        title = f"Tenant {self.name}"
        if not self._has_namespace:
            return f"{title} goes; it has no namespace"
        namespace = names.namespace_name(self.name)
        if ownership.is_retained(self.tenant):
            return f"{title} goes; Namespace {namespace} and all its data stay (deletionPolicy Retain)"
        counted = Counter(
            kind for api_version, kind in SHOWN_KINDS for _ in self.client.list_objects(api_version, kind, namespace)
        )
        inside = ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counted.items())
        return f"{title} and Namespace {namespace} go, with all their data" + (f" ({inside})" if inside else "")

    def delete_namespace(self) -> None:
        """Delete the namespace if it is this tenant's. Kubernetes removes the pods before the rest.

        The API server refuses every delete of a tenant's namespace that was not allowed beforehand, by an annotation.
        """
        if self.namespace and self._is_ours(self.namespace):
            allowed = ownership.allowing_deletion(self.namespace)
            allowed = self.client.apply(allowed, manager=MANAGER)
            self.client.delete_while(allowed, self._is_ours)

    def _is_ours(self, namespace: Manifest) -> bool:
        return ownership.namespace_state(namespace, self.tenant) is NamespaceState.OURS

    def disown(self) -> None:
        """Remove the Tenant from the owners of its namespace and objects, so that garbage collection keeps them."""
        if not self._has_namespace:
            return
        uid = self.tenant["metadata"]["uid"]
        for manifest in self._owned():
            if ownership.is_owned_by(manifest, uid):
                operations = ownership.dropping_owner(manifest, uid)
                self.client.json_patch(manifest, operations, manager=names.FIELD_MANAGER)

    def _owned(self) -> Iterator[Manifest]:
        namespace = names.namespace_name(self.name)
        for kind in kinds.RETAINED:
            if self.client.serves(*kind.key):
                yield from self.client.list_objects(*kind.key, namespace)
        if secret := self.client.get("v1", "Secret", server.AUTH_SECRET, namespace):
            yield secret
        if self.namespace:
            yield self.namespace

    def finish(self, timeout: float, before_the_end: Callable[[], object]) -> list[str]:
        """Wait until the namespace is gone, then delete the Tenant and wait for that. Return what is left.

        Args:
            timeout: seconds to wait; with 0 one look is taken.
            before_the_end: called when the namespace is gone, while the Tenant still exists.
        """
        deadline = time.monotonic() + timeout
        asked = self.is_under_way
        shown = None
        ended = False
        while True:
            left = self._left()
            if not left and self.is_ours_to_do and not ended:
                before_the_end()
                ended = True
            if not asked and (not left or not self.is_ours_to_do):
                self.client.delete(self.tenant)
                asked = True
            if asked and not left and self.release:
                self._release()
            if self.is_under_way or not self._tenant_exists():
                if not left:
                    return []
            else:
                left = [*left, describe(self.tenant)]
            if time.monotonic() >= deadline:
                return left
            if left != shown:
                shown = left
                display.display(f"{self.name}: waiting for {', '.join(left)}")
            time.sleep(POLL_INTERVAL)

    def _release(self) -> None:
        """Remove the operator's finalizer from the Tenant, if it is still there."""
        live = self._live()
        if live and names.FINALIZER in live["metadata"].get("finalizers", ()):
            self.client.json_patch(live, ownership.dropping_finalizer(live), manager=names.FIELD_MANAGER)

    def _live(self) -> Manifest | None:
        """Return the Tenant as the server has it; None where it is gone."""
        live = self.client.get(names.API_VERSION, names.KIND, self.name)
        return live if live and live["metadata"]["uid"] == self.tenant["metadata"]["uid"] else None

    def _tenant_exists(self) -> bool:
        return self._live() is not None

    def _left(self) -> list[str]:
        """Return what is left of the tenant's namespace, with what blocks its deletion."""
        if not self.namespace or not self._has_namespace or ownership.is_retained(self.tenant):
            return []
        live = namespaces.find_surely(self.client, self.tenant)
        if live is None or live["metadata"]["uid"] != self.namespace["metadata"]["uid"]:
            return []
        return [describe(live) + _obstacles(live)]


def _obstacles(namespace: Mapping[str, Any]) -> str:
    """Return what blocks a namespace's deletion, as its conditions say."""
    conditions = (namespace.get("status") or {}).get("conditions") or ()
    messages = [
        condition["message"]
        for condition in conditions
        if condition["status"] == "True" and condition["type"].endswith(("Remaining", "Failure"))
    ]
    return f" ({'; '.join(messages)})" if messages else ""
