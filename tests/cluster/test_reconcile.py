"""What a reconcile makes of a Tenant, by hand and without an operator."""

import json

import pytest

from tests.control_plane import condition


@pytest.fixture
def acme(cluster, name, manifest, make_tenant):
    """A provisioned tenant; returns how to run the playbook on a changed specification."""

    class Acme:
        namespace = f"tenant-{name}"

        @staticmethod
        def reconcile(*arguments, **spec):
            return cluster.playbook("reconcile", "-i", manifest(make_tenant(name, **spec)), *arguments)

        @staticmethod
        def get(*arguments):
            return cluster.get(*arguments, namespace=f"tenant-{name}")

    first = Acme.reconcile()
    assert first.code == 0, first.output
    assert first.recap(name)["changed"] == 6
    return Acme


def test_a_manifest_becomes_a_tenant_whose_status_says_running(cluster, name, manifest, make_tenant):
    run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name, server={"replicas": 2})), "-e", "wait=true")
    assert run.code == 0, run.output
    assert f"{name}: ready" in run.output
    status = cluster.get("tenant", name)["status"]
    assert status["phase"] == "Running"
    assert {condition["type"]: condition["status"] for condition in status["conditions"]} == {
        "Ready": "True",
        "BackupReady": "True",
        "NamespaceReady": "True",
        "NetworkReady": "True",
        "RedisReady": "True",
        "ServerReady": "True",
    }
    assert status["components"]["server"]["readyReplicas"] == 2
    cluster.kubectl("wait", "--for=condition=Ready", f"tenant/{name}", "--timeout=1s")


def test_a_second_run_changes_nothing_and_sends_no_object_that_differs(cluster, acme, name):
    versions = {
        entry["metadata"]["uid"]: entry["metadata"]["generation"]
        for entry in acme.get("statefulset,deployment,networkpolicy")
    }
    again = acme.reconcile()
    assert again.code == 0, again.output
    assert again.recap(name)["changed"] == 0
    assert versions == {
        entry["metadata"]["uid"]: entry["metadata"]["generation"]
        for entry in acme.get("statefulset,deployment,networkpolicy")
    }


def test_check_with_diff_shows_the_changed_field_and_writes_nothing(cluster, acme, name):
    before = cluster.audit_position()
    run = acme.reconcile("--check", "--diff", server={"replicas": 3})
    assert run.code == 0, run.output
    assert "-  replicas: 1" in run.output
    assert "+  replicas: 3" in run.output
    assert f"Deployment tenant-{name}/neurallog-server" in run.output
    assert cluster.writes(since=before) == []
    assert acme.get("deployment", "neurallog-server")["spec"]["replicas"] == 1


def test_check_shows_what_would_be_deleted_and_deletes_nothing(acme, name):
    assert acme.reconcile(server={"replicas": 2}).code == 0
    kept = acme.get("pdb", "neurallog-server"), acme.get("cronjob", "redis-backup")
    run = acme.reconcile("--check", "--diff", server={"replicas": 1}, backup={"enabled": False})
    assert run.code == 0, run.output
    for title in ("PodDisruptionBudget", "CronJob"):
        assert f"{title} tenant-{name}/" in run.output
    assert (acme.get("pdb", "neurallog-server"), acme.get("cronjob", "redis-backup")) == kept


def test_check_of_a_new_tenant_shows_its_manifests_and_writes_nothing(cluster, name, manifest, make_tenant):
    before = cluster.audit_position()
    run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name)), "--check", "--diff")
    assert run.code == 0, run.output
    assert f"StatefulSet tenant-{name}/redis (absent)" in run.output
    assert cluster.writes(since=before) == []
    assert cluster.get("tenant", name) is None


