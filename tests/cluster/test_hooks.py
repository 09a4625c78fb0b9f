"""Hooks of a tenant's life: each runs once for each Tenant, as a Job without any rights."""

from http import HTTPStatus

from tests.control_plane import condition, is_reconciled

RUN = {"exec": {"image": "busybox", "command": ["true"]}}
HOOKS = ("preCreate", "postCreate", "preDelete", "postDelete")
SYSTEM = "neurallog-hooks"


def jobs_made(cluster, position, uid):
    """Return the hooks whose Jobs were created since, by anybody, as often as they were."""
    made = []
    for event in cluster.audited(position):
        if event["verb"] != "create":
            continue
        reference = event.get("objectRef") or {}
        name = event.get("requestObject", {}).get("metadata", {}).get("name") or reference.get("name", "")
        created = event.get("responseStatus", {}).get("code") == HTTPStatus.CREATED
        if reference.get("resource") == "jobs" and created and name.startswith("hook-"):
            made.append(name)
    suffix = uid.replace("-", "")[:12]
    return sorted(name.removeprefix("hook-").removesuffix(f"-{suffix}") for name in made if name.endswith(suffix))


def test_every_hook_runs_once_and_leaves_nothing(cluster, name, manifest, make_tenant):
    position = cluster.audit_position()
    path = manifest(make_tenant(name, lifecycle=dict.fromkeys(HOOKS, RUN)))
    assert cluster.playbook("reconcile", "-i", path, "-e", "wait=true").code == 0
    tenant = cluster.get("tenant", name)
    assert {hook: done["result"] for hook, done in tenant["status"]["hooks"].items()} == {
        "preCreate": "Succeeded",
        "postCreate": "Succeeded",
    }
    again = cluster.playbook("reconcile", "-i", path, "-e", "wait=true")
    assert again.recap(name)["changed"] == 0
    assert cluster.playbook("delete", "-i", path, "-e", "confirm=true").code == 0
    made = jobs_made(cluster, position, tenant["metadata"]["uid"])
    assert made == sorted(hook.lower() for hook in HOOKS)
    cluster.wait_until(lambda: not cluster.get("jobs", "-l", f"neurallog.io/tenant={name}", namespace=SYSTEM))


def test_a_hook_has_no_rights_and_its_request_is_taken_literally(cluster, name, manifest, make_tenant):
    request = {"url": "http://example.com/a", "headers": {"X-A": "$(HOME)"}, "body": "$(HOME)"}
    path = manifest(make_tenant(name, lifecycle={"preCreate": {"http": request}}))
    assert cluster.playbook("reconcile", "-i", path).code == 0
    (job,) = cluster.get("jobs", "-l", f"neurallog.io/tenant={name}", namespace=SYSTEM)
    pod = job["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["containers"][0]["command"][-6:] == [
        *("--header", "X-A: $$(HOME)"),
        *("--data-raw", "$$(HOME)"),
        *("--url", "http://example.com/a"),
    ]


def test_a_hook_that_fails_holds_the_tenant_back_or_is_ignored(cluster, name, manifest, make_tenant):
    nodes = [node["metadata"]["name"] for node in cluster.get("nodes")]
    cluster.kubectl("cordon", *nodes)  # its pod waits for a node until the deadline
    try:
        path = manifest(make_tenant(name, lifecycle={"preCreate": RUN}))
        failed = cluster.playbook("reconcile", "-i", path, "-e", "lifecycle_deadline_seconds=1")
        assert failed.code != 0
        assert "the hook preCreate failed: DeadlineExceeded" in failed.flat
        assert cluster.get("namespace", f"tenant-{name}") is None
        assert "the hook preCreate failed" in condition(cluster.get("tenant", name), "Ready")["message"]

        path = manifest(make_tenant(name, lifecycle={"preCreate": {**RUN, "failurePolicy": "Ignore"}}))
        assert cluster.playbook("reconcile", "-i", path).code == 0
        assert cluster.get("tenant", name)["status"]["hooks"]["preCreate"]["result"] == "Failed"
        assert cluster.get("namespace", f"tenant-{name}")
    finally:
        cluster.kubectl("uncordon", *nodes)


def test_a_tenant_waits_for_its_hooks_and_says_so_and_is_not_failed(operated_cluster, name, make_tenant, start):
    cluster = operated_cluster
    nodes = [node["metadata"]["name"] for node in cluster.get("nodes")]
    cluster.kubectl("cordon", *nodes)  # what runs there stays, and a hook's pod waits for a node
    start()

    def waits_for(hook):
        ready = condition(cluster.get("tenant", name), "Ready")
        return ready["status"] == "False" and f"the hook {hook} is running" in ready["message"]

    try:
        cluster.apply(make_tenant(name, lifecycle={"preCreate": RUN}))
        cluster.wait_until(lambda: waits_for("preCreate"))
        assert cluster.get("tenant", name)["status"]["phase"] == "Pending"
        assert cluster.get("namespace", f"tenant-{name}") is None
        cluster.kubectl("uncordon", *nodes)
        cluster.wait_until(lambda: is_reconciled(cluster, name))

        cluster.kubectl("cordon", *nodes)
        cluster.apply(make_tenant(name, lifecycle={"preCreate": RUN, "postCreate": RUN}))
        cluster.wait_until(lambda: waits_for("postCreate"))
        tenant = cluster.get("tenant", name)
        assert tenant["status"]["phase"] == "Provisioning"
        assert condition(tenant, "Stalled")["status"] == "False"
    finally:
        cluster.kubectl("uncordon", *nodes)
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert set(cluster.get("tenant", name)["status"]["hooks"]) == {"preCreate", "postCreate"}


def test_a_hook_runs_once_although_the_operator_is_killed_while_it_runs(operated_cluster, name, make_tenant, start):
    cluster = operated_cluster
    position = cluster.audit_position()
    operator = start()
    cluster.apply(make_tenant(name, lifecycle=dict.fromkeys(HOOKS, RUN)))
    for namespace in (SYSTEM, f"tenant-{name}"):
        selector = f"neurallog.io/tenant={name},app.kubernetes.io/component=lifecycle"
        cluster.wait_until(lambda: cluster.get("jobs", "-l", selector, namespace=namespace))  # noqa: B023 - asked at once
        operator.kill()
        operator.wait()
        operator = start()
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    cluster.wait_until(lambda: len(cluster.get("tenant", name)["status"].get("hooks", {})) == len(HOOKS) / 2)
    uid = cluster.get("tenant", name)["metadata"]["uid"]
    cluster.kubectl("delete", "tenant", name, "--timeout=240s")
    assert jobs_made(cluster, position, uid) == sorted(hook.lower() for hook in HOOKS)
