"""A component of a tenant on an API server in memory."""

import pytest

from ansible_collections.neurallog.tenant.plugins.plugin_utils.component import Component
from ansible_collections.neurallog.tenant.plugins.plugin_utils.manifests import Rendered
from ansible_collections.neurallog.tenant.plugins.plugin_utils.report import Report

from .components import source


@pytest.fixture
def tenant(make_tenant, make_namespace):
    return make_tenant(status={"namespaceUID": make_namespace(uid="n")["metadata"]["uid"]})


@pytest.fixture
def apply(api, tenant):
    """Apply manifests as a component; returns what was done, by kind and name."""

    def apply(*made, modes=None, also=(), component="redis", of=tenant, **options):
        modes = modes or ["apply"] * len(made)
        report = Report()
        chosen = {"force": True, "dry_run": False, **options}
        sources = [source(each, mode) for each, mode in zip(made, modes, strict=True)] + [source(each) for each in also]
        rendered = [Rendered(each, mode) for each, mode in zip(made, modes, strict=True)]
        Component(client=api.client, tenant=of, name=component, report=report, **chosen).apply(sources, rendered)
        apply.report = report
        return {f"{each['kind']} {each['name']}": each["operation"] for each in report.objects}

    return apply
