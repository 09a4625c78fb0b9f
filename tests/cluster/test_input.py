"""Bad input gets one clear message, and the other tenants of the run are unharmed."""

import pytest
import yaml

GOOD = "the-other-one"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", "not a Tenant (v1 ConfigMap)"),
        ("apiVersion: neurallog.io/v1\nkind: Tenant\nmetadata: {name: 'x\n", "bad.yaml:4: not valid YAML"),
        ("apiVersion: neurallog.io/v1\nkind: Tenant\nspec: {}\n", "metadata.name: a Tenant needs a name"),
        ("apiVersion: neurallog.io/v1\nkind: Tenant\nkind: Tenant\n", "bad.yaml:3: not valid YAML: key 'kind'"),
        ("apiVersion: neurallog.io/v1\nkind: Tenant\nmetadata: {name: Caps}\n", "Caps"),
        ("apiVersion: neurallog.io/v1\nkind: Tenant\nmetadata: {name: odd}\nspec: {redis: {colour: red}}\n",
         ".spec.redis.colour: field not declared in schema"),
        ("apiVersion: neurallog.io/v1\nkind: Tenant\nmetadata: {name: odd}\nspec: {server: {replicas: 0}}\n",
         "spec.server.replicas"),
        ("apiVersion: neurallog.io/v1\nkind: Tenant\nmetadata: {name: odd}\n"
         "spec: {resources: {cpu: {request: 100m}}}\n",
         "spec.resources.cpu.request must hold what server and redis request together"),
        ("", "has no Tenant manifest"),
    ],
)  # fmt: skip
def test_a_manifest_that_cannot_be_used_is_explained_and_the_others_are_provisioned(
    cluster, name, tmp_path, make_tenant, text, message
):
    other = f"{name[:40]}-x"
    (tmp_path / "bad.yaml").write_text(text)
    (tmp_path / "good.yaml").write_text(yaml.safe_dump(make_tenant(other)))
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("plugin: neurallog.tenant.tenants\nmanifests: [bad.yaml, good.yaml]\n")
    run = cluster.playbook("reconcile", "-i", inventory)
    assert run.code != 0
    assert message in run.flat
    assert run.flat.count("FAILED!") == 1
    assert run.recap(other)["failed"] == 0
    assert cluster.get("namespace", f"tenant-{other}")


def test_two_tenants_of_one_name_are_named_with_their_places_and_neither_is_applied(
    cluster, name, manifest, make_tenant
):
    run = cluster.playbook(
        "reconcile", "-i", manifest(make_tenant(name), make_tenant(name), make_tenant(f"{name[:40]}-y"))
    )
    assert run.code != 0
    assert f"two Tenants are named {name}" in run.flat
    assert "tenants.yaml:1 and" in run.flat
    assert cluster.get("tenant", name) is None
    assert run.recap(f"{name[:40]}-y")["failed"] == 0


def test_a_folder_of_manifests_gives_all_its_tenants(cluster, name, tmp_path, make_tenant):
    folder = tmp_path / "customers" / "eu"
    folder.mkdir(parents=True)
    for number in range(2):
        (folder / f"{number}.yml").write_text(yaml.safe_dump(make_tenant(f"{name[:40]}-{number}")))
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("plugin: neurallog.tenant.tenants\nmanifests: [customers/]\n")
    run = cluster.playbook("reconcile", "-i", inventory, "--check")
    assert run.code == 0, run.output
    assert [run.recap(f"{name[:40]}-{number}")["changed"] for number in range(2)] == [6, 6]


@pytest.fixture
def empty_configuration(tmp_path):
    path = tmp_path / "ansible.cfg"
    path.touch()
    return str(path)


def test_an_inventory_file_works_where_the_plugin_is_not_enabled(
    cluster, name, tmp_path, manifest, make_tenant, empty_configuration
):
    manifest(make_tenant(name))
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("plugin: neurallog.tenant.tenants\nmanifests: [tenants.yaml]\n")
    run = cluster.playbook("reconcile", "-i", inventory, "--check", env={"ANSIBLE_CONFIG": empty_configuration})
    assert run.code == 0, run.output


def test_a_manifest_where_the_plugin_is_not_enabled_is_explained(
    cluster, name, manifest, make_tenant, empty_configuration
):
    run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name)), env={"ANSIBLE_CONFIG": empty_configuration})
    assert run.code != 0
    assert "ANSIBLE_INVENTORY_ENABLED=neurallog.tenant.tenants" in run.flat