def test_what_the_tenant_no_longer_has_is_pruned(acme, name):
    ports = [{"protocol": "TCP", "port": 5432}]
    rules = [{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}], "ports": ports}]
    assert acme.reconcile(networkPolicy={"egressRules": rules}, server={"replicas": 2}).code == 0
    assert acme.get("networkpolicy", "custom-egress-0")["spec"]["egress"][0]["ports"] == ports
    assert acme.get("pdb", "neurallog-server")
    assert acme.reconcile().recap(name)["changed"] == 3
    assert acme.get("networkpolicy", "custom-egress-0") is None
    assert acme.get("pdb", "neurallog-server") is None
    assert acme.reconcile(networkPolicy={"enabled": False}).code == 0
    assert not acme.get("networkpolicy")


def test_a_foreign_object_with_copied_labels_is_neither_pruned_nor_changed(cluster, acme):
    labels = acme.get("networkpolicy", "default-deny")["metadata"]["labels"]
    metadata = {"name": "mine", "namespace": acme.namespace, "labels": labels}
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata}
    cluster.apply({**policy, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}})
    uid = acme.get("networkpolicy", "mine")["metadata"]["uid"]
    assert acme.reconcile(networkPolicy={"enabled": False}).code == 0
    assert [entry["metadata"]["uid"] for entry in acme.get("networkpolicy")] == [uid]


def test_an_object_that_somebody_else_controls_is_not_taken_over(cluster, acme, name):
    uid = acme.get("configmap", "redis-config")["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "redis-config", "uid": uid, "controller": True}
    cluster.kubectl("-n", acme.namespace, "delete", "service/redis")
    metadata = {"name": "redis", "namespace": acme.namespace, "ownerReferences": [owner]}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 1}]}})
    run = acme.reconcile()
    assert run.code != 0
    assert f"Service tenant-{name}/redis exists and is controlled by somebody else" in run.flat
    assert acme.get("service", "redis")["spec"]["ports"][0]["port"] == 1


def test_objects_of_managed_names_that_others_made_are_refused_by_name_until_they_are_handed_over(cluster, acme, name):
    cluster.kubectl("-n", acme.namespace, "delete", "service/redis", "service/neurallog-server")
    for service, port in (("redis", 6379), ("neurallog-server", 80)):
        metadata = {"name": service, "namespace": acme.namespace}
        spec = {"selector": {"app": "mine"}, "ports": [{"port": port, "name": "mine"}]}
        cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    since = cluster.audit_position()
    run = acme.reconcile()
    assert run.code != 0
    for service in ("redis", "neurallog-server"):
        assert f"Service tenant-{name}/{service} exists and was not made by the operator" in run.flat
        assert acme.get("service", service)["spec"]["selector"] == {"app": "mine"}
    written = {event["objectRef"]["name"] for event in cluster.writes(since=since) if "name" in event["objectRef"]}
    assert written & {"redis", "redis-headless", "redis-config", "neurallog-server"} == set()
    handed_over = "app.kubernetes.io/managed-by=tenant-operator"
    cluster.kubectl("-n", acme.namespace, "label", "service/redis", "service/neurallog-server", handed_over)
    assert acme.reconcile().code == 0
    assert "mine" not in acme.get("service", "redis")["spec"]["selector"].values()


def test_a_name_and_a_description_that_a_new_tenant_had_go_when_it_has_none(cluster, name, manifest, make_tenant):
    def about(tenant):
        assert cluster.playbook("reconcile", "-i", manifest(tenant)).code == 0
        annotations = cluster.get("namespace", f"tenant-{name}")["metadata"]["annotations"]
        return [annotations.get(f"neurallog.io/{key}") for key in ("display-name", "description")]

    assert about(make_tenant(name, displayName="One", description="one")) == ["One", "one"]
    assert about(make_tenant(name)) == [None, None]


def test_an_unmanaged_field_that_somebody_added_stays(cluster, acme, name):
    cluster.kubectl("-n", acme.namespace, "annotate", "deployment/neurallog-server", "example.com/mine=yes")
    assert acme.reconcile(server={"replicas": 2}).code == 0
    assert acme.get("deployment", "neurallog-server")["metadata"]["annotations"]["example.com/mine"] == "yes"


