"""Contenders are compared by their medians, and with the floor."""

import json

from benchmarks.measures import Measures


def measured():
    measures = Measures()
    for wall in (100, 200, 600):
        measures.of("1 new", "floor").add(wall, wall / 10, wall / 4)
        measures.of("1 new", "watcher").add(2 * wall, wall, wall / 2)
    return measures


def test_a_record_has_median_and_spread_and_how_often_the_floor_it_takes():
    floor, watcher = measured().data()
    assert (floor["contender"], floor["ratio_to_floor"]) == ("floor", 1.0)
    assert watcher == {
        "contender": "watcher",
        "work": "1 new",
        "wall_ms": {"min": 200, "median": 400, "max": 1200},
        "own_cpu_ms": 200,
        "control_plane_cpu_ms": 100,
        "ratio_to_floor": 2.0,
    }


def test_the_table_has_a_line_for_each_contender_and_work():
    assert measured().table().splitlines()[2:] == [
        "| 1 new | floor | 200 (100 to 600) | 1.0 | 20 | 50 |",
        "| 1 new | watcher | 400 (200 to 1200) | 2.0 | 200 | 100 |",
    ]


def test_the_records_are_written_where_they_are_wanted(tmp_path):
    measures = measured()
    measures.write(tmp_path / "results" / "latest.json")
    assert json.loads((tmp_path / "results" / "latest.json").read_text()) == measures.data()
