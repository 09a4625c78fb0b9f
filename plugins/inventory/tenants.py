from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from ansible.plugins.inventory import BaseInventoryPlugin

from ..module_utils import names
from ..module_utils.documents import Document, is_candidate, read
from ..plugin_utils.client import CONNECTION_OPTIONS, ApiError, connect

DOCUMENTATION = r"""
name: tenants
short_description: Tenants as hosts, from manifests and from a cluster
version_added: 0.1.0
author: NeuralLog (@neurallog)
description:
  - Makes a host of each C(Tenant), in the group C(neurallog_tenants), with the variable C(tenant) that holds it. Its
    tasks run on the machine that runs Ansible, by the same Python.
  - The host has the Tenant's name. In patterns, those of C(--limit) too, C(all) and C(ungrouped) stay Ansible's groups.
    A Tenant of such a name runs with the others, or by itself from an inventory of its own.
  - The source is an inventory file with C(plugin) and the options below, or, where the plugin is enabled, a Tenant
    manifest itself.
  - What cannot be used becomes a host as well, which fails with an explanation when the play begins, so that nothing is
    passed over in silence and the other tenants of the run are unharmed.
  - The values of a Tenant are data. Ansible never evaluates them as templates.
options:
  plugin:
    description: The name of this plugin.
    type: str
    choices: [neurallog.tenant.tenants]
  manifests:
    description: Files and folders with Tenant manifests, relative to the inventory file.
    type: list
    elements: path
    default: []
  objects:
    description: A JSON file with a list of live Tenants, relative to the inventory file, as the watcher writes it.
    type: path
  cluster:
    description: Take the live Tenants of the cluster.
    type: bool
    default: false
  selector:
    description: A label selector for the live Tenants.
    type: str
    default: ""
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
requirements:
  - kubernetes >= 31
"""

EXAMPLES = r"""
# tenants.yml; then: ansible-playbook -i tenants.yml neurallog.tenant.reconcile
plugin: neurallog.tenant.tenants
manifests:
  - acme.yaml
  - customers/
---
plugin: neurallog.tenant.tenants
cluster: true
selector: tier=gold
"""

HEAD = 2**16
"""Characters of a file that are looked at to tell what it means to be."""

GROUP = "neurallog_tenants"
"""The group of all tenants. No Tenant can have its name, which is no DNS label."""


class InventoryModule(BaseInventoryPlugin):
    NAME = "neurallog.tenant.tenants"

    def verify_file(self, path: str) -> bool:
        """Accept an inventory file that names this plugin, and what means to be a Tenant manifest."""
        if not super().verify_file(path) or Path(path).suffix not in {".yaml", ".yml"}:
            return False
        try:
            text = _head(Path(path))
        except (OSError, UnicodeDecodeError):
            return False
        return self._is_configuration(text) or is_candidate(text)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self.inventory.add_group(GROUP)
        source = Path(path)
        if self._is_configuration(_head(source)):
            configuration = self._read_config_data(path)
            error = self._mistake(configuration)
            documents = (
                [Document(path, source.name, error=f"{path}: {error}")] if error else list(self._configured(source))
            )
            if not documents:
                message = f"{path}: no Tenants: name their manifests under manifests:, or say cluster: true"
                documents = [Document(path, source.name, error=message)]
        else:
            documents = list(read(source))
        for document in documents:
            self._add(document)

    @classmethod
    def _is_configuration(cls, text: str) -> bool:
        return any(line.startswith("plugin:") and cls.NAME in line for line in text.splitlines())

    def _mistake(self, configuration: Mapping[str, Any]) -> str:
        """Return what is wrong with the keys of an inventory file: one that is not heard may name tenants to delete."""
        options = set()
        for name, option in self.option_definitions.items():
            options |= {name, *option.get("aliases", ())}
        for key, value in configuration.items():
            if key not in options:
                nearest = difflib.get_close_matches(str(key), options, n=1)
                return f"{key} is no option of {self.NAME}" + (f": did you mean {nearest[0]}?" if nearest else "")
            if value is None:
                return f"{key} has no value: give it one, or leave it out"
        if configuration.get("selector") and not self.get_option("cluster"):
            return "selector is for the live Tenants: it needs cluster: true"
        return ""

    def _configured(self, source: Path) -> Iterator[Document]:
        for entry in self.get_option("manifests"):
            path = source.parent / Path(str(entry)).expanduser()
            if path.exists():
                yield from read(path)
            else:
                yield Document(str(path), path.name, error=f"{source}: manifests: {path} does not exist")
        if objects := self.get_option("objects"):
            for tenant in json.loads((source.parent / str(objects)).read_text(encoding="utf-8")):
                yield Document("the watcher", tenant["metadata"]["name"], tenant)
        if self.get_option("cluster"):
            yield from self._live()

    def _live(self) -> Iterator[Document]:
        selector = self.get_option("selector")
        has_tenant = False
        try:
            client = connect({name: self.get_option(name) for name in CONNECTION_OPTIONS})
            selectors = {"labelSelector": selector} if selector else {}
            for tenant in client.list_objects(names.API_VERSION, names.KIND, **selectors):
                has_tenant = True
                yield Document("cluster", tenant["metadata"]["name"], tenant)
        except ApiError as error:
            hint = (
                "; ansible-playbook neurallog.tenant.install puts the CRD there"
                if error.status == HTTPStatus.NOT_FOUND
                else ""
            )
            yield Document("cluster", "cluster", error=f"cluster: its Tenants cannot be listed: {error}{hint}")
            return
        if not has_tenant:
            chosen = f" with {selector}" if selector else ""
            yield Document("cluster", "cluster", error=f"cluster: it has no Tenants{chosen}")

    def _add(self, document: Document) -> None:
        """Make a host of the document; a second one of the same name spoils both, since neither can be meant.

        Variables are set on the host itself: by its name, those of a Tenant named ``all`` would be the group's.
        """
        existing = self.inventory.hosts.get(document.name)
        host = self.inventory.hosts[self.inventory.add_host(document.name, GROUP)]
        error = document.error
        if existing and (place := existing.vars.get("tenant_place")):
            error = f"two Tenants are named {document.name}: {place} and {document.place}"
            if previous := existing.vars.get("tenant_error"):
                error = f"{previous}; {document.error}" if document.error else previous
        host.set_variable("ansible_connection", "local")
        host.set_variable("ansible_python_interpreter", sys.executable)
        host.set_variable("tenant_place", document.place)
        if error:
            host.set_variable("tenant_error", error)
        host.set_variable("tenant", document.manifest)


def _head(path: Path) -> str:
    """Return the beginning of a file, which tells what it means to be."""
    with path.open(encoding="utf-8") as file:
        return file.read(HEAD)
