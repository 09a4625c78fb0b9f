"""Install the collections of requirements.yml into the environment that runs this script.

From Galaxy where it can be reached, else out of the community bundle's wheel, of which only the wanted collections
are kept: the bundle as a whole is half a gigabyte.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
BUNDLE = "ansible==12.3.0"
"""The release of the community bundle that carries the versions of requirements.yml."""

CHECKSUMS = {"kubernetes.core": "b87339075f4c55ba0091906917e965a259363d8bf4419d7fd981bb179739e38a"}
"""SHA-256 of the MANIFEST.json of each required collection; it has that of FILES.json, and this all others."""


def installed_version(collection: str) -> str | None:
    """Return the version of ``namespace.name`` in this environment, or None."""
    manifest = SITE_PACKAGES / "ansible_collections" / collection.replace(".", "/") / "MANIFEST.json"
    if not manifest.is_file():
        return None
    return str(json.loads(manifest.read_text())["collection_info"]["version"])


def tampered(folder: Path, checksum: str) -> list[str]:
    """Return the files of a collection that are not those of the checksum; some may be missing, as in the bundle.

    Source: https://docs.ansible.com/ansible/latest/dev_guide/collections_galaxy_meta.html
    """
    manifest, files = folder / "MANIFEST.json", folder / "FILES.json"
    if _sha256(manifest) != checksum:
        return [manifest.name]
    if _sha256(files) != json.loads(manifest.read_text())["file_manifest_file"]["chksum_sha256"]:
        return [files.name]
    digests = {entry["name"]: entry["chksum_sha256"] for entry in json.loads(files.read_text())["files"]}
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    names = {path: path.relative_to(folder).as_posix() for path in paths if path not in {manifest, files}}
    return [name for path, name in names.items() if digests.get(name) != _sha256(path)]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def from_galaxy(wanted: dict[str, str]) -> bool:
    """Install by ansible-galaxy; return whether it could."""
    galaxy = Path(sys.executable).parent / "ansible-galaxy"
    command = [galaxy, "collection", "install", "--no-deps", "--timeout", "10", "-p", SITE_PACKAGES]
    command += [f"{name}:=={version}" for name, version in wanted.items()]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def from_bundle(wanted: dict[str, str]) -> None:
    """Install out of the community bundle's wheel, which the Python package index has.

    Raises:
        subprocess.CalledProcessError: the wheel cannot be downloaded.

    """
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*pip, "--dest", folder, BUNDLE], stdin=subprocess.DEVNULL, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for collection in wanted:
                prefix = f"ansible_collections/{collection.replace('.', '/')}/"
                shutil.rmtree(SITE_PACKAGES / prefix, ignore_errors=True)
                archive.extractall(SITE_PACKAGES, [name for name in archive.namelist() if name.startswith(prefix)])


def main() -> int:
    """Install what is missing and check the result."""
    requirements = yaml.safe_load((CHECKOUT / "requirements.yml").read_text())["collections"]
    wanted = {entry["name"]: entry["version"] for entry in requirements}
    missing = {name: version for name, version in wanted.items() if installed_version(name) != version}
    if missing and not from_galaxy(missing):
        print("Galaxy cannot be reached: taking", *missing, "out of", BUNDLE, flush=True)
        from_bundle(missing)
    for name, version in missing.items():
        if (installed := installed_version(name)) != version:
            print(f"{name}: wanted {version}, got {installed}", file=sys.stderr)
            return 1
    for name, checksum in CHECKSUMS.items():
        folder = SITE_PACKAGES / "ansible_collections" / name.replace(".", "/")
        if wrong := tampered(folder, checksum):
            print(f"{name}: {', '.join(wrong[:5])} is not what was released: remove {folder}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
