"""The bugs that the campaign is tested with fit the code as it is."""

import pytest

from tests.faults.seeded_bugs import FOLDER, bugs


def test_there_are_bugs():
    assert len(bugs()) == len(list(FOLDER.iterdir())) >= 16


@pytest.mark.parametrize("bug", bugs(), ids=lambda bug: bug.name)
def test_a_bug_can_be_put_into_the_code_and_names_what_sees_it(bug, tmp_path):
    copy = bug.copy(tmp_path)
    assert bug.cases
    assert (copy / "watches.yaml").is_file()
