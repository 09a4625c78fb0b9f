"""The settings of the server's API, and the references to its secrets."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.components.server import api

OFF = {"enabled": False}
REFERENCE = {"name": "own", "key": "k"}


def settings(authentication=OFF, cors=OFF, limit=OFF):
    return api.settings({"authentication": authentication, "cors": cors, "rateLimit": limit})


def secrets(**authentication):
    return api.secrets({"authentication": {"enabled": True, **authentication}})


def test_what_is_off_says_so_and_nothing_else():
    assert settings() == {"API_AUTH_ENABLED": "false", "CORS_ENABLED": "false", "RATE_LIMIT_ENABLED": "false"}
    assert api.secrets({"authentication": {**OFF, "type": "apiKey", "apiKey": {"secretRef": REFERENCE}}}) == {}


@pytest.mark.parametrize(
    ("kind", "own", "expected"),
    [
        ("apiKey", None, {"API_AUTH_HEADER": "X-API-Key"}),
        ("apiKey", {"header": "X-Own"}, {"API_AUTH_HEADER": "X-Own"}),
        ("jwt", {"issuer": "i"}, {"API_JWT_ISSUER": "i"}),
        (
            "jwt",
            {"audience": "a", "jwksURL": "https://j"},
            {"API_JWT_AUDIENCE": "a", "API_JWT_JWKS_URL": "https://j"},
        ),
        (
            "oauth2",
            {"issuerURL": "https://i", "clientID": "c", "scopes": ["a", "b"]},
            {"API_OAUTH2_ISSUER_URL": "https://i", "API_OAUTH2_CLIENT_ID": "c", "API_OAUTH2_SCOPES": "a b"},
        ),
        ("oauth2", {"scopes": []}, {}),
    ],
)
def test_authentication_is_the_one_of_its_type(kind, own, expected):
    authentication = {"enabled": True, "type": kind, **({kind: own} if own else {})}
    said = settings(authentication=authentication)
    del said["CORS_ENABLED"], said["RATE_LIMIT_ENABLED"]
    assert said == {"API_AUTH_ENABLED": "true", "API_AUTH_TYPE": kind, **expected}


@pytest.mark.parametrize(
    ("kind", "field", "variable"),
    [
        ("apiKey", "secretRef", "API_KEY"),
        ("jwt", "secretRef", "API_JWT_SECRET"),
        ("oauth2", "clientSecretRef", "API_OAUTH2_CLIENT_SECRET"),
    ],
)
def test_a_secret_is_a_reference(kind, field, variable):
    assert secrets(type=kind, **{kind: {field: REFERENCE}}) == {variable: REFERENCE}
    assert secrets(type=kind) == {}
    assert secrets(type=kind, **{kind: {}}) == {}


def test_cors_and_the_limit_say_what_was_asked_for():
    cors = {"enabled": True, "allowOrigins": ["a", "b"], "allowMethods": ["GET"], "allowHeaders": [], "maxAge": 0}
    said = settings(cors=cors, limit={"enabled": True, "requestsPerSecond": 5, "burst": 9})
    del said["API_AUTH_ENABLED"]
    assert said == {
        "CORS_ENABLED": "true",
        "CORS_ALLOW_ORIGINS": "a,b",
        "CORS_ALLOW_METHODS": "GET",
        "CORS_MAX_AGE": "0",
        "RATE_LIMIT_ENABLED": "true",
        "RATE_LIMIT_RPS": "5",
        "RATE_LIMIT_BURST": "9",
    }


def test_what_the_server_does_anyway_is_what_it_says_without_any_settings():
    authentication, limit = (
        {"enabled": True, "type": "apiKey"},
        {"enabled": True, "requestsPerSecond": 100, "burst": 200},
    )
    assert settings(authentication=authentication, limit=limit) == api.DEFAULTS
