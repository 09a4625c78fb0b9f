"""What the operator has made for a tenant, so that two tenants can be compared."""

import json
import re

OWNED = (
    ("v1", "Namespace"),
    *(
        ("v1", kind)
        for kind in ("ConfigMap", "Service", "ServiceAccount", "PersistentVolumeClaim", "ResourceQuota", "LimitRange")
    ),
    *(("apps/v1", kind) for kind in ("StatefulSet", "Deployment")),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("networking.k8s.io/v1", "Ingress"),
    ("policy/v1", "PodDisruptionBudget"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
)
"""The kinds of a tenant's objects but for Secrets, whose data is random."""


def stated(made, tenant):
    """Return what is the same in two tenants that were made alike: without identity, addresses and status."""
    text = json.dumps({key: value for key, value in made.items() if key not in {"metadata", "status"}}, sort_keys=True)
    text = re.sub(r'("BACKUPS_OF", "value": )"[^"]*"', r'\1"NAME"', text)  # the Tenant's UID
    shown = json.loads(
        text.replace(f"tenant-{tenant}", "tenant-NAME")
        .replace(f'"{tenant}"', '"NAME"')
        .replace(f'/{tenant}"', '/NAME"')
        .replace("example.org", "example.com")
    )
    metadata = made["metadata"]
    shown["labels"] = {
        key: value
        for key, value in metadata["labels"].items()
        if value not in {tenant, f"Tenant-{tenant}", f"tenant-{tenant}"}
    }
    shown["annotations"] = {
        key: value for key, value in metadata.get("annotations", {}).items() if not re.search("kubernetes.io|uid$", key)
    }
    shown["owners"] = [owner["kind"] for owner in metadata.get("ownerReferences", ())]
    spec = shown.get("spec", {})
    for field in ("clusterIP", "clusterIPs", "volumeName"):
        spec.pop(field, None)
    claims = [claim["spec"] for claim in spec.get("volumeClaimTemplates", ())]
    for claim in claims:  # the template keeps its first size: the claims themselves grow
        claim.pop("resources")
    for section in (shown, spec.get("template", {}).get("metadata", {})):
        for digest in ("config-digest", "secret-digest"):
            (section.get("annotations") or {}).pop(f"neurallog.io/{digest}", None)
    return shown
