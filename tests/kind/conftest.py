"""A kind cluster with the operator as its users deploy it, and the stand-in of the server."""

import json
import os
import shutil
import subprocess

import pytest
from filelock import FileLock

from devcluster import kind
from tests.control_plane import CHECKOUT, Cluster, tenant, tenant_name
from tests.kind import bucket
from tests.kind.images import FOLDERS, OPERATOR, PYTHON
from tests.kind.writer import Writer

SYSTEM = "neurallog-system"

REQUEST = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], data=sys.argv[2].encode() if len(sys.argv) > 2 else None)
print(urllib.request.urlopen(request, timeout=10).read().decode())
"""


def pytest_collection_modifyitems(items):
    """Where there is no Docker, say so for each test; in CI that is a failure, and none of these is skipped."""
    if os.environ.get("CI") or (shutil.which("docker") and run("docker", "info", check=False).returncode == 0):
        return
    for item in items:
        item.add_marker(pytest.mark.skip(reason="kind needs Docker, which does not answer here"))


def run(*command, check=True, stdin=None):
    done = subprocess.run(command, cwd=CHECKOUT, input=stdin, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


RUNTIME = kind.Cluster(CHECKOUT / ".devcluster" / "kind-tests")


MADE_FOR = RUNTIME.folder / "session"
"""Which run the cluster was made for, by its name, and the process that ends it."""


def pytest_unconfigure():
    """End the cluster of this run when all workers have ended, and the failures are shown."""
    if MADE_FOR.exists() and MADE_FOR.read_text().split()[1] == str(os.getpid()):
        RUNTIME.down()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Show what the cluster looks like where a test fails: nobody can look at it afterwards."""
    report = yield
    if report.when == "call" and report.failed and "cluster" in item.fixturenames:
        try:
            shown = _shown(Cluster(RUNTIME.kubeconfig), item)
        except AssertionError as error:  # it does not answer, which is no reason to lose the report
            shown = str(error)
        report.sections.append(("cluster", shown))
    return report


def _shown(cluster, item):
    """Return what the Tenants of a test are told of, what their pods do and say, and the operator's last words."""
    words = tenant_name(item, length=30)
    shown = []
    for found in cluster.get("tenants") or []:
        name = found["metadata"]["name"]
        if name.startswith(words):
            components = (found.get("status") or {}).get("components") or {}
            shown += [name, *(f"{of}: {told.get('message')}" for of, told in components.items())]
            for what in (("get", "pods,statefulsets,jobs,pvc"), ("get", "events"), LAST_WORDS):
                shown.append(cluster.kubectl(*what, "-n", f"tenant-{name}", check=False)[-8000:])
    logs = cluster.kubectl("logs", "-n", SYSTEM, "deployment/tenant-operator", "--tail=400", check=False)
    said = [line for line in logs.splitlines() if words in line]
    return "\n".join([*shown, *said[-40:]])


LAST_WORDS = ("logs", "-l", "app.kubernetes.io/component=redis", "--all-containers", "--prefix", "--tail=25")


@pytest.fixture(scope="session")
def runtime():
    return RUNTIME


@pytest.fixture(scope="session")
def cluster(runtime, testrun_uid):
    """A cluster of these tests' own, with the Tenant API and the operator's Deployment: one for all workers."""
    runtime.folder.mkdir(parents=True, exist_ok=True)
    process = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    session = f"{testrun_uid} {process}"
    cluster = Cluster(runtime.kubeconfig)
    with FileLock(runtime.folder / "lock"):
        if not MADE_FOR.exists() or MADE_FOR.read_text() != session:
            runtime.down()
            runtime.up()
            _deploy(cluster, runtime)
            MADE_FOR.write_text(session)
    return cluster


def _deploy(cluster, runtime):
    for image, folder in FOLDERS.items():
        run("docker", "build", "--tag", image, folder)
    runtime.load(list(FOLDERS))
    run("make", "manifest", f"IMG={OPERATOR}")
    cluster.kubectl("apply", "--server-side", "-f", CHECKOUT / "dist" / "install.yaml")
    cluster.kubectl("-n", SYSTEM, "rollout", "status", "deployment/tenant-operator", "--timeout=240s")


@pytest.fixture(scope="module")
def buckets(cluster):
    """Servers of buckets, which are empty."""
    bucket.start(cluster)


@pytest.fixture
def name(request):
    """A tenant's name of this test's own."""
    return tenant_name(request.node, length=30)


SMALL = {"resources": {"cpu": {"request": "10m"}, "memory": {"request": "32Mi"}}}
"""What a server and a Redis ask for, so that many of them fit on one small node."""


def small_tenant(name, *, server=None, redis=None, **spec):
    """Return a Tenant whose server is the stand-in."""
    return tenant(name, version="1.4.2", server={**SMALL, **(server or {})}, redis={**SMALL, **(redis or {})}, **spec)


@pytest.fixture
def make_tenant(request):
    """Return a maker of Tenants; the one of the test's own name goes when the test ends."""
    yield small_tenant
    cluster, name = request.getfixturevalue("cluster"), request.getfixturevalue("name")
    cluster.kubectl("delete", "tenant", name, "--ignore-not-found", "--wait=false")


@pytest.fixture(scope="session")
def execute(cluster):
    """Run a command in a pod's container; returns its output, also when it fails. Options end with ``--``."""

    def execute(namespace, pod, *command, check=True):
        words = command if "--" in command else ("--", *command)
        return cluster.kubectl("exec", "-n", namespace, pod, *words, check=check)

    return execute


@pytest.fixture
def redis_cli(execute, name):
    """Run redis-cli in one of the tenant's Redis pods; returns what it says.

    What has to succeed gets a minute, since a busy node lets it wait. What may fail is asked again: it gets 5 s.
    """

    def redis_cli(*arguments, pod="redis-0", check=True):
        command = ("timeout", "60" if check else "5", "redis-cli", *arguments)
        return execute(f"tenant-{name}", pod, "-c", "redis", "--", *command, check=check).strip()

    return redis_cli


SIGNAL = 'for pid in $(pgrep redis-server); do if grep -q "$0" /proc/$pid/cgroup; then kill -"$1" $pid; fi; done'
"""Run on the node, since a container's first process cannot be killed from within."""


@pytest.fixture(scope="session")
def node(cluster, runtime):
    """Run a command on the cluster's node; returns its output."""

    def node(*command, check=True):
        return run("docker", "exec", f"{runtime.name}-control-plane", *command, check=check).stdout

    return node


@pytest.fixture
def signal_redis(cluster, node, name):
    """Send a signal to the Redis processes of a pod of the tenant, its sentinel included."""

    def signal_redis(pod, signal):
        node("sh", "-c", SIGNAL, cluster.get("pod", pod, namespace=f"tenant-{name}")["metadata"]["uid"], signal)

    return signal_redis


@pytest.fixture
def ask(cluster, execute, name):
    """Send a request to the tenant's server, from within its pod; returns the answer's JSON, or {}."""

    def ask(path, *data, check=True):
        namespace = f"tenant-{name}"
        (pod, *_) = cluster.get("pods", "-l", "app.kubernetes.io/component=server", namespace=namespace)
        url = f"http://localhost:3030{path}"
        said = execute(namespace, pod["metadata"]["name"], "--", PYTHON, "-c", REQUEST, url, *data, check=check)
        return json.loads(said) if check or said.startswith("{") else {}

    return ask


@pytest.fixture
def writer(cluster, name):
    """A client that writes to the tenant's server and reads from it all the time, once it is started."""
    return Writer(cluster, name)
