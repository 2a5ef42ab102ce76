"""Sessions: an entity's bursts as they happen, and the sizes its closed ones had.

A session is a run of events none of which is more than a gap after the one before (the timeout of
web usage mining: Catledge and Pitkow, "Characterizing browsing strategies in the World-Wide Web",
Computer Networks and ISDN Systems 27(6), 1995, doi:10.1016/0169-7552(95)00043-7). Its size is the
number of distinct labels in it.

What was seen and what is learned are two things: a suspicious event belongs to the present session
at once, and to the sizes that count as normal only when it is learned. The present session's own
size is not among the sizes it is measured by.
"""

from typing import NamedTuple

import msgspec

from detectors.toolbox.burst import Bursts
from detectors.toolbox.window import Window

REMEMBERED = 32  # distinct things of the present session; the scale of sizes ends there too


class Growth(NamedTuple):
    """A session that counts as normal grew from one size to another (from 0: it is new)."""

    before: int
    size: int


class Sessions(msgspec.Struct, array_like=True):
    """The latest events, the open session as far as it is learned, and sizes of closed ones.

    Attributes:
        recent: events, learned or not.
        sizes: of the closed sessions.
        start: when the open one began, whole seconds.
        span: seconds from there to its latest event.
        learned: its size.

    >>> s = Sessions()
    >>> for week in range(9):
    ...     _ = s.learn(week * 604_800, 7, gap=1800, keep=172_800, half_life=15_552_000)
    >>> s.size_with(8 * 604_800 + 60, 8, gap=1800), round(s.sizes.count, 1)
    (2, 7.3)
    """

    recent: Window = msgspec.field(default_factory=Window)
    sizes: Bursts = msgspec.field(default_factory=Bursts)
    start: int = 0
    span: int = 0
    learned: int = 0

    @property
    def last(self) -> int:
        """Second of the latest event that is learned."""
        return self.start + self.span

    def size_with(self, time: float, label: int, gap: float) -> int:
        """Size the session at `time` has with this label; 0 if it holds the label already."""
        labels = {known for _, known in self.recent.session(time, gap)}
        return 0 if label in labels else len(labels) + 1

    def began(self, time: float, gap: float) -> float:
        """When the session that `time` belongs to began."""
        session = self.recent.session(time, gap)
        return float(session[0][0]) if session else time

    def observe(self, time: float, label: int, keep: float) -> None:
        """The event belongs to its session from now on; not yet to what is normal."""
        self.recent.add(time, label, REMEMBERED, keep)

    def learn(
        self, time: float, label: int, gap: float, keep: float, half_life: float
    ) -> Growth | None:
        """Take an event as normal. Returns what groups should learn with `Bursts.learn`."""
        self.observe(time, label, keep)
        session = self.recent.session(time, gap)
        size = len({known for _, known in session})
        if time < self.start:  # held out, and its session is closed by now
            repeated = sum(known == label for _, known in session) > 1
            growth = Growth(size if repeated else size - 1, size)
            self.sizes.learn(*growth, time, half_life)
            return growth
        if self.learned and time - self.last <= gap:
            self.learned = max(self.learned, size)
            self.span = max(self.span, int(time) - self.start)
            return None
        growth = Growth(0, self.learned)
        if self.learned:
            self.sizes.learn(*growth, float(self.last), half_life)
        self.start, self.span = int(time), 0
        self.learned = size
        return growth if growth.size else None
