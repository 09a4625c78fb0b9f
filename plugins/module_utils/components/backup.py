"""Backups: where they are stored, the environment of their containers, and their status.

Sources: https://rclone.org/docs/#config-file (remotes by environment), https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .. import names
from ..kube import objects, quantities
from ..kube.jobs import State, end_time, state
from ..kube.jobs import failure as failure_of_job
from ..kube.resources import Manifest
from ..kube.terminations import last_line
from . import network
from .base import Component, Health, Look, Observed
from .server import settings as server

_MARGIN = 2**30
"""Bytes beside the copies: logs, and what tools write."""

_LARGEST = 2**31
_LONGEST_NAME = 253

_SURE = "64Mi"
"""What a pod needs in any case; where only a limit is given, Kubernetes takes it for the request as well."""

_REMOTES = {"s3": "s3", "gcs": "google cloud storage", "azure": "azureblob"}
"""The names of the storage types in rclone."""


CRON_JOB = "redis-backup"


def job_name(request: str) -> str:
    """Return the name of the Job for a backup that was asked for by this value of an annotation."""
    return f"{CRON_JOB}-{objects.digest(request)}"


def job_from(cron_job: Manifest, request: str) -> dict[str, Any]:
    """Return a Job of the CronJob, as ``kubectl create job --from`` makes it. The CronJob's history limits hold for it.

    Args:
        cron_job: the CronJob as the API server has it.
        request: the value of the annotation that asks for the backup.
    """
    template, metadata = cron_job["spec"]["jobTemplate"], cron_job["metadata"]
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(request),
            "namespace": metadata["namespace"],
            "labels": template["metadata"]["labels"],
            "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
            "ownerReferences": [{**owner, "controller": True}],
        },
        "spec": template["spec"],
    }


def has_bucket(spec: Mapping[str, Any]) -> bool:
    """Return whether backups go to a bucket, or come from one."""
    return bool(spec["backup"]["storage"]["type"] != "local")


def with_scratch(resources: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a container's ``resources`` with room on the node's disk for copies on their way.

    A copy waits there between Redis and a bucket, of every master, and twice while it gets its final name. With a
    volume for backups nothing does.

    Args:
        resources: the resources without it.
        spec: the ``spec`` of the Tenant.
    """
    if not has_bucket(spec):
        return dict(resources)
    redis = spec["redis"]
    data = quantities.parse(redis["storage"]) * (redis["masters"] if redis["mode"] == "cluster" else 1)
    bounds = {"requests": _SURE, "limits": str(int(2 * data) + _MARGIN)}
    return {kind: {**resources.get(kind, {}), "ephemeral-storage": bound} for kind, bound in bounds.items()}


