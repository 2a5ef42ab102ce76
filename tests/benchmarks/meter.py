"""CPU time of a process between its first event and its last. Standard library only."""

import json
import resource
import time
from collections.abc import Iterable
from typing import Any


def cpu_seconds() -> float:
    """CPU time of this process, all its threads, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Meter:
    """Measures from the first event to the end of the work, and prints one line of JSON.

    Attributes:
        events: how many were handled.
        signals: how many the detectors gave.
        fingerprint: of the signals' ids, in any order: equal work gives equal fingerprints.
    """

    def __init__(self) -> None:
        self.events = 0
        self.signals = 0
        self.fingerprint = 0
        self._cpu = self._wall = 0.0

    def begin(self) -> None:
        """The first events are there."""
        self._cpu, self._wall = cpu_seconds(), time.perf_counter()

    def count(self, events: int = 1) -> None:
        """So many more events are handled; the first call begins the measurement."""
        if not self.events:
            self.begin()
        self.events += events

    def signalled(self, uids: Iterable[int]) -> None:
        """The detectors gave these signals."""
        for uid in uids:
            self.signals += 1
            self.fingerprint ^= uid

    def end(self) -> None:
        """All events are handled and what comes of them is stored."""
        self._cpu = cpu_seconds() - self._cpu
        self._wall = time.perf_counter() - self._wall

    def report(self, **more: Any) -> None:
        """Print the reading."""
        print(
            json.dumps(
                {
                    "us": self._cpu / self.events * 1e6,
                    "events_per_second": self.events / self._wall,
                    "events": self.events,
                    "signals": self.signals,
                    "fingerprint": f"{self.fingerprint:016x}",
                    **more,
                }
            ),
            flush=True,
        )
