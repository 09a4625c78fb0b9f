"""The Helm chart installs what kustomize installs, and what its values say."""

import json
import subprocess
import tomllib

import pytest
import yaml

from devcluster import binaries
from tests.control_plane import CHECKOUT
from tools import chart

SETTINGS = "tenant-operator-settings"


@pytest.fixture(scope="module", autouse=True)
def in_the_checkout():
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(CHECKOUT)
        yield


@pytest.fixture(scope="module")
def folder(in_the_checkout, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chart") / "tenant-operator"
    chart.make(folder)
    return folder


def helm(*arguments):
    command = [binaries.ensure_helm(), *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def template(folder, tmp_path_factory):
    def template(namespace="neurallog-system", **values):
        file = tmp_path_factory.mktemp("values") / "values.yaml"
        file.write_text(yaml.safe_dump(values))
        run = helm("template", "tenants", folder, "--namespace", namespace, "--values", file)
        assert run.returncode == 0, run.stderr
        return by_name(yaml.safe_load_all(run.stdout))

    return template


def by_name(manifests):
    return {f"{made['kind']}/{made['metadata']['name']}": made for made in manifests if made}


def of_kustomize(folder="config/release"):
    command = [binaries.ensure()["kubectl"], "kustomize", folder]
    made = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return by_name(yaml.safe_load_all(made.stdout))


def pod_of(manifests):
    return manifests["Deployment/tenant-operator"]["spec"]["template"]


def test_with_its_defaults_the_chart_is_what_kustomize_makes(template):
    expected = of_kustomize()
    del expected["Namespace/neurallog-system"]  # --create-namespace
    (name,) = [name for name in expected if name.startswith(f"ConfigMap/{SETTINGS}-")]
    settings = expected.pop(name)
    settings["metadata"]["name"] = SETTINGS
    settings["data"]["settings.yaml"] = "{}\n"
    expected[f"ConfigMap/{SETTINGS}"] = settings
    pod = pod_of(expected)
    pod["spec"]["volumes"][0]["configMap"]["name"] = SETTINGS
    pod["spec"]["containers"][0]["image"] = "neurallog/tenant-operator:0.1.0"

    made = template()
    assert list(pod_of(made)["metadata"].pop("annotations")) == ["checksum/settings"]
    for name in of_kustomize("config/crd"):
        assert made[name]["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    assert made == expected


def test_everything_of_the_operator_is_in_the_namespace_of_the_release(template):
    made = template(namespace="elsewhere")
    for name in of_kustomize("config/default").keys() & made.keys():
        assert made[name]["metadata"].get("namespace") in (None, "elsewhere")
        for subject in made[name].get("subjects", ()):
            assert subject["namespace"] == "elsewhere"
    assert "neurallog-system" not in json.dumps(made)


def test_the_values_reach_the_pod(template):
    toleration = {"key": "infra", "operator": "Exists"}
    made = template(
        image={"repository": "registry.example.com/operator", "tag": "2.0"},
        imagePullSecrets=[{"name": "registry"}],
        replicas=2,
        env=[{"name": "LOG_LEVEL", "value": "debug"}],
        resources={"limits": {"memory": "1Gi"}},
        podAnnotations={"example.com/a": "b"},
        podLabels={"team": "platform"},
        nodeSelector={"role": "infra"},
        tolerations=[toleration],
        affinity={"nodeAffinity": {}},
        topologySpreadConstraints=[{"maxSkew": 1}],
        priorityClassName="system-cluster-critical",
    )
    assert made["Deployment/tenant-operator"]["spec"]["replicas"] == 2
    pod, spec = pod_of(made), pod_of(made)["spec"]
    assert pod["metadata"]["annotations"]["example.com/a"] == "b"
    assert pod["metadata"]["labels"] == {"app.kubernetes.io/name": "tenant-operator", "team": "platform"}
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert spec["nodeSelector"] == {"role": "infra"}
    assert spec["tolerations"] == [toleration]
    assert spec["affinity"] == {"nodeAffinity": {}}
    assert spec["topologySpreadConstraints"] == [{"maxSkew": 1}]
    assert spec["priorityClassName"] == "system-cluster-critical"
    (container,) = spec["containers"]
    assert container["image"] == "registry.example.com/operator:2.0"
    assert container["resources"]["limits"] == {"memory": "1Gi"}
    assert {"name": "LOG_LEVEL", "value": "debug"} in container["env"]
    digest = f"sha256:{'0' * 64}"
    (container,) = pod_of(template(image={"digest": digest}))["spec"]["containers"]
    assert container["image"] == f"neurallog/tenant-operator@{digest}"


def test_other_settings_are_in_the_config_map_and_start_the_operator_anew(template):
    settings = {"redis_user": 1001, "network_pod_networks": ["10.42.0.0/16"]}
    former, made = template(), template(settings=settings)
    assert yaml.safe_load(made[f"ConfigMap/{SETTINGS}"]["data"]["settings.yaml"]) == settings
    assert pod_of(made)["metadata"]["annotations"] != pod_of(former)["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("values", "gone"),
    [
        ({"crds": {"enabled": False}}, "config/crd"),
        ({"networkPolicy": {"enabled": False}}, {"NetworkPolicy/tenant-operator"}),
        ({"podDisruptionBudget": {"enabled": False}}, {"PodDisruptionBudget/tenant-operator"}),
        ({"roles": {"enabled": False}}, {f"ClusterRole/tenant-{who}" for who in ("viewer", "editor", "admin")}),
    ],
    ids=str,
)
def test_what_the_values_leave_out_is_left_out_and_no_more(template, values, gone):
    gone = of_kustomize(gone).keys() if isinstance(gone, str) else gone
    assert template().keys() - template(**values).keys() == gone


def test_monitoring_is_added_where_the_values_say_so(template):
    added = template(monitoring={"enabled": True})
    for name in template():
        del added[name]
    assert added == of_kustomize("config/monitoring")


def test_the_api_goes_with_the_release_where_the_values_say_so(template):
    crd = template(crds={"keep": False})["CustomResourceDefinition/tenants.neurallog.io"]
    assert "annotations" not in crd["metadata"]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"replica": 1}, "replica"),
        ({"image": {"digest": "latest"}}, "/image/digest"),
        ({"settings": {"redis_usr": 1}}, "redis_usr"),
        ({"settings": {"redis_user": "abc"}}, "/settings/redis_user"),
        ({"settings": {"network_pod_networks": [1]}}, "/settings/network_pod_networks/0"),
        ({"env": [{"name": "log level"}]}, "/env/0/name"),
        ({"crds": {"keep": "yes"}}, "/crds/keep"),
    ],
    ids=str,
)
def test_a_wrong_value_is_refused_with_its_name(folder, tmp_path, values, named):
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
    run = helm("template", "tenants", folder, "--values", tmp_path / "values.yaml")
    assert run.returncode != 0
    assert named in run.stderr.replace("'", "")


@pytest.mark.parametrize(
    "image",
    [
        "neurallog/tenant-operator:2.0",
        "operator:2.0",
        "registry.example.com:5000/neurallog/operator:2.0",
        f"registry.example.com:5000/operator@sha256:{'0' * 64}",
    ],
)
def test_the_chart_of_a_release_names_its_image(tmp_path, image):
    chart.make(tmp_path / "chart", image)
    run = helm("template", "tenants", tmp_path / "chart")
    assert run.returncode == 0, run.stderr
    (container,) = pod_of(by_name(yaml.safe_load_all(run.stdout)))["spec"]["containers"]
    assert container["image"] == image


def test_the_chart_has_the_version_of_the_project():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
    described = yaml.safe_load((CHECKOUT / "config" / "helm" / "Chart.yaml").read_text())
    assert (described["version"], described["appVersion"]) == (project, project)


def test_helm_has_nothing_to_say_against_it(folder):
    run = helm("lint", "--strict", folder)
    assert run.returncode == 0, run.stdout + run.stderr
