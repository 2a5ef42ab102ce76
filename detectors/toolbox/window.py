"""Window: bounded memory of the last events, for bursts and absences.

Times are whole seconds and labels 16-bit hashes: 8 bytes an event when packed. Two different
names share a label once in 65,536; a burst then looks one smaller, never larger.
"""

from bisect import bisect_left, bisect_right, insort
from zlib import crc32

import msgspec


def label_of(name: str) -> int:
    """16-bit label of a name (CRC-32, ITU-T V.42, lower half): the same in every process.

    >>> label_of("npm/chalk") == label_of("npm/chalk")
    True
    """
    return crc32(name.encode("utf-8", "surrogatepass")) & 0xFFFF


class Window(msgspec.Struct, array_like=True):
    """The latest events as (second, label), oldest first.

    >>> w = Window()
    >>> for second, name in ((0, "a"), (60, "b"), (90, "b"), (5000, "c")):
    ...     _ = w.add(second, label_of(name), size=32, keep=86_400)
    >>> w.run(90, gap=1800), w.run(5000, gap=1800)
    (2, 1)
    """

    events: list[tuple[int, int]] = []

    def add(self, time: float, label: int, size: int, keep: float) -> bool:
        """Remember an event; False if it is remembered already.

        At most `size` events stay, none older than `keep` seconds before the newest.
        """
        event = (int(time), label)
        at = bisect_left(self.events, event)
        if at < len(self.events) and self.events[at] == event:
            return False
        insort(self.events, event)
        oldest = bisect_left(self.events, (int(self.events[-1][0] - keep), 0))
        del self.events[: max(oldest, len(self.events) - size)]
        return True

    def session(self, time: float, gap: float) -> list[tuple[int, int]]:
        """Events up to and including `time` of the session that an event at `time` belongs to.

        A session is a run of events none of which is more than `gap` seconds after the one before.
        """
        end = bisect_right(self.events, (int(time), 0x10000))
        start = end
        after = int(time)
        while start and after - self.events[start - 1][0] <= gap:
            start -= 1
            after = self.events[start][0]
        return self.events[start:end]

    def run(self, time: float, gap: float) -> int:
        """Distinct labels in the session up to and including `time`."""
        return len({label for _, label in self.session(time, gap)})

    def since(self, start: float, end: float) -> list[tuple[int, int]]:
        """Events with start <= time <= end."""
        return self.events[
            bisect_left(self.events, (int(start), 0)) : bisect_right(
                self.events, (int(end), 0x10000)
            )
        ]
