"""What `make install` and its like need of a machine: the kubectl that is there, and nothing that is built."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAMS = ("bash", "cat", "make", "sed", "sh")

KUBECTL = """#!/bin/sh
echo "$@" >>"{log}"
case "$1" in kustomize) echo "image: neurallog/tenant-operator:latest" ;; apply) cat >>"{log}" ;; esac
"""


@pytest.fixture
def machine(tmp_path):
    """A machine with an empty cache and nothing but these programs; returns how to run make there."""

    class Machine:
        cache = tmp_path / "cache"
        programs = tmp_path / "bin"
        log = tmp_path / "log"

        @classmethod
        def install_kubectl(cls, name="kubectl"):
            path = cls.programs / name
            path.write_text(KUBECTL.format(log=cls.log))
            path.chmod(0o755)
            return path

        @classmethod
        def make(cls, *arguments):
            environment = {
                "PATH": str(cls.programs),
                "HOME": str(tmp_path),
                "KUBECONFIG": "/nowhere",
                "NEURALLOG_DEVCLUSTER_CACHE": str(cls.cache),
            }
            return subprocess.run(
                ["make", *arguments],
                cwd=tmp_path / "checkout",
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

    (tmp_path / "checkout").mkdir()
    for name in ("Makefile", "devcluster", "config"):
        (tmp_path / "checkout" / name).symlink_to(CHECKOUT / name)
    Machine.programs.mkdir()
    (Machine.programs / "python3").symlink_to(os.path.realpath(sys.executable))
    for program in PROGRAMS:
        (Machine.programs / program).symlink_to(os.path.realpath(shutil.which(program)))
    return Machine


def test_install_takes_the_kubectl_that_is_there_and_builds_nothing(machine):
    machine.install_kubectl()
    done = machine.make("install")
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.log.read_text() == "apply --server-side --force-conflicts -k config/crd\n"
    assert not machine.cache.exists()


def test_deploy_applies_the_named_image(machine):
    machine.install_kubectl()
    done = machine.make("deploy", "IMG=registry.example/operator:1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "image: registry.example/operator:1\n" in machine.log.read_text()
    assert not machine.cache.exists()


def test_another_kubectl_can_be_named(machine):
    done = machine.make("install", f"KUBECTL={machine.install_kubectl('other')}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.log.exists()


@pytest.mark.parametrize("target", ["install", "deploy", "undeploy", "uninstall"])
def test_without_kubectl_it_says_what_is_missing_and_does_nothing(machine, target):
    done = machine.make(target, "CONFIRM=yes")
    assert done.returncode != 0
    assert "kubectl is missing: install it" in done.stderr
    assert not machine.cache.exists()
