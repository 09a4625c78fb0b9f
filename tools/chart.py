"""Makes the Helm chart from the manifests of config/: `python -m tools.chart FOLDER [IMAGE]`.

The manifests are written once, for kustomize. The chart is what kustomize makes of them, with the values of the chart
in place of some of their text.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from devcluster import binaries
from tools import settings_reference

SOURCE = Path("config/helm")
API = Path("config/crd")
OPERATOR = Path("config/default")
MONITORING = Path("config/monitoring")
NAMESPACE = "neurallog-system"
CONFIG_MAP = "tenant-operator-settings"

TYPES = {"int": "integer", "str": "string", "bool": "boolean", "list": "array", "dict": "object"}
"""JSON Schema's name of each type of an argument spec."""


class ChartError(Exception):
    """The manifests no longer have what the chart changes; the message says what."""


@dataclass(frozen=True)
class Edit:
    """A piece of a manifest, as a regular expression over whole lines, and what the chart has instead."""

    old: str
    new: str


def _block(key: str) -> str:
    """Return the template of a field of the pod that is left out where its value is empty."""
    return f"""\
      {{{{- with .Values.{key} }}}}
      {key}:
        {{{{- toYaml . | nindent 8 }}}}
      {{{{- end }}}}
"""


OF_THE_POD = ("imagePullSecrets", "nodeSelector", "tolerations", "affinity", "topologySpreadConstraints")

_DEPLOYMENT = (
    Edit(r"  replicas: 1\n", "  replicas: {{ .Values.replicas }}\n"),
    Edit(
        r"    metadata:\n      labels:\n        app\.kubernetes\.io/name: tenant-operator\n",
        "    metadata:\n"
        "      annotations:\n"
        "        checksum/settings: {{ toYaml .Values.settings | sha256sum }}\n"
        "        {{- with .Values.podAnnotations }}\n"
        "        {{- toYaml . | nindent 8 }}\n"
        "        {{- end }}\n"
        "      labels:\n"
        "        {{- with .Values.podLabels }}\n"
        "        {{- toYaml . | nindent 8 }}\n"
        "        {{- end }}\n"
        "        app.kubernetes.io/name: tenant-operator\n",
    ),
    Edit(
        r"        image: \S+\n        imagePullPolicy: \S+\n",
        "        {{- with .Values.env }}\n"
        "        {{- toYaml . | nindent 8 }}\n"
        "        {{- end }}\n"
        '        image: "{{ .Values.image.repository }}{{ with .Values.image.digest }}@{{ . }}{{ else }}:'
        '{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}"\n'
        "        imagePullPolicy: {{ .Values.image.pullPolicy }}\n",
    ),
    Edit(
        r"        resources:\n(?:          .*\n)+",
        "        resources:\n          {{- toYaml .Values.resources | nindent 10 }}\n",
    ),
    Edit(
        r"      serviceAccountName: tenant-operator\n",
        "".join(map(_block, OF_THE_POD))
        + "      {{- with .Values.priorityClassName }}\n      priorityClassName: {{ . }}\n      {{- end }}\n"
        + "      serviceAccountName: tenant-operator\n",
    ),
)
_SETTINGS = (
    Edit(
        r"  settings\.yaml: \|\n(?:    .*\n)*",
        "  settings.yaml: |\n    {{- toYaml .Values.settings | nindent 4 }}\n",
    ),
)

EDITS: Mapping[str, tuple[Edit, ...]] = {
    "Deployment/tenant-operator": _DEPLOYMENT,
    "ConfigMap/tenant-operator-settings": _SETTINGS,
}

OPTIONAL = {
    "NetworkPolicy/tenant-operator": ".Values.networkPolicy.enabled",
    "PodDisruptionBudget/tenant-operator": ".Values.podDisruptionBudget.enabled",
    "ClusterRole/tenant-admin": ".Values.roles.enabled",
    "ClusterRole/tenant-editor": ".Values.roles.enabled",
    "ClusterRole/tenant-viewer": ".Values.roles.enabled",
}

KEEP = """\
metadata:
  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
"""


