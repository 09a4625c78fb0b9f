"""What the collection asks of the API server, and what it makes of the answers."""

import os
import ssl
from http import HTTPStatus
from types import SimpleNamespace

import pytest
import urllib3
from kubernetes.client import ApiClient, Configuration

from ansible_collections.neurallog.tenant.plugins.plugin_utils import client as client_module
from ansible_collections.neurallog.tenant.plugins.plugin_utils import polling
from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import (
    LONGEST_PAUSE,
    LONGEST_REQUEST,
    ApiError,
    Client,
    _api_client,
    _environment,
    _forget_connections,
    _patience,
    _refusal,
    _share_context,
    connect,
)
from tenant_operator.endpoints import certificates
from tenant_operator.kube.fence import VARIABLE, Fence, now

from .api_server import HOST, ApiServer

MONITOR = ("monitoring.coreos.com/v1", "ServiceMonitor")


def config_map(name="a", **changes):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "n"}, **changes}


@pytest.fixture
def api():
    return ApiServer()


def test_an_object_that_is_missing_is_none_and_a_kind_that_is_missing_an_error(api):
    api.put(config_map(data={"a": "1"}))
    assert api.client.get("v1", "ConfigMap", "a", "n")["data"] == {"a": "1"}
    assert api.client.get("v1", "ConfigMap", "b", "n") is None
    with pytest.raises(ApiError, match=r"the server has no ServiceMonitor in monitoring.coreos.com/v1") as error:
        api.client.get(*MONITOR, "a", "n")
    assert error.value.status == HTTPStatus.NOT_FOUND


def test_a_refused_look_is_an_error_with_the_servers_reason(api):
    api.refuse("GET", "/a")
    with pytest.raises(ApiError) as error:
        api.client.get("v1", "ConfigMap", "a", "n")
    assert (error.value.status, error.value.reason, error.value.causes) == (HTTPStatus.FORBIDDEN, "Forbidden", [])


def test_a_list_is_read_page_by_page_and_each_object_says_its_kind(api, monkeypatch):
    monkeypatch.setattr("ansible_collections.neurallog.tenant.plugins.plugin_utils.client.PAGE", 2)
    for name in "abcde":
        api.put(config_map(name))
    api.put({**config_map("z"), "metadata": {"name": "z", "namespace": "other"}})
    found = list(api.client.list_objects("v1", "ConfigMap", "n"))
    assert [(each["kind"], each["apiVersion"], each["metadata"]["name"]) for each in found] == [
        ("ConfigMap", "v1", name) for name in "abcde"
    ]
    assert [query for _, _, query in api.requests] == [
        {"limit": "2"}, {"limit": "2", "continue": "2"}, {"limit": "2", "continue": "4"}
    ]  # fmt: skip
    assert len(list(api.client.list_objects("v1", "ConfigMap"))) == 6


def test_a_count_takes_one_request_however_many_there_are(api):
    assert api.client.count("v1", "ConfigMap") == 0
    for name in "abc":
        api.put(config_map(name))
    api.requests.clear()
    assert api.client.count("v1", "ConfigMap") == 3
    assert api.requests == [("GET", "/api/v1/configmaps", {"limit": "1"})]


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ({}, {"force": "true"}),
        ({"force": False}, {"force": "false"}),
        ({"dry_run": True}, {"force": "true", "dryRun": "All"}),
    ],
)
def test_an_apply_names_its_manager_and_is_strict(api, options, query):
    made = api.client.apply(config_map(data={"a": "1"}), manager="m", **options)
    assert made["data"] == {"a": "1"}
    assert api.requests == [
        ("PATCH", "/api/v1/namespaces/n/configmaps/a", {"fieldManager": "m", "fieldValidation": "Strict", **query})
    ]
    assert (api.get("ConfigMap", "a", "n") is None) == ("dryRun" in query)


def test_a_part_of_the_status_is_applied_to_the_subresource(api):
    api.put(config_map())
    api.client.apply(config_map(status={"phase": "x"}), manager="m", subresource="status")
    assert api.requests[-1][1] == "/api/v1/namespaces/n/configmaps/a/status"
    assert api.get("ConfigMap", "a", "n")["status"] == {"phase": "x"}


