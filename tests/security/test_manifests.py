"""A bad manifest in a run by hand: it is told by file and line, and no other tenant of the run is harmed."""

import pytest
import yaml

TENANT = "apiVersion: neurallog.io/v1\nkind: Tenant\nmetadata: {name: odd}\n"
BOMB = "".join(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{TENANT}spec:\n  ? [a]\n  : b\n", "bad.yaml:5: not valid YAML: a key must be text"),
        (f"{TENANT}spec: 'a\x01'\n", "bad.yaml: not valid YAML: unacceptable character"),
        (f"{TENANT}spec: !!binary aGk=\n", "bad.yaml:4: not valid YAML: tag:yaml.org,2002:binary is no type of JSON"),
        (f"{TENANT}spec: {{a: .nan}}\n", "bad.yaml:4: not valid YAML: a number must be finite"),
        (f"{TENANT}spec: {'[' * 100_000}\n", "bad.yaml: not valid YAML: it has more than 64 levels"),
        (
            f"{TENANT}spec:\n  l0: &l0 [x]\n{BOMB}",
            "bad.yaml:1: not valid YAML: with its aliases it is larger than 2 MiB",
        ),
        (f"{TENANT}#{'x' * 2**21}\n", "bad.yaml: is larger than 2 MiB"),
    ],
    ids=["complex-key", "control-character", "tag", "not-a-number", "deep", "alias-bomb", "large"],
)
def test_a_manifest_that_json_cannot_hold_harms_no_other_tenant(cluster, name, tmp_path, make_tenant, text, message):
    other = f"{name[:40]}-x"
    folder = tmp_path / "fleet"
    folder.mkdir()
    (folder / "bad.yaml").write_text(text)
    (folder / "good.yaml").write_text(yaml.safe_dump(make_tenant(other)))
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("plugin: neurallog.tenant.tenants\nmanifests: [fleet/]\n")
    run = cluster.playbook("reconcile", "-i", inventory, "--check")
    assert run.code != 0
    assert message in run.flat
    assert run.flat.count("FAILED!") == 1
    assert run.recap(other)["failed"] == 0
