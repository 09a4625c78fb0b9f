"""What an outsider on the network can do to the operator by its endpoints, and what they tell it."""

import socket
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.control_plane import CHECKOUT, is_reconciled
from tests.endpoints import TO_SERVE, address, fetch

FLOOD = 2000
"""Connections that say nothing; an operator with a thread for each died of some thousands."""


@pytest.fixture
def operator(operated_cluster, start, tmp_path):
    """The operator with both endpoints, and with the rights that are shipped; the process knows their addresses."""
    cluster = operated_cluster
    cluster.kubectl("apply", "-f", CHECKOUT / "config" / "manager" / "namespace.yaml")
    cluster.kubectl("apply", "-k", CHECKOUT / "config" / "rbac")
    rights = cluster.kubeconfig_of("tenant-operator", "neurallog-system", tmp_path)
    process = start(*TO_SERVE, kubeconfig=rights)
    process.probes = cluster.wait_until(lambda: address(process, "/healthz"))
    process.metrics = cluster.wait_until(lambda: address(process, "/metrics"))
    return process


def test_thousands_of_silent_connections_leave_the_operator_at_work(operated_cluster, name, make_tenant, operator):
    cluster = operated_cluster
    cluster.wait_until(lambda: fetch(f"http://{operator.probes}/readyz")[0] == HTTPStatus.OK)
    threads = len(list(Path(f"/proc/{operator.pid}/task").iterdir()))
    flood = []
    try:
        for served in (operator.probes, operator.metrics):
            host, port = served.split(":")
            flood += [socket.create_connection((host, int(port)), timeout=30) for _ in range(FLOOD // 2)]
        assert len(list(Path(f"/proc/{operator.pid}/task").iterdir())) < threads + 20
        cluster.wait_until(lambda: _is_healthy(operator))
    finally:
        for connection in flood:
            connection.close()
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert operator.poll() is None


def _is_healthy(operator):
    try:
        return fetch(f"http://{operator.probes}/healthz") == (HTTPStatus.OK, "ok\n")
    except OSError:  # closed: the flood has the threads
        return False


def test_metrics_are_for_a_token_with_the_right_and_probes_tell_nothing(operated_cluster, operator):
    cluster = operated_cluster
    assert fetch(f"http://{operator.probes}/metrics")[0] == HTTPStatus.NOT_FOUND
    url = f"https://{operator.metrics}/metrics"
    assert fetch(url) == (HTTPStatus.UNAUTHORIZED, "Unauthorized\n")
    assert fetch(url, "forged")[0] == HTTPStatus.UNAUTHORIZED
    cluster.kubectl("create", "serviceaccount", "prometheus", "-n", "default", check=False)
    token = cluster.kubectl("create", "token", "prometheus", "-n", "default").strip()
    assert fetch(url, token)[0] == HTTPStatus.FORBIDDEN
    reader = "--clusterrole=tenant-operator-metrics-reader"
    cluster.kubectl("create", "clusterrolebinding", "prometheus", reader, "--serviceaccount=default:prometheus")
    cluster.wait_until(lambda: fetch(url, token)[0] == HTTPStatus.OK)
    assert "tenant_operator_leader" in fetch(url, token)[1]


def test_plain_http_is_no_way_to_the_metrics(operator):
    with pytest.raises(ConnectionError):
        fetch(f"http://{operator.metrics}/metrics")
