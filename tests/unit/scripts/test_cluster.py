"""Redis as a cluster: how nodes find each other, and how lost ones come back."""

import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from itertools import count

import pytest

JOB_RUNS = 3
"""How often the Job may run: Kubernetes would do it ten times."""

NODES = """\
aaa 10.0.0.1:6379@16379,redis-0.redis-headless master - 0 1 1 connected 0-5460
bbb 10.0.0.2:6379@16379,redis-1.redis-headless myself,slave aaa 0 1 1 connected
ccc 10.0.0.3:6379@16379,redis-2.redis-headless master,fail - 0 1 7 connected 5461-10922 10923 [93-<-bbb]
"""


@pytest.fixture(autouse=True)
def _mounted(pod):
    pod.mount("redis", "/etc/redis")
    pod.write("/etc/redis/replicas", "3")
    pod.write("/etc/redis/masters", "3")
    pod.environment["POD_IP"] = "10.0.0.9"


def redis_calls(pod):
    return [call.removeprefix("redis-cli ") for call in pod.calls]


def test_the_hosts_are_those_of_all_pods(pod):
    assert pod.run("/etc/redis/hosts.sh").split() == [f"redis-{number}.redis-headless" for number in range(3)]


def test_a_master_that_failed_is_none(pod):
    awk = ["awk", "-f", pod.path("/etc/redis/live-masters.awk")]
    command = ["busybox", *awk] if pod.shell[0] == "busybox" else awk
    assert subprocess.run(command, input=NODES, capture_output=True, text=True, check=True).stdout.split()[0] == "aaa"


def free_slots(pod, owned, masters, code=0):
    """Return the numbers of the slots that each master gets."""
    awk = ["awk", "-v", f"masters={masters}", "-f", pod.path("/etc/redis/free-slots.awk")]
    command = ["busybox", *awk] if pod.shell[0] == "busybox" else awk
    done = subprocess.run(command, input=owned, capture_output=True, text=True, check=False)
    assert done.returncode == code
    found = {}
    for line in done.stdout.splitlines():
        master, slot = line.split()
        found.setdefault(int(master), []).append(int(slot))
    return found, done.stderr


@pytest.mark.parametrize(
    ("owned", "masters", "numbers"),
    [
        ("0 0-9999\n", 3, {1: 5462, 2: 922}),
        ("1 0-9999\n", 3, {0: 5462, 2: 922}),
        ("0 0-5460\n1 5461-10922\n2 10923-16383\n", 3, {}),
        ("0 7\n1 9\n", 3, {0: 5461, 1: 5461, 2: 5460}),
        ("0 0-99\n", 1, {0: 16284}),
    ],
)
def test_free_slots_go_to_the_masters_that_have_fewest(pod, owned, masters, numbers):
    found, _ = free_slots(pod, owned, masters)
    assert {master: len(slots) for master, slots in found.items()} == numbers
    given = {slot for slots in found.values() for slot in slots}
    taken = {slot for line in owned.splitlines() for slot in slots_of(line.split()[1])}
    assert given | taken == set(range(16384))
    assert not given & taken


