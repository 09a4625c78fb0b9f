"""What the operator has made for a tenant, so that two tenants can be compared."""

import json
import re
from collections import defaultdict

from ansible_collections.neurallog.tenant.plugins.module_utils import kinds

OWNED = [kind.key for kind in kinds.MADE if kind.resource.kind not in {"Secret", "Job"} and not kind.is_optional]
"""The kinds of a tenant's objects but for Secrets, whose data is random, and for Jobs, which come and go."""


def made_by_tenant(client):
    """Return the operator's objects by the name of their tenant."""
    found = defaultdict(list)
    ours = {"labelSelector": "app.kubernetes.io/managed-by=tenant-operator"}
    for each in (each for kind in OWNED for each in client.list_objects(*kind, **ours)):
        found[each["metadata"].get("namespace", each["metadata"]["name"]).removeprefix("tenant-")].append(each)
    return found


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