def make(folder: Path, image: str = "") -> None:
    """Write the chart.

    Args:
        folder: where; what is in it goes.
        image: the image that it installs by default, with a tag or a digest; empty for that of its version.

    Raises:
        ChartError: the manifests lack what the chart changes.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCE, folder)
    schema = folder / "values.schema.json"
    schema.write_text(json.dumps(with_settings(json.loads(schema.read_text()), _settings()), indent=2))
    if image:
        values = folder / "values.yaml"
        values.write_text(with_image(values.read_text(), image))
    for manifest in _manifests(API):
        _write(folder, manifest, _if(".Values.crds.enabled", _kept(manifest)))
    for manifest in _manifests(OPERATOR):
        if _name(manifest) != f"Namespace/{NAMESPACE}":  # helm makes it: --create-namespace
            _write(folder, manifest, of_operator(manifest))
    for manifest in _manifests(MONITORING):
        _write(folder, manifest, _if(".Values.monitoring.enabled", of_operator(manifest)))


def of_operator(manifest: str) -> str:
    """Return the template of a manifest of the operator.

    Args:
        manifest: the text that kustomize makes.

    Raises:
        ChartError: it lacks what the chart changes.
    """
    name = _name(manifest)
    text = re.sub(rf"(  namespace: ){NAMESPACE}\n", r"\1{{ .Release.Namespace }}\n", manifest)
    for edit in EDITS.get(name, ()):
        text, count = re.subn(rf"^{edit.old}", lambda _, new=edit.new: new, text, flags=re.MULTILINE)
        if count != 1:
            raise ChartError(f"{name} has {count} times, not once: {edit.old}")
    return _if(OPTIONAL[name], text) if name in OPTIONAL else text


def with_image(values: str, image: str) -> str:
    """Return the text of the values with another image.

    Args:
        values: the text.
        image: the image, with a tag or a digest.
    """
    named, _, digest = image.partition("@")
    path, slash, last = named.rpartition("/")
    name, _, tag = last.partition(":")  # a port of the registry is no tag
    for field, value in (("repository", f"{path}{slash}{name}"), ("tag", tag), ("digest", digest)):
        values = re.sub(rf"^  {field}: .*$", f"  {field}: {json.dumps(value)}", values, count=1, flags=re.MULTILINE)
    return values


def with_settings(schema: dict[str, Any], settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the schema of the values with the settings, so that helm refuses what the operator would refuse.

    Args:
        schema: the schema, whose ``settings`` have no properties.
        settings: the options of the roles, by name.
    """
    properties = {name: _schema_of(option) for name, option in settings.items()}
    schema["properties"]["settings"]["properties"] = properties
    return schema


def _schema_of(option: Mapping[str, Any]) -> dict[str, Any]:
    elements = {"items": {"type": TYPES[option["elements"]]}} if "elements" in option else {}
    return {"type": TYPES[option["type"]], **elements}


def _settings() -> dict[str, Mapping[str, Any]]:
    roles = settings_reference.ROLES.iterdir()
    return {name: option for role in sorted(roles) for name, option in settings_reference.options(role)}


def _kept(manifest: str) -> str:
    """Return a manifest of the API that stays when the release goes, where the values say so."""
    return manifest.replace("metadata:\n", KEEP, 1)


def _if(condition: str, text: str) -> str:
    return f"{{{{- if {condition} }}}}\n{text}{{{{- end }}}}\n"


def _manifests(folder: Path) -> Iterator[str]:
    command = [binaries.find_kubectl(), "kustomize", folder]
    made = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
    for manifest in made.split("\n---\n"):
        text = manifest.rstrip("\n").replace("{{", '{{ "{{" }}') + "\n"
        yield re.sub(rf"{CONFIG_MAP}-\w{{10}}\n", f"{CONFIG_MAP}\n", text)  # a digest, which helm has as an annotation


def _write(folder: Path, manifest: str, template: str) -> None:
    kind, _, name = _name(manifest).partition("/")
    (folder / "templates" / f"{kind.lower()}-{name}.yaml").write_text(template)


def _name(manifest: str) -> str:
    made = yaml.safe_load(manifest)
    return f"{made['kind']}/{made['metadata']['name']}"


if __name__ == "__main__":
    make(Path(sys.argv[1]), *sys.argv[2:])
