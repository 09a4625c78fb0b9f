import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils import names, tenant_status
from ansible_collections.neurallog.tenant.plugins.module_utils.components.base import Observed
from ansible_collections.neurallog.tenant.plugins.module_utils.kube import workloads

THEN, NOW = "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z"
LABELS = {"component": "redis"}


def tenant(status=None, **spec):
    security = {"enabled": True, "tls": {"enabled": False}}
    rest = {
        "server": {"image": "s:1", "env": []},
        "redis": {"security": security, "mode": "standalone"},
        "networkPolicy": {"enabled": True},
        "backup": {"enabled": True, "schedule": "0 2 * * *", "timeZone": "Etc/UTC"},
        "integrations": {"ingress": {"enabled": False}},
    }
    kept = {"namespaceUID": "n", **(status or {})}
    return {"metadata": {"name": "acme", "uid": "u", "generation": 3}, "spec": {**rest, **spec}, "status": kept}


def workload(kind, name, *, ready, total=1, conditions=()):
    status = {"readyReplicas": ready, "updatedReplicas": total, "observedGeneration": 1, "conditions": list(conditions)}
    template = {"spec": {"containers": [{"image": "image:7"}]}}
    spec = {"replicas": total, "selector": {"matchLabels": LABELS}, "template": template}
    metadata = {"name": name, "namespace": "tenant-acme", "uid": name, "generation": 1}
    return {"kind": kind, "metadata": metadata, "spec": spec, "status": status}


DENY = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def policy(name, manager=names.FIELD_MANAGER, spec=DENY, others=()):
    fields = {"f:spec": {f"f:{key}": {} for key in spec if key not in others}}
    entries = [{"manager": manager, "operation": "Apply", "fieldsV1": fields}]
    entries += [{"manager": "x", "operation": "Update", "fieldsV1": {"f:spec": {f"f:{key}": {}}}} for key in others]
    metadata = {"name": name, "namespace": "tenant-acme", "managedFields": entries}
    return {"kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("policies", "phase", "message"),
    [
        ([], "Pending", "NetworkPolicy default-deny does not exist"),
        ([policy("default-deny"), policy("allow-dns")], "Running", "2 network policies are in place"),
        (
            [policy("default-deny", spec={**DENY, "ingress": [{}]}, others=("ingress",))],
            "Failed",
            "NetworkPolicy tenant-acme/default-deny: somebody changed its rules",
        ),
        (
            [policy("default-deny"), policy("allow-dns", spec={**DENY, "egress": [{}]}, others=("egress",))],
            "Failed",
            "NetworkPolicy tenant-acme/allow-dns: somebody changed its rules",
        ),
        (
            [policy("default-deny", spec={**DENY, "policyTypes": ["Ingress"]})],
            "Failed",
            "NetworkPolicy tenant-acme/default-deny: somebody changed its rules",
        ),
        (
            [policy("default-deny"), policy("open", manager="somebody")],
            "Degraded",
            "The rules of NetworkPolicy tenant-acme/open are not the operator's",
        ),
    ],
)
def test_the_network_is_ready_while_its_policies_say_what_we_said(policies, phase, message):
    told = tenant_status.compute(tenant(), observed(policies=policies), now=NOW)
    assert (told["components"]["network"]["phase"], told["components"]["network"]["message"]) == (phase, message)
    assert condition(told, "NetworkReady")["status"] == ("True" if phase == "Running" else "False")


def observed(**changes):
    return Observed(
        **{
            "namespace": {"metadata": {"name": "tenant-acme", "uid": "n"}},
            "redis": workload("StatefulSet", "redis", ready=1),
            "server": workload("Deployment", "neurallog-server", ready=1),
            "policies": [policy("default-deny")],
            "backup": {"metadata": {"name": "redis-backup"}},
            **changes,
        }
    )


def condition(status, kind):
    return next(entry for entry in status["conditions"] if entry["type"] == kind)


