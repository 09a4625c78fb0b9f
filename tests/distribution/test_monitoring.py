"""The alerts fire when they should, and each says what to do; alerts and dashboard ask for metrics that there are."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from devcluster import binaries
from tenant_operator import metrics
from tests.control_plane import CHECKOUT

MONITORING = CHECKOUT / "config" / "monitoring"
TESTS = CHECKOUT / "tests" / "distribution" / "alerts.yaml"


@pytest.fixture(scope="module")
def rules():
    return yaml.safe_load((MONITORING / "prometheusrule.yaml").read_text())["spec"]


@pytest.fixture(scope="module")
def alerts(rules):
    return {rule["alert"]: rule for group in rules["groups"] for rule in group["rules"]}


@pytest.fixture(scope="module")
def queries(alerts):
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    return [*shown, *(rule["expr"] for rule in alerts.values())]


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_each_alert_fires_when_it_should_and_not_before(rules, tmp_path):
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules))
    shutil.copy(TESTS, tmp_path)
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", "rules.yaml", cwd=tmp_path)
    run("promtool", "test", "rules", TESTS.name, cwd=tmp_path)


def test_each_alert_is_tested_to_fire_and_to_be_silent(alerts):
    cases = [case for test in yaml.safe_load(TESTS.read_text())["tests"] for case in test["alert_rule_test"]]
    fired = {case["alertname"] for case in cases if case["exp_alerts"]}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert fired == alerts.keys()
    # That of drift is silent for the other kind of its case.
    assert silent | {"TenantDrifts"} == alerts.keys()


def test_each_alert_has_its_section_in_the_runbook_and_each_section_its_alert(alerts):
    page = (CHECKOUT / "docs" / "alerts.md").read_text()
    assert re.findall(r"^## (\w+)$", page, re.MULTILINE) == list(alerts)
    for name, rule in alerts.items():
        assert rule["annotations"]["runbook_url"].endswith(f"/docs/alerts.md#{name.lower()}")


def test_alerts_and_dashboard_ask_for_metrics_that_there_are(queries):
    families = [family for collector in {*metrics.REGISTRY._collector_to_names} for family in collector.collect()]
    served = {
        f"{family.name}{suffix}"
        for family in families
        for suffix in {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
    }
    ours = re.compile(r"\b(?:tenant_operator|workqueue|controller_runtime)_\w+")
    asked = {name for query in queries for name in ours.findall(query)}
    assert asked - served == set()


def test_all_of_it_is_made_by_kustomize_in_the_namespace_of_the_operator():
    made = list(yaml.safe_load_all(run(binaries.ensure()["kubectl"], "kustomize", MONITORING, cwd=CHECKOUT)))
    assert {each["metadata"]["namespace"] for each in made} == {"neurallog-system"}
    assert {each["kind"] for each in made} == {"ConfigMap", "PrometheusRule", "Service", "ServiceMonitor"}
