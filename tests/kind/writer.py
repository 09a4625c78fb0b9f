"""A client in a tenant's namespace that writes a line and reads the lines back, all the time."""

import itertools
import json

from tests.kind.images import PYTHON, SERVER
from tests.pods import restricted

CLIENT = """
import json, os, time, urllib.request
# By its address: a lost answer of DNS takes five seconds, whatever the server does.
URL = f"http://{os.environ['NEURALLOG_SERVER_SERVICE_HOST']}:3030/api/logs"


def ask(data=None):
    return urllib.request.urlopen(urllib.request.Request(URL, data=data), timeout=1).read()


number = 0
while True:
    line = {"line": f"line-{number}", "is_written": False, "error": "", "is_refused": False}
    try:
        ask(line["line"].encode())
        line["is_written"] = True
        ask()
    except urllib.error.HTTPError as error:
        line |= {"error": f"{error}: {error.read().decode()}", "is_refused": True}
    except OSError as error:
        line["error"] = str(error)
    print(json.dumps(line | {"time": time.time()}), flush=True)
    number += 1
    time.sleep(0.2)
"""

QUIET = 25
"""Rounds in a row that succeed: nothing is disturbed any more."""


class Writer:
    """The client of one tenant.

    Args:
        cluster: where the tenant is.
        name: the tenant's name.
    """

    def __init__(self, cluster, name):
        self._cluster = cluster
        self._namespace = f"tenant-{name}"

    def start(self):
        """Start the client, and wait for its first line."""
        container = {**restricted()["containers"][0], "image": SERVER, "imagePullPolicy": "Never"}
        container["command"] = [PYTHON, "-c", CLIENT]
        spec = restricted(containers=[container], terminationGracePeriodSeconds=0)
        metadata = {"name": "client", "namespace": self._namespace}
        self._cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        self._cluster.wait_until(self.written)

    def rounds(self):
        """Return what the client did so far: line, is_written, error, is_refused, time in seconds."""
        logged = self._cluster.kubectl("logs", "-n", self._namespace, "client", check=False)
        return [json.loads(line) for line in logged.splitlines() if line.startswith("{")]

    def written(self):
        """Return the lines that the server acknowledged."""
        return [each["line"] for each in self.rounds() if each["is_written"]]

    def refusals(self):
        """Return what the server answered where it did not do what it was asked."""
        return [each["error"] for each in self.rounds() if each["is_refused"]]

    def errors(self):
        """Return what went wrong, with the time of each: what a gap that was too long is made of."""
        return [f"{each['time']:.1f} {each['error']}" for each in self.rounds() if each["error"]]

    def is_served(self, since):
        """Return whether the last rounds of those since a time succeeded."""
        after = [each for each in self.rounds() if each["time"] > since]
        return len(after) > QUIET and not any(each["error"] for each in after[-QUIET:])

    def longest_gap(self, since=0.0):
        """Return the longest time between two rounds that succeeded, the second one since then, in seconds."""
        times = [each["time"] for each in self.rounds() if not each["error"]]
        gaps = (later - earlier for earlier, later in itertools.pairwise(times) if later > since)
        return round(max(gaps, default=0.0), 1)
