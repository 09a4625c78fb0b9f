"""Who reads the password of Redis at its start is replaced when it changes, and not before Redis has it."""

from datetime import UTC, datetime, timedelta

from .components import manifest


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
    assert apply.report.remaining == [
        "Secret tenant-acme/redis-auth: its new password reaches all pods of Redis within 120 s"
    ]
    change("Yg==", seconds=121)
    assert apply(reader()) == {"Deployment neurallog-server": "updated"}
    assert annotations(api)["neurallog.io/secret-digest"] != first
    assert apply.report.remaining == []


def test_the_content_of_a_secret_that_the_tenant_names_is_not_asked_for(api, apply):
    apply(reader("own"))
    assert not any(path.endswith("/secrets/own") for _, path, _ in api.requests)
