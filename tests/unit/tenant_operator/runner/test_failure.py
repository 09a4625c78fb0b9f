"""What people are told of a task that failed."""

import pytest

from tenant_operator.runner import failure

LONG = "x" * 10_000


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"msg": "the server said no"}, "the server said no"),
        ({}, "Try it failed"),
        (None, "Try it failed"),
        (
            {"msg": "non-zero return code", "rc": 3, "stderr": "no such file\n", "stdout": "tried"},
            "non-zero return code: exit code 3: no such file",
        ),
        ({"msg": "non-zero return code", "rc": 3, "stdout": "tried"}, "non-zero return code: exit code 3: tried"),
        ({"msg": "MODULE FAILURE", "rc": 1, "module_stderr": "Traceback"}, "MODULE FAILURE: exit code 1: Traceback"),
        ({"rc": 2}, "exit code 2"),
        ({"msg": "it says: no", "rc": 2, "stderr": "no"}, "it says: no: exit code 2"),
        ({"msg": "no", "rc": 0, "stderr": "a warning"}, "no"),
        ({"rc": 2, "stderr": LONG}, f"exit code 2: {'x' * failure.TAIL}"),
    ],
)
def test_a_failure_is_told_with_its_exit_code_and_its_last_words(result, words):
    assert failure.in_words({"task": "Try it", "res": result}) == words


def item(name, **result):
    return {"ansible_loop_var": "item", "item": name, "failed": True, **result}


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([item("a", msg="no"), item("b", failed=False), item("c", rc=1)], "item a: no; item c: exit code 1"),
        ([item("a"), {"unreachable": True, "item": "b", "msg": "gone"}], "item a: failed; item b: gone"),
        ([item(LONG, msg="no")], f"item {'x' * failure.LABEL}: no"),
        ([item({"key": 1}, _ansible_item_label="the first", msg="no")], "item the first: no"),
        ([{"ansible_loop_var": "entry", "entry": "a", "failed": True, "msg": "no"}], "item a: no"),
        ([item(number, msg="no") for number in range(5)], "item 0: no; item 1: no; item 2: no; and 2 more"),
        ([item("a", failed=False)], "One or more items failed"),
        ("no list", "One or more items failed"),
    ],
)
def test_a_loop_names_the_items_that_failed(results, words):
    assert failure.in_words({"res": {"msg": "One or more items failed", "results": results}}) == words


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/opt/ansible_collections/a/b/roles/c/tasks/main.yml:2", "Try it (a/b/roles/c/tasks/main.yml:2)"),
        ("/project/site.yml:7", "Try it (/project/site.yml:7)"),
        (None, ""),
    ],
)
def test_the_place_is_the_task_with_its_file_and_line(path, place):
    assert failure.place({"task": "Try it", "task_path": path}) == place
