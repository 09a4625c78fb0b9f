"""The collections that are installed are the ones that were released."""

import hashlib
import json

import pytest
import yaml

from tools import requirements


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def collection(tmp_path):
    """A collection as Galaxy has it, with a file that a bundle leaves out; returns its folder and its checksum."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "a.py").write_text("a")
    listed = [
        {"name": "plugins", "chksum_sha256": None},
        {"name": "plugins/a.py", "chksum_sha256": sha256("a")},
        {"name": "tests/b.py", "chksum_sha256": sha256("b")},
    ]
    files = json.dumps({"files": listed})
    manifest = json.dumps({"file_manifest_file": {"chksum_sha256": sha256(files)}})
    (tmp_path / "FILES.json").write_text(files)
    (tmp_path / "MANIFEST.json").write_text(manifest)
    return tmp_path, sha256(manifest)


def test_a_collection_as_it_was_released_passes(collection):
    folder, checksum = collection
    (folder / "plugins" / "__pycache__").mkdir()
    (folder / "plugins" / "__pycache__" / "a.pyc").write_text("compiled")
    assert requirements.tampered(folder, checksum) == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("plugins/a.py", "plugins/a.py"),
        ("plugins/c.py", "plugins/c.py"),
        ("FILES.json", "FILES.json"),
        ("MANIFEST.json", "MANIFEST.json"),
    ],
)
def test_a_file_that_was_changed_or_added_is_named(collection, name, wrong):
    folder, checksum = collection
    (folder / name).write_text("{}")
    assert requirements.tampered(folder, checksum) == [wrong]


def test_each_collection_that_is_required_has_a_checksum():
    required = yaml.safe_load((requirements.CHECKOUT / "requirements.yml").read_text())["collections"]
    assert {entry["name"] for entry in required} == requirements.CHECKSUMS.keys()


def test_the_collections_of_this_environment_are_the_ones_that_were_released():
    for name, checksum in requirements.CHECKSUMS.items():
        folder = requirements.SITE_PACKAGES / "ansible_collections" / name.replace(".", "/")
        assert requirements.tampered(folder, checksum) == []
