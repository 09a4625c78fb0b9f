"""The campaign sees every bug that is put into the code. It takes long: make test-seeded."""

import pytest

from tests.faults.cases import batches
from tests.faults.rig import Rig
from tests.faults.seeded_bugs import bugs

pytestmark = pytest.mark.seeded

BOUND = 90
"""Seconds after which a tenant is lost: with most of these bugs, one is."""


@pytest.fixture(scope="module")
def undisturbed(operated_cluster, tmp_path_factory):
    rig = Rig(operated_cluster, tmp_path_factory.mktemp("undisturbed"))
    rig.close()
    return rig.undisturbed


@pytest.mark.parametrize("bug", bugs(), ids=lambda bug: bug.name)
def test_a_bug_is_seen(operated_cluster, undisturbed, bug, tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "rig").mkdir()
    rig = Rig(operated_cluster, tmp_path / "rig", bug.copy(tmp_path / "code"), undisturbed, bound=BOUND)
    try:
        results = [result for batch in batches(bug.cases, len(bug.cases)) for result in rig.run(batch)]
    finally:
        rig.close()
    assert [result for result in results if result.wrong]
