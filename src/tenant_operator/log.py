"""Logs as lines of text or as JSON, with the same fields."""

from __future__ import annotations

import logging
import sys

from pythonjsonlogger.json import JsonFormatter

FORMATS = ("text", "json")
LEVELS = ("debug", "info", "warning", "error")


def configure(form: str, level: str) -> None:
    """Log to standard error from now on.

    Args:
        form: one of :data:`FORMATS`.
        level: one of :data:`LEVELS`: what is less than this is left out.
    """
    handler = logging.StreamHandler(sys.stderr)
    if form == "json":
        names = {"asctime": "time", "levelname": "level", "name": "logger"}
        handler.setFormatter(JsonFormatter("{asctime}{levelname}{name}{message}", style="{", rename_fields=names))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # These tell of each request and each artifact, which is no news at any level.
    for chatty in ("urllib3", "ansible-runner"):
        logging.getLogger(chatty).setLevel(max(logging.INFO, logging.getLogger().level))
