"""What a new tenant costs, in requests. A change that adds one fails here, and says so in the expectation or goes."""

import re
from collections import Counter

from tests.control_plane import is_reconciled

WRITTEN_ONCE = {
    "namespaces/tenant-NAME",
    "resourcequotas/no-affinity-across-namespaces",
    "resourcequotas/objects",
    "limitranges/ephemeral-storage",
    "serviceaccounts/default",
    *(f"networkpolicies/{name}" for name in ("default-deny", "allow-internal", "allow-dns", "allow-api")),
    "networkpolicies/allow-monitoring",
    *(f"serviceaccounts/{name}" for name in ("redis", "neurallog-server", "redis-backup")),
    *(f"configmaps/{name}" for name in ("redis-config", "neurallog-server", "redis-backup")),
    "secrets/redis-auth",
    *(f"services/{name}" for name in ("redis-headless", "redis", "neurallog-server")),
    "poddisruptionbudgets/redis",
    "statefulsets/redis",
    "deployments/neurallog-server",
    "persistentvolumeclaims/redis-backups",
    "cronjobs/redis-backup",
}
MADE = {"POST namespaces": 1, "POST secrets": 1}
"""What is never merged into."""
TENANT = {"GET tenants/NAME": 1, "PATCH tenants/NAME": 1, "PATCH tenants/NAME/status": 1}
"""It is fetched, gets its finalizer, and keeps the UID of its namespace."""
READS = {"GET namespaces/tenant-NAME": 1, "GET secrets/redis-auth": 1}
"""Whether the namespace is there, and is whose; the server's pods carry the digest of the password."""

LOOKS = [
    *("GET namespaces/tenant-NAME", "GET statefulsets/redis", "GET persistentvolumeclaims"),
    *("GET deployments/neurallog-server", "GET networkpolicies", "GET cronjobs/redis-backup", "GET pods", "GET jobs"),
]
"""What the first status is told from."""


def shown(request, name):
    """Return the verb and what follows the API's group and namespace."""
    verb, path = request.split("?")[0].replace(name, "NAME").split(" ", 1)
    return f"{verb} {re.sub(r'^/(api/v1|apis/[^/]+/[^/]+)/(namespaces/tenant-NAME/)?', '', path)}"


def test_a_new_tenant_costs_a_write_for_each_object_and_no_look_at_what_cannot_be_there(
    proxy, operate, cluster, name, make_tenant
):
    operate()
    about = proxy.add("none", rf"(tenants/|tenant-|\"name\": *\"){name}\b")
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    requests = [shown(each, name) for each in about.seen]
    last = requests.index("PATCH cronjobs/redis-backup")
    applied = {f"PATCH {each}": 1 for each in WRITTEN_ONCE}
    assert Counter(requests[: last + 1]) == {**TENANT, **MADE, **READS, **applied}
    reported = requests[last + 1 : requests.index("PATCH tenants/NAME/status", last)]
    assert sorted(reported) == sorted(LOOKS)