def pod(*, waiting=None, unschedulable=None, ended=None):
    state = {"waiting": waiting} if waiting else {"terminated": ended} if ended else {"running": {}}
    conditions = [{"type": "PodScheduled", "status": "False", **unschedulable}] if unschedulable else []
    return {
        "kind": "Pod",
        "metadata": {"name": "redis-0", "namespace": "tenant-acme", "labels": LABELS},
        "spec": {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-redis-0"}}]},
        "status": {"containerStatuses": [{"name": "redis", "state": state}], "conditions": conditions},
    }


def test_all_components_ready_is_running():
    status = tenant_status.compute(tenant(), observed(), now=NOW)
    assert status["phase"] == "Running"
    assert condition(status, "Ready")["status"] == "True"
    assert status["components"]["redis"]["replicas"] == "1/1"
    assert status["components"]["redis"]["version"] == "7"


def hooked(**status):
    return tenant(status, lifecycle={"postCreate": {"exec": {}, "failurePolicy": "Fail"}})


def hook_job(*conditions):
    return {
        "kind": "Job",
        "metadata": {"name": "hook-postcreate-u", "namespace": "tenant-acme"},
        "spec": {},
        "status": {"conditions": [{"status": "True", **one} for one in conditions]},
    }


@pytest.mark.parametrize(
    ("job", "phase", "reason", "message"),
    [
        (None, "Provisioning", "Waiting", "postCreate has not run yet"),
        (hook_job(), "Provisioning", "Waiting", "the hook postCreate is running"),
        (
            hook_job({"type": "Failed", "reason": "BackoffLimitExceeded", "message": "it ended"}),
            "Failed",
            "Failed",
            "the hook postCreate failed: BackoffLimitExceeded: it ended",
        ),
    ],
)
def test_a_tenant_is_ready_when_its_postcreate_has_run_and_not_before(job, phase, reason, message):
    status = tenant_status.compute(hooked(), observed(hook=job), now=NOW)
    ready = condition(status, "Ready")
    assert (status["phase"], ready["status"], ready["reason"]) == (phase, "False", reason)
    assert message in ready["message"]
    assert tenant_status.are_components_ready(status)
    done = {"postCreate": {"result": "Succeeded", "time": THEN}}
    assert tenant_status.is_ready(tenant_status.compute(hooked(hooks=done), observed(hook=None), now=NOW))


def test_what_a_run_waits_for_is_told_and_is_no_failure():
    nothing = Observed()
    status = tenant_status.compute(tenant(), nothing, now=NOW, waiting="Job a: the hook preCreate is running")
    assert (status["phase"], condition(status, "Ready")["reason"]) == ("Pending", "Waiting")
    assert condition(status, "Ready")["message"] == "Job a: the hook preCreate is running"


def test_times_of_transition_stay_while_nothing_moves_and_move_with_the_status():
    first = tenant_status.compute(tenant(), observed(), now=THEN)
    again = tenant_status.compute(tenant(first), observed(), now=NOW)
    assert again == first
    down = tenant_status.compute(tenant(first), observed(redis=workload("StatefulSet", "redis", ready=0)), now=NOW)
    assert condition(down, "Ready")["lastTransitionTime"] == NOW
    assert condition(down, "ServerReady")["lastTransitionTime"] == THEN
    assert down["phase"] == "Degraded"


def test_a_tenant_that_never_ran_is_provisioning_and_one_without_anything_is_pending():
    redis = workload("StatefulSet", "redis", ready=0)
    assert tenant_status.compute(tenant(), observed(redis=redis), now=NOW)["phase"] == "Provisioning"
    assert tenant_status.compute(tenant(), Observed(), now=NOW)["phase"] == "Pending"


def test_a_rollout_under_way_is_not_ready_although_the_old_replicas_are():
    redis = workload("StatefulSet", "redis", ready=1)
    redis["status"]["updatedReplicas"] = 0
    status = tenant_status.compute(tenant(), observed(redis=redis), now=NOW)
    assert "a rollout is under way" in condition(status, "Ready")["message"]
    assert not workloads.is_settled(redis)


def test_a_rollout_that_is_stuck_names_its_new_pod_although_the_old_replicas_are_ready():
    redis = workload("StatefulSet", "redis", ready=1)
    redis["status"]["updatedReplicas"] = 0
    stuck = pod(waiting={"reason": "ErrImagePull", "message": "no such image"})
    status = tenant_status.compute(tenant(), observed(redis=redis, pods=[stuck]), now=NOW)
    assert condition(status, "Ready")["message"] == "Pod tenant-acme/redis-0: ErrImagePull: no such image"


QUOTA = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
UNBOUND = {
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data-redis-0", "namespace": "tenant-acme", "uid": "c"},
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"redis": None}, "StatefulSet redis does not exist"),
        (
            {"pods": [pod(waiting={"reason": "ImagePullBackOff", "message": "no such image"})]},
            "Pod tenant-acme/redis-0: ImagePullBackOff: no such image",
        ),
        (
            {"pods": [pod(ended={"reason": "OOMKilled", "exitCode": 137})]},
            "Pod tenant-acme/redis-0: container redis ended: OOMKilled, exit code 137",
        ),
        (
            {"pods": [pod(ended={"reason": "Error", "exitCode": 1, "message": "checking\nno such backup\n"})]},
            "Pod tenant-acme/redis-0: container redis ended: Error, exit code 1: no such backup",
        ),
        (
            {"pods": [pod(unschedulable={"reason": "Unschedulable", "message": "0/3 nodes"})]},
            "Pod tenant-acme/redis-0: Unschedulable: 0/3 nodes",
        ),
        (
            {
                "pods": [pod(unschedulable={"reason": "Unschedulable", "message": "unbound claims"})],
                "claims": [{**UNBOUND, "status": {"phase": "Pending"}}],
                "events": [{"involvedObject": {"uid": "c"}, "reason": "ProvisioningFailed", "message": "no class"}],
            },
            "PersistentVolumeClaim tenant-acme/data-redis-0: ProvisioningFailed: no class",
        ),
        (
            {"redis": workload("StatefulSet", "redis", ready=0, conditions=[QUOTA])},
            "StatefulSet tenant-acme/redis: FailedCreate: exceeded quota",
        ),
        (
            {"namespace": {"metadata": {"name": "tenant-acme", "uid": "other"}}},
            "Namespace tenant-acme exists and is not this Tenant's",
        ),
        ({"policies": []}, "NetworkPolicy default-deny does not exist"),
    ],
)
def test_ready_names_the_first_object_that_holds_the_tenant_back(changes, message):
    base = {} if {"namespace", "policies"} & changes.keys() else {"redis": workload("StatefulSet", "redis", ready=0)}
    status = tenant_status.compute(tenant(), observed(**{**base, **changes}), now=NOW)
    assert condition(status, "Ready")["status"] == "False"
    assert condition(status, "Ready")["message"] == message


