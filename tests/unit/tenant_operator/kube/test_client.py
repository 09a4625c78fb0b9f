"""What the watcher asks the API server for, and how it reads the answers."""

import json
import socket
from types import SimpleNamespace

import kubernetes
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.config import load_kube_config

from ansible_collections.neurallog.tenant.plugins.plugin_utils import client as collection
from tenant_operator.kube import client
from tenant_operator.kube.client import PAGE, WATCH_SECONDS, ApiError, Client
from tenant_operator.kube.gvk import GroupVersionKind

KIND = GroupVersionKind("example.com", "v1", "Thing")
THING = {"metadata": {"name": "a", "namespace": "b", "uid": "u", "resourceVersion": "7", "labels": {"c": "d"}}}

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=20), below, max_size=3),
    max_leaves=8,
)


def test_without_a_kubeconfig_the_service_account_is_taken(monkeypatch, tmp_path):
    monkeypatch.setattr(kubernetes.config, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    loaded = []
    monkeypatch.setattr(kubernetes.config, "load_incluster_config", lambda: loaded.append("service account"))
    client.connect()
    assert loaded == ["service account"]


def test_without_any_configuration_the_error_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(kubernetes.config, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ApiError, match="no connection to a Kubernetes cluster"):
        client.connect()


def test_a_context_that_is_not_there_is_named(monkeypatch, tmp_path):
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump({"current-context": "here", "contexts": [], "clusters": [], "users": []}))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(file))
    with pytest.raises(ApiError, match="nowhere"):
        client.connect("nowhere")


@pytest.mark.parametrize("encode", [client.encode, collection.encode])
@given(value=VALUES)
def test_a_body_is_the_same_data_as_json_and_as_yaml(encode, value):
    body = encode(value)
    assert json.loads(body) == value
    assert yaml.safe_load(body) == value


