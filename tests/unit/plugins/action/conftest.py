"""An action plugin as Ansible runs it, on an API server in memory."""

from types import SimpleNamespace

import pytest


@pytest.fixture
def act(api, monkeypatch):
    """Run the action of a module of plugins/action; returns its result."""

    def act(module, *, check_mode=False, **options):
        monkeypatch.setattr(module, "connect", lambda _: api.client)
        action = object.__new__(module.ActionModule)
        action._task = SimpleNamespace(check_mode=check_mode)
        result = {"changed": False}
        action.act(result, options, {})
        return result

    return act
