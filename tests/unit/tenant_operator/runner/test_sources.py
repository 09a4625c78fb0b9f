from tenant_operator.runner import sources
from tests.control_plane import CHECKOUT


def test_whatever_a_run_reads_of_a_collection_shapes_it(tmp_path):
    shaping = ["roles/a/tasks/main.yml", "roles/a/files/b.sh", "roles/a/files/c.awk", "plugins/d.py", "galaxy.yml"]
    for path in (*shaping, "roles/a/README.md", "tests/test_a.py", "plugins/__pycache__/d.pyc"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert sorted(sources.of(tmp_path)) == sorted(tmp_path / path for path in shaping)


def test_every_file_of_the_roles_is_among_them():
    found = set(sources.of(CHECKOUT))
    files = [path for path in (CHECKOUT / "roles").rglob("*") if path.is_file() and path.suffix != ".md"]
    assert [path for path in files if path not in found] == []
