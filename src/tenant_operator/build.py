"""What this operator was built from."""

from __future__ import annotations

import os
import platform
from importlib import metadata

PACKAGE = "neurallog-tenant-operator"
PARTS = ("ansible-core", "ansible-runner", "kubernetes")
"""The packages whose versions decide how it behaves."""

REVISION_VARIABLE = "TENANT_OPERATOR_REVISION"
"""The commit, which the image knows."""


def info() -> str:
    """Return one line: version, commit where it is known, and what it stands on."""
    revision = os.environ.get(REVISION_VARIABLE, "")
    parts = [f"Python {platform.python_version()}", *(f"{name} {metadata.version(name)}" for name in PARTS)]
    return f"tenant-operator {metadata.version(PACKAGE)}{f' at {revision}' if revision else ''} ({', '.join(parts)})"
