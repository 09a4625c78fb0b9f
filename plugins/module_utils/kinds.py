"""The kinds of a tenant's objects. The client, the deletion and the benchmarks read them here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .kube.resources import Resource


@dataclass(frozen=True)
class Kind:
    """A kind that the collection reads or writes.

    Args:
        resource: where the API server has it.
        is_made: whether the roles make objects of it in a tenant's namespace.
        is_retained: whether they stay under the deletion policy Retain, so that a deletion takes the Tenant off their
            owners. Secrets stay as well, and are read by name alone.
        is_optional: whether a cluster may not serve it; it is looked for by discovery.
    """

    resource: Resource
    is_made: bool = False
    is_retained: bool = False
    is_optional: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Its apiVersion and its kind."""
        return self.resource.api_version, self.resource.kind


def _made(api_version: str, kind: str, plural: str, *, optional: bool = False) -> Kind:
    """Return a kind of objects that stay under Retain."""
    return Kind(Resource(api_version, kind, plural), is_made=True, is_retained=True, is_optional=optional)


def _isolating(api_version: str, kind: str, plural: str) -> Kind:
    """Return a kind of objects that isolate. No Tenant owns them: they end with the namespace, after its pods."""
    return Kind(Resource(api_version, kind, plural), is_made=True)


def _granting(kind: str, plural: str) -> Kind:
    """Return a kind of objects that give a right. The Tenant owns them in any case: a right does not outlive it."""
    return Kind(Resource("rbac.authorization.k8s.io/v1", kind, plural), is_made=True)


def _read(api_version: str, kind: str, plural: str, *, namespaced: bool = True) -> Kind:
    """Return a kind whose objects the roles do not make."""
    return Kind(Resource(api_version, kind, plural, namespaced=namespaced))


_ADMISSION = "admissionregistration.k8s.io/v1"

ALL = (
    Kind(Resource("v1", "Namespace", "namespaces", namespaced=False), is_made=True),
    Kind(Resource("v1", "Secret", "secrets"), is_made=True),
    Kind(Resource("batch/v1", "Job", "jobs"), is_made=True),
    _isolating("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    _isolating("v1", "LimitRange", "limitranges"),
    _isolating("v1", "ResourceQuota", "resourcequotas"),
    _granting("Role", "roles"),
    _granting("RoleBinding", "rolebindings"),
    _made("v1", "ConfigMap", "configmaps"),
    _made("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    _made("v1", "Service", "services"),
    _made("v1", "ServiceAccount", "serviceaccounts"),
    _made("apps/v1", "Deployment", "deployments"),
    _made("apps/v1", "StatefulSet", "statefulsets"),
    _made("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    _made("batch/v1", "CronJob", "cronjobs"),
    _made("monitoring.coreos.com/v1", "PrometheusRule", "prometheusrules", optional=True),
    _made("monitoring.coreos.com/v1", "ServiceMonitor", "servicemonitors", optional=True),
    _made("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig", "alertmanagerconfigs", optional=True),
    _made("networking.k8s.io/v1", "Ingress", "ingresses"),
    _made("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    _read("v1", "Event", "events"),
    _read("v1", "Pod", "pods"),
    _read("metrics.k8s.io/v1beta1", "PodMetrics", "pods"),
    _read("neurallog.io/v1", "Tenant", "tenants", namespaced=False),
    _read("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False),
    _read(_ADMISSION, "ValidatingAdmissionPolicy", "validatingadmissionpolicies", namespaced=False),
    _read(_ADMISSION, "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", namespaced=False),
)

SERVED: Mapping[tuple[str, str], Resource] = {kind.key: kind.resource for kind in ALL if not kind.is_optional}
"""Kinds that need no discovery request, by apiVersion and kind."""

MADE = tuple(kind for kind in ALL if kind.is_made)
RETAINED = tuple(kind for kind in ALL if kind.is_retained)
