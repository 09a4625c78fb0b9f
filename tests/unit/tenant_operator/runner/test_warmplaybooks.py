"""A playbook that was loaded before the fork is used where it would load to the same."""

from types import SimpleNamespace

import pytest
from ansible import context
from ansible.executor import playbook_executor
from ansible.parsing.dataloader import DataLoader
from ansible.playbook import Playbook
from ansible.plugins.loader import init_plugin_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible.utils.context_objects import CLIArgs
from ansible.vars.manager import VariableManager

from tenant_operator.runner import warmplaybooks

SITE = """
- hosts: all
  tasks:
    - ansible.builtin.import_tasks: "{{ which }}.yml"
"""


@pytest.fixture(scope="module", autouse=True)
def _loader():
    """Where Ansible looks for plugins. It is for the whole process, so not before all tests are collected."""
    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader()


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load the playbook as ansible-playbook does, with an extra variable."""
    (tmp_path / "site.yml").write_text(SITE)
    for name in ("one", "two"):
        (tmp_path / f"{name}.yml").write_text(f"[{{name: {name}, ansible.builtin.debug: {{msg: hello}}}}]")
    monkeypatch.setattr(warmplaybooks, "_loaded", {})
    monkeypatch.setattr(playbook_executor, "Playbook", Playbook)

    def load(which, *, tags=(), skip_tags=()):
        arguments = {"extra_vars": (f"which={which}",), "tags": tags, "skip_tags": skip_tags}
        monkeypatch.setattr(context, "CLIARGS", CLIArgs(arguments))
        monkeypatch.setattr("ansible.utils.vars.load_extra_vars.extra_vars", None, raising=False)
        loader = DataLoader()
        variables = VariableManager(loader=loader)
        playbook = playbook_executor.Playbook.load(str(tmp_path / "site.yml"), variables, loader)
        return SimpleNamespace(playbook=playbook, play=playbook.get_plays()[0], variables=variables, loader=loader)

    return load


@pytest.fixture
def warmed(load):
    """What was loaded before the fork."""
    warmplaybooks.keep()
    used = load("one")
    warmplaybooks.use()
    return used


def task_of(loaded):
    """Return the one task that was imported."""
    found = loaded.play.tasks[0]
    while hasattr(found, "block"):
        found = found.block[0]
    return found


def test_a_fork_gets_a_playbook_that_nobody_has_used(load, warmed):
    ((kept, *_),) = warmplaybooks._loaded.values()
    forked = load("one")
    assert forked.playbook is kept
    assert forked.playbook is not warmed.playbook
    assert task_of(forked).name == "one"


def test_its_tags_are_those_of_the_run(load, warmed):
    forked = load("one", tags=("status",), skip_tags=("tenant",))
    assert (forked.play.only_tags, forked.play.skip_tags) == ({"status"}, {"tenant"})


def test_without_tags_everything_runs(load, warmed):
    forked = load("one")
    assert (forked.play.only_tags, forked.play.skip_tags) == ({"all"}, set())


def test_its_parts_know_the_variables_and_files_of_the_run(load, warmed):
    forked = load("one")
    task = task_of(forked)
    forked.variables._extra_vars["late"] = "yes"
    forked.loader.set_basedir("/somewhere")
    assert task._variable_manager.extra_vars["late"] == "yes"
    assert task._loader.get_basedir() == "/somewhere"


def test_other_extra_variables_load_another_playbook(load, warmed):
    assert task_of(load("two")).name == "two"


def test_a_second_one_in_the_same_process_is_loaded_anew(load, warmed):
    assert load("one").playbook is not load("one").playbook