def test_a_failed_task_is_failed_although_all_is_ready():
    status = tenant_status.compute(tenant(), observed(), now=NOW, failure="the server said no")
    assert status["phase"] == "Failed"
    assert condition(status, "Ready")["message"] == "the server said no"


def test_paused_and_terminating_are_told_while_the_conditions_go_on():
    status = tenant_status.compute(tenant(paused=True), observed(), now=NOW)
    assert status["phase"] == "Paused"
    assert condition(status, "Ready")["status"] == "True"
    leaving = tenant()
    leaving["metadata"]["deletionTimestamp"] = NOW
    status = tenant_status.compute(leaving, observed(), now=NOW)
    assert status["phase"] == "Terminating"
    ready = condition(status, "Ready")
    assert (ready["status"], ready["reason"], ready["message"]) == ("False", "Terminating", "is being deleted")


@pytest.mark.parametrize(
    ("said", "reason", "message"),
    [
        ({"waiting": "waits for Namespace tenant-acme"}, "Terminating", "waits for Namespace tenant-acme"),
        ({"failure": "Hook preDelete failed"}, "Failed", "Hook preDelete failed"),
    ],
)
def test_what_blocks_a_deletion_is_told_and_a_hook_that_never_ran_is_not_waited_for(said, reason, message):
    leaving = tenant(lifecycle={"postCreate": {"exec": {"image": "a"}}})
    leaving["metadata"]["deletionTimestamp"] = NOW
    status = tenant_status.compute(leaving, observed(), now=NOW, **said)
    ready = condition(status, "Ready")
    assert (status["phase"], ready["reason"], ready["message"]) == ("Terminating", reason, message)


