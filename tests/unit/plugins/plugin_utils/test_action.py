"""A variable without templates reaches an action as it is, and everything else by Ansible's own way."""

from types import SimpleNamespace
from typing import ClassVar

import pytest
from ansible.errors import AnsibleActionFail, AnsibleTemplateError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import EncryptedString
from ansible.template import Templar, trust_as_template

from ansible_collections.neurallog.tenant.plugins.plugin_utils.action import KubernetesAction


@pytest.fixture
def finalized(monkeypatch):
    """Return what an action gets of an argument, and the templates that Ansible evaluated for it."""

    def finalized(argument, **variables):
        templar = Templar(loader=DataLoader(), variables=variables)
        evaluated = []
        evaluate = templar.template
        monkeypatch.setattr(templar, "template", lambda value: evaluated.append(value) or evaluate(value))
        return KubernetesAction.finalize_task_arg("tenant", argument, templar, None), evaluated

    return finalized


TENANT = {"spec": {"server": {"replicas": 2}, "paused": False, "description": "a { b } c"}}


def test_data_is_taken_as_it_is(finalized):
    assert finalized(trust_as_template("{{ tenant }}"), tenant=TENANT) == (TENANT, [])


def test_what_looks_like_a_template_and_is_none_stays_what_it_is(finalized):
    tenant = {"spec": {"description": "{{ lookup('env', 'HOME') }}"}}
    assert finalized(trust_as_template("{{ tenant }}"), tenant=tenant) == (tenant, ["{{ tenant }}"])


def test_a_variable_that_holds_a_template_is_evaluated(finalized):
    tenant = {"spec": {"description": trust_as_template("{{ 1 + 1 }}")}}
    assert finalized(trust_as_template("{{ tenant }}"), tenant=tenant)[0] == {"spec": {"description": 2}}


@pytest.mark.parametrize("argument", ["{{ tenant.spec }}", "{{ tenant | combine({}) }}", "{{ name }}"])
def test_other_expressions_and_values_are_evaluated(finalized, argument):
    value, evaluated = finalized(trust_as_template(argument), tenant=TENANT, name="acme")
    assert value in (TENANT, TENANT["spec"], "acme")
    assert evaluated == [argument]


def test_a_value_of_a_vault_is_left_to_ansible(finalized):
    secret = EncryptedString(ciphertext="$ANSIBLE_VAULT;1.1;AES256\n00")
    with pytest.raises(AnsibleTemplateError, match="Vault"):
        finalized(trust_as_template("{{ tenant }}"), tenant={"spec": {"description": secret}})


class Applying(KubernetesAction):
    ARGUMENTS: ClassVar = {
        "tenant": {"type": "dict", "required": True},
        "manifests": {"type": "list", "elements": "raw"},
        "force": {"type": "bool", "default": True},
    }

    def act(self, result, options, task_vars):
        """Nothing is done."""


@pytest.fixture
def validated():
    """Return the options of a task with these arguments."""

    def validated(**arguments):
        action = object.__new__(Applying)
        action._load_name = "apply"
        action._task = SimpleNamespace(args=arguments)
        options = action._validated()
        assert action._task.args is arguments
        return options

    return validated


def test_options_have_their_defaults_and_types_and_what_is_large_is_no_copy(validated):
    options = validated(tenant=TENANT, manifests=["a.yaml"], force="no")
    assert (options["manifests"], options["force"], options["kubeconfig"]) == (["a.yaml"], False, None)
    assert options["tenant"] is TENANT


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "missing required arguments: tenant"),
        ({"tenant": ["no mapping"]}, "argument 'tenant' is of type list"),
        ({"tenant": TENANT, "manifests": {"a": "b"}}, "argument 'manifests' is of type dict"),
        ({"tenant": TENANT, "force": "perhaps"}, "argument 'force' is of type str"),
        ({"tenant": TENANT, "forced": True}, "Unsupported parameters for \\(apply\\) module: forced"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_by_its_name(validated, arguments, words):
    with pytest.raises(AnsibleActionFail, match=words):
        validated(**arguments)
