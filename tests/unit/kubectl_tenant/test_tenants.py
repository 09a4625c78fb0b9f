"""Questions and requests to the API server."""

import itertools

import pytest

from kubectl_tenant.tenants import TenantError, Tenants, message_of, namespace_of
from tenant_operator.kube.client import ApiError

ASKED = "neurallog.io/reconcile-now"


class Server:
    """An API server that answers by a function, and remembers what it was asked."""

    def __init__(self, answer):
        self._answer = answer
        self.asked = []

    def request(self, method, path, query=None, *, body=None, content=""):
        self.asked.append((method, path, query, body, content))
        return self._answer(method, path)


def tenant(name="a", *, done=None, message="waits", paused=False):
    status = {"conditions": [{"type": "Ready", "message": message}], "requests": {"reconcileNow": done}}
    return {"metadata": {"name": name}, "spec": {"paused": paused}, "status": status}


def refuse(status):
    def answer(method, path):
        raise ApiError("the server said no", status)

    return answer


def test_all_tenants_come_by_name_and_those_of_a_selector_are_asked_for():
    server = Server(lambda method, path: {"items": [tenant("b"), tenant("a")]})
    assert [each["metadata"]["name"] for each in Tenants(server).all()] == ["a", "b"]
    Tenants(server).all("tier=gold")
    assert [query for _, _, query, _, _ in server.asked] == [{}, {"labelSelector": "tier=gold"}]


def test_a_watch_yields_the_tenants_after_each_change_and_begins_anew_where_it_ends():
    lists = iter(
        [
            {"items": [tenant("b"), tenant("a")], "metadata": {"resourceVersion": "7"}},
            {"items": [tenant("c")], "metadata": {"resourceVersion": "9"}},
        ]
    )
    server = Server(lambda method, path: next(lists))
    watches = []

    def stream(path, query, *, accept):
        watches.append(query)
        yield {"type": "ADDED", "object": tenant("0")}
        yield {"type": "MODIFIED", "object": tenant("a", message="changed")}
        yield {"type": "DELETED", "object": tenant("b")}
        yield {"type": "ERROR", "object": {"code": 410}}
        yield {"type": "ADDED", "object": tenant("never")}

    server.stream = stream
    seen = list(itertools.islice(Tenants(server).watch("x=y"), 5))
    assert [[each["metadata"]["name"] for each in tenants] for tenants in seen] == [
        ["a", "b"],
        ["0", "a", "b"],
        ["0", "a", "b"],
        ["0", "a"],
        ["c"],
    ]
    assert message_of(seen[2][1]) == "changed"
    assert watches == [{"labelSelector": "x=y", "watch": "1", "resourceVersion": "7"}]


def test_a_tenant_that_is_not_there_is_told_with_where_the_names_are():
    with pytest.raises(TenantError, match="there is no Tenant x: kubectl tenant list"):
        Tenants(Server(refuse(404))).get("x")
    with pytest.raises(ApiError, match="the server said no"):
        Tenants(Server(refuse(403))).get("x")


def test_tenants_are_meant_in_one_way_only():
    server = Server(lambda method, path: {"items": [tenant("b")]} if path.endswith("tenants") else tenant("a"))
    tenants = Tenants(server)
    assert [each["metadata"]["name"] for each in tenants.chosen(["a"])] == ["a"]
    assert [each["metadata"]["name"] for each in tenants.chosen([], selector="x=y")] == ["b"]
    assert [each["metadata"]["name"] for each in tenants.chosen([], every=True)] == ["b"]
    for wrong in ({"names": []}, {"names": ["a"], "every": True}, {"names": [], "selector": "x", "every": True}):
        with pytest.raises(TenantError, match="say which"):
            tenants.chosen(**wrong)


def test_what_is_asked_for_is_an_annotation_with_a_value_of_its_own():
    server = Server(lambda method, path: tenant())
    first, second = (Tenants(server).ask_for("a", ASKED) for _ in range(2))
    assert first != second
    (method, path, _, body, content), _ = server.asked
    assert (method, path) == ("PATCH", "/apis/neurallog.io/v1/tenants/a")
    assert body == {"metadata": {"annotations": {ASKED: first}}}
    assert content == "application/merge-patch+json"


def test_waiting_ends_when_the_status_repeats_the_value():
    told = iter([None, "former", "mine"])
    server = Server(lambda method, path: tenant(done=next(told)))
    waited = []
    found = Tenants(server).wait("a", ASKED, "mine", 60, sleep=waited.append)
    assert found["status"]["requests"]["reconcileNow"] == "mine"
    assert len(waited) == 2


def test_waiting_in_vain_says_what_holds_the_tenant_back():
    server = Server(lambda method, path: tenant(message="Redis is not ready"))
    with pytest.raises(TenantError, match="a: not done after 0 s: Redis is not ready"):
        Tenants(server).wait("a", ASKED, "mine", 0, sleep=lambda seconds: None)


def test_nobody_waits_for_a_paused_tenant():
    server = Server(lambda method, path: tenant(paused=True))
    with pytest.raises(TenantError, match="a is paused: it is done after kubectl tenant resume a"):
        Tenants(server).wait("a", ASKED, "mine", 60, sleep=lambda seconds: None)


def test_a_manifest_is_checked_by_a_dry_run_with_strict_fields():
    server = Server(lambda method, path: tenant())
    manifest = {"kind": "Tenant", "metadata": {"name": "a"}}
    assert Tenants(server).check(manifest) == ""
    ((method, path, query, body, content),) = server.asked
    assert (method, path, body) == ("PATCH", "/apis/neurallog.io/v1/tenants/a", manifest)
    assert (query["dryRun"], query["fieldValidation"]) == ("All", "Strict")
    assert content == "application/apply-patch+yaml"
    assert Tenants(Server(refuse(422))).check(manifest) == "the server said no"
    for wrong in ({"kind": "Pod", "metadata": {"name": "a"}}, {"kind": "Tenant"}, {"kind": "Tenant", "metadata": {}}):
        assert Tenants(server).check(wrong) == "it is no Tenant with a metadata.name"


def test_the_namespace_is_the_one_that_the_status_names_else_that_of_the_name():
    assert namespace_of({"metadata": {"name": "a"}, "status": {"namespace": "other"}}) == "other"
    assert namespace_of({"metadata": {"name": "a"}, "status": {}}) == "tenant-a"
    assert namespace_of({"metadata": {"name": "a"}}) == "tenant-a"


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ([{"type": "Ready", "message": "m", "reason": "r"}], "m"),
        ([{"type": "RedisReady", "message": "x"}, {"type": "Ready", "reason": "r"}], "r"),
        ([{"type": "RedisReady", "message": "x"}], "no operator has reported yet"),
        (None, "no operator has reported yet"),
    ],
)
def test_the_message_is_that_of_the_condition_ready(conditions, message):
    assert message_of({"status": {"conditions": conditions}}) == message
