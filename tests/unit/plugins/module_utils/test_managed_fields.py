from ansible_collections.neurallog.tenant.plugins.module_utils.kube import managed_fields


def owned(manager, fields, operation="Apply", subresource=""):
    entry = {"manager": manager, "operation": operation, "fieldsV1": fields}
    return {**entry, "subresource": subresource} if subresource else entry


def entries(*managed):
    return {"metadata": {"managedFields": list(managed)}}


CONTAINERS = {"k:{\"name\":\"redis\"}": {".": {}, "f:image": {}}}  # fmt: skip


def test_a_claim_is_read_by_manager_operation_and_subresource():
    manifest = entries(
        owned("us", {"f:spec": {"f:replicas": {}}}),
        owned("us", {"f:status": {}}, subresource="status"),
        owned("us", {"f:data": {}}, operation="Update"),
    )
    assert managed_fields.claimed(manifest, "us") == {("f:spec", "f:replicas")}
    assert managed_fields.claimed(manifest, "us", operation="Update") == {("f:data",)}
    assert managed_fields.claimed(manifest, "them") == frozenset()


def test_a_manager_that_agreed_on_the_value_loses_nothing():
    both = entries(owned("us", {"f:spec": {"f:replicas": {}}}), owned("them", {"f:spec": {"f:replicas": {}}}))
    assert managed_fields.losses(both, both, "us") == {}


def test_what_another_manager_had_and_we_hold_now_is_its_loss_by_name():
    fields = {"f:spec": {"f:containers": CONTAINERS, "f:replicas": {}}}
    before = entries(owned("them", fields, operation="Update"))
    after = entries(owned("us", fields))
    assert managed_fields.losses(before, after, "us") == {
        "them": [".spec.containers[name=\"redis\"]", ".spec.containers[name=\"redis\"].image", ".spec.replicas"]
    }  # fmt: skip


def test_what_another_manager_gave_up_by_itself_is_no_loss():
    before = entries(owned("them", {"f:spec": {"f:replicas": {}, "f:paused": {}}}))
    after = entries(owned("us", {"f:spec": {"f:replicas": {}}}))
    assert managed_fields.losses(before, after, "us") == {"them": [".spec.replicas"]}


def test_a_key_with_dots_is_rendered_in_quotes():
    assert managed_fields.render(("f:data", "f:redis.conf")) == '.data["redis.conf"]'
