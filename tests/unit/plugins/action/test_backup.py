"""A backup that a Tenant asks for is a Job of its CronJob, one for each time it asks."""

import pytest

from ansible_collections.neurallog.tenant.plugins.action import backup
from ansible_collections.neurallog.tenant.plugins.module_utils.components.backup import job_name
from ansible_collections.neurallog.tenant.plugins.plugin_utils.errors import RefusedError

ENABLED = {"backup": {"enabled": True}}
NOW = {"neurallog.io/backup-now": "now"}


@pytest.fixture
def cron_job(api):
    spec = {"jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": {"template": {"spec": {}}}}}
    metadata = {"name": "redis-backup", "namespace": "tenant-acme"}
    return api.put({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec})


@pytest.fixture
def back_up(act, make_tenant, make_namespace):
    """Run the action for a Tenant; returns its result."""
    make_namespace(uid="n")

    def back_up(spec=ENABLED, requests=None, *, check_mode=False, annotations=NOW, **more):
        status = {"namespaceUID": "n", "requests": requests or {}}
        tenant = make_tenant({**spec, **more}, status, annotations=annotations)
        return act(backup, tenant=tenant, check_mode=check_mode)

    return back_up


def made(api):
    return api.get("Job", job_name("now"), "tenant-acme")


def test_each_request_is_one_job_of_the_cron_job(api, cron_job, back_up):
    assert back_up(check_mode=True) == {"changed": True, "job": job_name("now")}
    assert made(api) is None
    assert back_up() == {"changed": True, "job": job_name("now")}
    (owner,) = made(api)["metadata"]["ownerReferences"]
    assert (owner["uid"], owner["controller"]) == (cron_job["metadata"]["uid"], True)
    assert made(api)["metadata"]["labels"] == {"a": "b"}
    assert made(api)["spec"] == cron_job["spec"]["jobTemplate"]["spec"]
    assert back_up() == {"changed": False, "job": job_name("now")}


@pytest.mark.parametrize("case", [{"annotations": {}}, {"requests": {"backupNow": "now"}}, {"paused": True}])
def test_without_a_new_request_nothing_is_made(api, cron_job, back_up, case):
    assert back_up(**case) == {"changed": False}
    assert made(api) is None


def test_a_backup_that_cannot_be_made_says_why(cron_job, back_up, api):
    with pytest.raises(RefusedError, match=r"neurallog.io/backup-now: spec\.backup\.enabled must be true"):
        back_up({"backup": {"enabled": False}})
    api.objects.pop("/apis/batch/v1/namespaces/tenant-acme/cronjobs/redis-backup")
    with pytest.raises(RefusedError, match="CronJob tenant-acme/redis-backup does not exist"):
        back_up()
