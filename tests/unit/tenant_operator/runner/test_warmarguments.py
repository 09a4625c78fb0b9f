"""Variables of roles are checked by their argument specs."""

from pathlib import Path

import pytest
import yaml

from tenant_operator.runner import warmarguments

SPECS = {
    "main": {
        "options": {
            "store_user": {"type": "int", "default": 999},
            "store_images": {"type": "list", "elements": "str"},
            "store_mode": {"type": "str", "choices": ["one", "many"]},
            "store_size": {"type": "dict", "options": {"limit": {"type": "int", "required": True}}},
            "store_name": {"type": "str", "required": True},
        }
    },
    "other": {"options": {"store_wait": {"type": "bool"}}},
}


@pytest.fixture
def role(tmp_path):
    folder = tmp_path / "store"
    (folder / "meta").mkdir(parents=True)
    (folder / "meta" / "argument_specs.yml").write_text(yaml.safe_dump({"argument_specs": SPECS}))
    return folder


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"store_user": 7},
        {"store_user": "7"},
        {"store_images": ["a", "b"]},
        {"store_mode": "many"},
        {"store_size": {"limit": 3}},
        {"store_wait": True},
        {"store_user": "{{ lookup('env', 'UID') }}"},
    ],
    ids=str,
)
def test_what_a_role_can_use_is_accepted(role, variables):
    assert warmarguments.errors(variables, variables, [role]) == []


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("store_user", "abc", "unable to convert to int"),
        ("store_images", {"a": 1}, "unable to convert to list"),
        ("store_mode", "few", "value of store_mode must be one of: one, many"),
        ("store_size", {}, "missing required arguments: limit"),
        ("store_wait", "perhaps", "unable to convert to bool"),
    ],
)
def test_what_a_role_cannot_use_is_refused_with_its_name_and_the_role(role, name, value, reason):
    (error,) = warmarguments.errors({name: value}, [], [role])
    assert error.startswith(f"{name}: ")
    assert reason in error
    assert error.endswith("(role store)")


def test_every_error_is_told_once(role):
    wrong = {"store_user": "abc", "store_mode": "few"}
    errors = warmarguments.errors(wrong, ["store_usr"], [role, role])
    assert [error.split(":")[0] for error in errors] == ["settings", "store_mode", "store_user"]


def test_a_setting_that_no_role_describes_is_refused_with_the_name_that_is_close(role):
    assert warmarguments.errors({}, ["store_usr"], [role]) == [
        "settings: no role has a variable store_usr; did you mean store_user?"
    ]
    assert warmarguments.errors({}, ["colour"], [role]) == ["settings: no role has a variable colour"]


def test_another_variable_of_watches_yaml_may_be_one_of_the_playbook(role):
    assert warmarguments.errors({"colour": "red"}, [], [role]) == []


@pytest.mark.parametrize("text", [None, "", "---\n"])
def test_a_role_without_argument_specs_describes_nothing(tmp_path, text):
    role = tmp_path / "plain"
    (role / "meta").mkdir(parents=True)
    if text is not None:
        (role / "meta" / "argument_specs.yml").write_text(text)
    assert warmarguments.errors({"plain_user": 1}, ["plain_user"], [role]) == [
        "settings: no role has a variable plain_user"
    ]


def test_the_roles_of_this_collection_describe_every_setting_that_the_documentation_names():
    roles = sorted(Path(__file__).parents[4].joinpath("roles").iterdir())
    named = ["redis_user", "network_pod_networks", "backup_rclone_image", "lifecycle_namespace"]
    assert warmarguments.errors({}, named, roles) == []
