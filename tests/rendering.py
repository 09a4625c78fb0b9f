"""What a Tenant turns into, without stating it: the roles' own templates, and the server's own defaults."""

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar

from tests.control_plane import CHECKOUT

init_plugin_loader([str(CHECKOUT / "src")])  # collections are imported by Ansible's own finder from here on

from ansible_collections.neurallog.tenant.plugins.module_utils.components import lifecycle as hook_names  # noqa: E402
from ansible_collections.neurallog.tenant.plugins.module_utils.components.registry import COMPONENTS  # noqa: E402
from ansible_collections.neurallog.tenant.plugins.plugin_utils import expressions, hooks, manifests  # noqa: E402
from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import ApiError, connect  # noqa: E402

__all__ = ["ApiError", "Renderer"]

HOOKS = ("preCreate", "postCreate", "preDelete", "postDelete")
UID = "00000000-0000-4000-8000-000000000001"


class Renderer:
    """Renders the objects of Tenants as the roles do."""

    def __init__(self, kubeconfig):
        self._loader = DataLoader()
        self.client = connect({"kubeconfig": str(kubeconfig)})
        self._roles = {each.name: self._load(each.name) for each in COMPONENTS if each.role and each.judge}

    def _load(self, role):
        folder = CHECKOUT / "roles" / role
        defaults = self._loader.load_from_file(str(folder / "defaults" / "main.yml"), trusted_as_template=True) or {}
        task, *_ = self._loader.load_from_file(str(folder / "tasks" / "main.yml"), trusted_as_template=True)
        return folder, defaults, task["neurallog.tenant.apply"]["manifests"]

    def accepted(self, manifest):
        """Return the Tenant as the server would keep it: a dry run, which gives another uid each time."""
        tenant = self.client.apply(manifest, manager="tests", dry_run=True)
        return {**tenant, "metadata": {**tenant["metadata"], "uid": UID}}

    def objects(self, tenant):
        """Return the objects by kind and name, hooks included."""
        made = {}
        for folder, defaults, listed in self._roles.values():
            variables = {**defaults, "tenant": tenant}
            templar = Templar(loader=self._loader, variables=variables)
            entries = expressions.plain(templar.template(listed))
            sources = manifests.load(entries, lambda kind, name, folder=folder: str(folder / kind / name))
            for rendered in manifests.render(sources, templar, variables):
                made[f"{rendered.manifest['kind']} {rendered.manifest['metadata']['name']}"] = rendered.manifest
        return made | self._hooks(tenant)

    def _hooks(self, tenant):
        options = {name: option["default"] for name, option in hooks.ARGUMENTS.items()}
        runner = hooks.Hooks(self.client, tenant, options, Templar(loader=self._loader), check_mode=True)
        return {
            f"Job {hook}": runner.job(hook, wanted)
            for hook in HOOKS
            if (wanted := hook_names.specification(tenant, hook))
        }
