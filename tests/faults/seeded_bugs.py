"""Known bugs that are put into a copy of the code: the campaign has to see every one of them."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.control_plane import CHECKOUT
from tests.faults.cases import Case

FOLDER = Path(__file__).parent / "seeded"
CODE = ("src", "plugins", "roles", "playbooks", "meta", "galaxy.yml", "watches.yaml")
CAUGHT_BY = "Caught by: "


@dataclass(frozen=True)
class Bug:
    """A patch, whose first line names the cases of which one at least has to fail with it."""

    path: Path

    @property
    def name(self):
        """What is wrong, in a few words."""
        return self.path.stem

    @property
    def cases(self):
        """The cases that can see it."""
        first, *_ = self.path.read_text().splitlines()
        return [Case.parse(name) for name in first.removeprefix(CAUGHT_BY).split()]

    def copy(self, folder):
        """Return a copy of the code that has the bug.

        Raises:
            CalledProcessError: the patch does not fit the code any more.
        """
        for name in CODE:
            source = CHECKOUT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / name)
        subprocess.run(["git", "apply", self.path], cwd=folder, check=True, capture_output=True)
        return folder


def bugs():
    """Return all of them."""
    return [Bug(path) for path in sorted(FOLDER.glob("*.patch"))]