def test_a_field_that_somebody_took_is_taken_back_and_the_diff_names_who_had_it(cluster, acme, name):
    cluster.kubectl(
        "-n", acme.namespace, "scale", "deployment/neurallog-server", "--replicas=4"
    )  # writes by the subresource scale, as an autoscaler does
    cluster.kubectl(
        "-n", acme.namespace, "patch", "service/redis", "--field-manager=somebody", "--type=merge",
        "-p", '{"spec": {"selector": {"app.kubernetes.io/component": "server"}}}',
    )  # fmt: skip
    run = acme.reconcile("--diff")
    assert run.code == 0, run.output
    assert f"Service tenant-{name}/redis: somebody loses .spec.selector" in run.output
    assert "kubectl loses .spec.replicas" in run.output
    assert acme.get("service", "redis")["spec"]["selector"]["app.kubernetes.io/component"] == "redis"
    assert acme.get("deployment", "neurallog-server")["spec"]["replicas"] == 1


def test_without_force_a_conflict_is_explained_and_nothing_is_taken(
    cluster, acme, name, tmp_path, manifest, make_tenant
):
    patch = '{"data": {"redis.conf": "port 1"}}'
    config = ["-n", acme.namespace, "patch", "configmap/redis-config", "--field-manager=somebody", "--type=merge"]
    cluster.kubectl(*config, "-p", patch)
    run = acme.reconcile("-e", "force=false")
    assert run.code != 0
    assert 'conflict with "somebody"' in run.output.replace("\\", "")
    assert ".data.redis.conf" in run.output
    assert acme.get("configmap", "redis-config")["data"]["redis.conf"] == "port 1"


def test_the_password_is_made_once_and_never_shown(cluster, acme, name):
    before = acme.get("secret", "redis-auth")["data"]["password"]
    run = acme.reconcile("--diff", "-vvv")
    after = acme.get("secret", "redis-auth")["data"]["password"]
    assert before == after
    assert before not in run.output


def test_storage_grows_by_the_claim_while_the_statefulset_keeps_its_template(cluster, acme, name):
    cluster.wait_until(lambda: (acme.get("pvc", "data-redis-0") or {}).get("status", {}).get("phase") == "Bound")
    uid = acme.get("statefulset", "redis")["metadata"]["uid"]
    run = acme.reconcile(redis={"storage": "3Gi"})
    assert run.code == 0, run.output
    assert acme.get("pvc", "data-redis-0")["spec"]["resources"]["requests"]["storage"] == "3Gi"
    assert acme.get("statefulset", "redis")["metadata"]["uid"] == uid
    assert acme.reconcile(redis={"storage": "3Gi"}).recap(name)["changed"] == 0
    assert cluster.get("tenant", name)["status"]["redis"]["storage"] == "3Gi"
    shrunk = acme.reconcile(redis={"storage": "1Gi"})
    assert shrunk.code != 0
    assert "may grow, never shrink" in shrunk.flat


def test_storage_that_cannot_grow_is_told_holds_nothing_up_and_can_be_taken_back(cluster, name, manifest, make_tenant):
    rigid = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": cluster.get("storageclass")[0]["provisioner"],
        "allowVolumeExpansion": False,
    }
    cluster.apply(rigid)

    def reconcile(storage, **spec):
        redis = {"storageClassName": name, "storage": storage}
        return cluster.playbook("reconcile", "-i", manifest(make_tenant(name, redis=redis, **spec)))

    def claim():
        return cluster.get("pvc", "data-redis-0", namespace=f"tenant-{name}") or {}

    assert reconcile("1Gi").code == 0
    cluster.wait_until(lambda: claim().get("status", {}).get("phase") == "Bound")
    grown = reconcile("2Gi", server={"replicas": 2})
    assert grown.code != 0
    assert "data-redis-0" in grown.flat
    assert "resize" in grown.flat
    assert cluster.get("deployment", "neurallog-server", namespace=f"tenant-{name}")["spec"]["replicas"] == 2
    assert cluster.get("tenant", name)["status"]["redis"]["storage"] == "1Gi"
    assert reconcile("1Gi", server={"replicas": 3}).code == 0
    assert cluster.get("deployment", "neurallog-server", namespace=f"tenant-{name}")["spec"]["replicas"] == 3
    cluster.kubectl("delete", "storageclass", name)


