"""The settings of the server's API, as environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEFAULTS = {
    "API_AUTH_ENABLED": "true",
    "API_AUTH_TYPE": "apiKey",
    "API_AUTH_HEADER": "X-API-Key",
    "CORS_ENABLED": "false",
    "RATE_LIMIT_ENABLED": "true",
    "RATE_LIMIT_RPS": "100",
    "RATE_LIMIT_BURST": "200",
}
"""What the server does where nothing is said."""


def settings(api: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment for ``spec.server.api``, without secrets."""
    return _authentication(api["authentication"]) | _cors(api["cors"]) | _rate_limit(api["rateLimit"])


def secrets(api: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the secret references of the server, by the name of the variable."""
    authentication = api["authentication"]
    if not authentication["enabled"]:
        return {}
    kind = authentication["type"]
    variable, field = {
        "apiKey": ("API_KEY", "secretRef"),
        "jwt": ("API_JWT_SECRET", "secretRef"),
        "oauth2": ("API_OAUTH2_CLIENT_SECRET", "clientSecretRef"),
    }[kind]
    reference = (authentication.get(kind) or {}).get(field)
    return {variable: reference} if reference else {}


def _authentication(authentication: Mapping[str, Any]) -> dict[str, str]:
    if not authentication["enabled"]:
        return {"API_AUTH_ENABLED": "false"}
    kind = authentication["type"]
    own = authentication.get(kind) or {}
    variables = {
        "apiKey": {"API_AUTH_HEADER": own.get("header", DEFAULTS["API_AUTH_HEADER"])},
        "jwt": {
            "API_JWT_ISSUER": own.get("issuer"),
            "API_JWT_AUDIENCE": own.get("audience"),
            "API_JWT_JWKS_URL": own.get("jwksURL"),
        },
        "oauth2": {
            "API_OAUTH2_ISSUER_URL": own.get("issuerURL"),
            "API_OAUTH2_CLIENT_ID": own.get("clientID"),
            "API_OAUTH2_SCOPES": " ".join(own.get("scopes") or ()) or None,
        },
    }[kind]
    return {"API_AUTH_ENABLED": "true", "API_AUTH_TYPE": kind} | {
        name: text for name, text in variables.items() if text
    }


def _cors(cors: Mapping[str, Any]) -> dict[str, str]:
    if not cors["enabled"]:
        return {"CORS_ENABLED": "false"}
    lists = {"ORIGINS": "allowOrigins", "METHODS": "allowMethods", "HEADERS": "allowHeaders"}
    variables = {f"CORS_ALLOW_{name}": ",".join(cors[field]) for name, field in lists.items() if cors.get(field)}
    if "maxAge" in cors:
        variables["CORS_MAX_AGE"] = str(cors["maxAge"])
    return {"CORS_ENABLED": "true"} | variables


def _rate_limit(limit: Mapping[str, Any]) -> dict[str, str]:
    if not limit["enabled"]:
        return {"RATE_LIMIT_ENABLED": "false"}
    return {
        "RATE_LIMIT_ENABLED": "true",
        "RATE_LIMIT_RPS": str(limit["requestsPerSecond"]),
        "RATE_LIMIT_BURST": str(limit["burst"]),
    }
