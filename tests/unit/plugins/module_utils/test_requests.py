"""What a Tenant asks for by an annotation is carried out once, and told then."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils import names, requests
from ansible_collections.neurallog.tenant.plugins.module_utils.components import backup
from ansible_collections.neurallog.tenant.plugins.module_utils.components.base import Observed


def tenant(**annotations):
    given = {getattr(names, key): value for key, value in annotations.items()}
    return {"metadata": {"annotations": given}, "spec": {}}


def workload(restarted="now", ready=1):
    annotations = {"neurallog.io/restart": restarted} if restarted else {}
    return {
        "metadata": {"generation": 1},
        "spec": {"replicas": 1, "template": {"metadata": {"annotations": annotations}}},
        "status": {"readyReplicas": ready, "updatedReplicas": 1, "observedGeneration": 1},
    }


def done(of, last=None, *, reconciled=False, **observed):
    known = {**of, "status": {"requests": last} if last else {}}
    return requests.done(known, Observed(**observed), reconciled=reconciled)


RESTART = tenant(RESTART_ANNOTATION="now")


@pytest.mark.parametrize(
    "workloads",
    [
        {},
        {"redis": workload(), "server": workload(restarted="")},
        {"redis": workload(), "server": workload(restarted="before")},
        {"redis": workload(ready=0), "server": workload()},
    ],
)
def test_a_restart_is_done_when_all_pods_were_started_for_it(workloads):
    assert done(RESTART, **workloads) == {}
    assert done(RESTART, {"restart": "before"}, **workloads) == {"restart": "before"}


def test_a_restart_that_is_done_is_told():
    assert done(RESTART, redis=workload(), server=workload(), proxy=None) == {"restart": "now"}
    assert done({"metadata": {}, "spec": {}}, redis=workload()) == {}


def job(name, **condition):
    return {"metadata": {"name": name}, "status": {"conditions": [condition] if condition else []}}


def test_a_backup_is_done_when_its_job_has_ended_in_whatever_way():
    asked, name = tenant(BACKUP_NOW_ANNOTATION="now"), backup.job_name("now")
    assert name != backup.job_name("later")
    assert done(asked, jobs=[job(name), job("redis-backup-1", type="Complete", status="True")]) == {}
    for kind in ("Complete", "Failed"):
        assert done(asked, jobs=[job(name, type=kind, status="True")]) == {"backupNow": "now"}


def test_another_run_is_done_when_all_of_the_tenant_was_applied():
    asked = tenant(RECONCILE_NOW_ANNOTATION="now")
    assert done(asked) == {}
    assert done(asked, reconciled=True) == {"reconcileNow": "now"}
    assert done({"metadata": {}, "spec": {}}, reconciled=True) == {}


def test_another_run_is_not_done_while_the_tenant_is_paused():
    asked = tenant(RECONCILE_NOW_ANNOTATION="now")
    assert done({**asked, "spec": {"paused": True}}, reconciled=True) == {}


def test_a_request_of_any_length_is_cut():
    asked = tenant(RECONCILE_NOW_ANNOTATION="x" * 9999)
    assert done(asked, reconciled=True) == {"reconcileNow": "x" * 256}


def test_pods_carry_the_restart_that_was_asked_for_last():
    assert requests.restart_annotations(RESTART) == {"neurallog.io/restart": "now"}
    assert requests.restart_annotations({"metadata": {}}) == {}