def test_a_class_that_does_not_exist_can_be_corrected(cluster, name, manifest, make_tenant):
    wrong = make_tenant(name, redis={"storageClassName": f"{name[:40]}-typo"})
    assert cluster.playbook("reconcile", "-i", manifest(wrong)).code == 0
    namespace = f"tenant-{name}"
    uid = cluster.get("statefulset", "redis", namespace=namespace)["metadata"]["uid"]
    corrected = cluster.playbook("reconcile", "-i", manifest(make_tenant(name)), "-e", "wait=true")
    assert corrected.code == 0, corrected.output
    assert cluster.get("statefulset", "redis", namespace=namespace)["metadata"]["uid"] != uid


def test_a_redis_that_fits_nowhere_can_be_mended(cluster, name, manifest, make_tenant):
    def reconcile(**resources):
        return cluster.playbook("reconcile", "-i", manifest(make_tenant(name, redis={"resources": resources})), *wait)

    def scheduled():
        pod = cluster.get("pod", "redis-0", namespace=f"tenant-{name}") or {}
        return {each["type"]: each["status"] for each in pod.get("status", {}).get("conditions", ())}.get(
            "PodScheduled"
        )

    wait = ["-e", "wait=true", "-e", "wait_timeout=60"]
    assert reconcile().code == 0
    wait = []
    assert reconcile(cpu={"request": "9999", "limit": "9999"}).code == 0
    cluster.wait_until(lambda: scheduled() == "False")
    failed = cluster.playbook("reconcile", "-i", manifest(make_tenant(name)), "--tags", "status")
    assert failed.code == 0, failed.output
    message = condition(cluster.get("tenant", name), "RedisReady")["message"]
    assert "Unschedulable" in message
    wait = ["-e", "wait=true", "-e", "wait_timeout=60"]
    mended = reconcile(cpu={"request": "10m", "limit": "100m"})
    assert mended.code == 0, mended.output
    assert "Replace pods that block a rollout" in mended.output


def test_data_of_another_mode_is_a_clear_refusal_and_the_mode_can_be_corrected(cluster, name, manifest, make_tenant):
    kept = make_tenant(name, deletionPolicy="Retain")
    assert cluster.playbook("reconcile", "-i", manifest(kept), "-e", "wait=true").code == 0
    assert cluster.playbook("delete", "-i", manifest(kept), "-e", "confirm=true").code == 0
    cluster.kubectl("annotate", "namespace", f"tenant-{name}", f"neurallog.io/adopt={name}")
    uid = cluster.get("statefulset", "redis", namespace=f"tenant-{name}")["metadata"]["uid"]
    other = cluster.playbook("reconcile", "-i", manifest(make_tenant(name, redis={"mode": "sentinel", "replicas": 3})))
    assert other.code != 0
    assert "spec.redis.mode must be standalone" in other.flat
    message = condition(cluster.get("tenant", name), "Ready")["message"]
    assert "spec.redis.mode must be standalone" in message
    assert cluster.playbook("reconcile", "-i", manifest(make_tenant(name)), "-e", "wait=true").code == 0
    assert cluster.get("statefulset", "redis", namespace=f"tenant-{name}")["metadata"]["uid"] == uid


