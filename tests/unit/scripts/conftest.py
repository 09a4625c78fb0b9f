"""The roles' scripts as they run in a pod: by sh and by busybox, with programs that answer as a test says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.control_plane import CHECKOUT

FOLDERS = (
    *("/etc/redis-proxy", "/etc/redis", "/etc/resolv.conf", "/scripts", "/data", "/run/redis", "/run/auth", "/run/tls"),
    *("/backup", "/dev/termination-log", "/tmp"),
)
"""What a script sees of its pod; in a test each is below a folder of its own."""

PROGRAM = r"""#!/bin/sh
# Notes how it was called, and gives the first answer whose pattern matches; an answer that is given once is gone then.
name=${0##*/}
echo "$name $*" >>"$ANSWERS/calls"
for answer in "$ANSWERS/$name"/*; do
  [ -e "$answer/pattern" ] || continue
  pattern=$(cat "$answer/pattern")
  case "$*" in
    $pattern)
      cat "$answer/text"
      . "$answer/effect"
      code=$(cat "$answer/code")
      [ ! -e "$answer/once" ] || rm -r "$answer"
      exit "$code"
      ;;
  esac
done
"""

AS_FIRST = """
import ctypes, os, sys
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Lets a program adopt the orphans among what it starts. Source: prctl(2)."""


class Pod:
    """A pod's file system and programs.

    Args:
        root: a folder of the test's own.
        shell: the command that interprets scripts, such as ``["busybox", "sh"]``.
    """

    def __init__(self, root, shell):
        self.root, self.shell, self.environment = root, shell, {}
        self._answers, self._count = root / "answers", 0
        self._bin = root / "bin"
        for folder in (
            self._answers,
            self._bin,
            *(self.path(name) for name in ("/data", "/run/redis", "/backup", "/tmp")),
        ):
            folder.mkdir(parents=True, exist_ok=True)
        self.path("/dev").mkdir()
        (self._answers / "calls").touch()
        self.program("sleep")
        self._applets = root / "applets"
        self._applets.mkdir()
        if shell[0] == "busybox":
            busybox = shutil.which("busybox")
            for applet in subprocess.run(
                [busybox, "--list"], capture_output=True, text=True, check=True
            ).stdout.split():
                (self._applets / applet).symlink_to(busybox)

    def path(self, name):
        """Return where a path of the pod is."""
        return self.root / name.lstrip("/")

    def mount(self, role, where):
        """Put the files of a role where its ConfigMap is mounted."""
        self.path(where).mkdir(parents=True, exist_ok=True)
        for path in (CHECKOUT / "roles" / role / "files").glob("*.*"):
            self.write(f"{where}/{path.name}", self.moved(path.read_text()))

    def write(self, name, text=""):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text)

    def read(self, name):
        return self.path(name).read_text()

    def moved(self, text):
        return re.sub(rf"(?<![\w.}}])({'|'.join(FOLDERS)})(?![\w-])", rf"{self.root}\1", text)

    def program(self, name, pattern="*", text="", code=0, *, once=False, effect=""):
        """Have a program answer calls that match a pattern; what is said last is asked first.

        Args:
            text: what it prints.
            code: what it ends with.
            once: whether the answer is given once, and the ones before it count from then on.
            effect: what it does, in shell.
        """
        if not (self._bin / name).exists():
            (self._bin / name).write_text(PROGRAM)
            (self._bin / name).chmod(0o755)
        self._count += 1
        answer = self._answers / name / f"{9999 - self._count}"
        answer.mkdir(parents=True)
        for file, content in (("pattern", pattern), ("text", text), ("code", str(code)), ("effect", effect)):
            (answer / file).write_text(content)
        if once:
            (answer / "once").touch()

    def redis(self, pattern, *texts):
        """Have redis-cli give these answers one after the other, and the last one from then on."""
        for text in reversed(texts):
            self.program("redis-cli", pattern, text if text.endswith("\n") else f"{text}\n", once=text is not texts[-1])

    @property
    def calls(self):
        """What was called, in order."""
        return [line.rstrip() for line in self.read("answers/calls").splitlines() if not line.startswith("sleep")]

    def start(self, script):
        """Start a script that adopts orphans, as the first process of a pod does."""
        command = [sys.executable, "-c", AS_FIRST, *self.shell, self.path(script)]
        return subprocess.Popen(command, env=self._environment({}), start_new_session=True)

    def _environment(self, more):
        return {
            "PATH": f"{self._bin}:{self._applets}:{os.environ['PATH']}",
            "ANSWERS": str(self._answers),
            "HOSTNAME": "redis-1",
            "NAMESPACE": "tenant-acme",
            "REDIS_CLI_OPTIONS": "",
            **self.environment,
            **more,
        }

    def run(self, script, *arguments, stdin="", code=0, stderr=False, **environment):
        """Run a script; returns what it prints, with ``stderr`` also complaints. Without a code any serves.

        Raises:
            AssertionError: it ended with another code.
        """
        done = subprocess.run(
            [*self.shell, self.path(script), *arguments],
            input=stdin,
            env=self._environment(environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert code in {None, done.returncode}, done.stdout + done.stderr
        return done.stdout + (done.stderr if stderr else "")


@pytest.fixture(params=["sh", "busybox"])
def pod(request, tmp_path):
    """A pod of a tenant without any files yet."""
    assert shutil.which(request.param), f"{request.param} is missing: apt-get install {request.param}"
    shell = ["busybox", "sh"] if request.param == "busybox" else ["sh"]
    root = Path(tmp_path) / "pod"
    root.mkdir()
    pod = Pod(root, shell)
    pod.write(
        "/etc/resolv.conf",
        "nameserver 10.96.0.10\nsearch tenant-acme.svc.cluster.local svc.cluster.local cluster.local\n",
    )
    return pod
