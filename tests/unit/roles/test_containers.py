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


def pods(value):
    """Yield the specifications of pods in a manifest, however deep they are."""
    if isinstance(value, dict):
        if "containers" in value:
            yield value
        for below in value.values():
            yield from pods(below)


def for_a_group(pod):
    """Tell whether a volume of the pod can be read by its group, and not by everybody."""
    sources = [source for volume in pod.get("volumes", ()) for source in volume.values() if isinstance(source, dict)]
    return any("defaultMode" in source and not source["defaultMode"] & 0o004 for source in sources)


PODS = [
    pytest.param(pod, id=f"{path.parent.parent.name}/{path.name}")
    for path in TEMPLATES
    for document in yaml.safe_load_all(path.read_text())
    for pod in pods(document)
    if for_a_group(pod)
]


@pytest.mark.parametrize("pod", PODS)
def test_a_pod_that_reads_what_is_for_a_group_is_of_a_group(pod):
    """A Secret's files belong to root and to the group of ``fsGroup``. Source: the field's documentation."""
    assert pod["securityContext"]["fsGroup"]


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
    assert len(PODS) >= 4