def test_pods_that_cannot_follow_each_other_change_all_at_once_and_keep_their_volumes(
    cluster, name, namespace, manifest, make_tenant
):
    def reconcile(*options, **security):
        path = manifest(make_tenant(name, redis={"mode": "sentinel", "replicas": 3, "security": security}))
        run = cluster.playbook("reconcile", "-i", path, *options)
        assert run.code == 0, run.output
        return run

    def uids(kind):
        return {each["metadata"]["name"]: each["metadata"]["uid"] for each in cluster.get(kind, namespace=namespace)}

    reconcile("-e", "wait=true")
    claims, pods = uids("pvc"), uids("pods")
    former = uids("statefulsets")
    said = reconcile("--check", "--diff", enabled=False).output
    assert "StatefulSet" in said
    assert uids("statefulsets") == former
    reconcile("-e", "wait=true", enabled=False)
    assert uids("pvc") == claims
    assert uids("statefulsets").keys() == former.keys()
    assert uids("statefulsets") != former
    for pod in ("redis-0", "redis-1", "redis-2"):
        assert uids("pods")[pod] != pods[pod]
    again = uids("statefulsets")
    assert reconcile(enabled=False).recap(name)["changed"] == 0
    assert uids("statefulsets") == again
    reconcile("-e", "wait=true")
    assert uids("pvc") == claims


def test_a_paused_tenant_is_left_alone_and_reported(acme, name, cluster):
    cluster.kubectl("-n", acme.namespace, "delete", "service/redis")
    run = acme.reconcile(paused=True)
    assert run.code == 0, run.output
    assert acme.get("service", "redis") is None
    assert cluster.get("tenant", name)["status"]["phase"] == "Paused"


def test_tags_run_one_component_and_check_whose_namespace_it_is(cluster, acme, name):
    cluster.kubectl("-n", acme.namespace, "delete", "service/redis", "service/neurallog-server")
    assert acme.reconcile("--tags", "redis").code == 0
    assert acme.get("service", "redis")
    assert acme.get("service", "neurallog-server") is None


def test_tags_on_a_new_tenant_say_that_the_namespace_comes_first(cluster, name, manifest, make_tenant):
    run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name)), "--tags", "redis")
    assert run.code != 0
    assert f"Namespace tenant-{name} does not exist: run without --tags" in run.flat


def test_a_tenant_that_cannot_become_ready_names_the_first_obstacle(cluster, acme, name):
    selector = ["-n", acme.namespace, "get", "pods", "-l", "app.kubernetes.io/component=server", "-o", "name"]
    pod = cluster.wait_until(lambda: cluster.kubectl(*selector).split())[0]
    waiting = {"reason": "ImagePullBackOff", "message": "no such image"}
    container = {"name": "server", "image": "x", "imageID": "", "ready": False, "restartCount": 0}
    cluster.wait_until(lambda: acme.get("deployment", "neurallog-server")["status"].get("readyReplicas"))
    conditions = [{"type": "Ready", "status": "False"}, {"type": "ContainersReady", "status": "False"}]
    status = {"conditions": conditions, "containerStatuses": [{**container, "state": {"waiting": waiting}}]}
    patch = json.dumps({"status": status})
    cluster.kubectl("-n", acme.namespace, "patch", pod, "--subresource=status", "-p", patch)
    cluster.wait_until(lambda: not acme.get("deployment", "neurallog-server")["status"].get("readyReplicas"))
    run = acme.reconcile()
    assert run.code == 0, run.output
    ready = next(entry for entry in cluster.get("tenant", name)["status"]["conditions"] if entry["type"] == "Ready")
    assert "ImagePullBackOff: no such image" in ready["message"]
    assert pod.removeprefix("pod/") in ready["message"]


def test_many_tenants_run_together_and_limit_means_what_ansible_means(cluster, name, manifest, make_tenant):
    names = [f"{name[:40]}-{number}" for number in range(4)]
    path = manifest(*(make_tenant(each) for each in names))
    limited = cluster.playbook("reconcile", "-i", path, "--limit", names[0])
    assert limited.code == 0, limited.output
    assert [cluster.get("tenant", each) is not None for each in names] == [True, False, False, False]
    whole = cluster.playbook("reconcile", "-i", path, "--forks", "4")
    assert whole.code == 0, whole.output
    assert [whole.recap(each)["changed"] for each in names] == [0, 6, 6, 6]
