"""Whoever wants to be rid of the operator and its API is, in whichever order the documented commands are given."""

import os
import signal

import pytest

from tests.control_plane import CHECKOUT, is_reconciled
from tests.processes import output_of


@pytest.fixture
def make(bare_cluster):
    """Run a target of the Makefile for the cluster, as docs/operator.md has it; returns what it says."""

    def make(*words):
        environment = {**os.environ, "KUBECONFIG": str(bare_cluster.kubeconfig)}
        return output_of("make", *words, folder=CHECKOUT, environment=environment, timeout=300)

    return make


def ours(cluster):
    """Return the names of all that the operator and its API have on a cluster, beyond any namespace."""
    kinds = ("customresourcedefinitions", "clusterroles", "clusterrolebindings", "namespaces",
             "validatingadmissionpolicies", "validatingadmissionpolicybindings")  # fmt: skip
    names = {each["metadata"]["name"] for kind in kinds for each in cluster.get(kind) or ()}
    return {name for name in names - {"tenants"} if "tenant" in name or "neurallog" in name}


@pytest.mark.parametrize("order", [("undeploy", "uninstall"), ("uninstall", "undeploy")])
def test_operator_and_api_go_in_any_order_and_leave_nothing(bare_cluster, start, make, name, make_tenant, order):
    make("deploy")
    operator = start(kubeconfig=bare_cluster.kubeconfig)
    bare_cluster.apply(make_tenant(name))
    bare_cluster.wait_until(lambda: is_reconciled(bare_cluster, name))
    for target in order:
        if target == "undeploy":
            operator.send_signal(signal.SIGTERM)
            assert operator.wait(timeout=60) == 0
        said = make(target, "CONFIRM=yes")
        assert target != "uninstall" or name in said
    bare_cluster.wait_until(lambda: not ours(bare_cluster))
