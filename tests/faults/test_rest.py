"""At rest nothing is written."""

from collections import Counter

import yaml

from tests.control_plane import is_reconciled, labelled
from tests.faults.oracles import OURS, WRITES

TENANTS = 50
STATUS_PERIOD = "5s"
"""The time between two reports of a status, of which some find other metrics."""


def requests(cluster, position, *verbs):
    """Return the operator's requests of these verbs since, but for its Lease."""
    events = cluster.audited(position)
    return [event["requestURI"] for event in events if event["verb"] in verbs and event["userAgent"].startswith(OURS)]


def test_nothing_is_written_in_three_periods_of_the_status(cluster, start, name, make_tenant, own_watches):
    start(watches=own_watches(status_period=STATUS_PERIOD))
    names = [f"{name[:40]}-{number}" for number in range(TENANTS)]
    tenants = [labelled(make_tenant(each), name) for each in names]
    cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(tenants))
    for each in names:
        cluster.wait_until(lambda each=each: is_reconciled(cluster, each))

    def reported(since):
        """Return whether each status was reported three times; the watcher reads the Tenant before and after."""
        reads = Counter(requests(cluster, since, "get"))
        return all(reads[f"/apis/neurallog.io/v1/tenants/{each}"] >= 3 * 2 for each in names)

    settled = cluster.audit_position()
    cluster.wait_until(lambda: reported(settled))  # what the first starts have left to say is said
    position = cluster.audit_position()
    cluster.wait_until(lambda: reported(position))
    assert requests(cluster, position, *WRITES) == []
    cluster.kubectl("delete", "tenants", "-l", f"test={name}", "--wait=false")
