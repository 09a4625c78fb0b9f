"""What is compiled before the fork is what Ansible compiles, and serves no other text and no other reading of it."""

import pytest
from ansible._internal._templating import _jinja_bits, _jinja_plugins
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader
from ansible.template import Templar, trust_as_template

from tenant_operator.runner import sources, warmtemplates

ROLE = """
- name: Say it
  ansible.builtin.debug:
    msg: ["{{ greeting | upper }} you", "no template"]
    broken: "{{ greeting | }}"
    unknown: "{{ greeting | no.such.filter }}"
"""


@pytest.fixture
def compiled(tmp_path, monkeypatch):
    """The texts that Ansible compiles after a role was warmed."""
    (tmp_path / "roles" / "greet" / "tasks").mkdir(parents=True)
    (tmp_path / "roles" / "greet" / "tasks" / "main.yml").write_text(ROLE)
    (tmp_path / "roles" / "greet" / "tasks" / "notes.yml").write_text("{no: yaml")
    anew = []
    compile_anew = warmtemplates._compile_anew
    monkeypatch.setattr(_jinja_bits.AnsibleEnvironment, "compile", compile_anew)
    monkeypatch.setattr(warmtemplates, "_compiled", {})
    monkeypatch.setattr(_jinja_plugins.JinjaPluginIntercept, "__getitem__", warmtemplates._find_anew)
    monkeypatch.setattr(warmtemplates, "_found", {})
    warmtemplates.warm(sources.of(tmp_path))
    monkeypatch.setattr(
        warmtemplates,
        "_compile_anew",
        lambda self, source, **more: anew.append(source) or compile_anew(self, source, **more),
    )
    return anew


def rendered(template, **variables):
    return Templar(loader=DataLoader(), variables=variables).template(trust_as_template(template))


def test_a_template_of_a_role_is_not_compiled_again_and_takes_the_variables_of_each_task(compiled):
    assert rendered("{{ greeting | upper }} you", greeting="hey") == "HEY you"
    assert rendered("{{ greeting | upper }} you", greeting="ho") == "HO you"
    assert compiled == []


@pytest.mark.usefixtures("compiled")
def test_a_filter_of_a_role_is_not_looked_for_again_and_a_new_one_is_found(monkeypatch):
    looked_for = []
    look = filter_loader.get_with_context
    monkeypatch.setattr(filter_loader, "get_with_context", lambda name: looked_for.append(name) or look(name))
    assert rendered("{{ greeting | upper }} {{ greeting | lower }}", greeting="Hey") == "HEY hey"
    assert looked_for == ["lower"]


def test_a_template_that_is_new_is_compiled_once(compiled):
    for _ in range(2):
        assert rendered("{{ greeting }}!", greeting="hey") == "hey!"
    assert compiled == ["{{ greeting }}!"]


def test_the_same_text_with_other_delimiters_is_another_template(compiled):
    text = "#jinja2: variable_start_string:'[[', variable_end_string:']]'\n{{ greeting | upper }} you"
    assert rendered(text, greeting="hey") == "{{ greeting | upper }} you"
