"""Event time on topics: records that say only that time went on.

Absences are established by event time, and event time comes with events. When none come, a worker
writes ticks: into the log, so that every replay sees time pass at the same records.
"""

import time
from collections.abc import Callable
from struct import Struct

TICK_KEY = b"\x00clock"
_TICK = Struct("<d")
_END_OF_TIME = 4_102_444_800.0  # the year 2100


def tick_value(seconds: float) -> bytes:
    """Value of a tick record."""
    return _TICK.pack(seconds)


def tick_time(value: bytes | None) -> float | None:
    """Time of a tick record; None if the value is none."""
    if value is None or len(value) != _TICK.size:
        return None
    seconds: float = _TICK.unpack(value)[0]
    return seconds if 0.0 < seconds < _END_OF_TIME else None


class IdleClock:
    """Event time as it goes on while no events come: at the pace of the wall clock.

    >>> clock = IdleClock(monotonic=iter([10.0, 12.5]).__next__)
    >>> clock.saw(1000.0)
    >>> clock.now()
    1002.5
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._latest = 0.0
        self._at = 0.0

    def saw(self, event_time: float) -> None:
        """An event of that time came by."""
        if event_time > self._latest:
            self._latest = event_time
            self._at = self._monotonic()

    def now(self) -> float | None:
        """Event time now; None before the first event."""
        if not self._latest:
            return None
        return self._latest + self._monotonic() - self._at
