"""CHANGELOG.rst is what the fragments say."""

import yaml

from tests.control_plane import CHECKOUT


def test_every_fragment_is_in_the_changelog():
    changelog = " ".join((CHECKOUT / "CHANGELOG.rst").read_text().split())
    said = [
        " ".join(str(entry).split())
        for path in (CHECKOUT / "changelogs" / "fragments").glob("*.yml")
        for section in yaml.safe_load(path.read_text()).values()
        for entry in (section if isinstance(section, list) else [section])
    ]
    assert len(said) > 50
    assert [entry for entry in said if entry not in changelog] == [], "make changelog"
