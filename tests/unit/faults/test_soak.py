"""A soak tells what grew, and nothing that did not."""

import pytest

from tests.faults.soak import Sample, grown, report

FLAT = Sample(memory_mib=100, descriptors=20, threads=5, files=30)
MORE = Sample(memory_mib=111, descriptors=23, threads=5, files=30)
LITTLE_MORE = Sample(memory_mib=110, descriptors=22, threads=5, files=33)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([], []),
        ([FLAT], []),
        ([FLAT, FLAT, FLAT], []),
        ([FLAT, FLAT, FLAT, FLAT, MORE], ["memory_mib", "descriptors"]),
        ([FLAT, FLAT, FLAT, FLAT, LITTLE_MORE], []),
        ([FLAT, MORE, FLAT, FLAT, MORE], []),
        ([FLAT, MORE, MORE, MORE, MORE], []),
        ([MORE, FLAT, FLAT, FLAT, FLAT], []),
    ],
)
def test_what_the_second_half_needs_more_of_has_grown(samples, expected):
    assert grown(samples) == expected


def test_the_report_says_what_grew_what_was_not_done_and_has_every_wave():
    text = report([FLAT, FLAT, MORE], 50, ["wave-1-2 was not done: delete"])
    assert "150 Tenants came and went in 3 waves." in text
    assert "Grown: memory_mib, descriptors. Not done: wave-1-2 was not done: delete." in text
    assert "| 3 | 111 | 23 | 5 | 30 |" in text
    assert "Grown: nothing. Not done: nothing." in report([FLAT, FLAT, FLAT], 50, [])
