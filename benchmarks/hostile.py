"""What hostile tenants cost the others of their batch: python -m benchmarks.hostile.

Makes tenants whose names are words that Ansible knows, waits until all are ready, and does the same beside five hostile
ones. The ratio of the two is the figure; each is measured several times, in turns.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import Client, connect

CHECKOUT = Path(__file__).resolve().parent.parent
KUBECONFIG = CHECKOUT / ".devcluster" / "kubeconfig"

WORDS = (
    *("all", "ungrouped", "localhost", "tenants", "hostvars", "groups", "group-names", "inventory-hostname"),
    *("omit", "environment", "playbook-dir", "vars", "ansible-version", "play-hosts", "role-name"),
)
"""Fifteen names that Ansible, in one spelling or another, has for something of its own."""

HEADER = "#jinja2: variable_start_string: '[%', variable_end_string: '%]'\n[% lookup('pipe', 'sleep 60') %]"
NEVER = {"exec": {"image": "busybox", "command": ["sleep", "600"]}}
PRIVATE = [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]
HOSTILE = {
    "evil-header": {"server": {"env": [{"name": "A", "value": HEADER}]}},
    "evil-zone": {"backup": {"timeZone": "Foo/Bar"}},
    "evil-rule": {"networkPolicy": {"ingressRules": PRIVATE}},
    "evil-size": {"server": {"env": [{"name": f"A{number}", "value": "x" * 32_000} for number in range(30)]}},
    "evil-hook": {"lifecycle": {"preCreate": NEVER}},
}
"""Specs that try to run code, to fail, or to hold others up."""


def make(client: Client, specs: dict[str, dict[str, object]], waited: set[str]) -> float:
    """Make the tenants; return the seconds until those that are waited for are ready."""
    started = time.perf_counter()
    for name, spec in specs.items():
        manifest = {"apiVersion": "neurallog.io/v1", "kind": "Tenant", "metadata": {"name": name}, "spec": spec}
        client.create(manifest, manager="bench")
    left = set(waited)
    while left:
        time.sleep(0.02)
        for tenant in client.list_objects("neurallog.io/v1", "Tenant"):
            conditions = (tenant.get("status") or {}).get("conditions") or ()
            if any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions):
                left.discard(tenant["metadata"]["name"])
    return time.perf_counter() - started


def remove(client: Client) -> None:
    """Delete all tenants, and wait until they are gone."""
    for tenant in client.list_objects("neurallog.io/v1", "Tenant"):
        client.delete(tenant)
    while next(client.list_objects("neurallog.io/v1", "Tenant"), None):
        time.sleep(0.1)


def main() -> int:
    """Measure, and print the medians and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (%(default)s)")
    rounds = parser.parse_args().rounds
    client = connect({"kubeconfig": str(KUBECONFIG)})
    good: dict[str, dict[str, object]] = {name: {} for name in WORDS}
    alone, beside = [], []
    command = [Path(sys.executable).parent / "tenant-operator", "run", "--watches", CHECKOUT / "watches.yaml"]
    with tempfile.TemporaryFile() as log:
        environment = {**os.environ, "KUBECONFIG": str(KUBECONFIG)}
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            make(client, {"warm-up": {}}, {"warm-up"})
            remove(client)
            for _ in range(rounds):
                alone.append(make(client, good, set(good)))
                remove(client)
                beside.append(make(client, {**HOSTILE, **good}, set(good)))
                remove(client)
        finally:
            process.terminate()
            process.wait()
    first, second = statistics.median(alone), statistics.median(beside)
    print(f"{len(good)} tenants with reserved names alone: {first:.1f} s ({', '.join(f'{s:.1f}' for s in alone)})")
    print(f"beside {len(HOSTILE)} hostile ones: {second:.1f} s ({', '.join(f'{seconds:.1f}' for seconds in beside)})")
    print(f"ratio: {second / first:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
