"""A control plane of a campaign's own, with the Tenant API and an audit log."""

from contextlib import contextmanager

from devcluster import kwok
from tests.control_plane import Cluster


@contextmanager
def running(folder):
    """Start it in the folder, and end it after use."""
    control_plane = kwok.Cluster(folder)
    control_plane.up(audit=True)
    try:
        cluster = Cluster(control_plane.kubeconfig, control_plane.audit_log)
        installed = cluster.playbook("install")
        assert installed.code == 0, installed.output
        yield cluster
    finally:
        control_plane.down()