def test_a_refused_write_names_the_object_and_keeps_reason_and_causes(api):
    causes = [{"field": ".data.a", "message": "conflict with somebody"}]
    api.refuse("PATCH", "/a", HTTPStatus.CONFLICT, "Conflict", causes)
    with pytest.raises(ApiError, match=r"^ConfigMap n/a: ") as error:
        api.client.apply(config_map(), manager="m", force=False)
    assert (error.value.status, error.value.reason, error.value.causes) == (HTTPStatus.CONFLICT, "Conflict", causes)


def test_what_exists_is_not_created_again(api):
    api.client.create(config_map(data={"a": "1"}), manager="m")
    with pytest.raises(ApiError) as error:
        api.client.create(config_map(data={"a": "2"}), manager="m")
    assert error.value.reason == "AlreadyExists"
    assert api.get("ConfigMap", "a", "n")["data"] == {"a": "1"}
    assert api.client.create(config_map("b"), manager="m", dry_run=True)["metadata"]["name"] == "b"
    assert api.get("ConfigMap", "b", "n") is None


def test_a_patch_holds_for_exactly_what_it_tests(api):
    live = api.put(config_map(data={"a": "1"}))
    operations = [
        {"op": "test", "path": "/data/a", "value": "1"},
        {"op": "replace", "path": "/data/a", "value": "2"},
    ]
    assert api.client.json_patch(live, operations, manager="m")["data"] == {"a": "2"}
    assert api.requests[-1][2] == {"fieldManager": "m"}
    with pytest.raises(ApiError, match="the test failed"):
        api.client.json_patch(live, operations, manager="m")


def test_only_the_object_that_was_seen_is_deleted(api):
    seen = api.put(config_map())
    again = api.put(config_map())
    with pytest.raises(ApiError) as error:
        api.client.delete(seen)
    assert error.value.reason == "Conflict"
    api.client.delete(again, dry_run=True)
    assert api.get("ConfigMap", "a", "n")
    api.client.delete(again)
    api.client.delete(again)  # one that is gone is no error
    assert api.get("ConfigMap", "a", "n") is None
    assert api.propagation == "Background"


def test_a_delete_that_is_refused_is_an_error(api):
    live = api.put(config_map())
    api.refuse("DELETE", "/a")
    with pytest.raises(ApiError, match="Forbidden"):
        api.client.delete(live)
    with pytest.raises(ApiError, match="Forbidden"):
        api.client.delete_while(live, lambda _: True)


def test_an_object_that_changes_meanwhile_is_deleted_while_the_condition_holds(api):
    seen = api.put(config_map(data={"keep": "no"}))
    api.put({**seen, "status": {"a": 1}})
    assert api.client.delete_while(seen, lambda live: live["data"]["keep"] == "no")
    assert api.get("ConfigMap", "a", "n") is None
    assert (
        "GET",
        "/api/v1/namespaces/n/configmaps",
        {"limit": "500", "fieldSelector": "metadata.name=a"},
    ) in api.requests


def test_an_object_for_which_the_condition_no_longer_holds_stays(api):
    seen = api.put(config_map(data={"keep": "no"}))
    api.put({**seen, "data": {"keep": "yes"}})
    assert not api.client.delete_while(seen, lambda live: live["data"]["keep"] == "no")
    assert api.get("ConfigMap", "a", "n")


def test_an_object_that_is_gone_meanwhile_was_not_deleted_here(api):
    seen = api.put(config_map())
    api.refuse("DELETE", "/a", HTTPStatus.CONFLICT, "Conflict")
    api.objects.clear()
    assert not api.client.delete_while(seen, lambda _: True)


