"""Flags and environment of the watcher, validated."""

from __future__ import annotations

import argparse
import os
import socket
import tempfile
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tenant_operator import build, capacity, log

NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
SHIPPED_WATCHES = Path(__file__).with_name("watches.yaml")
"""The watches.yaml of this distribution; in a checkout a link to the one at its top."""

HISTORY = "operator-runs.sqlite3"

HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Settings:
    """The settings of the watcher."""

    watches: Path
    settings: Path | None
    max_concurrent_reconciles: int
    time_limit: float
    rollout_rate: float
    sync_period: int
    leader_elect: bool
    namespace: str
    identity: str
    health_probe_bind_address: str
    metrics_bind_address: str
    metrics_secure: bool
    metrics_require_rbac: bool
    history: Path
    log_format: str
    log_level: str


@dataclass(frozen=True)
class Question:
    """What somebody wants to know about the runs of the past."""

    history: Path
    resource: str = ""
    """The key of a resource; empty for all of them."""
    limit: int = 0
    number: int = 0
    """The number of one run; 0 for a list."""
    output: str = "text"


OUTPUTS = ("text", "json")


def parse(arguments: list[str] | None = None) -> Settings | Question:
    """Read the command line. Each flag takes its default from an environment variable.

    Raises:
        SystemExit: a flag cannot be used; the message names it.
    """
    parser = argparse.ArgumentParser(
        prog="tenant-operator",
        description="Runs playbooks on Kubernetes events.",
        formatter_class=argparse.RawDescriptionHelpFormatter,  # the version is one line
    )
    parser.add_argument("--version", action="version", version=build.info(), help="say what is in it")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="watch the kinds of watches.yaml and run their playbooks; run ID shows a run")
    run.add_argument("id", nargs="?", type=_positive, help="show this run of the past, and watch nothing")
    runs = commands.add_parser("runs", help="show the last runs, the newest first")
    runs.add_argument("resource", nargs="?", default="", help="its name, or namespace/name; without one, of all")
    runs.add_argument("--limit", type=_positive, default=20, help="how many at most (now 20)")
    for command in (run, runs):
        command.add_argument(
            "-o", "--output", type=_one_of(OUTPUTS), default="text", help="text or json, of runs shown"
        )

    def flag(
        name: str, default: str, meaning: str, convert: Callable[[str], object] = str, *, of_runs: bool = False
    ) -> None:
        variable = name.upper().replace("-", "_")
        value = os.environ.get(variable, default)
        for command in (run, runs) if of_runs else (run,):
            command.add_argument(f"--{name}", type=convert, default=value, help=f"{meaning} ({variable}, now {value})")

    flag("watches", _watches(), "the watches.yaml; WATCHES_FILE is ansible-operator's name for it", Path)
    flag("settings", "", "a file with variables of the roles, which come before those of watches.yaml", _optional_path)
    at_once = "resources of a kind that are worked on at once; by default what CPU and memory bear"
    flag("max-concurrent-reconciles", str(capacity.runs()), at_once, _positive)
    flag("time-limit", "300", "seconds that a run may take", _positive)
    flag("rollout-rate", "60", "resources in a minute that get a new playbook", _positive)
    flag("sync-period", "3600", "seconds after which all is listed anew, in case an event was lost", _positive)
    flag("leader-elect", "false", "wait for the Lease, so that one watcher is active at a time", _boolean)
    flag("namespace", _namespace(), "where the Lease is")
    flag("health-probe-bind-address", "", "host:port of /healthz and /readyz; empty for none", _address)
    flag("metrics-bind-address", "", "host:port of /metrics; empty for none", _address)
    flag("metrics-secure", "true", "serve /metrics by TLS, with a certificate of its own making", _boolean)
    flag("metrics-require-rbac", "true", "ask who scrapes for a token, and for the right to get /metrics", _boolean)
    history = str(Path(tempfile.gettempdir(), HISTORY))
    flag("history", history, "the file of the last runs of each resource", Path, of_runs=True)
    flag("log-format", "text", f"one of {', '.join(log.FORMATS)}", _one_of(log.FORMATS))
    flag("log-level", "info", f"one of {', '.join(log.LEVELS)}", _one_of(log.LEVELS))
    options = vars(parser.parse_args(arguments))
    number, output = options.pop("id", None), options.pop("output")
    if options.pop("command") == "runs":
        return Question(options["history"], options["resource"], options["limit"], output=output)
    if number:
        return Question(options["history"], number=number, output=output)
    return Settings(**options, identity=os.environ.get("POD_NAME") or f"{socket.gethostname()}_{uuid.uuid4()}")


def _watches() -> str:
    """Return the file that WATCHES_FILE names, else that of the working directory, else the installed one."""
    here = Path("watches.yaml")
    return os.environ.get("WATCHES_FILE") or str(here if here.is_file() else SHIPPED_WATCHES)


def _namespace() -> str:
    try:
        return NAMESPACE_FILE.read_text().strip()
    except OSError:
        return "default"


def _optional_path(text: str) -> Path | None:
    return Path(text) if text else None


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} must be at least 1")
    return number


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise argparse.ArgumentTypeError(f"{text!r} must be true or false")
    return text == "true"


def _address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if text and not (colon and port.isdigit() and int(port) <= HIGHEST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} must be host:port, such as 127.0.0.1:8080")
    return f"0.0.0.0:{port}" if text and not host else text


def _one_of(known: Sequence[str]) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in known:
            raise argparse.ArgumentTypeError(f"{text!r} must be one of {', '.join(known)}")
        return text

    return convert
