"""A variable without templates reaches an action as it is, and everything else by Ansible's own way."""

import pytest
from ansible.errors import AnsibleTemplateError
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
