"""Every query of the dashboard and of the alerts, asked of a real Prometheus that scrapes a real operator."""

import json
import re
import subprocess
import urllib.parse
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import pytest
import yaml

from tests.control_plane import CHECKOUT, is_reconciled
from tests.endpoints import TO_SERVE, address, fetch

MONITORING = CHECKOUT / "config" / "monitoring"
VARIABLES = {"$kind": ".*", "$__rate_interval": "1m"}
"""What Grafana puts in."""


def queries():
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    shown = {panel["title"]: panel.get("targets", ()) for panel in dashboard["panels"]}
    for title, targets in shown.items():
        for target in targets:
            expression = target["expr"]
            for name, value in VARIABLES.items():
                expression = expression.replace(name, value)
            yield title, expression


def alerts():
    rules = yaml.safe_load((MONITORING / "prometheusrule.yaml").read_text())["spec"]
    return [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


@pytest.fixture
def prometheus(tmp_path):
    """Run a Prometheus that scrapes an address; returns what asks it, once it listens."""
    with ExitStack() as stack:

        def start(scraped):
            job = {"job_name": "operator", "static_configs": [{"targets": [scraped]}]}
            configuration = {"global": {"scrape_interval": "1s"}, "scrape_configs": [job]}
            (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))
            log = stack.enter_context((tmp_path / "prometheus.log").open("w"))
            options = [f"--storage.tsdb.path={tmp_path}/data", "--web.listen-address=127.0.0.1:0"]
            command = ["prometheus", "--config.file=prometheus.yml", *options]
            process = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.DEVNULL, stderr=log)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return Path(log.name)

        yield start


def ask(log, expression):
    """Return the result of a query; None before the Prometheus of this log answers."""
    listens = re.search(r'msg="Listening on" address=(\S+)', log.read_text())
    if not listens:
        return None
    query = urllib.parse.urlencode({"query": expression})
    status, answer = fetch(f"http://{listens[1]}/api/v1/query?{query}")
    assert status in {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}, answer  # it has to load what it has stored
    return json.loads(answer)["data"]["result"] if status == HTTPStatus.OK else None


def test_every_panel_shows_something_and_every_alert_can_be_asked(
    operated_cluster, name, make_tenant, start, prometheus
):
    cluster = operated_cluster
    operator = start(*TO_SERVE, "--metrics-secure", "false", "--metrics-require-rbac", "false")
    scraped = cluster.wait_until(lambda: address(operator, "/metrics"))
    log = prometheus(scraped)
    cluster.wait_until(lambda: ask(log, "tenant_operator_leader"))
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    for title, expression in queries():
        assert cluster.wait_until(lambda expression=expression: ask(log, expression)), title
    for expression in alerts():
        assert ask(log, expression) is not None
