"""The processes of this machine that belong to a test."""

import os
import subprocess
from pathlib import Path


def output_of(*command, folder, environment, timeout):
    """Run a program that has to succeed, without standard input; returns what it says."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def is_alive(pid):
    """Tell whether the process runs; one that ended and was not reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def processes_of(folder):
    """Return the command lines of other living processes whose temporary folder is this or within, by process id."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        pid = int(process.name)
        is_within = any(f"{word.decode(errors='replace')}/".startswith(f"TMPDIR={folder}/") for word in environment)
        if is_within and pid != os.getpid() and is_alive(pid):
            found[pid] = command
    return found


def programs_of(folder, name):
    """Return the process ids of the programs of this name that are started from within the folder."""
    return [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if is_alive(process.name) and _is_program(process, folder, name)
    ]


def _is_program(process, folder, name):
    try:
        program = Path((process / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace"))
    except OSError:
        return False
    return program.name == name and program.is_relative_to(folder)
