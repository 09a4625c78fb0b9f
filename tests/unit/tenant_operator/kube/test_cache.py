"""List and watch, with an API server that breaks off, forgets and comes back."""

import json
import threading
import tracemalloc

import pytest

from tenant_operator.kube.backoff import FIRST, LAST, LASTED, Backoff
from tenant_operator.kube.cache import Cache
from tenant_operator.kube.client import WATCH_SECONDS, ApiError, Client
from tenant_operator.kube.gvk import GroupVersionKind
from tenant_operator.reconciling.controller import outline


def manifest(name, version, namespace=""):
    return {"metadata": {"name": name, "namespace": namespace, "resourceVersion": str(version)}}


def event(kind, *what):
    return {"type": kind, "object": manifest(*what)}


class Stopped(threading.Event):
    """Is set at the end of the script; who waits for it lets virtual time pass."""

    def __init__(self):
        super().__init__()
        self.now, self.waits = 0.0, []

    def wait(self, timeout=None):
        self.waits.append(timeout)
        self.now += timeout
        return self.is_set()


class Server:
    """Answers from a script: what each list and each watch gives; when it is through, the cache is stopped.

    A number in a watch lets so many seconds pass; a text is the version that lists have from then on.
    """

    def __init__(self, lists, streams):
        self.stopped = Stopped()
        self.lists, self.streams = iter(lists), iter(streams)
        self.watched_from, self.asked_for = [], []
        self.now = str(10**9)
        """The version that a list has."""

    def list_pages(self):
        yield next(self.lists)

    def latest(self):
        return self.now

    def watch(self, version, seconds):
        self.watched_from.append(version)
        self.asked_for.append(seconds)
        for answer in next(self.streams, [None]):
            if answer is None:
                self.stopped.set()
                return
            if isinstance(answer, ApiError):
                raise answer
            if isinstance(answer, float):
                self.stopped.now += answer
                continue
            if isinstance(answer, str):
                self.now = answer
                continue
            yield answer


def run(lists, streams, sync_period=3600.0):
    server = Server(lists, streams)
    changes = []
    backoff = Backoff(lambda: server.stopped.now, jitter=lambda: 0.0)
    cache = Cache(
        server,
        lambda resource: (resource["metadata"]["name"], resource["metadata"]["resourceVersion"]),
        backoff,
        sync_period=sync_period,
        clock=lambda: server.stopped.now,
    )
    cache.add_event_handler(lambda before, after: changes.append((before, after)))
    cache.add_rewind_handler(lambda: changes.append("rewound"))
    cache.run(server.stopped)
    return server, cache, changes


def test_it_knows_what_was_listed_and_what_changed_since():
    stream = [event("ADDED", "b", 2), event("MODIFIED", "a", 3), event("DELETED", "b", 4), event("BOOKMARK", "", 9)]
    server, cache, changes = run([([manifest("a", 1)], "1")], [stream])
    assert changes == [
        (None, ("a", "1")),
        (None, ("b", "2")),
        (("a", "1"), ("a", "3")),
        (("b", "2"), None),
    ]
    assert cache.items() == [("a", "3")]
    assert cache.version == 9
    assert server.watched_from == ["1", "9"]


def test_a_watch_that_ends_or_breaks_goes_on_where_it_was_without_a_new_list():
    streams = [[event("ADDED", "b", 5)], [ApiError("broke off"), None], [event("DELETED", "b", 6)]]
    server, cache, _ = run([([], "1")], streams)
    assert server.watched_from == ["1", "5", "5", "6"]
    assert cache.items() == []


def test_after_410_a_new_list_tells_of_each_difference_alone():
    gone = {"type": "ERROR", "object": {"code": 410, "message": "too old"}}
    lists = [([manifest("a", 1), manifest("b", 2)], "2"), ([manifest("b", 2), manifest("c", 7)], "8")]
    server, _, changes = run(lists, [[gone]])
    assert set(changes[2:]) == {(("a", "1"), None), (None, ("c", "7"))}
    assert server.watched_from == ["2", "8"]


@pytest.mark.parametrize("answer", [ApiError("away"), ApiError("too old", 410), None])
def test_an_attempt_that_does_not_last_is_followed_by_a_delay_whatever_ended_it(answer):
    lists = [([], "1")] * 20
    ends = [[answer] if answer else [] for _ in range(12)]
    server, _, _ = run(lists, ends)
    delays = server.stopped.waits
    assert delays[:4] == [FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST]
    assert delays[-1] == LAST


def test_a_watch_that_lasted_resets_the_delays():
    lasting = [LASTED, ApiError("broke off")]
    breaks = [[ApiError("away")]] * 3
    server, _, _ = run([([], "1")], [*breaks, lasting, *breaks])
    assert server.stopped.waits == [FIRST, 2 * FIRST, 4 * FIRST] * 2


@pytest.mark.parametrize("answer", [{"kind": "Status"}, {"type": "ADDED", "object": {}}, [], "<html>"])
def test_an_answer_that_is_no_event_ends_nothing_and_asks_for_a_new_list(answer, caplog):
    lists = [([manifest("a", 1)], "1"), ([manifest("b", 2)], "2")]
    server, cache, _ = run(lists, [[answer]])
    assert server.watched_from == ["1", "2"]
    assert cache.items() == [("b", "2")]
    assert "an answer that is no resource" in caplog.text


def test_what_is_of_no_interest_is_not_kept_and_not_told():
    server = Server([([manifest("a", 1)], "1")], [[event("MODIFIED", "a", 2), event("DELETED", "a", 3)]])
    cache = Cache(server, lambda _: None)
    changes = []
    cache.add_event_handler(lambda *change: changes.append(change))
    cache.run(server.stopped)
    assert changes == []
    assert cache.get("", "a") is None