def test_kinds_that_a_cluster_may_not_serve_are_looked_for_once():
    api = ApiServer(serves=[MONITOR])
    assert api.client.serves("v1", "ConfigMap")
    assert api.requests == []
    assert api.client.serves(*MONITOR)
    assert not api.client.serves("monitoring.coreos.com/v1", "PrometheusRule")
    assert not api.client.serves("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig")
    assert not api.client.serves("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig")
    assert [path for _, path, _ in api.requests] == [
        "/apis/monitoring.coreos.com/v1",
        "/apis/monitoring.coreos.com/v1alpha1",
    ]
    assert api.client.resource(*MONITOR).path(namespace="n", name="a").endswith("/namespaces/n/servicemonitors/a")


def test_a_cluster_that_does_not_say_what_it_serves_is_an_error(api):
    api.refuse("GET", "/apis/monitoring.coreos.com/v1", HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError")
    with pytest.raises(ApiError):
        api.client.serves(*MONITOR)


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(client_module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_a_request_is_tried_again_until_its_time_is_over(clock):
    refused = urllib3.HTTPResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)
    tries = _patience().increment("GET", "/a", refused)
    clock.now += LONGEST_REQUEST
    tries = tries.increment("GET", "/a", refused)
    clock.now += 0.1
    with pytest.raises(urllib3.exceptions.MaxRetryError):
        tries.increment("GET", "/a", refused)


def test_a_refusal_is_tried_three_more_times_and_a_silence_once(clock):
    refused, tries = urllib3.HTTPResponse(status=HTTPStatus.TOO_MANY_REQUESTS), _patience()
    for _ in range(3):
        tries = tries.increment("PATCH", "/a", refused)
    with pytest.raises(urllib3.exceptions.MaxRetryError):
        tries.increment("PATCH", "/a", refused)
    silence = urllib3.exceptions.ReadTimeoutError(None, "/a", "silent")
    tries = _patience().increment("PATCH", "/a", error=silence)
    with pytest.raises(urllib3.exceptions.MaxRetryError):
        tries.increment("PATCH", "/a", error=silence)


@pytest.mark.parametrize(("asked", "pause"), [("3600", LONGEST_PAUSE), ("2", 2.0)])
def test_a_server_that_asks_for_a_pause_gets_a_short_one(asked, pause):
    response = urllib3.HTTPResponse(status=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": asked})
    assert _patience().get_retry_after(response) == pause
    assert _patience().get_retry_after(urllib3.HTTPResponse(status=HTTPStatus.TOO_MANY_REQUESTS)) is None


def test_a_server_that_is_away_is_named():
    class Away:
        def request(self, *_, **__):
            raise urllib3.exceptions.ProtocolError("connection refused")

    client = Client(f"{HOST}/", Away(), urllib3.HTTPHeaderDict())
    with pytest.raises(ApiError, match=r"API at https://api\.test cannot be reached: .*refused") as error:
        client.get("v1", "Namespace", "a")
    assert error.value.status == 0


@pytest.fixture
def connected(monkeypatch):
    """Connect with these options; kubernetes.core would ask the server for its version first."""

    def get_api_client(*, host, api_key=None, username=None, password=None):
        configuration = Configuration(host=host, username=username, password=password)
        configuration.api_key = {"authorization": f"Bearer {api_key}"} if api_key else {}
        return SimpleNamespace(client=SimpleNamespace(client=ApiClient(configuration)))

    monkeypatch.setattr(client_module, "get_api_client", get_api_client)
    _api_client.cache_clear()
    yield lambda **options: connect({"host": f"{HOST}/", **options})
    _api_client.cache_clear()


def test_a_token_is_sent_as_kubernetes_core_has_it(connected):
    client = connected(api_key="secret-token")
    assert client._host == HOST
    assert client._headers["Authorization"] == "Bearer secret-token"
    assert client._headers["User-Agent"] == "neurallog-tenant"


def test_a_user_and_a_password_are_sent_as_basic_authentication(connected):
    headers = connected(username="u", password="p")._headers
    assert headers["Authorization"] == "Basic dTpw"
    assert "Authorization" not in connected(username="u")._headers


def test_a_connection_is_made_once_for_the_same_options(connected):
    assert connected(api_key="a")._pool is connected(api_key="a")._pool
    assert connected(api_key="a")._pool is not connected(api_key="b")._pool


def test_a_kubeconfig_that_changes_is_read_again(monkeypatch, tmp_path):
    path = tmp_path / "config"
    monkeypatch.setenv("KUBECONFIG", f"{path}:{tmp_path / 'missing'}")
    path.write_text("a")
    first = _environment()
    assert any(str(path) in each for each in first)
    assert first == _environment()
    os.utime(path, ns=(1, 1))
    assert first != _environment()


def test_without_a_cluster_the_reason_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))
    _api_client.cache_clear()
    with pytest.raises(ApiError, match="no connection to a Kubernetes cluster"):
        connect({})


