"""A cluster as a user sees it: kubectl, and the playbooks."""

import json
import linecache
import os
import re
import subprocess
import sys
import time
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from devcluster import binaries, kwok
from tests.reader import Reader, UnknownKindError

CHECKOUT = Path(__file__).resolve().parent.parent
DEADLINE = 600
"""Seconds after which what was waited for counts as never coming."""
FIRST_PAUSE, LAST_PAUSE = 0.1, 0.5
"""Seconds between two looks."""


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

    def __init__(self, kubeconfig, audit_log=None):
        self.kubeconfig = kubeconfig
        self.audit_log = audit_log
        self._kubectl = binaries.ensure()["kubectl"]

    @cached_property
    def _reader(self):
        return Reader(self.kubeconfig)

    def kubectl(self, *arguments, stdin="", check=True):
        done = subprocess.run(
            [self._kubectl, "--kubeconfig", self.kubeconfig, "--request-timeout", "60s", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout if check else done.stdout + done.stderr

    def get(self, *arguments, namespace=None):
        """Return one object or a list's items; None where there is none."""
        if len(arguments) == 2 and not any(argument.startswith("-") for argument in arguments):
            with suppress(UnknownKindError):
                return self._reader.find(*arguments, namespace)
        where = ["-n", namespace] if namespace else []
        answer = json.loads(self.kubectl("get", *arguments, *where, "-o", "json", "--ignore-not-found") or "null")
        return answer["items"] if answer and answer["kind"] == "List" else answer

    def apply(self, manifest):
        return self.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump(manifest))

    def kubeconfig_of(self, service_account, namespace, folder):
        """Write a kubeconfig with the rights of this ServiceAccount; returns its path."""
        token = self.kubectl("create", "token", service_account, "-n", namespace).strip()
        configuration = yaml.safe_load(self.kubeconfig.read_text())
        configuration["users"][0]["user"] = {"token": token}
        path = folder / f"kubeconfig-{service_account}"
        path.write_text(yaml.safe_dump(configuration))
        return path

    def wait_until(self, holds):
        deadline, pause = time.monotonic() + DEADLINE, FIRST_PAUSE
        while not (found := holds()):
            assert time.monotonic() < deadline, f"{_source(holds)} did not come true in {DEADLINE} s"
            time.sleep(pause)
            pause = min(1.5 * pause, LAST_PAUSE)
        return found

    def writes(self, *, since=0):
        """Return the writes of the audit log that were not dry runs and not the control plane's own."""
        return [
            event
            for event in self.audited(since)
            if event["verb"] in {"create", "update", "patch", "delete", "deletecollection"}
            and event["userAgent"].startswith("neurallog-tenant")
            and "dryRun=All" not in event["requestURI"]
        ]

    def audit_position(self):
        """Return where the audit log ends now."""
        return self.audit_log.stat().st_size

    def audited(self, since):
        """Return the events of the audit log from a position on. No more of it is read: it may be one of hours."""
        with self.audit_log.open("rb") as log:
            if since:  # what was being written then does not count
                log.seek(since - 1)
                log.readline()
            return [json.loads(line) for line in log if line.endswith(b"\n")]

    def install(self):
        """Install the Tenant API."""
        installed = self.playbook("install")
        assert installed.code == 0, installed.output

    def environment(self, checkout=CHECKOUT):
        """Return the environment in which a user of this cluster runs the programs of a checkout."""
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "K8S_AUTH_"))},
            "ANSIBLE_COLLECTIONS_PATH": str(checkout / "src"),
            "ANSIBLE_HOME": str(checkout / ".ansible"),
            "ANSIBLE_NOCOLOR": "1",
            "KUBECONFIG": str(self.kubeconfig),
        }

    def playbook(self, name, *arguments, env=None, checkout=CHECKOUT):
        """Run one of the collection's playbooks, or a file, the way a user does, in a checkout."""
        playbook = name if isinstance(name, Path) else f"neurallog.tenant.{name}"
        done = subprocess.run(
            [Path(sys.executable).parent / "ansible-playbook", playbook, *map(str, arguments)],
            cwd=checkout,
            env={**self.environment(checkout), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=2 * DEADLINE,
            check=False,
        )
        return Run(done.returncode, done.stdout)


@contextmanager
def started(folder, *, audit=False):
    """Start a control plane in the folder, whatever an earlier run has left there, and end it after use."""
    control_plane = kwok.Cluster(folder)
    control_plane.down()
    control_plane.up(audit=audit)
    try:
        yield Cluster(control_plane.kubeconfig, control_plane.audit_log)
    finally:
        control_plane.down()


def tenant(name, **spec):
    """Return a Tenant manifest."""
    return {"apiVersion": "neurallog.io/v1", "kind": "Tenant", "metadata": {"name": name}, "spec": spec}


def _source(function):
    """Return where a function is written, and how it begins: a summary of failures has no more than one line."""
    code = function.__code__
    line = linecache.getline(code.co_filename, code.co_firstlineno).strip()
    return f"{Path(code.co_filename).name}:{code.co_firstlineno}: {line}"


def labelled(tenant, test):
    """Return a Tenant with the label by which the watches.yaml of a test knows it."""
    return {**tenant, "metadata": {**tenant["metadata"], "labels": {"test": test}}}


def tenant_name(test, *, length=40):
    """Return a name that no other test uses, as a DNS label."""
    words = re.sub(r"[^a-z0-9]+", "-", test.name.removeprefix("test_").lower())[:length].strip("-")
    return f"{words}-{zlib.crc32(test.nodeid.encode()) % 10000}"


def condition(tenant, kind):
    found = [entry for entry in ((tenant or {}).get("status") or {}).get("conditions", []) if entry["type"] == kind]
    return found[0] if found else {"status": "Unknown", "message": ""}


def is_reconciled(cluster, name):
    """Tell whether the operator has done what the Tenant says now, and it is ready."""
    tenant = cluster.get("tenant", name)
    progressing = condition(tenant, "Progressing")
    current = progressing.get("observedGeneration") == ((tenant or {}).get("metadata") or {}).get("generation")
    return current and progressing["status"] == "False" and condition(tenant, "Ready")["status"] == "True"


def holds_now(cluster, name, kind):
    """Tell whether this condition holds for what the Tenant says now."""
    tenant = cluster.get("tenant", name)
    found = condition(tenant, kind)
    return found["status"] == "True" and found["observedGeneration"] == tenant["metadata"]["generation"]
