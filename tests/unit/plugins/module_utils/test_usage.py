"""What a tenant uses, and when that is news."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.components import usage

NOW, SOON, LATER = "2026-11-26T10:00:00Z", "2026-11-26T10:04:59Z", "2026-11-26T10:05:00Z"


def pod(*containers):
    return {"containers": [{"usage": {"cpu": cpu, "memory": memory}} for cpu, memory in containers]}


def claim(size):
    return {"status": {"capacity": {"storage": size}}}


def test_usage_is_the_sum_of_all_containers_and_volumes_rounded_up():
    metrics = [pod(("100m", "10Mi"), ("1n", "1")), pod(("0.5", "1Gi"))]
    assert usage.measure(metrics, [claim("1Gi"), claim("1"), {"status": {}}, {}], now=NOW) == {
        "cpu": "601m",
        "memory": "1035Mi",
        "storage": "1025Mi",
        "time": NOW,
    }


def test_what_is_unknown_is_absent():
    assert usage.measure([], [], now=NOW) == {}
    assert usage.measure([{}], [claim("1Gi")], now=NOW) == {"storage": "1024Mi", "time": NOW}
    assert usage.measure([pod(("1", "1Mi"))], [], now=NOW) == {"cpu": "1000m", "memory": "1Mi", "time": NOW}


LAST = {"cpu": "100m", "memory": "100Mi", "time": NOW}


@pytest.mark.parametrize(
    ("measured", "is_news"),
    [
        ({**LAST, "time": LATER}, False),
        ({**LAST, "cpu": "110m", "time": LATER}, False),
        ({**LAST, "cpu": "111m", "time": LATER}, True),
        ({**LAST, "memory": "89Mi", "time": LATER}, True),
        ({**LAST, "cpu": "900m", "time": SOON}, False),
        ({**LAST, "storage": "1Gi", "time": SOON}, True),
        ({}, True),
    ],
)
def test_metrics_are_news_when_they_moved_by_more_than_a_tenth_and_not_too_often(measured, is_news):
    assert usage.reported(measured, LAST, other_news=False) == (measured if is_news else LAST)


def test_new_metrics_are_written_with_other_news_and_when_there_are_none_yet():
    moved = {**LAST, "time": SOON}
    assert usage.reported(moved, LAST, other_news=True) == moved
    assert usage.reported(moved, {}, other_news=False) == moved
