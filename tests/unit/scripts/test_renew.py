"""A certificate that changes in its Secret is taken over by a real Redis, without a restart."""

import shutil
import socket
import ssl
import subprocess

import pytest

from tests.certificates import certificate, certificate_pem, pem

START = 1_000_000
REDIS_CLI = """#!/bin/sh
case "$*" in *26379*) echo "$*" >>"$ANSWERS/sentinel" && exit 0 ;; esac
exec {redis_cli} -p {port} "$@"
"""


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


class Tls:
    """A Redis over TLS, and the Secret that its certificate comes from."""

    def __init__(self, pod):
        self.pod, self.port = pod, free_port()
        self.authority = certificate("first authority")
        pod.mount("redis", "/etc/redis")
        pod.write("/etc/redis/redis.conf", f'port 0\ntls-port {self.port}\ntls-auth-clients no\nsave ""\n')
        client = pod.root / "bin" / "redis-cli"
        client.write_text(REDIS_CLI.format(redis_cli=shutil.which("redis-cli"), port=self.port))
        client.chmod(0o755)
        self.renew()

    def renew(self, authority=None, **files):
        """Change the Secret: another certificate, by this authority or by another one."""
        self.authority = authority or self.authority
        key, made = certificate("redis", issuer=self.authority, hosts=("localhost",))
        self.serial = made.serial_number
        texts = {"tls.key": pem(key), "tls.crt": certificate_pem(made), "ca.crt": certificate_pem(self.authority[1])}
        for name, text in {**texts, **files}.items():
            self.pod.write(f"/run/tls/{name}", text)

    def look(self, seconds, **environment):
        """Look at the Secret some seconds after the start; returns what was told."""
        self.pod.program("date", "+%s", f"{START + seconds}\n")
        return self.pod.run("/etc/redis/renew.sh", **environment)

    @property
    def shown(self):
        """The serial number of the certificate that Redis shows."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.port)) as plain, context.wrap_socket(plain) as encrypted:
            return ssl_serial(encrypted.getpeercert(binary_form=True))

    @property
    def trusted(self):
        return self.pod.read("/run/redis/tls/ca.crt").count("BEGIN CERTIFICATE")


def ssl_serial(data):
    from cryptography import x509

    return x509.load_der_x509_certificate(data).serial_number


@pytest.fixture
def tls(pod):
    tls = Tls(pod)
    pod.program("date", "+%s", f"{START}\n")
    pod.program("sleep", code=1)  # ends the loop that looks at the Secrets
    pod.program("redis-server")
    pod.run("/etc/redis/start.sh")
    (pod.root / "bin" / "redis-server").unlink()
    (pod.root / "bin" / "sleep").unlink()
    config = pod.path("/run/redis/redis.conf")
    config.write_text("".join(line for line in config.read_text().splitlines(True) if not line.startswith("aclfile")))
    process = subprocess.Popen(
        [shutil.which("redis-server"), config, "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL, cwd=pod.root
    )
    try:
        while not _answers(tls.port):
            assert process.poll() is None
        yield tls
    finally:
        process.terminate()
        process.wait()


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_a_certificate_that_does_not_change_is_left_alone(tls):
    serial = tls.shown
    assert serial == tls.serial
    assert tls.look(5) == tls.look(10_000) == ""
    assert (tls.shown, tls.trusted) == (serial, 1)


def test_another_certificate_is_shown_when_the_others_had_time_to_learn_of_it(tls):
    before = tls.serial
    tls.renew()
    tls.look(5)
    tls.look(124)
    assert tls.shown == before
    assert "is shown" in tls.look(125)
    assert tls.shown == tls.serial
    assert tls.look(126) == ""


def test_another_authority_is_trusted_first_and_the_one_before_last(tls):
    before = tls.serial
    tls.renew(certificate("second authority"))
    assert "is trusted" in tls.look(5)
    assert (tls.shown, tls.trusted) == (before, 2)
    tls.look(125)
    assert (tls.shown, tls.trusted) == (tls.serial, 2)
    assert tls.look(604) == ""
    assert "is trusted no more" in tls.look(605)
    assert tls.trusted == 1
    assert tls.look(606) == ""


def test_a_certificate_that_is_none_leaves_the_one_that_works(tls):
    before = tls.serial
    tls.renew(**{"tls.crt": "nonsense"})
    tls.look(5)
    tls.look(125)
    assert tls.shown == before
    tls.renew()
    tls.look(130)
    assert "is shown" in tls.look(250)
    assert tls.shown == tls.serial


def test_a_sentinel_starts_again_with_another_certificate(tls):
    tls.renew()
    tls.look(5, REDIS_MODE="sentinel")
    assert not tls.pod.path("/answers/sentinel").exists()
    tls.look(125, REDIS_MODE="sentinel")
    assert tls.pod.read("answers/sentinel").endswith("-p 26379 shutdown\n")


def test_a_restart_in_the_middle_of_a_change_trusts_both_authorities(tls):
    tls.renew(certificate("second authority"))
    tls.pod.program("redis-server")
    tls.pod.program("sleep", code=1)
    tls.pod.run("/etc/redis/start.sh")
    assert tls.trusted == 2
    assert f"tls-cert-file {tls.pod.path('/run/redis/tls/first/tls.crt')}" in tls.pod.read("/run/redis/redis.conf")