@pytest.fixture
def certificate(tmp_path):
    made = certificates.self_signed(tmp_path, "client")
    return {"ca_certs": made.path, "cert_file": made.path, "key_file": made.key_path}


def test_a_pool_makes_its_tls_context_once_with_all_that_it_is_for(certificate):
    options = {**certificate, "cert_reqs": ssl.CERT_REQUIRED, "maxsize": 4}
    _share_context(options)
    context = options["ssl_context"]
    assert options == {"ssl_context": context, "cert_reqs": ssl.CERT_REQUIRED, "maxsize": 4}
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.cert_store_stats()["x509"] == 1
    _share_context(options)
    assert options["ssl_context"] is context


def test_a_pool_with_a_client_certificate_alone_trusts_what_the_system_trusts(certificate):
    options = {key: value for key, value in certificate.items() if key != "ca_certs"}
    _share_context(options)
    assert set(options) == {"ssl_context"}
    _share_context(plain := {"maxsize": 4})
    assert plain == {"maxsize": 4}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"message": "no", "reason": "Invalid", "details": {"causes": [{"field": "a"}]}}', "no"),
        (b'{"kind": "Status"}', '{"kind": "Status"}'),
        (b"<html>" + b"x" * 900, "HTTP 502: <html>"),
        (b'["a"]', 'HTTP 502: ["a"]'),
    ],
)
def test_whatever_a_refusal_looks_like_it_is_told(data, message):
    refusal = _refusal(502, data)
    assert str(refusal).startswith(message)
    assert len(str(refusal)) < 600
    assert refusal.status == 502
    assert refusal.causes == ([{"field": "a"}] if b"causes" in data else [])


def test_connections_that_a_fork_inherits_are_dropped(connected):
    pool = connected(api_key="a")._pool
    pool.connection_from_url(HOST)
    assert len(pool.pools) == 1
    _forget_connections()
    assert len(pool.pools) == 0


def test_an_object_on_its_way_out_is_waited_for(api, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(polling, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda _: None))
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "a", "namespace": "n"}}
    live = api.put(claim)
    with pytest.raises(ApiError, match=r"PersistentVolumeClaim n/a is still being deleted after 3 s"):
        api.client.wait_until_gone(live, 3)
    api.put(claim)  # another one of that name
    api.client.wait_until_gone(live, 3)
    api.objects.clear()
    api.client.wait_until_gone(live, 3)


def test_a_run_whose_watcher_leads_no_longer_reads_but_writes_nothing(api, monkeypatch):
    api.put(config_map(data={"a": "1"}))
    fence = Fence()
    monkeypatch.setenv(VARIABLE, fence.path)
    refused = "ConfigMap n/[ab]: not written, since another watcher may lead now"
    live = api.client.get("v1", "ConfigMap", "a", "n")
    writes = [
        lambda: api.client.apply(config_map(data={"a": "2"}), manager="m"),
        lambda: api.client.create(config_map("b"), manager="m"),
        lambda: api.client.json_patch(live, [], manager="m"),
        lambda: api.client.delete({"apiVersion": "v1", "kind": "ConfigMap", **live}),
    ]
    for write in writes:
        with pytest.raises(ApiError, match=refused):
            write()
    api.client.apply(config_map(data={"a": "2"}), manager="m", dry_run=True)
    assert api.client.get("v1", "ConfigMap", "a", "n") == live
    fence.open(600.0, since=now())
    api.client.apply(config_map(data={"a": "2"}), manager="m")
    assert api.client.get("v1", "ConfigMap", "a", "n")["data"] == {"a": "2"}
