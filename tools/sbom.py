"""Add to a CycloneDX list what no tool for Python packages sees: Ansible's collections and the packages of Debian.

Use: ``python sbom.py SBOM SITE_PACKAGES`` changes the file SBOM.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packageurl import PackageURL

FORMAT = "${Package}\t${Version}\t${Architecture}\n"


def component(purl: PackageURL) -> dict[str, Any]:
    """Return a component of CycloneDX 1.6.

    Source: https://cyclonedx.org/docs/1.6/json/#components
    """
    text = purl.to_string()
    return {"bom-ref": text, "name": purl.name, "purl": text, "type": "library", "version": purl.version}


def collections(site_packages: Path) -> Iterator[PackageURL]:
    """Yield the collections that were installed from a release; a checkout has no MANIFEST.json."""
    for manifest in sorted(site_packages.glob("ansible_collections/*/*/MANIFEST.json")):
        info = json.loads(manifest.read_text())["collection_info"]
        yield PackageURL("generic", "ansible-galaxy", f"{info['namespace']}.{info['name']}", info["version"])


def debian_packages(listing: str, distribution: str) -> Iterator[PackageURL]:
    """Yield the packages of a listing by dpkg-query in ``FORMAT``.

    Args:
        listing: a line for each package.
        distribution: such as ``debian-12``.
    """
    vendor, _, _ = distribution.partition("-")
    for line in listing.splitlines():
        name, version, architecture = line.split("\t")
        qualifiers = {"arch": architecture, "distro": distribution}
        yield PackageURL("deb", vendor, name, version, qualifiers)


def base() -> list[PackageURL]:
    """Return the packages of the system that runs this; what is not Debian's is not known."""
    query = shutil.which("dpkg-query")
    if not query:
        print("No dpkg here: the packages of the base image are not in the list", file=sys.stderr)
        return []
    release = platform.freedesktop_os_release()
    listing = subprocess.run([query, "-W", "-f", FORMAT], check=True, capture_output=True, text=True).stdout
    return list(debian_packages(listing, f"{release['ID']}-{release['VERSION_ID']}"))


def main(path: Path, site_packages: Path) -> None:
    """Add the components to the file."""
    document = json.loads(path.read_text())
    document["components"] += [component(purl) for purl in [*collections(site_packages), *base()]]
    path.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
