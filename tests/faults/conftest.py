"""The proxy through which an operator of a test reaches its control plane."""

import pytest

from tests.faults.proxy import Proxy


@pytest.fixture
def cluster(operated_cluster):
    return operated_cluster


@pytest.fixture
def proxy(cluster):
    proxy = Proxy(cluster.kubeconfig)
    yield proxy
    proxy.close()


@pytest.fixture
def operate(start, proxy, tmp_path):
    """Start an operator whose requests go through the proxy."""
    return lambda *arguments: start(*arguments, kubeconfig=proxy.kubeconfig(tmp_path))
