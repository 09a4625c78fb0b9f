"""How the server's pods are replaced, scheduled, secured and scaled."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.components.server import pods

OFF = {"enabled": False, "minReplicas": 2}
ON = {"enabled": True, "minReplicas": 2, "targetCPUUtilizationPercentage": 70}


def spec(**server):
    return {
        "upgradeStrategy": {"type": "RollingUpdate", "maxUnavailable": 0, "maxSurge": "25%"},
        "server": {"replicas": 3, "autoscaling": OFF, **server},
        "integrations": {"serviceMesh": {"enabled": True, "type": "istio"}},
    }


@pytest.mark.parametrize(("autoscaling", "replicas", "least"), [(OFF, 3, 3), (ON, None, 2)])
def test_an_autoscaler_decides_the_replicas_while_it_is_enabled(autoscaling, replicas, least):
    assert pods.replicas(spec(autoscaling=autoscaling)) == replicas
    assert pods.least_replicas(spec(autoscaling=autoscaling)) == least


def test_an_autoscaler_has_the_targets_that_are_set():
    resource = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    assert pods.metrics(spec(autoscaling=ON)) == [{"type": "Resource", "resource": resource}]
    both = pods.metrics(spec(autoscaling={**ON, "targetMemoryUtilizationPercentage": 80}))
    assert [each["resource"]["name"] for each in both] == ["cpu", "memory"]


def rolling(unavailable, surge):
    return {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": unavailable, "maxSurge": surge}}


@pytest.mark.parametrize(
    ("deployment", "strategy"),
    [
        (None, rolling(0, "25%")),
        ({"strategy": "Recreate"}, {"type": "Recreate"}),
        ({"rollingUpdate": {"maxSurge": 1}}, rolling(0, 1)),
        ({"strategy": "RollingUpdate"}, rolling(0, "25%")),
    ],
)
def test_the_servers_own_strategy_overrides_the_tenants(deployment, strategy):
    assert pods.deployment_strategy(spec(deployment=deployment)) == strategy
    recreated = spec(deployment=deployment)
    recreated["upgradeStrategy"]["type"] = "Recreate"
    own = (deployment or {}).get("strategy", "Recreate")
    assert pods.deployment_strategy(recreated)["type"] == own


def test_settings_of_a_security_context_go_to_the_pod_or_to_the_container():
    own = {"runAsUser": 1000, "readOnlyRootFilesystem": False, "seccompProfile": {"type": "Localhost"}}
    assert pods.pod_security_context(spec(securityContext=own)) == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "Localhost"},
    }
    assert pods.container_security_context(spec(securityContext=own)) == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pods.container_security_context(spec())["readOnlyRootFilesystem"] is True
    assert pods.pod_security_context(spec())["seccompProfile"] == {"type": "RuntimeDefault"}


def test_pods_are_spread_over_the_nodes_unless_the_tenant_says_otherwise():
    selector = {"a": "b"}
    (default,) = pods.spread(spec(), selector)
    assert default == {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector},
    }
    own = {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    assert pods.spread(spec(topologySpreadConstraints=[own]), selector) == [
        {**own, "labelSelector": {"matchLabels": selector}}
    ]


@pytest.mark.parametrize(
    ("mesh", "labels", "annotations"),
    [
        ("istio", {"sidecar.istio.io/inject": "true"}, {}),
        ("linkerd", {}, {"linkerd.io/inject": "enabled"}),
        ("consul", {}, {"consul.hashicorp.com/connect-inject": "true"}),
    ],
)
def test_pods_join_the_mesh_that_is_enabled(mesh, labels, annotations):
    tenant = spec()
    tenant["integrations"]["serviceMesh"]["type"] = mesh
    assert (pods.mesh_labels(tenant), pods.mesh_annotations(tenant)) == (labels, annotations)
    tenant["integrations"]["serviceMesh"]["enabled"] = False
    assert (pods.mesh_labels(tenant), pods.mesh_annotations(tenant)) == ({}, {})
