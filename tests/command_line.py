"""`kubectl tenant` as people run it."""

import os
import subprocess
import sys
from pathlib import Path

from devcluster import binaries
from tests.control_plane import CHECKOUT

TOOLS = Path(sys.executable).parent


def kubectl_tenant(kubeconfig, *arguments):
    """Run `kubectl tenant` with this kubeconfig; returns exit code and output."""
    kubectl = binaries.ensure()["kubectl"]
    environment = {
        "PATH": f"{TOOLS}:{kubectl.parent}:{os.environ['PATH']}",
        "KUBECONFIG": str(kubeconfig),
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "src"),
        "COLUMNS": "200",
    }
    done = subprocess.run(
        [kubectl, "tenant", *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout
