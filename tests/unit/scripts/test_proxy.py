"""How a proxy in front of sentinels starts, and whom it trusts."""

import pytest

from tests.control_plane import CHECKOUT


@pytest.fixture(autouse=True)
def _mounted(pod):
    pod.mount("redis", "/etc/redis-proxy")
    for path in (CHECKOUT / "roles" / "redis" / "files" / "proxy").iterdir():
        pod.write(f"/etc/redis-proxy/{path.name}", pod.moved(path.read_text()))
    pod.program("haproxy", effect='echo "$REDIS_PASSWORD_LENGTH $DOMAIN"')


def start(pod):
    return pod.run("/etc/redis-proxy/start.sh", REDIS_PASSWORD="pass word")


def test_a_proxy_knows_the_length_of_the_password_and_the_domain(pod):
    assert start(pod) == "9 svc.cluster.local\n"
    assert pod.calls == [f"haproxy -W -db -f {pod.path('/etc/redis-proxy/haproxy.cfg')}"]


def test_a_changed_authority_is_trusted_beside_the_one_before_after_a_reload(pod):
    pod.write("/run/tls/ca.crt", "old\n")
    pod.program("sleep", code=1)
    start(pod)
    assert pod.read("/tmp/ca.crt") == "old\n"

    def look():
        # the process that is told to reload notes it
        script = 'trap "echo reloaded" USR2; sh $0 $$; true'
        pod.write("/tmp/look.sh", script.replace("$0", str(pod.path("/etc/redis-proxy/trust.sh"))))
        return pod.run("/tmp/look.sh")

    assert look() == ""
    pod.write("/run/tls/ca.crt", "new\n")
    assert look() == "reloaded\n"
    assert pod.read("/tmp/ca.crt") == "old\nnew\n"
    assert look() == ""


def test_a_look_at_the_authority_that_fails_is_not_the_last(pod):
    pod.write("/run/tls/ca.crt", "old\n")
    pod.write("/etc/redis-proxy/trust.sh", "exit 1")
    pod.program("sleep", code=1)
    for _ in range(3):
        pod.program("sleep", once=True)
    start(pod)
    assert pod.read("answers/calls").splitlines().count("sleep 5") == 4
