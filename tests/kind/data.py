"""The data of a tenant's Redis: written, and compared key by key wherever there is a complete set of it."""

from tests.kind.keys import CLI, DUMP

MODES = {
    "standalone": {},
    "sentinel": {"mode": "sentinel", "replicas": 3},
    "cluster": {"mode": "cluster", "masters": 3, "replicas": 3},
}
"""``spec.redis`` of each mode."""

FILL = f"""
{CLI}seq 100 | sed "s/.*/set $0-& value&/" | cli -c >/dev/null
cli -c del "$0-list" >/dev/null
cli -c rpush "$0-list" a b c >/dev/null
cli -c hset "$0-hash" field value >/dev/null
"""
KEYS = 102
"""Keys that FILL writes."""


class Redis:
    """The Redis of a tenant, asked in its pods.

    Args:
        name: the test's name.
        mode: one of MODES.
        execute: what runs a command in a pod.
    """

    def __init__(self, name, mode, execute):
        self.tenant = f"{name}-{mode}"
        self.mode = mode
        self.pods = [f"redis-{number}" for number in range(MODES[mode].get("replicas", 1))]
        self._execute = execute
        self.expected = {}

    def run(self, pod, script, *arguments, check=True):
        words = ("-c", "redis", "--", "sh", "-c", script, *arguments)
        return self._execute(f"tenant-{self.tenant}", pod, *words, check=check)

    def fill(self, word, count):
        """Write keys that begin with the word, and take all that there is for what has to be kept.

        Tells whether it is so many keys, the same wherever they are: a Redis that looks for its master refuses some.
        """
        for pod in self.pods:
            if self.run(pod, CLI + "cli role", check=False).startswith("master"):
                self.run(pod, FILL, word, check=False)
                break
        self.expected, *others = self.data()
        return len(self.expected) == count and all(keys == self.expected for keys in others)

    def has_kept(self):
        """Tell whether every set of data is what was remembered."""
        return all(keys == self.expected for keys in self.data())

    def data(self):
        """Return every key with its value as Redis dumps it, once for each complete set of data that there is."""
        found = []
        for pod in self.pods:
            lines = self.run(pod, DUMP, check=False).splitlines()
            found.append(dict(zip(lines[::2], lines[1::2], strict=False)))  # a replica's keys may change meanwhile
        if self.mode == "cluster":
            return [{key: value for part in found for key, value in part.items()}]
        return found
