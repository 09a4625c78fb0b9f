"""A resource as extra variables: named as in ansible-operator, and never evaluated."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from hypothesis import given
from hypothesis import strategies as st

from tenant_operator.runner import parameters

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


def evaluated(folder, resource_variables):
    """Return variables as Ansible has them after it evaluated every template in them."""
    (folder / "vars.yml").write_text(parameters.dump(resource_variables), encoding="utf-8")
    loaded = DataLoader().load_from_file(str(folder / "vars.yml"), trusted_as_template=True)
    return json.loads(json.dumps(Templar(loader=None, variables={}).template(loaded)))


def attacks(marker):
    """Yield every way that Ansible knows to say that a text is a template."""
    call = f"lookup('pipe', 'touch {marker}')"
    yield from (f"{{{{ {call} }}}}", f"{{% set x = {call} %}}", f"{{#x#}}{{{{ {call} }}}}", f"!unsafe {{{{ {call} }}}}")
    for start, end in (("[%", "%]"), ("<", ">"), ("$(", ")"), ("[[", "]]")):
        yield f"#jinja2: variable_start_string: '{start}', variable_end_string: '{end}'\n{start} {call} {end}"
    yield f"#jinja2: line_statement_prefix: '%%'\n%% set x = {call}"
    yield f"#jinja2:block_start_string:'(%',block_end_string:'%)'\n(% set x = {call} %)"


def test_no_way_to_say_template_is_heard_in_strings_keys_and_nested(tmp_path):
    marker = tmp_path / "executed"
    for attack in attacks(marker):
        said = {
            "text": attack,
            attack: "key",
            "list": [attack, {attack: [attack]}],
            "meta": {"annotations": {"a": attack}},
        }
        assert evaluated(tmp_path, said) == said
        assert not marker.exists(), attack


TEXTS = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    ["yes", "1e3", "null", "~", "2001-01-01", "0x1f", "!vault |\n  1", "x\nspec: y", '"\\u2028\u2028', "", "<<", "="]
)
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3),
    max_leaves=8,
)


@given(said=VALUES, header=st.sampled_from(["", "#jinja2: variable_start_string: '[%', variable_end_string: '%]'\n"]))
def test_every_value_arrives_as_it_is(tmp_path_factory, said, header):
    said = {
        "said": said,
        "text": header + "[% 1 + 1 %]",
        "__ansible_unsafe": "x",
        "nested": {"__ansible_vault": "y"},
    }
    assert evaluated(tmp_path_factory.getbasetemp(), said) == said


def test_a_playbook_sees_what_the_resource_says_and_nothing_of_it_is_executed(tmp_path):
    marker = tmp_path / "executed"
    said = {"list": list(attacks(marker)), "number": 3, "nothing": None}
    (tmp_path / "vars.yml").write_text(parameters.dump({"said": said}))
    copied = {"content": "{{ said | to_json }}", "dest": str(tmp_path / "said.json")}
    passed = {"list": "{{ said.list + [said.list[0] ~ said.list[4]] }}"}
    tasks = [{"set_fact": passed}, {"debug": {"msg": "{{ list }}"}}, {"copy": copied}]
    (tmp_path / "site.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    command = [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", "-c", "local", "site.yml"]
    interpreter = ["-e", f"ansible_python_interpreter={sys.executable}"]
    done = subprocess.run(
        [*command, *interpreter, "-e", "@vars.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "said.json").read_text()) == said
    assert not marker.exists()
