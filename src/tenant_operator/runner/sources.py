"""The files of a collection or project that shape its runs."""

from __future__ import annotations

from pathlib import Path

FOLDERS = ("plugins", "roles", "playbooks", "tasks")
YAML_SUFFIXES = {".yml", ".yaml"}
SUFFIXES = {".py", ".sh", ".awk", *YAML_SUFFIXES}


def of(folder: Path) -> list[Path]:
    """Return the files of a collection or project that a warmed process loads. A change of one makes it outdated."""
    below = [path for name in FOLDERS for path in (folder / name).rglob("*")]
    return [path for path in [*below, *folder.glob("*")] if path.suffix in SUFFIXES]
