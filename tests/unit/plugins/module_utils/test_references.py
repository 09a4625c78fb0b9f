"""Which Secrets a Tenant names, whether they are there, and whether the server's pods have what is in them."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.components import references
from ansible_collections.neurallog.tenant.plugins.module_utils.components.base import Health, Observed
from ansible_collections.neurallog.tenant.plugins.module_utils.kube import workloads


def key(name, **rest):
    return {"name": name, "key": "k", **rest}


def named(spec):
    return [(each.name, each.field, each.keys) for each in references.references(spec)]


SECURITY = {"enabled": True, "authSecret": "own", "tls": {"enabled": True, "certSecret": "tls"}}
TLS = ("tls", "spec.redis.security.tls.certSecret", ("ca.crt", "tls.crt", "tls.key"))
BUCKET = {"type": "s3", "secretRef": {"name": "bucket"}}
SLACK = {"slack": {"webhookURLSecretRef": key("hook")}}


def test_a_tenant_that_names_no_secret_has_no_component_of_them():
    assert references.COMPONENT.applies({"spec": {}}) is False
    assert references.COMPONENT.applies({"spec": {"redis": {"security": SECURITY}}}) is True


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, []),
        (
            {"redis": {"security": SECURITY}},
            [("own", "spec.redis.security.authSecret", ("password",)), TLS],
        ),
        ({"redis": {"security": {**SECURITY, "enabled": False}}}, [TLS]),
        ({"redis": {"security": {"enabled": True, "tls": {"enabled": False, "certSecret": "tls"}}}}, []),
        ({"backup": {"enabled": True, "storage": BUCKET}}, [("bucket", "spec.backup.storage.secretRef", ())]),
        ({"backup": {"enabled": True, "storage": {"type": "local"}}}, []),
        ({"backup": {"enabled": False, "storage": BUCKET}}, []),
        (
            {"backup": {"enabled": False, "restoreFrom": "x", "storage": BUCKET}},
            [("bucket", "spec.backup.storage.secretRef", ())],
        ),
        ({"server": {"imagePullSecrets": [{"name": "pull"}]}}, [("pull", "spec.server.imagePullSecrets", ())]),
        (
            {"server": {"env": [{"name": "A", "value": "x"}, {"name": "B", "valueFrom": {"secretKeyRef": key("b")}}]}},
            [("b", "spec.server.env: B", ("k",))],
        ),
        (
            {"server": {"api": {"authentication": {"enabled": True, "type": "jwt", "jwt": {"secretRef": key("jwt")}}}}},
            [("jwt", "spec.server.api.authentication", ("k",))],
        ),
        (
            {"monitoring": {"enabled": True, "alerts": {"enabled": True, "receivers": [SLACK, {"email": "a@b.c"}]}}},
            [("hook", "spec.monitoring.alerts.receivers", ("k",))],
        ),
        ({"monitoring": {"enabled": False, "alerts": {"enabled": True, "receivers": [SLACK]}}}, []),
    ],
)
def test_the_secrets_that_are_needed_are_known_with_their_fields_and_keys(spec, expected):
    assert named(spec) == expected
    assert references.secret_names(spec) == sorted(name for name, _, _ in expected)


def tenant(*names, optional=()):
    env = [
        {"name": name.upper(), "valueFrom": {"secretKeyRef": key(name, optional=name in optional)}} for name in names
    ]
    return {"metadata": {"name": "acme"}, "spec": {"server": {"env": env}}}


def role(*names):
    return {"kind": "Role", "rules": [{"resourceNames": list(names)}]}


def secret(value="YQ==", name="k"):
    return {"kind": "Secret", "data": {name: value}}


def deployment(*names, digest=None):
    env = tenant(*names)["spec"]["server"]["env"]
    annotations = {} if digest is None else {"neurallog.io/secret-digest": digest}
    template = {"metadata": {"annotations": annotations}, "spec": {"containers": [{"env": env}]}}
    metadata = {"name": "neurallog-server", "namespace": "tenant-acme"}
    return {"kind": "Deployment", "metadata": metadata, "spec": {"template": template}}


def looked_at(of, **observed):
    return [(look.kind, look.name) for look in references.looks(of, Observed(**observed))]


def test_a_secret_is_looked_at_only_where_the_role_allows_it():
    assert looked_at(tenant("a", "b")) == [("Role", references.GRANT)]
    seen = looked_at(tenant("a", "b"), grant=role("b", "other"), server=deployment("redis-auth", "former"))
    assert seen == [("Role", references.GRANT), ("Secret", "b"), ("Secret", "redis-auth")]


def judged(of, **secrets):
    objects = {f"secret {name}": value for name, value in secrets.items()}
    return references.judge(of, Observed(grant=role(*secrets), **objects))


def test_a_secret_that_is_missing_is_told_with_the_field_that_names_it():
    assert judged(tenant("a", "b"), a=secret(), b=secret()) == Health("Running", "Secrets a, b are there")
    missing = judged(tenant("a", "b"), a=None, b=secret(name="other"))
    assert missing == Health(
        "Degraded",
        "Secret a does not exist: spec.server.env: A names it; Secret b has no key k: spec.server.env: B needs it",
    )
    assert judged(tenant("a", optional="a"), a=None).phase == "Running"
    assert judged(tenant("a")).phase == "Running"  # one that could not be looked at is no news


def test_without_its_role_nothing_is_known():
    assert references.judge(tenant("a"), Observed()).phase == "Pending"
    assert references.behind(Observed(server=deployment("a"))) == ""


def test_pods_that_read_something_else_when_they_started_are_told():
    now = {"grant": role("a"), "secret a": secret("Yg==")}
    former = workloads.secret_digest(deployment("a"), {"a": secret("YQ==")})
    present = workloads.secret_digest(deployment("a"), {"a": secret("Yg==")})
    expected = "Deployment tenant-acme/neurallog-server: its pods do not have what is in Secret a now"
    behind = Observed(server=deployment("a", digest=former), **now)
    assert references.behind(behind) == expected
    assert references.judge(tenant("a"), behind) == Health("Degraded", expected)
    assert references.behind(Observed(server=deployment("a", digest=present), **now)) == ""
    assert references.behind(Observed(server=deployment("a", digest=former), grant=role("a"))) == ""
    assert references.behind(Observed(grant=role("a"))) == ""
