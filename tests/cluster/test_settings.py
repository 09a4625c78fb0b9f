"""The settings file of the operator, on a real control plane."""

from tests.control_plane import is_reconciled


def test_a_setting_reaches_every_tenant_and_another_one_after_a_new_start(
    operated_cluster, name, namespace, make_tenant, start, tmp_path
):
    cluster = operated_cluster

    def user():
        statefulset = cluster.get("statefulset", "redis", namespace=namespace)
        return statefulset and statefulset["spec"]["template"]["spec"]["securityContext"]["runAsUser"]

    settings = tmp_path / "settings.yaml"
    settings.write_text("redis_user: 1001\n")
    operator = start("--settings", settings)
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert user() == 1001
    operator.terminate()
    operator.wait()
    settings.write_text("redis_user: 1002\n")
    start("--settings", settings)
    cluster.wait_until(lambda: user() == 1002)


def test_a_wrong_setting_ends_the_operator_before_any_tenant_is_touched(operated_cluster, start, tmp_path):
    settings = tmp_path / "settings.yaml"
    settings.write_text("redis_user: abc\nredis_usr: 7\n")
    assert start("--settings", settings).wait(60) == 1
    log = (tmp_path / "operator-0.log").read_text()
    assert "no role has a variable redis_usr; did you mean redis_user?" in log
    assert "redis_user: argument 'redis_user' is of type" in log.replace('"', "'")