def test_namespaces_are_kept_apart():
    _, cache, _ = run([([manifest("a", 1, "x"), manifest("a", 2, "y")], "2")], [])
    assert cache.get("x", "a") == ("a", "1")
    assert cache.items("y") == [("a", "2")]
    assert cache.items() == []


FAT = json.dumps({"spec": {f"key{number}": "x" * 100 for number in range(200)}})
"""Some 20 KB of what nobody keeps."""


class Pages:
    """A connection to a server with many fat resources, which it decodes page by page as they are asked for."""

    def __init__(self, count):
        self.left = count

    def request(self, method, path, query, *, accept):
        last, self.left = self.left, max(0, self.left - int(query["limit"]))
        names = range(last, self.left, -1)
        items = [{**json.loads(FAT), **manifest(f"thing{name}", name)} for name in names]
        return {"metadata": {"resourceVersion": "7", "continue": str(self.left or "")}, "items": items}


def test_a_list_takes_no_more_memory_than_a_page_of_it_and_what_is_kept():
    kind = GroupVersionKind("", "v1", "Thing")
    client = Client(Pages(10_000), kind, root="/api/v1", plural="things", is_namespaced=False)
    client.watch = lambda _version, _seconds: stopped.set() or iter(())
    stopped = threading.Event()
    cache = Cache(client, outline)
    tracemalloc.start()
    try:
        cache.run(stopped)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(cache), cache.version) == (10_000, 7)
    assert kept < 2_000 * 10_000  # bytes
    assert peak - kept < 20_000_000  # of 400 MB that the list has


def test_of_a_resource_only_what_a_plan_needs_is_kept():
    metadata = {"name": "a", "uid": "u", "generation": 2, "deletionTimestamp": "now", "managedFields": ["many"]}
    condition = {"type": "Ready", "status": "True", "message": "a long one", "lastTransitionTime": "now"}
    resource = {"metadata": metadata, "spec": {"much": "more"}, "status": {"applied": "x", "conditions": [condition]}}
    assert outline(resource) == {
        "metadata": {"name": "a", "uid": "u", "generation": 2, "deletionTimestamp": "now"},
        "status": {"applied": "x", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    assert outline({"metadata": {"name": "a"}}) == {
        "metadata": {"name": "a"},
        "status": {"applied": "", "conditions": []},
    }


def before():
    return [manifest("a", 7), manifest("b", 8)], "9"


def restored():
    """Return what is there after a restore of etcd: an older one, and one that was deleted since."""
    return [manifest("a", 3), manifest("c", 5)], "6"


AFTER = [(("a", "7"), ("a", "3")), (("b", "8"), None), (None, ("c", "5"))]


def test_after_a_restore_of_etcd_a_watch_that_ended_is_not_opened_in_the_future(caplog):
    server, cache, changes = run([before(), restored()], [["6"], [None]])
    assert server.watched_from == ["9", "6"]
    assert sorted(changes[2:-1], key=str) == sorted(AFTER, key=str)
    assert changes[-1] == "rewound"
    assert "went back from version 9 to 6" in caplog.text
    assert cache.version == 6


@pytest.mark.parametrize("late", [event("BOOKMARK", "", 6), event("MODIFIED", "a", 6)])
def test_an_event_from_the_past_has_everything_listed_anew(late):
    _, cache, changes = run([before(), restored()], [[late], [None]])
    assert changes[-1] == "rewound"
    assert [each for each in changes if each == "rewound"] == ["rewound"]
    assert sorted(cache.items()) == [("a", "3"), ("c", "5")]


@pytest.mark.parametrize("answer", [ApiError("too old", 410), {"type": "ADDED"}])
def test_a_restore_of_etcd_is_noticed_behind_an_answer_that_asks_for_a_new_list(answer):
    _, _, changes = run([before(), restored()], [[answer], [None]])
    assert changes[-1] == "rewound"


def test_a_kind_that_is_not_served_any_more_is_no_step_back_in_time():
    _, cache, changes = run([before(), ([], "0")], [[ApiError("not served", 410)], [None]])
    assert "rewound" not in changes
    assert cache.items() == []


def test_a_server_that_goes_on_is_not_listed_again():
    server, _, changes = run([before()], [["9"], [event("BOOKMARK", "", 9)], [None]])
    assert server.watched_from == ["9", "9", "9"]
    assert "rewound" not in changes


def test_an_event_that_never_came_is_found_out_when_all_is_listed_anew():
    def lists():
        return [([manifest("a", 1), manifest("b", 2)], "2"), ([manifest("a", 5), manifest("c", 4)], "9")]

    _, _, changes = run(lists(), [[100.0, event("BOOKMARK", "", 9), 250.0], [None]], sync_period=400.0)
    assert changes[2:] == []
    server, _, changes = run(lists(), [[300.0, event("BOOKMARK", "", 9), 150.0], [None]], sync_period=400.0)
    assert sorted(changes[2:], key=str) == [(("a", "1"), ("a", "5")), (("b", "2"), None), (None, ("c", "4"))]
    assert server.watched_from == ["2", "9"]


def test_a_watch_is_asked_for_no_longer_than_until_the_next_list():
    server, *_ = run([([], "1"), ([], "2"), ([], "3")], [[250.0], [100.0], [None]], 300.0)
    assert all(270 <= first <= WATCH_SECONDS for first in server.asked_for[:1])
    assert 20 <= server.asked_for[1] <= 80
    server, *_ = run([([], "1")], [[None]], 3600.0)
    assert server.asked_for == [WATCH_SECONDS]
