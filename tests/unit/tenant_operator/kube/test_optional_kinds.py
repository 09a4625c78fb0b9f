"""A kind of another operator, which is installed and taken away while we watch."""

import pytest

from tenant_operator.kube.client import ApiError
from tenant_operator.kube.optional_kinds import INTERVAL, OptionalSource

GONE, NOT_FOUND = 410, 404


class Server:
    """Serves the kind, or does not; the watch of a kind that is taken away is refused."""

    def __init__(self):
        self.is_serving = self.is_away = False
        self.waited = []
        self.told = []
        self.source = OptionalSource(self.find, self.waited.append)
        self.source.add_handler(lambda: self.told.append(self.source.is_served))

    def find(self):
        if self.is_away:
            raise ApiError("cannot be reached")
        self.refuse()
        return self

    def refuse(self):
        if not self.is_serving:
            raise ApiError("not served", NOT_FOUND)

    def list_pages(self):
        self.refuse()
        yield [{"kind": "Probe"}], "7"
        yield [{"kind": "Other"}], "7"

    def watch(self, version, seconds):
        self.refuse()
        yield {"type": "BOOKMARK", "version": version, "seconds": seconds}


@pytest.fixture
def server():
    return Server()


def test_of_a_kind_that_is_not_served_there_is_nothing_and_it_is_looked_for_again(server):
    assert list(server.source.list_pages()) == [([], "0")]
    with pytest.raises(ApiError) as refused:
        list(server.source.watch("0", 300.0))
    assert (refused.value.status, server.waited) == (GONE, [INTERVAL])
    assert server.told == []


def test_a_kind_that_comes_is_listed_and_told_once(server):
    list(server.source.list_pages())
    server.is_serving = True
    for _ in range(2):
        assert list(server.source.list_pages()) == [([{"kind": "Probe"}], "7"), ([{"kind": "Other"}], "7")]
    assert list(server.source.watch("7", 300.0)) == [{"type": "BOOKMARK", "version": "7", "seconds": 300.0}]
    assert (server.told, server.waited) == ([True], [])


def test_a_kind_that_is_taken_away_leaves_nothing(server):
    server.is_serving = True
    list(server.source.list_pages())
    server.is_serving = False
    with pytest.raises(ApiError) as refused:
        list(server.source.watch("7", 300.0))
    assert refused.value.status == GONE
    assert list(server.source.list_pages()) == [([], "0")]
    assert server.told == [True, False]


def test_a_server_that_is_away_has_not_ceased_to_serve(server):
    server.is_serving = True
    list(server.source.list_pages())
    server.is_away = True
    with pytest.raises(ApiError):
        list(server.source.list_pages())
    assert server.told == [True]