@pytest.mark.parametrize(
    ("namespace", "phase", "message"),
    [
        (None, "Pending", "does not exist"),
        ({"uid": "n"}, "Running", "is the tenant's"),
        ({"uid": "n", "deletionTimestamp": NOW}, "Failed", "is being deleted"),
        ({"uid": "other"}, "Failed", "exists and is not this Tenant's"),
        ({"uid": "other", "annotations": {names.ADOPT_ANNOTATION: "acme"}}, "Pending", "waits to be adopted"),
    ],
)
def test_the_status_says_whose_the_namespace_is(namespace, phase, message):
    found = namespace and {"metadata": {"name": "tenant-acme", **namespace}}
    told = tenant_status.compute(tenant(), observed(namespace=found), now=NOW)["components"]["namespace"]
    assert told["phase"] == phase
    assert message in told["message"]


def job(outcome, *, message="", told=""):
    kind = {"Succeeded": "Complete", "Failed": "Failed"}[outcome]
    ended = {"type": kind, "status": "True", "lastTransitionTime": THEN, "reason": "R", "message": message}
    owner = {"uid": "j"}
    terminated = {"exitCode": 0 if outcome == "Succeeded" else 1, "message": told}
    made = {"metadata": {"name": "redis-backup-1", "uid": "j"}, "status": {"conditions": [ended]}}
    of_it = {
        "kind": "Pod",
        "metadata": {"name": "p", "ownerReferences": [owner]},
        "status": {"containerStatuses": [{"name": "backup", "state": {"terminated": terminated}}]},
    }
    return {"jobs": [made], "pods": [of_it]}


def test_a_backup_tells_its_time_size_and_count_and_when_the_next_is_due():
    made = job("Succeeded", told='{"name": "20261124T020000Z", "kilobytes": 12, "count": 3}')
    status = tenant_status.compute(tenant(), observed(**made), now=NOW)
    assert status["backup"] == {
        "lastBackupStatus": "Succeeded",
        "lastBackupTime": THEN,
        "lastBackupName": "20261124T020000Z",
        "lastBackupSize": "12Ki",
        "backupCount": 3,
        "nextBackupTime": "2026-11-25T02:00:00Z",
    }
    later = tenant_status.compute(tenant(status), observed(), now=NOW)
    assert later["backup"] == status["backup"]


def test_a_backup_that_failed_degrades_the_tenant_which_serves_all_the_same():
    made = job("Failed", told="copying\nERR disk full")
    status = tenant_status.compute(tenant(), observed(**made), now=NOW)
    assert status["phase"] == "Degraded"
    assert condition(status, "Ready")["status"] == "True"
    assert condition(status, "BackupReady")["status"] == "False"
    assert condition(status, "BackupReady")["message"] == "Job redis-backup-1: R: ERR disk full"
    assert status["backup"]["lastBackupStatus"] == "Failed"


def test_the_next_backup_is_due_in_the_time_zone_of_its_schedule():
    backup = {"enabled": True, "schedule": "30 2 * * *", "timeZone": "Europe/Berlin"}
    status = tenant_status.compute(tenant(backup=backup), observed(), now=NOW)
    assert status["backup"]["nextBackupTime"] == "2026-11-25T01:30:00Z"


