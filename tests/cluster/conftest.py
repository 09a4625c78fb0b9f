"""The real control plane, and the playbooks as a user runs them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from devcluster import binaries, kwok

CHECKOUT = Path(__file__).resolve().parent.parent.parent
DEADLINE = 60
"""Seconds after which what was waited for counts as never coming."""


@dataclass
class Run:
    """A run of ansible-playbook."""

    code: int
    output: str

    def recap(self, host: str) -> dict[str, int]:
        line = re.search(rf"^{re.escape(host)}\s+:(.*)$", self.output, re.MULTILINE)
        assert line, f"{host} is not in the recap:\n{self.output}"
        return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line.group(1))}

    @property
    def flat(self) -> str:
        """The output with every run of white space made one blank."""
        return " ".join(self.output.split())


class Cluster:
    """A control plane of these tests' own, whatever KUBECONFIG says."""

    def __init__(self, cluster: kwok.Cluster):
        self.kubeconfig = cluster.kubeconfig
        self.audit_log = cluster.audit_log
        self._kubectl = binaries.ensure()["kubectl"]

    def kubectl(self, *arguments, stdin="", check=True):
        done = subprocess.run(
            [self._kubectl, "--kubeconfig", self.kubeconfig, "--request-timeout", "60s", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=2 * DEADLINE,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout if check else done.stdout + done.stderr

    def get(self, *arguments, namespace=None):
        """Return one object or a list's items; None where there is none."""
        where = ["-n", namespace] if namespace else []
        answer = json.loads(self.kubectl("get", *arguments, *where, "-o", "json", "--ignore-not-found") or "null")
        return answer["items"] if answer and answer["kind"] == "List" else answer

    def apply(self, manifest):
        return self.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump(manifest))

    def wait_until(self, holds):
        deadline = time.monotonic() + DEADLINE
        while not (found := holds()):
            assert time.monotonic() < deadline, "what was waited for did not come"
            time.sleep(0.1)
        return found

    def writes(self, *, since=0):
        """Return the writes of the audit log that were not dry runs and not the control plane's own."""
        events = [json.loads(line) for line in self.audit_log.read_text().splitlines()[since:]]
        return [
            event
            for event in events
            if event["verb"] in {"create", "update", "patch", "delete", "deletecollection"}
            and event["userAgent"].startswith("neurallog-tenant")
            and "dryRun=All" not in event["requestURI"]
        ]

    def audit_position(self):
        return len(self.audit_log.read_text().splitlines())

    def playbook(self, name, *arguments, env=None):
        """Run ansible-playbook the way a user does, in the checkout."""
        done = subprocess.run(
            [Path(sys.executable).parent / "ansible-playbook", f"neurallog.tenant.{name}", *map(str, arguments)],
            cwd=CHECKOUT,
            env={
                **{key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "K8S_AUTH_"))},
                "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "src"),
                "ANSIBLE_HOME": str(CHECKOUT / ".ansible"),
                "ANSIBLE_NOCOLOR": "1",
                "KUBECONFIG": str(self.kubeconfig),
                **(env or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=5 * DEADLINE,
            check=False,
        )
        return Run(done.returncode, done.stdout)


def _started(folder, *, audit=False):
    control_plane = kwok.Cluster(CHECKOUT / ".devcluster" / folder)
    control_plane.down()
    control_plane.up(audit=audit)
    yield Cluster(control_plane)
    control_plane.down()


@pytest.fixture(scope="session")
def _control_plane():
    yield from _started("tests", audit=True)


@pytest.fixture(scope="session")
def cluster(_control_plane):
    """A control plane with the Tenant API."""
    installed = _control_plane.playbook("install")
    assert installed.code == 0, installed.output
    return _control_plane


@pytest.fixture(scope="module")
def bare_cluster():
    """A control plane that knows no Tenants yet."""
    yield from _started("bare")


@pytest.fixture(scope="session")
def operated_cluster():
    """A control plane of the operator's own: it takes care of every Tenant that it finds."""
    for cluster in _started("operated"):
        assert cluster.playbook("install").code == 0
        yield cluster


@pytest.fixture
def start(operated_cluster, tmp_path):
    """Start operators; every one of them is ended with the test."""
    running = []

    def start(*arguments, watches=CHECKOUT / "watches.yaml", kubeconfig=operated_cluster.kubeconfig):
        log = tmp_path / f"operator-{len(running)}.log"
        with log.open("w") as file:
            process = subprocess.Popen(
                [Path(sys.executable).parent / "tenant-operator", "run", "--watches", watches, *arguments],
                cwd=CHECKOUT,
                env={**os.environ, "KUBECONFIG": str(kubeconfig), "TMPDIR": str(tmp_path)},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        process.log = log
        running.append(process)
        return process

    yield start
    for process in running:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        assert "Traceback" not in process.log.read_text()


def condition(tenant, kind):
    found = [entry for entry in ((tenant or {}).get("status") or {}).get("conditions", []) if entry["type"] == kind]
    return found[0] if found else {"status": "Unknown", "message": ""}


def is_reconciled(cluster, name):
    tenant = cluster.get("tenant", name)
    return condition(tenant, "Progressing")["status"] == "False" and condition(tenant, "Ready")["status"] == "True"


def processes_of(folder):
    """Return the command lines of living processes that have the folder for their temporary one, by process id."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if f"TMPDIR={folder}".encode() in environment and state != "Z":
            found[int(process.name)] = command
    return found


@pytest.fixture
def name(request):
    """A tenant's name of this test's own, as a DNS label."""
    words = request.node.name.removeprefix("test_").lower()
    return re.sub(r"[^a-z0-9]+", "-", words)[:40].strip("-") + f"-{zlib.crc32(request.node.nodeid.encode()) % 10000}"


@pytest.fixture
def manifest(tmp_path):
    """Write Tenants to a file of their own; returns its path."""

    def write(*tenants, file="tenants.yaml"):
        path = tmp_path / file
        path.write_text(yaml.safe_dump_all(tenants))
        return path

    return write


def tenant(name, **spec):
    """Return a Tenant manifest."""
    return {"apiVersion": "neurallog.io/v1", "kind": "Tenant", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def make_tenant():
    return tenant
