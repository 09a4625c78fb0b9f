"""The demo: a control plane, the Tenant API, a tenant, and how long each of them took."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from devcluster import binaries, kwok

CHECKOUT = Path(__file__).resolve().parent.parent
SAMPLE = Path("config/samples/neurallog_v1_tenant.yaml")
BIN = Path(sys.executable).parent


class Demo:
    """One demonstration on one cluster."""

    def __init__(self, kubeconfig: Path):
        self.environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
        self.kubectl = binaries.ensure()["kubectl"]
        self.times: list[tuple[str, float]] = []

    def step(self, title: str, *command: str | Path) -> None:
        """Run and time a command, and show it the way a user would type it.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        shown = " ".join([Path(command[0]).name, *map(str, command[1:])])
        print(f"\n\033[1m{title}\033[0m\n$ {shown}", flush=True)
        started = time.monotonic()
        subprocess.run(command, cwd=CHECKOUT, env=self.environment, stdin=subprocess.DEVNULL, check=True)
        self.times.append((title, time.monotonic() - started))

    def run(self) -> None:
        """Install the API, provision the sample tenant, show what came of it."""
        playbook = BIN / "ansible-playbook"
        self.step("The Tenant API", playbook, "neurallog.tenant.install")
        self.step("A tenant", playbook, "-i", SAMPLE, "neurallog.tenant.reconcile", "-e", "wait=true")
        self.step("What it says of itself", self.kubectl, "get", "tenants")
        kinds = "statefulsets,deployments,pods,services,persistentvolumeclaims,networkpolicies"
        self.step("What it consists of", self.kubectl, "-n", "tenant-acme", "get", kinds)


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
        demo = Demo(kubeconfig)
        demo.times.append(("A control plane", time.monotonic() - started))
        demo.run()
    except (binaries.BinaryError, kwok.ClusterError, subprocess.CalledProcessError) as error:
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
  kubectl describe tenant acme
  $EDITOR {SAMPLE}       # replicas: 3, say
  ansible-playbook -i {SAMPLE} neurallog.tenant.reconcile --check --diff
  ansible-playbook -i {SAMPLE} neurallog.tenant.reconcile
  ansible-playbook -i {SAMPLE} neurallog.tenant.delete
  make cluster-down""")


if __name__ == "__main__":
    sys.exit(main())