def test_no_inventory_at_all_is_explained(cluster):
    run = cluster.playbook("reconcile")
    assert run.code != 0
    assert "No Tenant in the inventory" in run.flat


def test_a_cluster_that_cannot_be_reached_is_named(cluster, name, manifest, make_tenant):
    run = cluster.playbook(
        "reconcile",
        "-i",
        manifest(make_tenant(name)),
        env={"K8S_AUTH_HOST": "https://127.0.0.1:1", "K8S_AUTH_API_KEY": "x"},
    )
    assert run.code != 0
    assert "cannot be reached" in run.flat
    assert "Connection refused" in run.flat
    assert "Traceback" not in run.output


def test_a_missing_right_is_the_servers_message(cluster, name, manifest, make_tenant):
    run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name)), env={"K8S_AUTH_IMPERSONATE_USER": "nobody"})
    assert run.code != 0
    assert 'User "nobody" cannot' in run.flat.replace("\\", "")
    assert cluster.get("tenant", name) is None


def test_without_the_crd_one_message_names_the_playbook_that_installs_it(
    bare_cluster, name, manifest, make_tenant, tmp_path
):
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("plugin: neurallog.tenant.tenants\ncluster: true\n")
    run = bare_cluster.playbook("reconcile", "-i", manifest(make_tenant(name)))
    live = bare_cluster.playbook("reconcile", "-i", inventory)
    delete = bare_cluster.playbook("delete", "-i", manifest(make_tenant(name)))
    for each in (run, live, delete):
        assert each.code != 0
        assert "ansible-playbook neurallog.tenant.install" in each.flat
        assert each.flat.count("FAILED!") == 1


def test_install_makes_the_api_usable_and_a_second_one_changes_nothing(bare_cluster, name, manifest, make_tenant):
    assert bare_cluster.playbook("install", "--check").recap("localhost")["changed"] == 1
    assert bare_cluster.playbook("install").recap("localhost")["changed"] == 1
    assert bare_cluster.playbook("install").recap("localhost")["changed"] == 0
    assert bare_cluster.playbook("reconcile", "-i", manifest(make_tenant(name))).code == 0


def test_a_quota_without_room_for_a_rollout_is_refused_and_one_with_room_is_not(cluster, name, manifest, make_tenant):
    def of(cpu):
        return make_tenant(name, resources={"cpu": {"request": cpu}}, server={"replicas": 4})

    tight = cluster.playbook("reconcile", "-i", manifest(of("500m")), "--check")
    assert "those that a rolling update of the server adds" in tight.flat
    roomy = cluster.playbook("reconcile", "-i", manifest(of("600m")), "--check")
    assert roomy.code == 0, roomy.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "cluster: true\nlabel_selector: team=a\n",
            "label_selector is no option of neurallog.tenant.tenants: did you mean selector?",
        ),
        (
            "cluster: true\nselektor: team=a\n",
            "selektor is no option of neurallog.tenant.tenants: did you mean selector?",
        ),
        ("cluster: true\nwhatever: 1\n", "whatever is no option of neurallog.tenant.tenants"),
        ("cluster: true\nselector:\n", "selector has no value: give it one, or leave it out"),
        ("manifests: [tenants.yaml]\nselector: team=a\n", "selector is for the live Tenants: it needs cluster: true"),
    ],
)
def test_a_key_of_the_inventory_that_is_not_heard_is_refused_and_no_tenant_is_chosen(
    cluster, name, tmp_path, manifest, make_tenant, text, message
):
    cluster.apply(make_tenant(name))
    manifest(make_tenant(name))
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(f"plugin: neurallog.tenant.tenants\n{text}")
    run = cluster.playbook("delete", "-i", inventory, "-e", "confirm=true")
    assert run.code != 0
    assert f"inventory.yml: {message}" in run.flat
    assert run.output.count("FAILED!") == 1
    assert cluster.get("tenant", name)
    cluster.kubectl("delete", "tenant", name)


def test_a_connection_option_by_its_other_name_is_heard(cluster, tmp_path):
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("plugin: neurallog.tenant.tenants\ncluster: true\nverify_ssl: false\nselector: team=nobody\n")
    run = cluster.playbook("reconcile", "-i", inventory, "--check")
    assert "cluster: it has no Tenants with team=nobody" in run.flat