def redis_resources(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``resources`` of the containers of a Redis pod, which holds the copy that it was restored from."""
    resources = server.requirements(spec["redis"]["resources"])
    return with_scratch(resources, spec) if "restoreFrom" in spec["backup"] else resources


def needs_egress(spec: Mapping[str, Any]) -> bool:
    """Return whether a network policy has to allow egress to a bucket."""
    backup = spec["backup"]
    return bool(
        spec["networkPolicy"]["enabled"] and has_bucket(spec) and (backup["enabled"] or "restoreFrom" in backup)
    )


def port(spec: Mapping[str, Any]) -> int:
    """Return the port of the bucket's endpoint."""
    return network.port_of(spec["backup"]["storage"].get("endpoint", "https://"))


def location(tenant: Manifest) -> str:
    """Return the folder of the tenant's backups, bucket first."""
    storage = tenant["spec"]["backup"]["storage"]
    return f"{storage['bucket']}/{storage.get('prefix') or tenant['metadata']['name']}".rstrip("/")


def redis_cli_options(spec: Mapping[str, Any], authority: str = "/run/tls/ca.crt") -> str:
    """Return the options that redis-cli needs in the tenant's pods.

    Args:
        spec: the ``spec`` of the Tenant.
        authority: the file with the certificate authority of Redis.
    """
    return f"--tls --cacert {authority}" if spec["redis"]["security"]["tls"].get("enabled") else ""


def environment(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ``env`` of the container that copies the data of Redis."""
    password = server.password_variable("REDISCLI_AUTH", spec["redis"]["security"])
    variables = {"REDIS_MODE": spec["redis"]["mode"], "REDIS_CLI_OPTIONS": redis_cli_options(spec), **_retention(spec)}
    return [*_variables(variables), *([password] if password else ())]


def rclone_environment(tenant: Manifest) -> list[dict[str, Any]]:
    """Return the ``env`` of the container that uploads a backup to the bucket or downloads it."""
    spec = tenant["spec"]
    storage = spec["backup"]["storage"]
    if not has_bucket(spec):
        return []
    variables = {
        "RCLONE_CONFIG_REMOTE_TYPE": _REMOTES[storage["type"]],
        "RCLONE_CONFIG": "/tmp/rclone.conf",  # noqa: S108 - a path in the container
        "RCLONE_RETRIES": "2",  # the Job is tried again as well
        "RCLONE_LOW_LEVEL_RETRIES": "3",
        "LOCATION": location(tenant),
        **_retention(spec),
    }
    if endpoint := storage.get("endpoint"):
        variables["RCLONE_CONFIG_REMOTE_ENDPOINT"] = endpoint
    if storage["type"] == "s3":
        variables["RCLONE_CONFIG_REMOTE_PROVIDER"] = "Other" if endpoint else "AWS"
    return _variables(variables)


def upload_environment(tenant: Manifest) -> list[dict[str, Any]]:
    """Return the ``env`` of the container that uploads a backup, which has to know whose the backups are."""
    if not has_bucket(tenant["spec"]):
        return []
    metadata = tenant["metadata"]
    taken_over = objects.annotation(tenant, names.TAKE_OVER_ANNOTATION)
    owner = {"BACKUPS_OF": f"{metadata['uid']} {metadata['name']}", "TAKE_OVER": taken_over}
    return [*rclone_environment(tenant), *_variables(owner)]


def rclone_secret(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ``envFrom`` by which the keys of the tenant's Secret become settings of rclone's remote."""
    if not has_bucket(spec):
        return []
    return [{"prefix": "RCLONE_CONFIG_REMOTE_", "secretRef": {"name": spec["backup"]["storage"]["secretRef"]["name"]}}]


def restore_environment(tenant: Manifest) -> list[dict[str, Any]]:
    """Return the ``env`` of the containers that restore a new Redis.

    Those of a cluster ask the other pods whether it is formed.
    """
    spec = tenant["spec"]
    backup = spec["backup"].get("restoreFrom", "")
    variables = {
        "RESTORE_FROM": backup.rpartition("/")[2],
        "RESTORE_TO": "appendonly.aof" if spec["redis"]["persistence"]["type"] in {"aof", "both"} else "dump.rdb",
    }
    if has_bucket(spec):
        below = spec["backup"]["storage"]["bucket"] if "/" in backup else location(tenant)
        variables["RESTORE_LOCATION"] = f"{below}/{backup}"
    asking = []
    if spec["redis"]["mode"] == "cluster":
        variables |= {"REDIS_MODE": "cluster", "REDIS_CLI_OPTIONS": redis_cli_options(spec)}
        asking = [server.password_variable("REDISCLI_AUTH", spec["redis"]["security"])]
    return [*_variables(variables), *filter(None, asking), *rclone_environment(tenant)]


def next_time(spec: Mapping[str, Any], now: str) -> str:
    """Return when the next backup is due, RFC 3339.

    Args:
        spec: the ``spec`` of the Tenant.
        now: the time, RFC 3339.

    Raises:
        ValueError: the schedule or the time zone is none, or such a time never comes.
    """
    from cronsim import CronSim, CronSimError  # the filters of this module do not need it

    schedule, zone = spec["backup"]["schedule"], spec["backup"]["timeZone"]
    try:
        after = datetime.fromisoformat(now).astimezone(ZoneInfo(zone))
        return _rfc3339(next(CronSim(schedule, after)))
    except (ValueError, ZoneInfoNotFoundError, CronSimError, StopIteration):
        raise ValueError(f"spec.backup: {schedule!r} in {zone!r} never comes") from None


def status(
    spec: Mapping[str, Any],
    jobs: Sequence[Manifest],
    pods: Sequence[Manifest],
    *,
    last: Mapping[str, Any],
    now: str,
    suspended: bool = False,
) -> dict[str, Any]:
    """Return ``status.backup``: from the newest finished Job, else as it was; empty while backups are off.

    Args:
        spec: the spec of the Tenant.
        jobs: the Jobs of its CronJob.
        pods: their pods, whose last container says name, size and count as JSON.
        last: ``status.backup`` as it was.
        now: the time, RFC 3339.
        suspended: whether the CronJob is suspended, so that no backup is due.
    """
    if not spec["backup"]["enabled"]:
        return {}
    status = {key: value for key, value in last.items() if key != "nextBackupTime"}
    if newest := _newest(jobs):
        status["lastBackupStatus"] = state(newest).value
        if state(newest) is State.SUCCEEDED:
            status |= {"lastBackupTime": end_time(newest), **_told(newest, pods)}
    if suspended:
        return status
    try:
        return {**status, "nextBackupTime": next_time(spec, now)}
    except ValueError:
        return status


def record(tenant: Manifest, observed: Observed, now: str) -> dict[str, Any]:
    """Return ``status.backup``.

    Args:
        tenant: the Tenant with its last status.
        observed: what was found of it.
        now: the time, RFC 3339.
    """
    return status(
        tenant["spec"],
        observed.all("jobs"),
        observed.all("pods"),
        last=(tenant.get("status") or {}).get("backup") or {},
        now=now,
        suspended=is_suspended(observed.one("backup")),
    )


def is_suspended(cron_job: Manifest | None) -> bool:
    """Return whether somebody suspended the CronJob, which the operator leaves to them."""
    return bool(cron_job and cron_job.get("spec", {}).get("suspend"))


def failure(jobs: Sequence[Manifest], pods: Sequence[Manifest]) -> str:
    """Return why the newest finished Job failed; empty where it succeeded or there is none.

    Args:
        jobs: the Jobs of the CronJob.
        pods: their pods.
    """
    newest = _newest(jobs)
    if newest is None or state(newest) is State.SUCCEEDED:
        return ""
    messages = [
        last_line(terminated)
        for pod in _pods_of(newest, pods)
        for terminated in _terminations(pod)
        if terminated.get("exitCode") and last_line(terminated)
    ]
    return f"Job {newest['metadata']['name']}: {failure_of_job(newest, messages[-1] if messages else '')}"


def _newest(jobs: Sequence[Manifest]) -> Manifest | None:
    """Return the Job that ended last; None where none has."""
    return max(filter(end_time, jobs), key=end_time, default=None)


def _told(job: Manifest, pods: Sequence[Manifest]) -> dict[str, Any]:
    for pod in _pods_of(job, pods):
        for terminated in _terminations(pod):
            if message := _message(terminated):
                return message
    return {}


def _message(terminated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report of a container that made a backup; empty if its message is anything else."""
    try:
        report = json.loads(terminated.get("message") or "")
        name, size, count = report["name"], report["kilobytes"], report["count"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    numbers = all(isinstance(number, int) and 0 <= number < _LARGEST for number in (size, count))
    if not (numbers and isinstance(name, str) and len(name) <= _LONGEST_NAME):
        return {}
    return {"lastBackupName": name, "lastBackupSize": f"{size}Ki", "backupCount": count}


def _pods_of(job: Manifest, pods: Sequence[Manifest]) -> list[Manifest]:
    uid = job["metadata"]["uid"]
    return [pod for pod in pods if any(o["uid"] == uid for o in pod["metadata"].get("ownerReferences") or ())]


def _terminations(pod: Manifest) -> list[Mapping[str, Any]]:
    status = pod.get("status") or {}
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    return [
        container["state"]["terminated"] for container in containers if "terminated" in (container.get("state") or {})
    ]


def _retention(spec: Mapping[str, Any]) -> dict[str, str]:
    retention = spec["backup"]["retention"]
    return {"KEEP_COUNT": str(retention["count"]), "KEEP_DAYS": str(retention["days"])}


def _variables(said: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in said.items()]


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def looks(_tenant: Manifest, observed: Observed) -> Iterator[Look]:
    """Yield looks at the CronJob, its Jobs and their pods.

    Args:
        _tenant: the Tenant.
        observed: what was found so far.
    """
    yield Look("backup", "batch/v1", "CronJob", "redis-backup")
    if observed.one("backup"):
        yield Look("jobs", "batch/v1", "Job", selectors={"labelSelector": f"{names.COMPONENT_LABEL}=backup"})
    if observed.all("jobs"):
        yield Look("pods", "v1", "Pod")


def judge(tenant: Manifest, observed: Observed) -> Health:
    """Return whether backups are scheduled, and how the last one ended.

    Args:
        tenant: the Tenant.
        observed: what was found so far.
    """
    if not tenant["spec"]["backup"]["enabled"]:
        return Health("Running", "Backups are switched off")
    if observed.one("backup") is None:
        return Health("Pending", "CronJob redis-backup does not exist")
    if is_suspended(observed.one("backup")):
        return Health("Degraded", "CronJob redis-backup is suspended (spec.suspend): no backup is made")
    if failed := failure(observed.all("jobs"), observed.all("pods")):
        return Health("Degraded", failed)
    return Health("Running", "CronJob redis-backup is in place")


COMPONENT = Component(
    "backup",
    looks,
    judge,
    record,
    filters={
        "backup_env": environment,
        "backup_needs_egress": needs_egress,
        "backup_port": port,
        "rclone_env": rclone_environment,
        "rclone_secret": rclone_secret,
        "redis_cli_options": redis_cli_options,
        "redis_resources": redis_resources,
        "restore_env": restore_environment,
        "upload_env": upload_environment,
        "with_scratch": with_scratch,
    },
)
