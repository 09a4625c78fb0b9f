"""The real control plane, and the playbooks as a user runs them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest
import yaml

from tests.control_plane import CHECKOUT, started, tenant, tenant_name
from tests.monitoring import MonitoringKinds

# No test is about time: a busy machine makes none fail.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Show the last words of each operator that a failed test started, and its Tenant's status."""
    report = yield
    if report.when == "call" and report.failed and "start" in item.fixturenames:
        for log in sorted(item.funcargs["tmp_path"].glob("operator-*.log")):
            report.sections.append((log.name, log.read_text()[-6000:]))
        found = item.funcargs["operated_cluster"].get("tenant", tenant_name(item))
        report.sections.append(("status", yaml.safe_dump((found or {}).get("status"))))
    return report


def _started(name, config, *, audit=False):
    """Start a control plane of this run's own: the suites run side by side."""
    suite = Path(config.args[0].partition("::")[0]).stem
    with started(CHECKOUT / ".devcluster" / f"{name}-{suite}", audit=audit) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def _control_plane(pytestconfig):
    yield from _started("tests", pytestconfig, audit=True)


@pytest.fixture(scope="session")
def cluster(_control_plane):
    """A control plane with the Tenant API."""
    _control_plane.install()
    return _control_plane


@pytest.fixture(scope="module")
def bare_cluster(pytestconfig):
    """A control plane that knows no Tenants yet."""
    yield from _started("bare", pytestconfig)


@pytest.fixture(scope="session")
def operated_cluster(pytestconfig):
    """A control plane of the operator's own: it takes care of every Tenant that it finds."""
    for cluster in _started("operated", pytestconfig, audit=True):
        cluster.install()
        yield cluster


@pytest.fixture
def start(operated_cluster, tmp_path):
    """Start operators, those of a checkout; every one of them is ended with the test."""
    running = []

    def start(*arguments, watches=None, kubeconfig=operated_cluster.kubeconfig, checkout=CHECKOUT):
        log = tmp_path / f"operator-{len(running)}.log"
        program = (Path(sys.executable).parent / "tenant-operator", "run", "--watches", watches or "watches.yaml")
        paths = {"PYTHONPATH": str(checkout / "src"), "ANSIBLE_COLLECTIONS_PATH": str(checkout / "src")}
        with log.open("w") as file:
            process = subprocess.Popen(
                [*program, *arguments],
                cwd=checkout,
                env={**os.environ, **paths, "KUBECONFIG": str(kubeconfig), "TMPDIR": str(tmp_path)},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        process.log = log
        running.append(process)
        return process

    yield start
    for process in running:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        assert "Traceback" not in process.log.read_text()


@pytest.fixture
def monitoring_kinds(operated_cluster):
    """What installs the kinds of the Prometheus operator, and takes them away."""
    kinds = MonitoringKinds(operated_cluster)
    yield kinds
    kinds.remove()


@pytest.fixture
def name(request):
    """A tenant's name of this test's own."""
    return tenant_name(request.node)


@pytest.fixture
def namespace(name):
    """The namespace of the tenant of that name."""
    return f"tenant-{name}"


@pytest.fixture
def own_watches(tmp_path, name):
    """Write a watches.yaml for the Tenants with this test's label alone; returns its path."""

    def write(*, status_period, **variables):
        entries = yaml.safe_load((CHECKOUT / "watches.yaml").read_text())
        entries[0]["vars"] |= variables
        entries[0]["dependents"]["statusPeriod"] = status_period
        entries[0]["selector"] = {"matchLabels": {"test": name}}
        path = tmp_path / "watches.yaml"
        path.write_text(yaml.safe_dump(entries))
        return path

    return write


@pytest.fixture
def manifest(tmp_path):
    """Write Tenants to a file of their own; returns its path."""

    def write(*tenants, file="tenants.yaml"):
        path = tmp_path / file
        path.write_text(yaml.safe_dump_all(tenants))
        return path

    return write


@pytest.fixture
def make_tenant():
    return tenant