class Connection:
    """Keeps what it is asked, and answers from a script; an error is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def request(self, method, path, query=None, **rest):
        self.asked.append((method, path, dict(query or {}), rest))
        answer = self.answers.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        return answer


def things(*answers, **options):
    connection = Connection(*answers)
    options = {"root": "/apis/example.com/v1", "plural": "things", "is_namespaced": True, **options}
    return Client(connection, KIND, **options), connection.asked


def page(*names, more=""):
    return {"metadata": {"resourceVersion": "9", "continue": more}, "items": list(names)}


def test_a_list_is_asked_for_page_by_page_with_its_selectors():
    found, asked = things(page("a", "b", more="next"), page("c"), selectors={"labelSelector": "x=y"})
    assert list(found.list_pages()) == [(["a", "b"], "9"), (["c"], "9")]
    first = {"labelSelector": "x=y", "limit": str(PAGE)}
    assert [query for _, _, query, _ in asked] == [first, {**first, "continue": "next"}]
    assert {path for _, path, _, _ in asked} == {"/apis/example.com/v1/things"}


def test_an_empty_list_is_a_page_without_items():
    found, _ = things({"metadata": {"resourceVersion": "9"}, "items": None})
    assert list(found.list_pages()) == [([], "9")]


def test_metadata_alone_is_asked_for_where_that_is_enough():
    found, asked = things(page(), metadata_only=True)
    list(found.list_pages())
    assert asked[0][3]["accept"] == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def test_a_resource_that_is_not_there_is_none_and_any_other_refusal_an_error():
    found, asked = things(ApiError("no", 404), ApiError("no", 403), THING)
    assert found.get("b/a") is None
    with pytest.raises(ApiError):
        found.get("b/a")
    assert found.get("b/a") == THING
    assert asked[0][:2] == ("GET", "/apis/example.com/v1/namespaces/b/things/a")


def test_metadata_is_changed_in_exactly_the_version_that_was_seen():
    operation = {"op": "add", "path": "/metadata/finalizers", "value": ["x"]}
    found, asked = things(THING, ApiError("gone", 404), ApiError("conflict", 422))
    assert found.patch_metadata(THING, [operation]) == THING
    assert asked[0][3]["body"] == [
        {"op": "test", "path": "/metadata/uid", "value": "u"},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        operation,
    ]
    assert found.patch_metadata(THING, [operation]) is None
    with pytest.raises(ApiError):
        found.patch_metadata(THING, [operation])


def test_a_status_is_stated_with_the_uid_and_without_what_is_not_its_own():
    found, asked = things({}, is_namespaced=True)
    found.apply_status(THING, {"phase": "x"}, manager="us")
    method, path, query, rest = asked[0]
    assert (method, path) == ("PATCH", "/apis/example.com/v1/namespaces/b/things/a/status")
    assert query == {"fieldManager": "us", "force": "true"}
    assert rest["body"] == {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "metadata": {"name": "a", "namespace": "b", "uid": "u"},
        "status": {"phase": "x"},
    }


@pytest.mark.parametrize(("key", "parts"), [("b/a", ("b", "a")), ("a", ("", "a"))])
def test_a_key_is_namespace_and_name(key, parts):
    assert client.split(key) == parts
    metadata = {"name": parts[1], **({"namespace": parts[0]} if parts[0] else {})}
    assert client.key_of({"metadata": metadata}) == key


class Pool:
    """Answers every request with these bytes, whole or as a stream."""

    def __init__(self, data):
        self.data = data
        self.asked = []

    def request(self, *_, **options):
        self.asked.append(options)
        return SimpleNamespace(
            status=200, data=self.data, stream=lambda _size: iter([self.data]), release_conn=lambda: None
        )


def connection_to(data):
    configuration = SimpleNamespace(
        host="https://api.test", auth_settings=dict, username="", password="", get_basic_auth_token=str
    )
    return client.Connection(configuration, Pool(data))


@pytest.mark.parametrize("data", [b"<html>busy</html>", b"", b"[1, 2]", b"3"])
def test_an_answer_that_is_no_json_object_is_an_error_that_names_the_request(data):
    with pytest.raises(ApiError, match="GET /version: the answer is no JSON object"):
        connection_to(data).request("GET", "/version")


def test_a_watch_that_is_not_json_breaks_off():
    stream = connection_to(b'{"type": "ADDED"}\n<html>\n').stream("/x", {}, accept="application/json")
    assert next(stream) == {"type": "ADDED"}
    with pytest.raises(ApiError, match="the watch is not JSON"):
        next(stream)


def test_who_leads_no_longer_reads_but_writes_nothing():
    leading = []
    connection = connection_to(b"{}").fenced(lambda: bool(leading))
    assert connection.request("GET", "/x") == {}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        with pytest.raises(ApiError, match=f"{method} /x: not sent, since another watcher may lead now"):
            connection.request(method, "/x")
    leading.append(True)
    assert connection.request("PATCH", "/x") == {}


def test_a_watch_that_is_silent_for_longer_than_a_bookmark_takes_breaks_off():
    connection = connection_to(b"")
    list(connection.stream("/x", {}, accept="application/json"))
    (asked,) = connection._pool.asked
    assert 60 < asked["timeout"].read_timeout < WATCH_SECONDS / 2


def test_a_peer_that_went_without_a_word_is_noticed_in_45_seconds(monkeypatch, tmp_path):
    config = {"apiVersion": "v1", "kind": "Config", "current-context": "a"}
    config |= {
        "clusters": [{"name": "a", "cluster": {"server": "https://api.test"}}],
        "users": [{"name": "a", "user": {}}],
    }
    config |= {"contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}]}
    (tmp_path / "config").write_text(json.dumps(config))
    monkeypatch.setattr("kubernetes.config.load_config", lambda: load_kube_config(str(tmp_path / "config")))
    options = client.connect()._pool.connection_pool_kw["socket_options"]
    chosen = {(level, name): value for level, name, value in options}
    idle, interval, count = (
        chosen[socket.IPPROTO_TCP, name] for name in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    )
    assert chosen[socket.SOL_SOCKET, socket.SO_KEEPALIVE] == 1
    assert chosen[socket.IPPROTO_TCP, socket.TCP_NODELAY] == 1
    assert idle + interval * count == 45
