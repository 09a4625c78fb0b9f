"""The proxies in front of sentinels lead to the master alone, and say whether they know one."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.components.redis import proxy


def rendered(*, replicas=3, enabled=True, tls=False):
    security = {"enabled": enabled, "tls": {"enabled": True} if tls else {}}
    tenant = {"metadata": {"name": "acme"}, "spec": {"redis": {"replicas": replicas, "security": security}}}
    return [line.strip() for line in proxy.render(tenant).splitlines()]


def section(name, **options):
    """Return the lines of a section of the configuration."""
    lines = rendered(**options)
    heads = [number for number, line in enumerate(lines) if line.split()[0] in {"frontend", "backend", "resolvers"}]
    begin = lines.index(name)
    return lines[begin + 1 : next((number for number in heads if number > begin), None)]


@pytest.mark.parametrize("replicas", [3, 5])
def test_every_pod_is_asked_by_its_whole_name(replicas):
    servers = [line.split() for line in section("backend master", replicas=replicas) if line.startswith("server ")]
    assert [server[1] for server in servers] == [f"redis-{number}" for number in range(replicas)]
    assert servers[1][2] == '"redis-1.redis-headless.tenant-acme.${DOMAIN}:6379"'
    assert all("on-marked-down shutdown-sessions" in " ".join(server) for server in servers)


def test_a_master_is_who_says_so():
    lines = section("backend master")
    assert lines[-5:-3] == [r"tcp-check send info\ replication\r\n", "tcp-check expect string role:master"]
    assert section("frontend redis") == ["bind :6379", "default_backend master"]


def test_the_password_is_asked_for_where_there_is_one():
    authentication = [line for line in section("backend master") if "AUTH" in line or "+OK" in line]
    assert len(authentication) == 2
    assert "${REDIS_PASSWORD}" in authentication[0]
    assert not any("AUTH" in line for line in rendered(enabled=False))


def test_with_tls_the_authority_is_the_one_that_the_proxy_keeps():
    assert all(
        "check-ssl verify required ca-file /tmp/ca.crt" in line for line in section("backend master", tls=True)[-3:]
    )
    assert not any("ssl" in line for line in rendered())


def test_a_proxy_without_a_master_is_not_ready():
    assert section("frontend ready") == [
        f"bind :{proxy.READY_PORT}",
        "mode http",
        "monitor-uri /ready",
        "monitor fail if { nbsrv(master) lt 1 }",
    ]
