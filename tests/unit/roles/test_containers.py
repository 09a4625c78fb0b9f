"""What holds for every container that a role makes."""

import pytest
import yaml

from tests.control_plane import CHECKOUT

TEMPLATES = sorted((CHECKOUT / "roles").glob("*/templates/*.yaml"))


def containers(value):
    """Yield the containers of a manifest, however deep they are."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key in {"containers", "initContainers"}:
                yield from below
            else:
                yield from containers(below)


FOUND = [
    pytest.param(container, id=f"{path.parent.parent.name}/{path.name}: {container['name']}")
    for path in TEMPLATES
    for document in yaml.safe_load_all(path.read_text())
    for container in containers(document)
]


@pytest.mark.parametrize("container", FOUND)
def test_the_last_words_of_a_container_are_kept_for_the_status(container):
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_containers_are_found():
    assert len(FOUND) >= 10
