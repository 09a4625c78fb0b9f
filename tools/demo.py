"""The demo: a control plane, the operator at work on a tenant, and how long each step took."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from devcluster import binaries, kwok
from devcluster.runtime import ClusterError

CHECKOUT = Path(__file__).resolve().parent.parent
LOG = Path(".devcluster/operator.log")
SAMPLE = Path("config/samples/neurallog_v1_tenant.yaml")
BIN = Path(sys.executable).parent


class Demo:
    """One demonstration on one cluster."""

    def __init__(self, kubeconfig: Path):
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
            print("$", " ".join([Path(command[0]).name, *map(str, command[1:])]), flush=True)
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
            while "Watching" not in (said := (CHECKOUT / LOG).read_text()):
                if process.poll() is not None:
                    print(said, file=sys.stderr)
                    raise subprocess.CalledProcessError(process.returncode, command)
                time.sleep(0.05)
            self.times.append(("The operator watches", time.monotonic() - started))
            yield
        finally:
            process.terminate()
            process.wait()


def main() -> int:
    """Run the demo; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cluster", choices=["kwok", "existing"], default="kwok")
    options = parser.parse_args()
    started = time.monotonic()
    try:
        if options.cluster == "existing":
            if not os.environ.get("KUBECONFIG"):
                print("CLUSTER=existing needs KUBECONFIG: it names the cluster that the demo may use", file=sys.stderr)
                return 1
            kubeconfig = Path(os.environ["KUBECONFIG"])
        else:
            cluster = kwok.Cluster(CHECKOUT / ".devcluster")
            print("A control plane on this machine", flush=True)
            cluster.up()
            kubeconfig = cluster.kubeconfig
        (CHECKOUT / LOG).parent.mkdir(exist_ok=True)
        demo = Demo(kubeconfig)
        demo.times.append(("A control plane", time.monotonic() - started))
        demo.run()
    except (binaries.BinaryError, ClusterError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    _say_what_is_next(demo, kubeconfig)
    return 0


def _say_what_is_next(demo: Demo, kubeconfig: Path) -> None:
    print("\n\033[1mHow long it took\033[0m")
    for title, seconds in demo.times:
        print(f"  {seconds:5.1f} s  {title}")
    print(f"""
\033[1mTry next\033[0m
  source .venv/bin/activate
  export KUBECONFIG={os.path.relpath(kubeconfig)}
  alias kubectl={demo.kubectl}
  make run                 # the operator, in another terminal
  kubectl describe tenant acme
  $EDITOR {SAMPLE}         # replicas: 3, say
  ansible-playbook -i {SAMPLE} neurallog.tenant.reconcile --check --diff
  kubectl apply -f {SAMPLE}
  kubectl delete -f {SAMPLE}
  make cluster-down""")


if __name__ == "__main__":
    sys.exit(main())
