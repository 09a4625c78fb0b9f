"""The demo: a control plane, the operator, and a tenant."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from devcluster import binaries, kind, kwok
from devcluster.__main__ import default_folder
from devcluster.runtime import ClusterError

CHECKOUT = Path(__file__).resolve().parent.parent
LOG = Path(".devcluster/operator.log")
SAMPLE = Path("config/samples/neurallog_v1_tenant.yaml")
STANDIN = Path("tests/standin")
OPERATOR = "neurallog/tenant-operator:latest"
SERVER = "neurallog/server:1.4.2"
"""The image that the sample tenant asks for; the stand-in answers to this name."""

BIN = Path(sys.executable).parent


class DemoError(Exception):
    """The demo cannot start. The message says what it needs."""


class Demo:
    """One demonstration on one cluster."""

    next_step = "  make run                 # the operator, in another terminal\n"
    down = "make cluster-down"

    def __init__(self, kubeconfig: Path):
        self.kubeconfig = kubeconfig
        self.environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
        self.kubectl = binaries.ensure()["kubectl"]
        self.times: list[tuple[str, float]] = []

    def step(self, title: str, *commands: Sequence[str | Path]) -> None:
        """Run and time commands, and show them the way a user would type them.

        Raises:
            subprocess.CalledProcessError: one failed.
        """
        print(f"\n\033[1m{title}\033[0m", flush=True)
        started = time.monotonic()
        for command in commands:
            print("$", shlex.join([Path(command[0]).name, *map(str, command[1:])]), flush=True)
            subprocess.run(command, cwd=CHECKOUT, env=self.environment, stdin=subprocess.DEVNULL, check=True)
        self.times.append((title, time.monotonic() - started))

    def run(self) -> None:
        """Install the API, let the operator provision and repair the sample tenant, and look at it in both ways."""
        playbook = BIN / "ansible-playbook"
        self.step("The Tenant API", [playbook, "neurallog.tenant.install"])
        with self.operator():
            apply = [self.kubectl, "apply", "-f", SAMPLE]
            ready = [self.kubectl, "wait", "--for=condition=Ready", "tenant/acme", "--timeout=120s"]
            self.step("A tenant is ready", apply, ready)
            self.step("The tenants", [self.kubectl, "get", "tenants"])
            kinds = "statefulsets,deployments,pods,services,persistentvolumeclaims,networkpolicies"
            self.step("What it consists of", [self.kubectl, "-n", "tenant-acme", "get", kinds])
            redis = ["statefulset/redis", "-n", "tenant-acme"]
            delete = [self.kubectl, "delete", *redis]
            self.step("A deleted StatefulSet is back", delete, [self.kubectl, "wait", "--for=create", *redis])
            self.step("And ready again", [self.kubectl, "rollout", "status", *redis], ready)
            self.step("What happened", [self.kubectl, "events", "--for", "tenant/acme", "-n", "default"])
        check = [playbook, "-i", SAMPLE, "neurallog.tenant.reconcile", "--check", "--diff"]
        self.step("The same by hand: what would change", check)

    @contextmanager
    def operator(self) -> Iterator[None]:
        """Run the operator in the background, from when it watches until the end of the block.

        Raises:
            subprocess.CalledProcessError: it ended before it watched.
        """
        command = [BIN / "tenant-operator", "run", "--leader-elect", "true"]
        print(f"\n\033[1mThe operator\033[0m\n$ tenant-operator run  # {LOG}", flush=True)
        started = time.monotonic()
        with (CHECKOUT / LOG).open("w") as log:
            process = subprocess.Popen(
                command, cwd=CHECKOUT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            while "Watching" not in (text := (CHECKOUT / LOG).read_text()):
                if process.poll() is not None:
                    print(text, file=sys.stderr)
                    raise subprocess.CalledProcessError(process.returncode, command)
                time.sleep(0.05)
            self.times.append(("The operator watches", time.monotonic() - started))
            yield
        finally:
            process.terminate()
            process.wait()


class KindDemo(Demo):
    """The demo with real pods: the operator is a container, and the tenant answers."""

    next_step = ""
    down = "make cluster-down CLUSTER=kind"

    def __init__(self, cluster: kind.Cluster):
        super().__init__(cluster.kubeconfig)
        self.cluster = cluster

    def run(self) -> None:
        """Build and deploy the operator, let it provision the sample tenant, and use the tenant."""
        self.step("The images", ["docker", "build", "-t", OPERATOR, "."], ["docker", "build", "-t", SERVER, STANDIN])
        started = time.monotonic()
        self.cluster.load([OPERATOR, SERVER])
        self.times.append(("The images are on the node", time.monotonic() - started))
        self.step("The operator is deployed", ["make", "deploy"])
        apply = [self.kubectl, "apply", "-f", SAMPLE]
        ready = [self.kubectl, "wait", "--for=condition=Ready", "tenant/acme", "--timeout=180s"]
        self.step("A tenant is ready", apply, ready)
        self.step("The tenants", [self.kubectl, "get", "tenants", "-o", "wide"])
        self.step("What runs", [self.kubectl, "-n", "tenant-acme", "get", "pods,services,persistentvolumeclaims"])
        with self.forwarded() as address:
            logs = f"http://{address}/api/logs"
            curl = ["curl", "--silent", "--show-error", "--fail"]
            self.step("A line is written and read back", [*curl, "--data", "hello from the demo", logs], [*curl, logs])

    @contextmanager
    def forwarded(self) -> Iterator[str]:
        """Forward a port of this machine to the tenant's API; gives its address until the end of the block.

        Raises:
            subprocess.CalledProcessError: it could not be forwarded.
        """
        command = [self.kubectl, "-n", "tenant-acme", "port-forward", "service/neurallog-server", ":3030"]
        process = subprocess.Popen(
            command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.startswith("Forwarding from "):
                raise subprocess.CalledProcessError(process.wait(), command)
            yield line.split()[2]
        finally:
            process.terminate()
            process.communicate()


def main() -> int:
    """Run the demo; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cluster", choices=["kwok", "kind", "existing"], default="kwok")
    options = parser.parse_args()
    started = time.monotonic()
    try:
        demo = _prepare(options.cluster)
        demo.times.append(("A cluster", time.monotonic() - started))
        demo.run()
    except (DemoError, binaries.BinaryError, ClusterError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    _say_what_is_next(demo)
    return 0


def _prepare(cluster: str) -> Demo:
    """Start the cluster that the demo is for.

    Raises:
        DemoError: an existing cluster is not named.
    """
    folder = default_folder(cluster)
    folder.mkdir(parents=True, exist_ok=True)
    if cluster == "existing":
        if not os.environ.get("KUBECONFIG"):
            raise DemoError("CLUSTER=existing needs KUBECONFIG: it names the cluster that the demo may use")
        return Demo(Path(os.environ["KUBECONFIG"]))
    print("A cluster on this machine", flush=True)
    if cluster == "kind":
        containers = kind.Cluster(folder)
        containers.up()
        return KindDemo(containers)
    control_plane = kwok.Cluster(folder)
    control_plane.up()
    return Demo(control_plane.kubeconfig)


def _say_what_is_next(demo: Demo) -> None:
    print("\n\033[1mHow long it took\033[0m")
    for title, seconds in demo.times:
        print(f"  {seconds:5.1f} s  {title}")
    print(f"""
\033[1mTry next\033[0m
  source .venv/bin/activate
  export KUBECONFIG={os.path.relpath(demo.kubeconfig)}
  alias kubectl={demo.kubectl}
{demo.next_step}  kubectl describe tenant acme
  $EDITOR {SAMPLE}         # replicas: 3, say
  ansible-playbook -i {SAMPLE} neurallog.tenant.reconcile --check --diff
  kubectl apply -f {SAMPLE}
  kubectl delete -f {SAMPLE}
  {demo.down}""")


if __name__ == "__main__":
    sys.exit(main())
