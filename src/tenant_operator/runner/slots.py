"""How many hosts all runs of a watcher process at once: memory bounds them."""

from __future__ import annotations

import threading


class Slots:
    """Places for hosts, shared by runs. A run gets one at least, so that none waits for another.

    Args:
        number: how many there are.
    """

    def __init__(self, number: int):
        self._free = number
        self._lock = threading.Lock()

    def take(self, hosts: int) -> Share:
        """Return the share of a run.

        Args:
            hosts: how many hosts it has.
        """
        with self._lock:
            places = max(1, min(hosts, self._free))
            self._free -= places
        return Share(self, places, hosts)

    def give_back(self, places: int) -> None:
        """Take back places that nobody uses any more."""
        with self._lock:
            self._free += places


class Share:
    """The places of one run, which are given back as its hosts end."""

    def __init__(self, slots: Slots, places: int, hosts: int):
        self.places = places
        """How many hosts the run may process at once."""
        self._slots = slots
        self._held = places
        self._hosts = hosts
        self._lock = threading.Lock()

    def end(self, hosts: int = 1) -> None:
        """Note that so many hosts have ended. A place that no host is left for is free."""
        with self._lock:
            self._hosts -= hosts
            unused = self._held - max(0, min(self._held, self._hosts))
            self._held -= unused
        self._slots.give_back(unused)

    def close(self) -> None:
        """Give back what is left: the run has ended."""
        self.end(self._hosts)