def test_an_ingress_gives_the_urls():
    ingress = {"enabled": True, "hosts": [{"host": "a.example.com", "path": "/"}], "tls": [{"secretName": "c"}]}
    status = tenant_status.compute(tenant(integrations={"ingress": ingress}), observed(), now=NOW)
    assert status["urls"]["api"] == "https://a.example.com/api"


def usage(cpu):
    return {"pod_metrics": [{"containers": [{"usage": {"cpu": cpu, "memory": "100Mi"}}]}]}


@pytest.mark.parametrize(
    ("cpu", "now", "written"),
    [
        ("104m", "2026-11-24T11:00:00Z", "100m"),
        ("120m", "2026-11-24T11:00:00Z", "120m"),
        ("120m", "2026-11-24T10:04:00Z", "100m"),
    ],
)
def test_metrics_are_written_when_they_moved_and_not_too_often(cpu, now, written):
    first = tenant_status.compute(tenant(), observed(**usage("100m")), now=THEN)
    assert first["metrics"] == {"cpu": "100m", "memory": "100Mi", "time": THEN}
    assert tenant_status.compute(tenant(first), observed(**usage(cpu)), now=now)["metrics"]["cpu"] == written


def test_metrics_that_nobody_tells_are_absent():
    assert "metrics" not in tenant_status.compute(tenant(), observed(), now=NOW)


def test_what_others_write_to_the_status_is_no_difference():
    status = tenant_status.compute(tenant(), observed(), now=NOW)
    theirs = {"applied": "x", "conditions": [*status["conditions"], {"type": "Progressing", "status": "False"}]}
    assert not tenant_status.differs(status, {**status, **theirs})
    assert tenant_status.differs(status, {**status, "phase": "Failed"})


