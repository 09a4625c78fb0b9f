"""How a proxy in front of sentinels starts."""

from tests.control_plane import CHECKOUT


def test_a_proxy_knows_the_length_of_the_password_and_the_domain(pod):
    pod.mount("redis", "/etc/redis-proxy")
    pod.write("/etc/redis-proxy/start.sh", pod.moved((CHECKOUT / "roles/redis/files/proxy/start.sh").read_text()))
    pod.program("haproxy", effect='echo "$REDIS_PASSWORD_LENGTH $DOMAIN"')
    assert pod.run("/etc/redis-proxy/start.sh", REDIS_PASSWORD="pass word") == "9 svc.cluster.local\n"
    assert pod.calls == [f"haproxy -db -f {pod.path('/etc/redis-proxy/haproxy.cfg')}"]
