import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.components import namespace
from ansible_collections.neurallog.tenant.plugins.module_utils.components.server import settings as server
from ansible_collections.neurallog.tenant.plugins.module_utils.kube import objects


@pytest.mark.parametrize(
    ("image", "version", "expected"),
    [
        ("neurallog/server", None, "neurallog/server:latest"),
        ("neurallog/server", "1.4.2", "neurallog/server:1.4.2"),
        ("neurallog/server:2", "1.4.2", "neurallog/server:2"),
        ("registry.example:5000/server", "1.4.2", "registry.example:5000/server:1.4.2"),
        ("server@sha256:" + "a" * 64, "1.4.2", "server@sha256:" + "a" * 64),
    ],
)
def test_an_image_without_tag_or_digest_gets_the_version(image, version, expected):
    assert server.image({"version": version, "server": {"image": image}}) == expected


API = {
    "authentication": {"enabled": True, "type": "apiKey"},
    "cors": {"enabled": False},
    "rateLimit": {"enabled": True, "requestsPerSecond": 100, "burst": 200},
}


def spec(*env, security=None):
    security = {"enabled": True, "tls": {"enabled": False}} if security is None else security
    return {
        "server": {"env": list(env), "logLevel": "info", "api": API},
        "redis": {"security": security, "mode": "standalone"},
    }


def test_the_password_is_a_reference_in_the_generated_secret_or_in_the_tenants_own():
    (variable,) = server.environment(spec())
    assert variable["valueFrom"]["secretKeyRef"]["name"] == "redis-auth"
    (variable,) = server.environment(spec(security={"enabled": True, "authSecret": "mine"}))
    assert variable["valueFrom"]["secretKeyRef"]["name"] == "mine"
    assert server.environment(spec(security={"enabled": False})) == []


def test_a_variable_of_the_tenant_takes_the_place_of_the_operators():
    mine = {"name": "REDIS_PASSWORD", "value": "x"}
    assert server.environment(spec(mine)) == [mine]


def test_the_port_follows_the_environment_that_the_tenant_sets():
    assert server.port(spec()) == 3030
    assert server.port(spec({"name": "PORT", "value": "8080"})) == 8080


def test_tls_changes_the_scheme_of_the_url():
    tls = {"enabled": True, "tls": {"enabled": True}}
    tenant = {"metadata": {"name": "acme"}, "spec": spec(security=tls)}
    assert server.settings(tenant)["REDIS_URL"] == "rediss://redis:6379"


def test_the_quota_names_what_is_bounded_and_nothing_else():
    assert namespace.quota({"cpu": {"limit": "4"}, "storage": {"request": "10Gi", "limit": "20Gi"}}) == {
        "limits.cpu": "4",
        "requests.storage": "20Gi",
    }
    assert namespace.quota({}) == {}


def test_settings_of_the_api_that_are_the_servers_own_roll_nothing_out_and_others_do():
    tenant = {"metadata": {"name": "acme"}, "spec": spec()}
    settings = server.settings(tenant)
    assert settings["RATE_LIMIT_RPS"] == "100"
    assert server.digest(tenant) == objects.digest(
        {k: v for k, v in settings.items() if not k.startswith(("API_", "CORS_", "RATE_"))}
    )
    limited = {**API, "rateLimit": {"enabled": True, "requestsPerSecond": 5, "burst": 9}}
    other = {**tenant, "spec": {**tenant["spec"], "server": {**tenant["spec"]["server"], "api": limited}}}
    assert server.digest(other) != server.digest(tenant)
