import pytest

from tenant_operator import capacity

GIB = 1024**3


@pytest.mark.parametrize(
    ("cpu", "memory", "cpus", "runs"),
    [
        (None, None, 2, 5),
        ("max 100000", "max", 4, 10),
        ("100000 100000", "max", 64, 2),
        ("50000 100000", "max", 64, 1),
        ("max 100000", str(GIB // 2), 64, 4),
        ("max 100000", str(GIB // 8), 64, 1),
        ("800000 100000", str(GIB), 64, 12),
    ],
)
def test_runs_follow_what_the_container_has_and_not_what_the_machine_has(tmp_path, cpu, memory, cpus, runs):
    for name, text in (("cpu.max", cpu), ("memory.max", memory)):
        if text is not None:
            (tmp_path / name).write_text(f"{text}\n")
    assert capacity.runs(tmp_path, cpus) == runs


def test_there_is_always_one():
    assert capacity.runs() >= 1
