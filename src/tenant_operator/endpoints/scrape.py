"""/metrics for Prometheus, for callers whose token has the right to get it.

Sources: https://kubernetes.io/docs/reference/access-authn-authz/authentication/ (TokenReview), and
https://pkg.go.dev/sigs.k8s.io/controller-runtime/pkg/metrics/filters, which asks the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from prometheus_client import make_wsgi_app

from tenant_operator.endpoints.health import answer
from tenant_operator.kube.client import ApiError, Connection
from tenant_operator.metrics import REGISTRY

PATH = "/metrics"


class Metrics:
    """Answers scrapes, as a WSGI application (PEP 3333).

    Args:
        require_rbac: whether who asks needs the right to ``get`` the path ``/metrics`` by RBAC.
    """

    def __init__(self, *, require_rbac: bool):
        self._application = make_wsgi_app(REGISTRY)
        self._require_rbac = require_rbac
        self.connection: Connection | None = None
        """Where tokens are reviewed; None as long as there is no way to the API server."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        if environ["PATH_INFO"] != PATH:
            return answer(start_response, HTTPStatus.NOT_FOUND, f"there is {PATH}")
        if self._require_rbac and (refusal := self._refusal(environ.get("HTTP_AUTHORIZATION", ""))):
            return answer(start_response, refusal, refusal.phrase)
        scraped: Iterable[bytes] = self._application(environ, start_response)
        return scraped

    def _refusal(self, authorization: str) -> HTTPStatus | None:
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer" or not token:
            return HTTPStatus.UNAUTHORIZED
        if self.connection is None:
            return HTTPStatus.SERVICE_UNAVAILABLE
        try:
            user = _review(self.connection, "authentication.k8s.io", "TokenReview", {"token": token})
            if not user.get("authenticated"):
                return HTTPStatus.UNAUTHORIZED
            access = {
                "user": user["user"]["username"],
                "groups": user["user"].get("groups", []),
                "nonResourceAttributes": {"path": PATH, "verb": "get"},
            }
            may = _review(self.connection, "authorization.k8s.io", "SubjectAccessReview", access)
        except ApiError:
            return HTTPStatus.SERVICE_UNAVAILABLE
        return None if may.get("allowed") else HTTPStatus.FORBIDDEN


def _review(connection: Connection, group: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Ask the API server to review the specification; return its answer's status."""
    path = f"/apis/{group}/v1/{kind.lower()}s"
    asked = {"apiVersion": f"{group}/v1", "kind": kind, "spec": spec}
    return dict(connection.request("POST", path, body=asked)["status"])
