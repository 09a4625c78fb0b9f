"""A cluster with a metrics API: the status tells what a tenant uses, and its autoscaler scales it."""

from tests import metrics_api
from tests.control_plane import condition, is_reconciled

RESOURCES = {"cpu": {"request": "100m", "limit": "1"}, "memory": {"request": "64Mi", "limit": "128Mi"}}
AUTOSCALING = {"enabled": True, "minReplicas": 1, "maxReplicas": 3, "targetCPUUtilizationPercentage": 50}


def test_a_busy_tenant_is_scaled_out_and_its_status_tells_what_it_uses(
    operated_cluster, name, make_tenant, start, tmp_path
):
    cluster = operated_cluster
    with metrics_api.serving(cluster, lambda pod: {"cpu": "90m", "memory": "40Mi"}, tmp_path):
        start()
        cluster.apply(make_tenant(name, server={"resources": RESOURCES, "autoscaling": AUTOSCALING}))
        cluster.wait_until(lambda: is_reconciled(cluster, name))

        def server():
            return cluster.get("tenant", name)["status"]["components"]["server"]

        cluster.wait_until(lambda: server().get("replicas") == "3/3")
        status = cluster.get("tenant", name)["status"]
        assert condition(cluster.get("tenant", name), "Ready")["status"] == "True"
        # Four pods, three of the server and one of Redis.
        assert (status["metrics"]["cpu"], status["metrics"]["memory"]) == ("360m", "160Mi")
        scaled = cluster.get("hpa", "neurallog-server", namespace=f"tenant-{name}")["status"]
        assert scaled["desiredReplicas"] == 3
    cluster.apply(make_tenant(name, server={"resources": RESOURCES, "autoscaling": AUTOSCALING, "logLevel": "debug"}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert "cpu" not in cluster.get("tenant", name)["status"]["metrics"]  # nobody tells any more
