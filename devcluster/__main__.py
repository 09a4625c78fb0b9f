"""The command line: ``python -m devcluster [--runtime kwok|kind] [--folder FOLDER] up|down|load|kubectl|helm``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from devcluster import binaries, kind, kwok
from devcluster.runtime import ClusterError, Runtime

CHECKOUT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m devcluster", description="A local Kubernetes control plane.")
    parser.add_argument("--runtime", choices=["kwok", "kind"], default="kwok", help="who runs the nodes")
    parser.add_argument("--folder", type=Path, help="where the cluster lives")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start it, unless it runs, and say how to use it")
    up.add_argument("--audit", action="store_true", help="keep an audit log")
    commands.add_parser("down", help="end it and remove its data")
    commands.add_parser("load", help="bring images of the local Docker to kind's nodes").add_argument(
        "images", nargs="+"
    )
    commands.add_parser("kubectl", help="print the path of a kubectl that is there")
    commands.add_parser("helm", help="get helm unless it is there, and print its path")
    options = parser.parse_args(arguments)

    folder = options.folder or default_folder(options.runtime)
    cluster = kind.Cluster(folder.absolute()) if options.runtime == "kind" else kwok.Cluster(folder.absolute())
    try:
        if options.command == "kubectl":
            print(binaries.find_kubectl())
        elif options.command == "helm":
            print(binaries.ensure_helm())
        elif options.command == "down":
            print(f"Ended the control plane in {cluster.folder}" if cluster.down() else "No control plane runs")
        elif options.command == "load":
            if not isinstance(cluster, kind.Cluster):
                raise ClusterError("Images are loaded with --runtime kind: the pods of kwok run nothing")
            cluster.load(options.images)
        else:
            _up(cluster, audit=options.audit)
    except (binaries.BinaryError, ClusterError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def default_folder(runtime: str) -> Path:
    """Return where this checkout's cluster of the runtime lives; both can run side by side."""
    return CHECKOUT / ".devcluster" / ("kind" if runtime == "kind" else "")


def _up(cluster: Runtime, *, audit: bool) -> None:
    started = time.monotonic()
    if cluster.up(audit=audit):
        print(f"Started a control plane in {time.monotonic() - started:.1f} s")
    else:
        print("The control plane runs already")
    print("Use it:")
    print(f"  export KUBECONFIG={_shown(cluster.kubeconfig)}")
    print(f"  alias kubectl={_shown(binaries.ensure()['kubectl'])}")


def _shown(path: Path) -> str:
    """Return the path, relative to the working directory where that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)


if __name__ == "__main__":
    sys.exit(main())
