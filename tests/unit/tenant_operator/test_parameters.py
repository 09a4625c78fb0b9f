"""A resource as extra variables: named as in ansible-operator, and never evaluated."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tenant_operator import parameters

RESOURCE = {
    "apiVersion": "example.com/v1",
    "kind": "BedRoom",
    "metadata": {"name": "a", "namespace": "b"},
    "spec": {"roomNumber": 7, "theHTTPServer": [{"portName": "x"}], "plain": "y"},
}


def test_fields_are_variables_in_snake_case_beside_the_resource_itself():
    assert parameters.variables(RESOURCE, snake_case=True) == {
        "room_number": 7,
        "the_http_server": [{"port_name": "x"}],
        "plain": "y",
        "ansible_operator_meta": {"name": "a", "namespace": "b"},
        "_example_com_bedroom": RESOURCE,
        "_example_com_bedroom_spec": RESOURCE["spec"],
    }


def test_fields_keep_their_names_where_the_watch_says_so():
    assert parameters.variables(RESOURCE, snake_case=False)["roomNumber"] == 7


@pytest.mark.parametrize("field", ["ansible_connection", "ansiblePythonInterpreter", "ansible-host"])
def test_a_field_that_is_a_variable_of_ansible_is_refused_by_name(field):
    with pytest.raises(parameters.ParameterError, match=f"spec.{field} must have another name"):
        parameters.variables({**RESOURCE, "spec": {field: "x"}}, snake_case=True)


def test_what_a_resource_says_is_never_evaluated_and_comes_through_byte_by_byte(tmp_path):
    marker = tmp_path / "executed"
    hostile = [
        f"{{{{ lookup('pipe', 'touch {marker}') }}}}",
        f"{{% set x = lookup('pipe', 'touch {marker}') %}}",
        "yes",
        "1e3",
        "!unsafe x",
        "x\nspec: y",
        '"\\u2028\u2028',
        "",
    ]
    said = {"list": hostile, "map": {"{{ key }}": hostile[0], "__ansible_unsafe": "x"}, "number": 3, "nothing": None}
    (tmp_path / "vars.yml").write_text(parameters.dump({"said": said, "own": hostile[0]}, {"own": "{{ 1 + 1 }}"}))
    (tmp_path / "site.yml").write_text(
        yaml.safe_dump(
            [
                {
                    "hosts": "localhost",
                    "gather_facts": False,
                    "tasks": [
                        {"copy": {"content": "{{ said | to_json }}", "dest": str(tmp_path / "said.json")}},
                        {"assert": {"that": "own | int == 2"}},
                    ],
                }
            ]
        )
    )
    command = [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", "-c", "local", "site.yml"]
    interpreter = ["-e", f"ansible_python_interpreter={sys.executable}"]
    done = subprocess.run(
        [*command, *interpreter, "-e", "@vars.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert yaml.safe_load((tmp_path / "said.json").read_text()) == said
    assert not marker.exists()
