"""A component of a tenant on the API server: apply its objects, and delete what it no longer has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from ..module_utils import names, ownership
from ..module_utils.components import registry
from ..module_utils.components.server import ingress
from ..module_utils.kube import jobs, managed_fields, objects, volumes, workloads
from ..module_utils.kube.jobs import State
from ..module_utils.kube.resources import Manifest, describe
from . import namespaces, polling
from .client import ApiError, Client
from .errors import RefusedError
from .manifests import Rendered, Source
from .report import Report

Key = tuple[str, str]
"""An object within the tenant's namespace: kind and name."""


GRACE = 5.0
"""Seconds that an object may take to go which is made anew."""

PODS_GRACE = 45.0
"""Seconds that it may take if it goes with its pods: a master hands over before it stops."""

PATIENCE = 3.0
"""Seconds that the API server may take to learn what a new Role allows."""

INTERVAL = 0.1
"""Seconds between two attempts to read a Secret."""

_BY_NAME = frozenset({"ConfigMap", "Secret", "Role", "RoleBinding"})
"""Kinds whose objects are read by their names: the operator may not list them, or a tenant may have large ones."""

_PREREQUISITES = frozenset({"Namespace", "ConfigMap", "Secret", "ServiceAccount"})
"""Kinds that the other objects of a component need. Without one of them the rest is not applied."""


