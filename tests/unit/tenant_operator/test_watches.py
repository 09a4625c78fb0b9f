import re
from pathlib import Path

import pytest
import yaml

from tenant_operator import watches

CHECKOUT = Path(__file__).resolve().parents[3]
ENTRY = {
    "group": "example.com",
    "version": "v1",
    "kind": "Thing",
    "playbook": "x.yml",
    "inventory": {"plugin": "a.b.c"},
}


@pytest.fixture
def load(tmp_path):
    def load(*entries):
        path = tmp_path / "watches.yaml"
        path.write_text(yaml.safe_dump(list(entries)))
        return watches.load(path)

    return load


def test_the_watches_of_this_checkout_run_the_playbooks_that_exist():
    (watch,) = watches.load(CHECKOUT / "watches.yaml")
    assert (watch.gvk.api_version, watch.kind, watch.reconcile_period) == ("neurallog.io/v1", "Tenant", 600.0)
    for playbook in (watch.program.name, watch.finalizer.program.name):
        assert (CHECKOUT / "playbooks" / f"{playbook.rpartition('.')[2]}.yml").is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": None}, "needs kind"),
        ({"playbook": None}, "needs either role or playbook"),
        ({"role": "x"}, "needs either role or playbook"),
        ({"manageStatus": "no"}, "manageStatus must be true or false"),
        ({"inventory": None, "markUnsafe": False}, "markUnsafe must be true"),
        ({"selector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}, "operator must be one of In, NotIn"),
        ({"colour": "red"}, "entry 1: does not know colour"),
        ({"reconcilePeriod": "soon"}, "reconcilePeriod: 'soon' is not a duration, such as 10m"),
        ({"finalizer": {"name": "mine", "playbook": "x"}}, "finalizer: name must be qualified by a domain"),
        ({"inventory": {"plugin": "a", "tags": []}}, "inventory: does not know tags"),
        ({"inventory": "a.b.c"}, "inventory: must be a mapping"),
        ({"inventory": {"plugin": "a", "annotations": "b"}}, "inventory: annotations must be a list of names"),
    ],
)
def test_an_entry_that_cannot_be_used_is_explained_by_field(load, change, message):
    entry = {key: value for key, value in {**ENTRY, **change}.items() if value is not None}
    with pytest.raises(watches.WatchError, match=re.escape(message)):
        load(entry)


def test_an_entry_of_ansible_operator_means_what_it_means_there(load):
    entry = {key: value for key, value in ENTRY.items() if key not in {"inventory", "playbook"}}
    expressions = [{"key": "b", "operator": "NotIn", "values": ["x", "y"]}, {"key": "c", "operator": "Exists"}]
    selector = {"matchLabels": {"a": "1"}, "matchExpressions": expressions}
    (watch,) = load({**entry, "role": "lodger", "vars": {"colour": "red"}, "selector": selector, "manageStatus": False})
    assert watch.program == watches.Program("lodger", is_role=True, vars={"colour": "red"})
    assert watch.mode == watches.Parameters(snake_case=True)
    assert watch.label_selector == "a=1,b notin (x,y),c"
    assert (watch.reconcile_period, watch.manage_status) == (36000.0, False)


def test_a_kind_that_is_there_twice_is_refused(load):
    with pytest.raises(watches.WatchError, match=r"Thing in example\.com/v1 is there twice"):
        load(ENTRY, ENTRY)


@pytest.mark.parametrize(("text", "seconds"), [("10s", 10), ("1h30m", 5400), ("0s", 0), ("1.5s", 1.5)])
def test_a_duration_is_read_as_in_go(text, seconds):
    assert watches.duration(text, "here") == seconds


DEPENDENTS = {"namespace": "app-{name}", "fieldManager": "us", "kinds": [{"version": "v1", "kind": "ConfigMap"}]}


def test_dependents_are_mapped_by_their_namespace_alone():
    dependents = watches.Dependents("app-{name}-x", "us", ())
    assert dependents.namespace_of("a") == "app-a-x"
    assert dependents.owner_of("app-a-x") == "a"
    assert dependents.owner_of("app-a") is None
    assert dependents.owner_of("app--x") is None
    assert dependents.owner_of("kube-system") is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"namespace": "app"}, "namespace must contain {name} once"),
        ({"kinds": []}, "kinds must be a list"),
        ({"kinds": [{"kind": "ConfigMap"}]}, "kinds: entry 1: needs version"),
        ({"kinds": DEPENDENTS["kinds"] * 2}, "ConfigMap is there twice"),
        ({"kinds": [{**DEPENDENTS["kinds"][0], "optional": "maybe"}]}, "optional must be true or false"),
        ({"statusPeriod": "5m"}, "statusPeriod needs statusTags"),
        ({"statusPeriod": "often", "statusTags": ["status"]}, "statusPeriod: 'often' is not a duration"),
        ({"colour": "red"}, "does not know colour"),
    ],
)
def test_dependents_that_cannot_be_used_are_refused_with_their_place(load, wrong, message):
    with pytest.raises(watches.WatchError, match=f"entry 1: dependents.*{message}"):
        load({**ENTRY, "dependents": {**DEPENDENTS, **wrong}})


@pytest.fixture
def with_settings(tmp_path):
    def with_settings(text, *entries):
        (tmp_path / "watches.yaml").write_text(yaml.safe_dump(list(entries)))
        (tmp_path / "settings.yaml").write_text(text)
        return watches.load(tmp_path / "watches.yaml", tmp_path / "settings.yaml")

    return with_settings


def test_settings_come_before_the_variables_of_every_program_of_every_entry(with_settings):
    finalizer = {"name": "example.com/end", "playbook": "y.yml", "vars": {"confirm": True, "user": 3}}
    one, two = with_settings(
        "user: 7\nimages: [a]\n",
        {**ENTRY, "vars": {"user": 1, "wait": False}, "finalizer": finalizer},
        {**ENTRY, "kind": "Other"},
    )
    assert one.program.vars == {"user": 7, "wait": False, "images": ["a"]}
    assert one.finalizer.program.vars == {"user": 7, "confirm": True, "images": ["a"]}
    assert two.program.vars == {"user": 7, "images": ["a"]}
    assert two.finalizer is None
    assert one.settings == two.settings == ("user", "images")


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}"])
def test_an_empty_settings_file_changes_nothing(with_settings, load, text):
    assert with_settings(text, ENTRY) == load(ENTRY)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- user", "must be a mapping of variables of the roles"),
        ("user-name: 1", "'user-name' is no name of a variable"),
        ("7: 1", "7 is no name of a variable"),
        ("a: [", "settings.yaml"),
    ],
)
def test_a_settings_file_that_is_none_is_refused_with_its_name(with_settings, text, message):
    with pytest.raises(watches.WatchError, match=re.escape(message)) as error:
        with_settings(text, ENTRY)
    assert "settings.yaml" in str(error.value)


def test_a_settings_file_that_is_not_there_is_refused(tmp_path):
    (tmp_path / "watches.yaml").write_text(yaml.safe_dump([ENTRY]))
    with pytest.raises(watches.WatchError, match=r"settings\.yaml"):
        watches.load(tmp_path / "watches.yaml", tmp_path / "settings.yaml")
