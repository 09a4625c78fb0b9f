"""Hooks: what runs, whose a Job is, and how far it is."""

from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils import names
from ansible_collections.neurallog.tenant.plugins.module_utils.components import lifecycle as hooks
from ansible_collections.neurallog.tenant.plugins.module_utils.kube.jobs import State

MADE = datetime(2026, 11, 26, 12, tzinfo=UTC)
OWNER = {"uid": "u"}
HTTP = {"http": {"url": "https://example.com:8443/a", "method": "POST", "timeoutSeconds": 5}}
EXEC = {"exec": {"image": "registry.example.com/hooks/a:1", "command": ["a"]}}


def tenant(kept=None, **lifecycle):
    status = {"hooks": {"preCreate": kept}} if kept is not None else {}
    uid = "01234567-89ab-cdef-0123-456789abcdef"
    return {"metadata": {"name": "acme", "uid": uid}, "spec": {"lifecycle": lifecycle}, "status": status}


def job(uid="j", *, owner=None, manager=names.FIELD_MANAGER, ended=None, deadline=600):
    entries = [{"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": {"f:template": {}}}}]
    metadata = {
        "name": "hook-precreate-0123456789ab",
        "namespace": "neurallog-hooks",
        "uid": uid,
        "creationTimestamp": "2026-11-26T12:00:00Z",
        "ownerReferences": [owner] if owner else [],
        "managedFields": entries,
    }
    conditions = [{"type": ended, "status": "True", "reason": "R", "message": "m"}] if ended else []
    spec = {"activeDeadlineSeconds": deadline} if deadline else {}
    return {"kind": "Job", "metadata": metadata, "spec": spec, "status": {"conditions": conditions}}


def owned(**changes):
    return job(owner={"uid": tenant()["metadata"]["uid"]}, **changes)


@pytest.mark.parametrize(
    ("kept", "found", "ours"),
    [
        ({"jobUID": "j"}, job(), True),
        ({"jobUID": "j"}, owned(uid="other"), False),
        ({}, owned(), True),
        (None, owned(), True),
        (None, owned(manager="somebody"), False),
        (None, job(owner={"uid": "other"}), False),
        (None, job(), False),
    ],
)
def test_a_job_is_ours_by_the_uid_that_is_kept_then_by_owner_and_manager(kept, found, ours):
    assert hooks.is_ours(tenant(kept), "preCreate", found) is ours


@pytest.mark.parametrize(
    ("kept", "done", "uid"),
    [(None, False, ""), ({"jobUID": "j"}, False, "j"), ({"jobUID": "j", "result": "Failed"}, True, "j")],
)
def test_a_hook_is_done_when_the_status_keeps_its_result(kept, done, uid):
    asked = tenant(kept, preCreate=EXEC)
    assert hooks.is_done(asked, "preCreate") is done
    assert hooks.is_pending(asked, "preCreate") is not done
    assert hooks.job_uid(asked, "preCreate") == uid
    assert not hooks.is_pending(tenant(kept), "preCreate")


@pytest.mark.parametrize(
    ("found", "seconds", "state"),
    [
        (job(), 0, State.RUNNING),
        (job(), 660, State.RUNNING),
        (job(), 661, State.FAILED),
        (job(deadline=None), 10**6, State.RUNNING),
        (job(ended="Complete"), 10**6, State.SUCCEEDED),
        (job(ended="Failed"), 0, State.FAILED),
    ],
)
def test_a_job_that_somebody_keeps_from_ending_failed_a_minute_after_its_deadline(found, seconds, state):
    now = MADE + timedelta(seconds=seconds)
    assert hooks.state(found, now) is state


def test_what_holds_a_tenant_back_names_the_job_the_reason_and_the_way_out():
    title = "Job neurallog-hooks/hook-precreate-0123456789ab: the hook preCreate"
    assert hooks.obstacle("preCreate", job(), MADE) == f"{title} is running"
    told = hooks.obstacle("preCreate", job(ended="Failed"), MADE)
    assert told.startswith(f"{title} failed: R: m. Delete the Job, and it runs again")
    late = hooks.obstacle("preCreate", job(), MADE + timedelta(hours=1))
    assert late.startswith(f"{title} failed: it has not ended 60 s after its deadline")