def slots_of(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def test_a_slot_with_keys_in_two_copies_is_refused(pod):
    found, message = free_slots(pod, "0 0-10\n1 10-20\n", 3, code=1)
    assert found == {}
    assert "slot 10 has keys in two copies" in message


def test_a_replica_that_asks_its_master_at_an_old_address_follows_it_anew(pod):
    pod.redis("info replication", "role:slave\r\nmaster_host:10.0.0.7\r")
    pod.run("/etc/redis/follow.sh", stdin=NODES)
    assert redis_calls(pod) == ["info replication", "cluster replicate aaa"]


def test_a_replica_that_asks_its_master_where_it_is_is_left_alone(pod):
    pod.redis("info replication", "role:slave\r\nmaster_host:10.0.0.1\r")
    pod.run("/etc/redis/follow.sh", stdin=NODES)
    assert redis_calls(pod) == ["info replication"]


def meet(pod, nodes, rounds=1):
    """Run some rounds of the loop that keeps a node with the others."""
    pod.redis("cluster nodes", nodes)
    pod.program("sleep", code=1)
    for _ in range(rounds):
        pod.program("sleep", once=True)
    pod.run("/etc/redis/meet.sh")
    return redis_calls(pod)


def test_a_node_that_misses_another_asks_all_for_their_addresses(pod):
    for number, known in enumerate([NODES, NODES, NODES.splitlines()[0]]):
        pod.redis(
            f"-h redis-{number}.redis-headless config get cluster-announce-ip", f"cluster-announce-ip\n10.0.1.{number}"
        )
        pod.redis(f"-h redis-{number}.redis-headless cluster nodes", known)
    calls = meet(pod, NODES)
    assert [call for call in calls if "meet" in call] == ["cluster meet 10.0.1.0 6379", "cluster meet 10.0.1.1 6379"]


def test_a_node_that_sees_all_others_asks_nobody(pod):
    assert meet(pod, NODES.replace(",fail", "")) == ["cluster nodes", "info replication", "cluster replicate aaa"]


def rejoin(pod, nodes, code=0):
    """Come back with an empty volume to others that have this view."""
    pod.redis("-h redis-0.redis-headless cluster nodes", nodes)
    pod.redis("-h redis-0.redis-headless config get cluster-announce-ip", "cluster-announce-ip\n10.0.0.1")
    pod.run("/etc/redis/rejoin.sh", HOSTNAME="redis-2", code=code)
    return [call for call in redis_calls(pod) if not call.endswith(("cluster nodes", "cluster-announce-ip"))]


def test_a_master_that_nobody_replaced_takes_its_slots_again(pod):
    assert rejoin(pod, NODES) == [
        "cluster set-config-epoch 8",
        "cluster addslotsrange 5461 10922 10923 10923",
        "cluster meet 10.0.0.1 6379",
        "--cluster call redis-0.redis-headless:6379 cluster forget ccc",
    ]


def test_a_master_whose_replica_is_about_to_take_over_waits(pod):
    assert rejoin(pod, NODES.replace("slave aaa", "slave ccc")) == []


@pytest.mark.parametrize(("masters", "role"), [(1, " --cluster-slave"), (3, "")])
def test_a_node_without_slots_comes_back_as_what_is_missing(pod, masters, role):
    pod.write("/etc/redis/masters", str(masters))
    nodes = NODES.replace(" 5461-10922 10923 [93-<-bbb]", "")
    assert rejoin(pod, nodes) == [
        f"--cluster add-node 10.0.0.9:6379 redis-0.redis-headless:6379{role}",
        "--cluster call redis-0.redis-headless:6379 cluster forget ccc",
    ]


def test_a_node_that_could_not_be_added_is_not_forgotten(pod):
    pod.program("redis-cli", "--cluster add-node*", code=1)
    assert not any("forget" in call for call in rejoin(pod, NODES.replace(" 5461-10922 10923 [93-<-bbb]", ""), code=1))


def test_a_new_pod_that_nobody_knows_waits_for_the_job(pod):
    assert rejoin(pod, NODES.replace("redis-2", "redis-7")) == []
    assert rejoin(pod, NODES.replace("master,fail", "master")) == []


def test_a_pod_announces_its_address_and_goes_on_looking_for_the_others(pod):
    pod.write("/etc/redis/redis.conf", "cluster-enabled yes\n")
    pod.program("redis-server")
    pod.program("sleep", code=1)
    pod.run("/etc/redis/start.sh", REDIS_MODE="cluster")
    announced = [
        "cluster-announce-ip 10.0.0.9",
        "cluster-announce-hostname redis-1.redis-headless.tenant-acme.svc.cluster.local",
    ]
    assert pod.read("/run/redis/redis.conf").splitlines()[-2:] == announced


def test_with_certificates_which_have_names_clients_are_told_names(pod):
    pod.write("/etc/redis/redis.conf", "cluster-enabled yes\n")
    pod.program("redis-server")
    pod.program("sleep", code=1)
    pod.run("/etc/redis/start.sh", REDIS_MODE="cluster", REDIS_CLI_OPTIONS="--tls --cacert /run/tls/ca.crt")
    assert "cluster-preferred-endpoint-type hostname" in pod.read("/run/redis/redis.conf").splitlines()


CLI = r"""#!{python} -ES
# The names of pods are addresses here, and a node of its own is at the pod's address.
import os, re, sys
arguments = [re.sub(r"redis-(\d)\.redis-headless", r"127.77.{group}.\1", each) for each in sys.argv[1:]]
if not {{"-h", "--cluster"}} & {{*arguments}}:
    arguments = ["-h", os.environ["POD_IP"], *arguments]
os.execv("{redis_cli}", ["redis-cli", "-p", "{port}", *arguments])
"""
GROUPS = count(1)


class Nodes:
    """Real Redis processes, each at an address of its own."""

    def __init__(self, pod, port):
        self.pod, self.port, self.group, self.processes = pod, port, next(GROUPS), []
        self.program(
            "redis-cli",
            CLI.format(python=sys.executable, group=self.group, redis_cli=shutil.which("redis-cli"), port=port),
        )
        self.program("sleep", "#!/bin/sh\nexec /bin/sleep 0.5\n")

    def program(self, name, text):
        self.pod.path(f"bin/{name}").write_text(text)
        self.pod.path(f"bin/{name}").chmod(0o755)

    def address(self, number):
        return f"127.77.{self.group}.{number}"

    def start(self, *numbers, clustered=True):
        for number in numbers:
            folder = self.pod.path(f"/data/{number}")
            folder.mkdir(exist_ok=True)
            address = self.address(number)
            command = ["redis-server", "--bind", address, "--port", str(self.port), "--dir", str(folder), "--save", ""]
            if clustered:
                command += ["--cluster-enabled", "yes", "--cluster-announce-ip", address]
                command += ["--cluster-announce-hostname", f"redis-{number}.redis-headless"]
                command += ["--cluster-node-timeout", "2000"]
            self.processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        for number in numbers:
            self.wait(number, "PONG", "ping")

    def wait(self, number, text, *command):
        """Ask a node until its answer has a text."""
        deadline = time.monotonic() + 30
        while text not in self.ask(number, *command):
            assert time.monotonic() < deadline, self.ask(number, *command)

    def lose(self, number):
        """End a node, and lose its volume."""
        self.processes[number].kill()
        self.processes[number].wait()
        shutil.rmtree(self.pod.path(f"/data/{number}"))

    def restore(self, number, key):
        """Leave a copy with one key in the volume of a node that is not started yet."""
        self.start(number, clustered=False)
        self.ask(number, "set", key, f"value of {key}")
        self.ask(number, "save")
        process = self.processes.pop()
        process.kill()
        process.wait()

    def ask(self, number, *command):
        cli = self.pod.path("bin/redis-cli")
        asked = [cli, "-h", f"redis-{number}.redis-headless", *command]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout

    def slots(self, number):
        """Return how many slots a node owns."""
        mine = next(line for line in self.ask(number, "cluster", "nodes").splitlines() if "myself" in line).split()[8:]
        return sum(len(slots_of(each)) for each in mine)

    def form(self, replicas, masters):
        """Run the Job that forms the cluster or brings new pods into it.

        On a busy machine the nodes may disagree at its end. Kubernetes runs it again then, as here.
        """
        asked = {"REDIS_REPLICAS": str(replicas), "REDIS_MASTERS": str(masters)}
        for _ in range(JOB_RUNS - 1):
            with suppress(AssertionError):
                return self.pod.run("/etc/redis/cluster.sh", **asked)
        return self.pod.run("/etc/redis/cluster.sh", **asked)


@pytest.fixture
def nodes(pod, unused_port):
    nodes = Nodes(pod, unused_port)
    for script in pod.path("/etc/redis").glob("*.sh"):
        script.write_text(script.read_text().replace("6379", str(unused_port)))
    yield nodes
    for process in nodes.processes:
        process.kill()
        process.wait()


@pytest.fixture
def unused_port(worker_id):
    """A port of this test process; its cluster bus is 10,000 above it."""
    return 20000 + os.getpid() % 20000


@pytest.mark.parametrize("pod", ["busybox"], indirect=True)  # the shell that images of Redis have
def test_a_cluster_is_formed_grows_and_deals_its_slots(nodes):
    nodes.start(0, 1, 2)
    assert "All 16384 slots covered" in nodes.form(3, 3)
    assert [nodes.slots(number) for number in range(3)] == [5461, 5462, 5461]
    nodes.wait(0, "OK", "-c", "set", "key", "value")
    nodes.start(3, 4)
    nodes.form(5, 4)
    assert sorted(nodes.slots(number) for number in range(5)) == [0, 4096, 4096, 4096, 4096]
    nodes.wait(2, "value", "-c", "get", "key")
    before = nodes.ask(0, "cluster", "nodes").count("connected")
    nodes.form(5, 4)  # the Job may run again
    assert nodes.ask(0, "cluster", "nodes").count("connected") == before == 5


@pytest.mark.parametrize("pod", ["busybox"], indirect=True)  # the shell that images of Redis have
def test_masters_that_were_restored_keep_the_slots_of_their_keys(nodes):
    nodes.restore(0, "foo")
    nodes.restore(1, "bar")
    nodes.start(0, 1, 2)
    assert "All 16384 slots covered" in nodes.form(3, 3)
    for key in ("foo", "bar"):
        nodes.wait(2, f"value of {key}", "-c", "get", key)
    assert sum(nodes.slots(number) for number in range(3)) == 16384


def mine(nodes, number):
    """Return what a node says of itself, word by word."""
    return next(line.split() for line in nodes.ask(number, "cluster", "nodes").splitlines() if "myself" in line)


@pytest.mark.parametrize("pod", ["busybox"], indirect=True)  # the shell that images of Redis have
@pytest.mark.parametrize(
    ("lost", "seen", "joined"),
    [
        ("slave", "fail", True),  # its pod was ended before it was a replica
        ("slave", "noaddr", False),
        ("master", "noaddr", False),
    ],
)
def test_a_pod_that_lost_its_volume_comes_back_as_a_replica_in_place_of_the_old_node(nodes, lost, seen, joined):
    nodes.start(*range(6))
    nodes.form(6, 3)
    nodes.pod.write("/etc/redis/replicas", "6")
    number = next(number for number in range(1, 6) if lost in mine(nodes, number)[2])
    nodes.lose(number)
    if seen == "fail":
        nodes.wait(0, "fail ", "cluster", "nodes")
    nodes.start(number)  # at the same address: before the others have seen that it fails, they take its address away
    nodes.wait(0, seen, "cluster", "nodes")
    if joined:
        nodes.ask(number, "cluster", "meet", nodes.address(0), str(nodes.port))
        nodes.wait(number, "connected", "cluster", "nodes")
    deadline = time.monotonic() + 60
    # A pod runs the script every five seconds, and each time it does what can be done then.
    while re.search("fail|noaddr", said := nodes.ask(0, "cluster", "nodes")) or "slave" not in mine(nodes, number)[2]:
        assert time.monotonic() < deadline, said
        nodes.pod.run("/etc/redis/rejoin.sh", code=None, HOSTNAME=f"redis-{number}", POD_IP=nodes.address(number))
    assert len(said.splitlines()) == 6
    assert "slave" in mine(nodes, number)[2]
