"""What docs/operator.md says of overlays."""

import re
import subprocess

import yaml

from devcluster import binaries
from tests.control_plane import CHECKOUT


def overlay():
    """Return the kustomization that the page shows."""
    page = (CHECKOUT / "docs" / "operator.md").read_text()
    (block,) = re.findall(r"    # kustomization\.yaml\n((?:    .*\n)+)", page)
    return yaml.safe_load(block)


def test_an_overlay_moves_the_operator_and_sets_the_roles(tmp_path):
    shown = overlay()
    (remote,) = shown["resources"]
    path, _, _ = remote.removeprefix("github.com/neurallog/tenant-operator/").partition("?")
    shown["resources"] = [path]
    # kustomize takes no path from the root.
    (tmp_path / "config").symlink_to(CHECKOUT / "config")
    (tmp_path / "settings.yaml").write_text("redis_user: 1001\n")
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(shown))
    command = [binaries.ensure()["kubectl"], "kustomize", "--load-restrictor", "LoadRestrictionsNone", tmp_path]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    made = {f"{each['kind']}/{each['metadata']['name']}": each for each in yaml.safe_load_all(run.stdout)}
    assert "neurallog-system" not in run.stdout
    assert "Namespace/platform" in made
    (settings,) = [each for name, each in made.items() if name.startswith("ConfigMap/")]
    assert yaml.safe_load(settings["data"]["settings.yaml"]) == {"redis_user": 1001}
    volumes = made["Deployment/tenant-operator"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "settings", "configMap": {"name": settings["metadata"]["name"]}} in volumes
