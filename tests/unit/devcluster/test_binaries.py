"""Getting the programs, with a compiler of the test's own in the place of Go."""

import dataclasses
import functools
import http.server
import os
import stat
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest

from devcluster import binaries

CHECKOUT = Path(__file__).resolve().parents[3]

GO = """#!/bin/sh
# Writes a program to the path after -o, slowly, as a compiler does.
echo "$@" >>"{log}"
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\n' >"$2"
{then}
printf 'echo built\\n' >>"$2"
chmod +x "$2"
"""

ENSURE = """
import dataclasses, pathlib, sys
from devcluster import binaries
nowhere = "http://127.0.0.1:1/nothing"
binaries.CONTROL_PLANE = tuple(dataclasses.replace(each, release=nowhere) for each in binaries.CONTROL_PLANE)
print(binaries.ensure(pathlib.Path(sys.argv[1])))
"""


@pytest.fixture
def workshop(tmp_path):
    """A folder for programs and a compiler; returns how to fill the folder."""

    class Workshop:
        folder = tmp_path / "programs"
        log = tmp_path / "log"

        @staticmethod
        def start(then=""):
            go = tmp_path / "bin" / "go"
            go.parent.mkdir(exist_ok=True)
            go.write_text(GO.format(log=tmp_path / "log", then=then))
            go.chmod(go.stat().st_mode | stat.S_IXUSR)
            return subprocess.Popen(
                [sys.executable, "-c", ENSURE, tmp_path / "programs"],
                cwd=CHECKOUT,
                env={**os.environ, "PATH": f"{go.parent}:/usr/bin:/bin", "KUBEBUILDER_ASSETS": ""},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )

    return Workshop


def test_a_build_that_breaks_off_is_not_taken_for_a_program_and_the_next_one_resumes(workshop):
    first = workshop.start(then='[ $(wc -l <"$0".count 2>/dev/null || echo 0) -lt 2 ] || exit 1; echo >>"$0".count')
    output, _ = first.communicate(timeout=60)
    assert first.returncode != 0
    assert "could not be built" in output
    done = {path.name for path in workshop.folder.iterdir()} - {".lock"}
    assert len(done) == 2
    second = workshop.start()
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 0, output
    assert {path.name for path in workshop.folder.iterdir()} - {".lock"} == {
        each.name for each in binaries.CONTROL_PLANE
    }
    assert output.count("building from source") == len(binaries.CONTROL_PLANE) - 2


def test_a_killed_build_leaves_nothing_that_counts(workshop):
    killed = workshop.start(then="kill -9 $PPID; exit 1")
    killed.communicate(timeout=60)
    assert killed.returncode == -9
    assert not {each.name for each in binaries.CONTROL_PLANE} & {path.name for path in workshop.folder.iterdir()}
    output, _ = workshop.start().communicate(timeout=60)
    assert {path.name for path in workshop.folder.iterdir()} - {".lock"} == {
        each.name for each in binaries.CONTROL_PLANE
    }, output


def test_two_at_once_build_every_program_once(workshop):
    pair = [workshop.start(), workshop.start()]
    for each in pair:
        output, _ = each.communicate(timeout=60)
        assert each.returncode == 0, output
    assert len(workshop.log.read_text().splitlines()) == len(binaries.CONTROL_PLANE)


def test_a_program_of_another_version_is_not_used(tmp_path, monkeypatch):
    other = tmp_path / "etcd"
    other.write_text("#!/bin/sh\necho etcd Version: 3.5.1\n")
    other.chmod(0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    (etcd,) = (each for each in binaries.CONTROL_PLANE if each.name == "etcd")
    assert binaries._find(etcd) != other
    other.write_text("#!/bin/sh\necho etcd Version: 3.6.1\n")
    assert binaries._find(etcd) == other


@pytest.fixture
def releases(tmp_path):
    """A site with a program of the right version for each, one of them in an archive: its address and folder."""
    site = tmp_path / "site"
    site.mkdir()
    says = {"kwokctl": binaries.KWOK_VERSION, "kwok": binaries.KWOK_VERSION, "etcd": "etcd Version: 3.6.1"}
    for each in binaries.CONTROL_PLANE:
        program = f"#!/bin/sh\necho '{says.get(each.name, binaries.KUBERNETES_VERSION)}'\n"
        (site / each.name).write_text(program)
    with tarfile.open(site / "etcd.tar.gz", "w:gz") as tar:
        tar.add(site / "etcd", "etcd-v3/etcd")
    (site / "etcd").unlink()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def published(releases, monkeypatch):
    """The programs, as if that site were where their projects publish them."""
    address, site = releases
    changed = [
        dataclasses.replace(each, release=f"{address}/etcd.tar.gz", packed="etcd-v3/etcd")
        if each.packed
        else dataclasses.replace(each, release=f"{address}/{each.name}")
        for each in binaries.CONTROL_PLANE
    ]
    monkeypatch.setattr(binaries, "CONTROL_PLANE", tuple(changed))
    monkeypatch.setattr(binaries, "_find", lambda _: None)
    monkeypatch.setattr(binaries, "_build", lambda binary, _: pytest.fail(f"{binary.name} was built"))
    return site


def test_what_is_published_is_downloaded_unpacked_and_usable(published, tmp_path):
    for path in binaries.ensure(tmp_path / "programs").values():
        assert subprocess.run([path], capture_output=True, check=True).stdout


def test_a_download_that_is_another_program_is_refused_and_not_kept(published, tmp_path):
    (published / "kwok").write_text("#!/bin/sh\necho something else\n")
    with pytest.raises(binaries.BinaryError, match="is not the program that was expected"):
        binaries.ensure(tmp_path / "programs")
    assert not (tmp_path / "programs" / "kwok").exists()
    assert not list((tmp_path / "programs").glob(".partial-*"))