@dataclass(frozen=True)
class Component:
    """One component of one tenant, ready to be applied."""

    client: Client
    tenant: Manifest
    name: str
    force: bool
    dry_run: bool
    report: Report
    ingress_domains: Sequence[str] = ("*",)
    """Patterns of the hosts that tenants may have."""
    propagation_seconds: int = 120
    """Seconds within which the kubelets bring a changed Secret to all pods."""
    new_namespace: bool = False
    """Whether an earlier component of this run made the namespace: nothing of this one's is in it yet."""
    created: set[Key] = field(default_factory=set)
    """What was made in this run by a POST, and is applied in full right after."""

    @property
    def has_new_namespace(self) -> bool:
        """Whether this run made the namespace."""
        return self.new_namespace or ("Namespace", self.namespace) in self.created

    @property
    def namespace(self) -> str:
        """The namespace that the tenant owns."""
        return names.namespace_name(self.tenant["metadata"]["name"])

    def apply(self, sources: Sequence[Source], rendered: Sequence[Rendered]) -> None:
        """Bring the namespace to what the templates say. The report has everything that was done, also after an error.

        Args:
            sources: the templates.
            rendered: the objects that they make.

        Raises:
            RefusedError: the namespace is not the tenant's, or on its way out; or live data stands in the way.
            ApiError: the server refused an object; the message names it. What does not depend on it was applied.
        """
        absent = self._absent_kinds(sources)
        sources = [source for source in sources if (source.api_version, source.kind) not in absent]
        rendered = [
            rendering
            for rendering in rendered
            if (rendering.manifest["apiVersion"], rendering.manifest["kind"]) not in absent
        ]
        manifests = [self._completed(rendering.manifest) for rendering in rendered]
        namespace = next((manifest for manifest in manifests if manifest["kind"] == "Namespace"), None)
        own = self._own_namespace(namespace)
        if own is None:
            self._preview(manifests, rendered)
            return
        before = {} if self.has_new_namespace else self._objects_before(sources, manifests)
        if namespace:
            before["Namespace", self.namespace] = own
        self._check_owners(manifests, rendered, before)
        self._check_conflicts(before)
        applied: list[Manifest] = []
        failures: list[ApiError] = []
        for manifest, rendering in zip(manifests, rendered, strict=True):
            live = before.get(_key(manifest))
            try:
                if manifest["kind"] == "Ingress":
                    applied += self._apply_ingress(manifest, live)
                    continue
                applied.append(manifest)
                if live and (outdated := self._outdated(manifest, live, before)):
                    self._replace(manifest, rendering.mode, outdated)
                else:
                    self._apply_one(manifest, rendering.mode, live)
            except ApiError as error:
                if not error.status or manifest["kind"] in _PREREQUISITES:
                    raise
                failures.append(error)
        self._prune(sources, applied, before)
        if failures:
            raise _joined(failures)

    def _check_owners(
        self, manifests: Sequence[Manifest], rendered: Sequence[Rendered], before: Mapping[Key, Manifest]
    ) -> None:
        """Refuse, before anything is changed, to write to what others made or control.

        What isolates is taken back instead, and a claim that grows may be anybody's: its data is the tenant's. That the
        namespace is the tenant's was checked already.
        """
        refusals = [
            refusal
            for manifest, rendering in zip(manifests, rendered, strict=True)
            if manifest["kind"] not in ownership.ISOLATING_KINDS and rendering.mode != "grow"
            if (live := before.get(_key(manifest))) and (refusal := self._owned_by_others(live))
        ]
        if refusals:
            raise RefusedError("; ".join(refusals))

    def _owned_by_others(self, live: Manifest) -> str:
        """Return why the object is not to be written to; empty if it is."""
        if ownership.has_other_controller(live, self.tenant["metadata"]["uid"]):
            return (
                f"{describe(live)} exists and is controlled by somebody else: it was not touched. "
                "Delete it, or take its controller off its ownerReferences"
            )
        if live["kind"] != "Namespace" and not ownership.is_ours(live, self.tenant):
            return (
                f"{describe(live)} exists and was not made by the operator: it was not touched. "
                f"Delete it, or hand it over with the label {names.MANAGED_BY_LABEL}: {names.FIELD_MANAGER}"
            )
        return ""

    def _check_conflicts(self, live: Mapping[Key, Manifest]) -> None:
        """Refuse what live data stands in the way of, before anything is changed."""
        pods = partial(self.client.list_objects, "v1", "Pod", self.namespace)
        if conflicts := list(registry.find(self.name).conflicts(self.tenant, live, pods)):
            raise RefusedError("; ".join(conflicts))

    def _outdated(self, manifest: Manifest, live: Manifest, before: Mapping[Key, Manifest]) -> Sequence[Manifest]:
        """Return the objects that must go before the object can be what it should be; mostly none.

        A claim of another class goes if it has no volume, a Job if it has not succeeded. The component knows the rest.
        """
        if manifest["kind"] == "PersistentVolumeClaim" and not volumes.is_bound(live):
            path = ("spec", "storageClassName")
            gives_up = managed_fields.gives_up(manifest, live, names.FIELD_MANAGER, path)
            return [live] if gives_up or volumes.has_other_class(manifest, live) else []
        if manifest["kind"] == "Job" and jobs.state(live) is not State.SUCCEEDED:
            return [live] if _digest_of(live) not in {"", _digest_of(manifest)} else []
        return registry.find(self.name).outdated(manifest, before)

    def _replace(self, manifest: Manifest, mode: str, outdated: Sequence[Manifest]) -> None:
        """Delete objects that cannot change, and make the object anew."""
        has_pods = outdated[0]["kind"] == "StatefulSet"
        for live in outdated:
            # Pods of the same names would be in the way of the new ones.
            propagation = "Foreground" if live["kind"] == "StatefulSet" else "Background"
            self.client.delete(live, dry_run=self.dry_run, propagation=propagation)
            self.report.note("deleted", live, None)
        if self.dry_run:
            self.report.note("created", None, manifest)
        else:
            self.client.wait_until_gone(outdated[0], PODS_GRACE if has_pods else GRACE)
            self._apply_one(manifest, mode, None)

    def _absent_kinds(self, sources: Sequence[Source]) -> set[tuple[str, str]]:
        """Return the optional kinds that the server does not know, each with its apiVersion."""
        optional = {(source.api_version, source.kind) for source in sources if source.entry.optional}
        return {kind for kind in optional if not self.client.serves(*kind)}

    def _completed(self, manifest: Manifest) -> Manifest:
        """Return the manifest with what every object of a tenant carries: namespace, labels, owner."""
        metadata = dict(manifest["metadata"])
        if manifest["kind"] == "Namespace":
            uid = self.tenant["metadata"]["uid"]
            metadata["annotations"] = {**metadata.get("annotations", {}), names.TENANT_UID_ANNOTATION: uid}
        else:
            metadata["namespace"] = self.namespace
        tenant_name = self.tenant["metadata"]["name"]
        # Rules of other tenants select a Namespace by its labels, and a policy protects it: its instance is the tenant.
        labels = names.labels if manifest["kind"] == "Namespace" else names.object_labels
        metadata["labels"] = {**metadata.get("labels", {}), **labels(tenant_name, self.name)}
        if owners := ownership.owner_references(self.tenant, manifest["kind"]):
            metadata["ownerReferences"] = owners
        completed = {**manifest, "metadata": metadata}
        if manifest["kind"] == "Job":
            return objects.with_annotation(completed, names.DIGEST_ANNOTATION, objects.digest(manifest["spec"]))
        return completed

    def _own_namespace(self, manifest: Manifest | None) -> Manifest | None:
        """Return the tenant's namespace, made where this component makes it; None where there is none in a dry run.

        Created, never merged into: an existing namespace has to be the tenant's already. What this run made is not
        looked at again.
        """
        if self.new_namespace and not manifest:
            return {}
        live = namespaces.find(self.client, self.tenant)
        tenant = namespaces.current(self.client, self.tenant, live)
        if live is None and self.dry_run:
            return None
        if live is None and manifest:
            tenant, created_namespace = namespaces.make(self.client, tenant, manifest)
            if created_namespace:
                self.created.add(_key(created_namespace))
            live = created_namespace or namespaces.find(self.client, tenant)
        namespaces.check(live, tenant)
        if live and manifest and not self.dry_run:
            namespaces.take(self.client, tenant, live)
        return live

    def _preview(self, manifests: Sequence[Manifest], rendered: Sequence[Rendered]) -> None:
        """Report the manifests themselves. The server cannot dry-run in a namespace that does not exist."""
        for manifest, rendering in zip(manifests, rendered, strict=True):
            if rendering.mode != "grow":
                self.report.note("created", None, manifest)

    def _objects_before(self, sources: Sequence[Source], manifests: Sequence[Manifest]) -> dict[Key, Manifest]:
        """Return the objects of the component's kinds; of some kinds only those that it names, by name."""
        live_objects = [
            live
            for api_version, kind in sorted({(source.api_version, source.kind) for source in sources})
            if kind not in {"Namespace", *_BY_NAME}
            for live in self.client.list_objects(api_version, kind, self.namespace)
        ]
        named = [source.document for source in sources] + list(manifests)
        keys = {
            (manifest["apiVersion"], manifest["kind"], manifest["metadata"]["name"])
            for manifest in named
            if manifest["kind"] in _BY_NAME
        }
        live_objects += filter(None, (self.client.get(*key, self.namespace) for key in sorted(keys)))
        return {_key(live): live for live in live_objects}

    def _apply_one(self, manifest: Manifest, mode: str, before: Manifest | None) -> None:
        if mode == "grow":
            self._grow(manifest, before)
            return
        if before is None and mode == "create":
            before = self._create(manifest)
            if self.dry_run:
                self.report.note("created", None, before)
                return
        applied = manifest = self._with_secret_digest(manifest, before)
        if before is not None and manifest["kind"] == "Job" and (made_for := _digest_of(before)):
            manifest = objects.with_annotation(manifest, names.DIGEST_ANNOTATION, made_for)
        if mode == "create":
            applied = {key: manifest[key] for key in ("apiVersion", "kind", "metadata")}
        if before is not None:
            applied = self._handed_over(volumes.with_claims_of(applied, before), before)
            if manifest["kind"] == "PersistentVolumeClaim" and not volumes.must_grow(manifest, before):
                applied = volumes.with_size_of(applied, before)
        if manifest["kind"] == "Namespace" and before is not None:
            # The UID is a precondition: a namespace that was replaced in between is a conflict.
            applied = {**applied, "metadata": {**applied["metadata"], "uid": before["metadata"]["uid"]}}
        self._note(before, self._given(self._taken_back(applied, self._disowned(self._apply(applied)))))

    def _with_secret_digest(self, manifest: Manifest, before: Manifest | None) -> Manifest:
        """Return a Deployment whose pods are replaced when a Secret changes that they read at their start.

        The pods of Redis take over another password or authority without a restart, each when its kubelet has brought
        it. The Deployment waits for the last of them. While a Secret is missing, the pods that run are left alone.
        """
        if manifest["kind"] != "Deployment":
            return manifest
        secrets = {name: self._secret(name) for name in workloads.secret_reads(manifest)}
        former = objects.annotation(before["spec"]["template"], names.SECRET_DIGEST_ANNOTATION) if before else ""
        digest = workloads.secret_digest(manifest, secrets) or former
        for secret in filter(None, secrets.values()):
            age = datetime.now(UTC) - managed_fields.last_change(secret)
            wait = timedelta(seconds=self.propagation_seconds) - age
            if former not in {"", digest} and wait > timedelta(0):
                seconds = self.propagation_seconds
                self.report.remaining.append(f"{describe(secret)}: its change reaches all pods of Redis in {seconds} s")
                self.report.requeue_after = max(self.report.requeue_after or 0.0, wait.total_seconds())
                digest = former
        if not digest:
            return manifest
        template = objects.with_annotation(manifest["spec"]["template"], names.SECRET_DIGEST_ANNOTATION, digest)
        return {**manifest, "spec": {**manifest["spec"], "template": template}}

    def _secret(self, name: str) -> Manifest | None:
        """Return a Secret of the tenant's namespace; None where it does not exist, or may not be read.

        The API server learns a moment after the write what a Role allows.
        """
        answers: list[Manifest | None] = []

        def is_allowed() -> bool:
            try:
                answers.append(self.client.get("v1", "Secret", name, self.namespace))
            except ApiError as error:
                if error.status != HTTPStatus.FORBIDDEN:
                    raise
                return False
            return True

        polling.until(is_allowed, timeout=PATIENCE, interval=INTERVAL)
        return answers[0] if answers else None

    def _apply_ingress(self, manifest: Manifest, before: Manifest | None) -> list[Manifest]:
        """Apply the Ingress with the hosts that nobody else has. Return it, or nothing if no host is left."""
        refused = self._refused_hosts(self._ingresses())
        free = ingress.without(manifest, refused)
        if free:
            self._apply_one(free, "apply", before)
        if free and not self.dry_run and self.report.objects[-1]["operation"] != "unchanged":
            # Another Ingress may have taken a host between the read and the write. Both sides decide by the same rule.
            all_of_them = self._ingresses()
            live = next(
                manifest for manifest in all_of_them if _key(manifest) == _key(free) and self._is_within(manifest)
            )
            older = self._refused_hosts(ingress.older(all_of_them, live))
            if lost := {host: reason for host, reason in older.items() if host not in refused}:
                refused |= lost
                free = ingress.without(manifest, refused)
                if free:
                    self._apply_one(free, "apply", live)
                else:
                    self.client.delete(live)
        self.report.remaining += refused.values()
        return [free] if free else []

    def _is_within(self, manifest: Manifest) -> bool:
        return bool(manifest["metadata"]["namespace"] == self.namespace)

    def _ingresses(self) -> list[Manifest]:
        return list(self.client.list_objects("networking.k8s.io/v1", "Ingress"))

    def _refused_hosts(self, ingresses: Sequence[Manifest]) -> dict[str, str]:
        return ingress.refused(self.tenant["spec"], ingresses, self.namespace, self.ingress_domains)

    def _handed_over(self, manifest: Manifest, before: Manifest) -> Manifest:
        """Hand over live replicas that are no longer applied. A field that nobody owns would fall back to 1.

        In a dry run, where nothing can be given away, they are applied as they are.
        Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
        """
        if not managed_fields.gives_up(manifest, before, names.FIELD_MANAGER, ("spec", "replicas")):
            return manifest
        replicas = {"replicas": before["spec"]["replicas"]}
        if self.dry_run:
            return {**manifest, "spec": {**manifest["spec"], **replicas}}
        metadata = {key: before["metadata"][key] for key in ("name", "namespace", "uid")}
        kept = {key: manifest[key] for key in ("apiVersion", "kind")} | {"metadata": metadata, "spec": replicas}
        self.client.apply(kept, manager=names.HANDOVER_MANAGER)
        return manifest

    def _grow(self, claim: Manifest, before: Manifest | None) -> None:
        """Apply the size of a claim and its annotations. The rest belongs to the controller that made it."""
        if before is None:
            return
        annotations = claim["metadata"].get("annotations", {})
        grows = volumes.must_grow(claim, before)
        if grows or not annotations.items() <= (before["metadata"].get("annotations") or {}).items():
            metadata = {key: claim["metadata"][key] for key in ("name", "namespace")}
            metadata |= {"uid": before["metadata"]["uid"], "annotations": annotations}
            sized = claim if grows else volumes.with_size_of(claim, before)
            self._note(before, self._apply({**sized, "metadata": metadata}))

    def _create(self, manifest: Manifest) -> dict[str, Any]:
        created = self.client.create(manifest, manager=names.FIELD_MANAGER, dry_run=self.dry_run)
        self.created.add(_key(manifest))
        return created

    def _note(self, before: Manifest | None, after: Manifest) -> None:
        if _key(after) in self.created:
            before = None
        self.report.compare(before, after, names.FIELD_MANAGER)

    def _apply(self, manifest: Manifest) -> Manifest:
        try:
            return self.client.apply(manifest, manager=names.FIELD_MANAGER, force=self.force, dry_run=self.dry_run)
        except ApiError as error:
            if error.reason != "Conflict" or not error.causes:
                raise
            owners = "; ".join(f"{cause.get('field')}: {cause.get('message')}" for cause in error.causes)
            raise RefusedError(
                f"{describe(manifest)}: others own fields that the component applies ({owners}). "
                "Leave them to their owners, or take them with force: true"
            ) from None

    def _disowned(self, live: Manifest) -> Manifest:
        """Return the object without an owner reference to the tenant where it must have none.

        Dropping it from what is applied is not enough where the reference came with the object's creation.
        """
        uid = self.tenant["metadata"]["uid"]
        if ownership.owner_references(self.tenant, live["kind"]) or not ownership.is_owned_by(live, uid):
            return live
        operations = ownership.dropping_owner(live, uid)
        return self.client.json_patch(live, operations, manager=names.FIELD_MANAGER, dry_run=self.dry_run)

    def _taken_back(self, applied: Manifest, live: Manifest) -> Manifest:
        """Return an isolating object without the fields that others added. Server-side apply leaves them."""
        if live["kind"] not in ownership.ISOLATING_KINDS:
            return live
        operations = ownership.taking_back(applied, live, names.FIELD_MANAGER, self.tenant["metadata"]["uid"])
        if not operations:
            return live
        return self.client.json_patch(live, operations, manager=names.FIELD_MANAGER, dry_run=self.dry_run)

    def _given(self, live: Manifest) -> Manifest:
        """Return the Namespace without the annotation that gave it to the Tenant. An adoption works once."""
        if live["kind"] != "Namespace" or ownership.adopter(live) is None:
            return live
        operations = ownership.using_up_adoption(live)
        return self.client.json_patch(live, operations, manager=names.FIELD_MANAGER, dry_run=self.dry_run)

    def _prune(self, sources: Sequence[Source], manifests: Sequence[Manifest], before: Mapping[Key, Manifest]) -> None:
        """Delete what this component made and no longer applies, in exactly the version that was seen."""
        applied = {_key(manifest) for manifest in manifests}
        never = {"Namespace"} | {source.kind for source in sources if source.entry.mode in {"grow", "keep"}}
        for key, live in before.items():
            if key in applied or live["kind"] in never or live["metadata"].get("deletionTimestamp"):
                continue
            if self.client.delete_while(live, self._is_prunable, dry_run=self.dry_run):
                self.report.note("deleted", live, None)

    def _is_prunable(self, live: Manifest) -> bool:
        return ownership.is_prunable(live, self.name, self.tenant)


def _joined(failures: Sequence[ApiError]) -> ApiError:
    """Return several errors as one."""
    first = failures[0]
    return ApiError("; ".join(map(str, failures)), status=first.status, reason=first.reason, causes=first.causes)


def _digest_of(manifest: Manifest) -> str:
    """Return the digest of the specification that an object was made for; empty where it has none."""
    return objects.annotation(manifest, names.DIGEST_ANNOTATION)


def _key(manifest: Manifest) -> Key:
    return manifest["kind"], manifest["metadata"]["name"]
