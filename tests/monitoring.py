"""The kinds of the Prometheus operator, without the operator and without a schema."""

GROUP = "monitoring.coreos.com"
VERSIONS = {"AlertmanagerConfig": "v1alpha1", "PrometheusRule": "v1", "ServiceMonitor": "v1"}


class MonitoringKinds:
    """Has a cluster know them, or not."""

    def __init__(self, cluster):
        self._cluster = cluster

    def install(self):
        for kind, version in VERSIONS.items():
            self._cluster.apply(_definition(kind, version))
        self._cluster.kubectl("wait", "--for=condition=Established", *self._names(), "--timeout=60s")

    def remove(self):
        self._cluster.kubectl("delete", *self._names(), "--ignore-not-found", "--timeout=60s")

    def _names(self):
        return [f"crd/{kind.lower()}s.{GROUP}" for kind in VERSIONS]


def _definition(kind, version):
    plural = f"{kind.lower()}s"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }
