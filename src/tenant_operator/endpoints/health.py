"""The probes /healthz and /readyz. They answer yes or no; the log says what is wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

logger = logging.getLogger(__name__)

Check = Callable[[], str]
"""Returns what is wrong; empty where nothing is."""


class Probes:
    """Answers the probes, as a WSGI application (PEP 3333).

    Args:
        healthy: what is wrong so that only a restart helps.
        ready: what is still missing.
    """

    def __init__(self, *, healthy: Check, ready: Check):
        self._checks = {"/healthz": healthy, "/readyz": ready}
        self._said: dict[str, str] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        path = environ["PATH_INFO"]
        check = self._checks.get(path)
        if check is None:
            return answer(start_response, HTTPStatus.NOT_FOUND, "there is /healthz and /readyz")
        wrong = check()
        if wrong != self._said.get(path, ""):
            self._said[path] = wrong
            logger.log(logging.WARNING if wrong else logging.INFO, "%s: %s", path, wrong or "ok")
        if wrong:
            return answer(start_response, HTTPStatus.SERVICE_UNAVAILABLE, "not ok: the log says why")
        return answer(start_response, HTTPStatus.OK, "ok")


def answer(start_response: Callable[..., Any], status: HTTPStatus, text: str) -> Iterable[bytes]:
    """Answer a request with a line of text.

    Args:
        start_response: the callable of PEP 3333.
        status: the HTTP status.
        text: the line.
    """
    start_response(f"{status.value} {status.phrase}", [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{text}\n".encode()]
