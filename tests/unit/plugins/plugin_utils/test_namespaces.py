"""A tenant's namespace is made or adopted once, and known by its UID."""

from http import HTTPStatus

import pytest

from ansible_collections.neurallog.tenant.plugins.plugin_utils import namespaces
from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import ApiError
from ansible_collections.neurallog.tenant.plugins.plugin_utils.errors import RefusedError

MANIFEST = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tenant-acme"}}


def kept(api):
    return api.get("Tenant", "acme")["status"].get("namespaceUID")


def test_the_namespace_is_found_by_name_whosever_it_is(api, make_tenant, make_namespace):
    tenant = make_tenant()
    assert namespaces.find(api.client, tenant) is None
    live = make_namespace()
    assert namespaces.find(api.client, tenant)["metadata"]["uid"] == live["metadata"]["uid"]


def test_what_is_made_is_kept_by_its_uid_with_a_manager_of_its_own(api, make_tenant):
    tenant, made = namespaces.make(api.client, make_tenant(), MANIFEST)
    assert made["metadata"]["uid"] == kept(api) == tenant["status"]["namespaceUID"]
    (entry,) = api.get("Tenant", "acme")["metadata"]["managedFields"]
    assert (entry["manager"], entry["subresource"]) == ("tenant-operator-namespace", "status")


def test_an_earlier_namespace_is_forgotten_before_another_is_made(api, make_tenant):
    tenant = make_tenant(status={"namespaceUID": "old"})
    api.refuse("POST", "/namespaces", HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError")
    with pytest.raises(ApiError):
        namespaces.make(api.client, tenant, MANIFEST)
    assert kept(api) == ""


def test_a_namespace_that_another_made_meanwhile_is_not_ours(api, make_tenant, make_namespace):
    make_namespace()
    tenant, made = namespaces.make(api.client, make_tenant(), MANIFEST)
    assert made is None
    assert "namespaceUID" not in tenant["status"]
    assert kept(api) is None


def test_a_namespace_is_taken_once(api, make_tenant, make_namespace):
    live = make_namespace()
    tenant = namespaces.take(api.client, make_tenant(), live)
    assert tenant["status"]["namespaceUID"] == live["metadata"]["uid"] == kept(api)
    api.requests.clear()
    assert namespaces.take(api.client, tenant, live) is tenant
    assert api.requests == []


def test_the_server_is_asked_only_where_the_status_keeps_another_namespace(api, make_tenant, make_namespace):
    live = make_namespace()
    tenant = make_tenant(status={"namespaceUID": live["metadata"]["uid"], "phase": "Running"})
    api.requests.clear()
    assert namespaces.current(api.client, tenant, live) is tenant
    assert namespaces.current(api.client, {**tenant, "status": {}}, live)["status"] == {}
    assert api.requests == []
    outdated = {**tenant, "status": {"namespaceUID": "old", "phase": "Running"}}
    assert namespaces.current(api.client, outdated, live)["status"] == tenant["status"]
    assert namespaces.current(api.client, outdated, None)["status"] == tenant["status"]


@pytest.mark.parametrize("exists", [True, False])
def test_another_tenant_of_the_name_says_nothing_of_this_ones_namespace(api, make_tenant, exists):
    tenant = make_tenant(status={"namespaceUID": "old"})
    api.objects.clear()
    if exists:
        make_tenant(status={"namespaceUID": "new"}, uid="another")
    assert namespaces.current(api.client, tenant, None) is tenant


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (None, "Namespace tenant-acme does not exist: run without --tags"),
        ({"uid": "x"}, "is not this Tenant's: nothing was written to it.*neurallog.io/adopt=acme"),
        ({"uid": "n", "deletionTimestamp": "now"}, "is being deleted: try again when it is gone"),
        ({"uid": "n"}, None),
        ({"uid": "x", "annotations": {"neurallog.io/adopt": "acme"}}, None),
        ({"uid": "x", "annotations": {"neurallog.io/adopt": "other"}}, "is not this Tenant's"),
    ],
)
def test_nothing_goes_on_in_a_namespace_that_is_not_the_tenants(make_tenant, make_namespace, metadata, message):
    namespace = None if metadata is None else make_namespace(**metadata)
    tenant = make_tenant(status={"namespaceUID": "n"})
    if message is None:
        namespaces.check(namespace, tenant)
    else:
        with pytest.raises(RefusedError, match=message):
            namespaces.check(namespace, tenant)
