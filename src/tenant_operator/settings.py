"""Flags and environment of the watcher, validated."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from tenant_operator import capacity


@dataclass(frozen=True)
class Settings:
    """How the watcher runs."""

    watches: Path
    batch: int
    forks: int
    time_limit: float
    rollout_rate: float


def parse(arguments: list[str] | None = None) -> Settings:
    """Read the command line; each flag has an environment variable as its default.

    Raises:
        SystemExit: a flag cannot be used; the message names it.
    """
    parser = argparse.ArgumentParser(prog="tenant-operator", description="Runs playbooks on Kubernetes events.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="watch the kinds of watches.yaml and run their playbooks")
    environment = os.environ
    run.add_argument(
        "--watches",
        type=Path,
        default=Path(environment.get("WATCHES_FILE", "watches.yaml")),
        help="the watches.yaml (WATCHES_FILE)",
    )
    run.add_argument(
        "--max-batch",
        type=_positive,
        default=environment.get("MAX_BATCH", "50"),
        help="resources in one run (MAX_BATCH)",
    )
    run.add_argument(
        "--forks",
        type=_positive,
        default=environment.get("FORKS", str(capacity.forks())),
        help="hosts of a run at once; by default what the container's CPU and memory bear (FORKS)",
    )
    run.add_argument(
        "--time-limit",
        type=_positive,
        default=environment.get("TIME_LIMIT", "600"),
        help="seconds that a run may take (TIME_LIMIT)",
    )
    run.add_argument(
        "--rollout-rate",
        type=_positive,
        default=environment.get("ROLLOUT_RATE", "60"),
        help="resources in a minute that get a new playbook (ROLLOUT_RATE)",
    )
    options = parser.parse_args(arguments)
    return Settings(options.watches, options.max_batch, options.forks, float(options.time_limit), options.rollout_rate)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} must be at least 1")
    return number
