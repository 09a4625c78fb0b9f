"""The operator's Deployment has the memory that a start with many tenants takes."""

import yaml

from ansible_collections.neurallog.tenant.plugins.module_utils.kube import quantities
from benchmarks import memory
from tests.control_plane import CHECKOUT


def test_a_start_with_a_thousand_tenants_takes_less_than_half_of_the_deployments_limit(
    operated_cluster, start, tmp_path
):
    (deployment,) = yaml.safe_load_all((CHECKOUT / "config" / "manager" / "manager.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    limit = quantities.parse(container["resources"]["limits"]["memory"]) / memory.MEBIBYTE
    memory.make_sample(operated_cluster.kubeconfig, tmp_path)
    most, _ = memory.measure(operated_cluster.kubeconfig, 1000, tmp_path)
    start()
    operated_cluster.kubectl("delete", "tenant", memory.SAMPLE, "--timeout=240s")
    assert most < limit / 2