@pytest.mark.parametrize(
    ("found", "policy", "over"),
    [
        (job(), "Fail", False),
        (job(ended="Complete"), "Fail", True),
        (job(ended="Failed"), "Fail", False),
        (job(ended="Failed"), "Ignore", True),
    ],
)
def test_a_tenant_goes_on_after_a_success_or_an_ignored_failure(found, policy, over):
    asked = tenant(preCreate={**EXEC, "failurePolicy": policy})
    assert hooks.is_over(asked, "preCreate", found, MADE) is over


@pytest.mark.parametrize(
    ("hook", "allowed"),
    [
        (EXEC, ["*"]),
        (EXEC, ["a", "registry.example.com/hooks/*"]),
        (HTTP, []),
        (EXEC, ["registry.example.com/hooks/a:1"]),
    ],
)
def test_an_image_passes_that_a_pattern_allows_and_requests_have_the_operators(hook, allowed):
    hooks.check_image(hook, "preCreate", allowed)


@pytest.mark.parametrize("allowed", [[], ["registry.example.com/*/b"], ["registry.example.com"], ["REGISTRY*"]])
def test_an_image_that_no_pattern_allows_is_refused_with_its_field(allowed):
    with pytest.raises(
        ValueError, match=r"^spec\.lifecycle\.preCreate\.exec\.image: registry\.example\.com/hooks/a:1 is"
    ):
        hooks.check_image(EXEC, "preCreate", allowed)


def test_a_hook_has_one_job_for_a_tenants_uid_where_the_hook_belongs():
    assert hooks.job_name(tenant(), "postDelete") == "hook-postdelete-0123456789ab"
    where = {
        hook: hooks.namespace(tenant(), hook, "h") for hook in ("preCreate", "postCreate", "preDelete", "postDelete")
    }
    assert where == {"preCreate": "h", "postCreate": "tenant-acme", "preDelete": "tenant-acme", "postDelete": "h"}


def test_a_request_goes_to_the_port_of_its_url_and_an_exec_to_none():
    assert (hooks.port(HTTP), hooks.port(EXEC), hooks.port(None)) == (8443, None, None)
    asked = tenant(postCreate=HTTP, preDelete={"http": {**HTTP["http"], "url": "http://b"}}, preCreate=HTTP)
    assert hooks.ports(asked) == [{"protocol": "TCP", "port": 80}, {"protocol": "TCP", "port": 8443}]
    assert hooks.ports(tenant(postCreate=EXEC)) == []


def test_a_request_is_literal_and_an_exec_is_as_it_was_asked_for():
    request = {"http": {**HTTP["http"], "headers": {"B": "$(b)", "A": "a"}, "body": "$x"}}
    assert hooks.command(request) == [
        *("curl", "--fail", "--silent", "--show-error", "--max-time", "5", "--request", "POST"),
        *("--header", "A: a", "--header", "B: $$(b)", "--data-raw", "$$x", "--url", "https://example.com:8443/a"),
    ]
    assert hooks.command(EXEC) == ["a"]
    assert (hooks.image(EXEC, "curl"), hooks.image(HTTP, "curl")) == ("registry.example.com/hooks/a:1", "curl")


def test_a_hook_is_told_which_tenant_it_is_for_before_what_it_asks_for():
    asked = {"exec": {**EXEC["exec"], "env": [{"name": "A", "value": "b"}]}}
    own = [{"name": "TENANT_ID", "value": "acme"}, {"name": "TENANT_NAMESPACE", "value": "tenant-acme"}]
    assert hooks.environment(tenant(), asked) == [*own, {"name": "A", "value": "b"}]
    assert hooks.environment(tenant(), HTTP) == own
