"""Monitoring of a tenant: annotations for Prometheus, and objects of the Prometheus operator.

Source: https://prometheus-operator.dev/docs/api-reference/api/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import settings as server


def is_scraped(spec: Mapping[str, Any]) -> bool:
    """Return whether Prometheus reads the server's metrics."""
    monitoring = spec["monitoring"]
    return bool(monitoring["enabled"] and monitoring["prometheus"]["scrape"])


def has_alerts(spec: Mapping[str, Any]) -> bool:
    """Return whether there are rules for alerts."""
    return bool(spec["monitoring"]["enabled"] and spec["monitoring"]["alerts"]["enabled"])


def scrape_annotations(spec: Mapping[str, Any]) -> dict[str, str]:
    """Return the annotations of the server's Service for Prometheus."""
    if not is_scraped(spec):
        return {}
    prometheus = spec["monitoring"]["prometheus"]
    return {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(metrics_port(spec)),
        "prometheus.io/path": prometheus["path"],
        "prometheus.io/interval": prometheus["interval"],
    }


def metrics_port(spec: Mapping[str, Any]) -> int:
    """Return the port of the metrics; the default one follows the port that the server listens on."""
    port = int(spec["monitoring"]["prometheus"]["port"])
    return server.port(spec) if port == server.PORT else port


def receivers(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ``receivers`` of an AlertmanagerConfig."""
    return [_receiver(receiver) for receiver in spec["monitoring"]["alerts"]["receivers"]]


def _receiver(receiver: Mapping[str, Any]) -> dict[str, Any]:
    configured: dict[str, Any] = {"name": receiver["name"]}
    if email := receiver.get("email"):
        configured["emailConfigs"] = [{"to": email, "sendResolved": True}]
    if slack := receiver.get("slack"):
        config = {"apiURL": dict(slack["webhookURLSecretRef"]), "sendResolved": True}
        configured["slackConfigs"] = [config | ({"channel": slack["channel"]} if "channel" in slack else {})]
    return configured


def routes(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return routes that send every alert to every receiver."""
    return [{"receiver": receiver["name"], "continue": True} for receiver in spec["monitoring"]["alerts"]["receivers"]]