def test_what_cannot_be_looked_at_is_told_by_its_component_and_the_others_are_told_all_the_same():
    last = {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": THEN}]}
    seen = observed(server=None, errors={"server": "the server said no"})
    status = tenant_status.compute(tenant(status=last), seen, now=NOW)
    assert status["components"]["server"]["message"] == "It cannot be read: the server said no"
    assert status["components"]["redis"]["phase"] == "Running"
    ready = condition(status, "Ready")
    assert (ready["status"], ready["lastTransitionTime"]) == ("False", NOW)
    assert "the server said no" in ready["message"]


def test_an_object_that_is_beyond_what_is_foreseen_silences_only_its_component():
    broken = {"metadata": {"name": "redis"}, "spec": {"replicas": "many"}, "status": []}
    status = tenant_status.compute(tenant(), observed(redis=broken), now=NOW)
    assert status["components"]["redis"]["message"].startswith("It cannot be judged: ")
    assert (status["phase"], condition(status, "Ready")["status"]) == ("Failed", "False")
    assert status["components"]["server"]["phase"] == "Running"


def test_a_text_that_somebody_wrote_is_cut_wherever_it_is_shown():
    status = tenant_status.compute(tenant(), observed(), now=NOW, failure="x" * 1_000_000)
    assert len(condition(status, "Ready")["message"]) == tenant_status.LONGEST_TEXT
    assert condition(status, "Ready")["message"].endswith("...")
    loud = pod(waiting={"reason": "ErrImagePull", "message": "y" * 1_000_000})
    seen = observed(redis=workload("StatefulSet", "redis", ready=0), pods=[loud])
    told = tenant_status.compute(tenant(), seen, now=NOW)["components"]["redis"]["message"]
    assert len(told) == tenant_status.LONGEST_TEXT


def test_the_least_status_says_that_the_tenant_is_not_ready_and_keeps_since_when():
    last = {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": THEN}], "phase": "Running"}
    status = tenant_status.least(tenant(status=last), "m", now=NOW)
    (ready,) = status["conditions"]
    assert (status["phase"], status["components"]) == ("Failed", {})
    assert (ready["status"], ready["reason"], ready["message"]) == ("False", "StatusUnknown", "m")
    assert (ready["lastTransitionTime"], ready["observedGeneration"]) == (THEN, 3)
    leaving = tenant()
    leaving["metadata"]["deletionTimestamp"] = NOW
    assert tenant_status.least(leaving, "m", now=NOW)["phase"] == "Terminating"


def test_metrics_that_cannot_be_told_are_absent():
    odd = [{"containers": [{"usage": {"cpu": "much"}}]}]
    assert "metrics" not in tenant_status.compute(tenant(), observed(pod_metrics=odd), now=NOW)


def test_a_data_claim_that_is_being_deleted_is_named_although_all_is_ready():
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data-redis-0", "namespace": "tenant-acme"}}
    going = {**claim, "metadata": {**claim["metadata"], "deletionTimestamp": NOW}}
    other = {**going, "metadata": {**going["metadata"], "name": "scratch"}}
    fine = tenant_status.compute(tenant(), observed(claims=[claim, other]), now=NOW)
    assert fine["components"]["redis"]["phase"] == "Running"
    told = tenant_status.compute(tenant(), observed(claims=[claim, going]), now=NOW)
    assert (told["phase"], told["components"]["redis"]["phase"]) == ("Degraded", "Degraded")
    assert "PersistentVolumeClaim tenant-acme/data-redis-0 is being deleted" in condition(told, "RedisReady")["message"]


def test_a_claim_in_deletion_hides_nothing_that_is_worse():
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data-redis-0", "deletionTimestamp": NOW}}
    security = {"enabled": True, "tls": {"enabled": False}}
    sentinels = tenant(redis={"security": security, "mode": "sentinel"})
    status = tenant_status.compute(sentinels, observed(claims=[claim], proxy=None), now=NOW)
    assert status["components"]["redis"]["message"] == "Deployment redis-proxy does not exist"
    proxy = workload("Deployment", "redis-proxy", ready=1)
    status = tenant_status.compute(sentinels, observed(claims=[claim], proxy=proxy), now=NOW)
    assert status["components"]["redis"]["phase"] == "Degraded"


def test_a_suspended_backup_is_told_and_is_never_due():
    suspended = {"metadata": {"name": "redis-backup"}, "spec": {"suspend": True}}
    told = tenant_status.compute(tenant(), observed(backup=suspended), now=NOW)
    assert (told["phase"], told["components"]["backup"]["phase"]) == ("Degraded", "Degraded")
    assert "suspended" in condition(told, "BackupReady")["message"]
    assert "nextBackupTime" not in told.get("backup", {})


def test_a_paused_rollout_is_named_with_what_resumes_it():
    deployment = workload("Deployment", "neurallog-server", ready=1)
    deployment["spec"]["paused"] = True
    assert tenant_status.compute(tenant(), observed(server=deployment), now=NOW)["phase"] == "Running"
    deployment["status"]["updatedReplicas"] = 0
    told = tenant_status.compute(tenant(), observed(server=deployment), now=NOW)
    assert told["components"]["server"]["phase"] == "Failed"
    assert "kubectl rollout resume" in condition(told, "Ready")["message"]


def test_metrics_that_hardly_moved_are_no_news_whatever_conditions_others_write():
    def usage_of(memory):
        container = {"usage": {"cpu": "100m", "memory": memory}}
        return [{"timestamp": NOW, "window": "15s", "containers": [container]}]

    first = tenant_status.compute(tenant(), observed(pod_metrics=usage_of("100Mi")), now=THEN)
    assert first["metrics"]["memory"]
    watcher = {
        "type": "Progressing",
        "status": "False",
        "reason": "Reconciled",
        "message": "m",
        "lastTransitionTime": THEN,
    }
    there = {**first, "conditions": [*first["conditions"], watcher]}
    again = tenant_status.compute(tenant(there), observed(pod_metrics=usage_of("101Mi")), now=NOW)
    assert again["metrics"] == first["metrics"]
    assert not tenant_status.differs(again, there)
    moved = tenant_status.compute(tenant(there), observed(pod_metrics=usage_of("200Mi")), now=NOW)
    assert moved["metrics"] != first["metrics"]
