"""A tenant on an API server in memory."""

import pytest

from .plugin_utils.api_server import ApiServer

SPEC = {
    "server": {"image": "s:1", "env": []},
    "redis": {
        "security": {"enabled": True, "tls": {"enabled": False}},
        "mode": "standalone",
        "replicas": 1,
        "masters": 3,
    },
    "networkPolicy": {"enabled": True},
    "backup": {"enabled": False, "schedule": "0 2 * * *", "timeZone": "Etc/UTC"},
    "integrations": {"ingress": {"enabled": False}},
}


@pytest.fixture
def api():
    return ApiServer()


@pytest.fixture
def make_tenant(api):
    """Have a Tenant; returns it as the server keeps it."""

    def make(spec=None, status=None, **metadata):
        manifest = {
            "apiVersion": "neurallog.io/v1",
            "kind": "Tenant",
            "metadata": {"name": "acme", "uid": "u", "generation": 1, **metadata},
            "spec": {**SPEC, **(spec or {})},
            "status": status or {},
        }
        return api.put(manifest)

    return make


@pytest.fixture
def make_namespace(api):
    """Have the namespace of that name; returns it as the server keeps it."""

    def make(**metadata):
        return api.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tenant-acme", **metadata}})

    return make
