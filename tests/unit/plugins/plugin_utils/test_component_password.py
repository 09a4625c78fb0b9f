"""Who reads the password of Redis at its start is replaced when it changes, and not before Redis has it."""

from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.neurallog.tenant.plugins.plugin_utils import component
from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import ApiError

from .components import manifest

IN_NAMESPACE = {"name": "own", "namespace": "tenant-acme"}


def reader(name="redis-auth"):
    env = [{"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": name, "key": "password"}}}]
    template = {"metadata": {"annotations": {"a": "b"}}, "spec": {"containers": [{"name": "server", "env": env}]}}
    return manifest("Deployment", "neurallog-server", "apps/v1", spec={"replicas": 1, "template": template})


def annotations(api):
    live = api.get("Deployment", "neurallog-server", "tenant-acme")
    return live["spec"]["template"]["metadata"]["annotations"]


def test_another_password_is_rolled_out_to_those_who_read_it_at_their_start(api, apply):
    apply(reader())
    assert annotations(api) == {"a": "b"}
    digests = set()
    for password in ("YQ==", "Yg=="):
        secret = manifest("Secret", "redis-auth", data={"password": password})
        api.put({**secret, "metadata": {"name": "redis-auth", "namespace": "tenant-acme"}})
        assert apply(reader(), propagation_seconds=0) == {"Deployment neurallog-server": "updated"}
        assert apply(reader()) == {"Deployment neurallog-server": "unchanged"}
        assert annotations(api)["a"] == "b"
        digests.add(annotations(api)["neurallog.io/secret-digest"])
    assert len(digests) == 2
    assert "YQ==" not in "".join(digests)


def test_a_deployment_waits_until_all_pods_of_redis_have_the_new_password(api, apply):
    def change(password, **age):
        secret = manifest("Secret", "redis-auth", data={"password": password})
        created = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        time = (datetime.now(UTC) - timedelta(**age)).isoformat()
        written = {"manager": "somebody", "operation": "Update", "time": time}
        metadata = {"name": "redis-auth", "namespace": "tenant-acme"}
        api.put({**secret, "metadata": {**metadata, "creationTimestamp": created, "managedFields": [written]}})

    change("YQ==", seconds=1)
    apply(reader())
    first = annotations(api)["neurallog.io/secret-digest"]
    assert apply.report.remaining == []
    change("Yg==", seconds=100)
    assert apply(reader()) == {"Deployment neurallog-server": "unchanged"}
    assert apply.report.remaining == ["Secret tenant-acme/redis-auth: its change reaches all pods of Redis in 120 s"]
    change("Yg==", seconds=121)
    assert apply(reader()) == {"Deployment neurallog-server": "updated"}
    assert annotations(api)["neurallog.io/secret-digest"] != first
    assert apply.report.remaining == []


def test_a_secret_that_the_tenant_names_is_rolled_out_by_the_keys_that_pods_read(api, apply):
    def write(**data):
        api.put({**manifest("Secret", "own", data=data), "metadata": {**IN_NAMESPACE, "uid": "s"}})

    write(password="YQ==", other="YQ==")
    apply(reader("own"), propagation_seconds=0)
    write(password="YQ==", other="Yg==")
    assert apply(reader("own"), propagation_seconds=0) == {"Deployment neurallog-server": "unchanged"}
    write(password="Yg==", other="Yg==")
    assert apply(reader("own"), propagation_seconds=0) == {"Deployment neurallog-server": "updated"}


def test_pods_are_left_alone_while_a_secret_is_missing(api, apply):
    api.put({**manifest("Secret", "own", data={"password": "YQ=="}), "metadata": IN_NAMESPACE})
    apply(reader("own"))
    api.objects.pop("/api/v1/namespaces/tenant-acme/secrets/own")
    assert apply(reader("own"), propagation_seconds=0) == {"Deployment neurallog-server": "unchanged"}
    assert apply.report.remaining == []


def test_a_secret_is_read_as_soon_as_a_new_role_allows_it(api, apply):
    api.put({**manifest("Secret", "own", data={"password": "YQ=="}), "metadata": IN_NAMESPACE})
    for _ in range(2):
        api.refuse("GET", "/secrets/own", once=True)
    apply(reader("own"))
    assert "neurallog.io/secret-digest" in annotations(api)
    assert [path.endswith("/secrets/own") for _, path, _ in api.requests].count(True) == 3


def test_a_secret_that_may_never_be_read_holds_nothing_back(api, apply, monkeypatch):
    monkeypatch.setattr(component, "PATIENCE", 0)
    api.put({**manifest("Secret", "own", data={"password": "YQ=="}), "metadata": IN_NAMESPACE})
    api.refuse("GET", "/secrets/own")
    assert apply(reader("own")) == {"Deployment neurallog-server": "created"}
    assert annotations(api) == {"a": "b"}


def test_a_server_that_is_away_is_no_secret_that_may_not_be_read(api, apply):
    api.refuse("GET", "/secrets/own", status=500, reason="InternalError")
    with pytest.raises(ApiError, match="InternalError"):
        apply(reader("own"))
