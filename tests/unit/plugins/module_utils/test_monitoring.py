"""What Prometheus and Alertmanager are told of a tenant."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.components.server import monitoring


def spec(*, enabled=True, scrape=True, alerts=True, port=3030, listens=None, receivers=()):
    prometheus = {"scrape": scrape, "port": port, "path": "/metrics", "interval": "30s"}
    return {
        "server": {"env": [{"name": "PORT", "value": str(listens)}] if listens else []},
        "monitoring": {
            "enabled": enabled,
            "prometheus": prometheus,
            "alerts": {"enabled": alerts, "receivers": list(receivers)},
        },
    }


@pytest.mark.parametrize(("enabled", "part"), [(True, True), (True, False), (False, True), (False, False)])
def test_both_switches_have_to_be_on(enabled, part):
    assert monitoring.is_scraped(spec(enabled=enabled, scrape=part)) == (enabled and part)
    assert monitoring.has_alerts(spec(enabled=enabled, alerts=part)) == (enabled and part)


def test_the_default_port_follows_the_server_and_another_one_does_not():
    assert monitoring.metrics_port(spec()) == 3030
    assert monitoring.metrics_port(spec(listens=8080)) == 8080
    assert monitoring.metrics_port(spec(port=9000, listens=8080)) == 9000


def test_a_service_that_is_scraped_says_where():
    assert monitoring.scrape_annotations(spec(port=9000)) == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "9000",
        "prometheus.io/path": "/metrics",
        "prometheus.io/interval": "30s",
    }
    assert monitoring.scrape_annotations(spec(scrape=False)) == {}


def test_every_receiver_gets_every_alert_by_its_own_ways():
    key = {"name": "slack", "key": "url"}
    asked = spec(
        receivers=[
            {"name": "a", "email": "a@example.com"},
            {"name": "b", "slack": {"webhookURLSecretRef": key, "channel": "#b"}},
            {"name": "c", "slack": {"webhookURLSecretRef": key}, "email": "c@example.com"},
        ]
    )
    assert monitoring.routes(asked) == [{"receiver": name, "continue": True} for name in "abc"]
    assert monitoring.receivers(asked) == [
        {"name": "a", "emailConfigs": [{"to": "a@example.com", "sendResolved": True}]},
        {"name": "b", "slackConfigs": [{"apiURL": key, "sendResolved": True, "channel": "#b"}]},
        {
            "name": "c",
            "emailConfigs": [{"to": "c@example.com", "sendResolved": True}],
            "slackConfigs": [{"apiURL": key, "sendResolved": True}],
        },
    ]
