"""Silence: how long does a source that always speaks stay quiet, by its own rhythm?

A silence is measured by what is missing in it, the number of events that were to be expected:

    L = sum over its hours of rate(hour of day, weekday or weekend)

(time rescaling: Brown et al. 2002, doi:10.1162/08997660252741149; the nights of people and the
hours of a nightly job need no rule then). The rate of an hour is the least of it and its two
neighbours, so that an hour's shift, such as summer time, is nothing missing.

What is normal is the largest L of each day, in classes that quadruple (0, 1, 4, 16 …). Whether a
day that reached class i also reaches the next is a Bernoulli trial with a hazard of its own, the
product-limit estimator of Kaplan and Meier 1958, doi:10.1080/01621459.1958.10501452:

    h_i = (c_i + s m) / (n_i + s),   S_0 = 1,   S_(i+1) = max(S_i h_i, reached_(i+1) / reached_0)

With m = 1/4 the tail beyond what was ever seen is Pareto's with exponent one (four times as much
missing is four times as rare): sources are run by people, who have holidays.
"""

from math import log2

import msgspec

from detectors.toolbox.decay import DAY, HOUR, factor
from detectors.toolbox.hours import CELLS, cell_of

HALF_LIFE = 120 * DAY
CLASSES = 14
MEAN = 0.25
STRENGTH = 2.0
FURTHEST = 28 * DAY  # nothing is planned for longer than that
LAG = DAY  # what is told later than that is no live feed but an old record


def class_of(missing: float) -> int:
    """Class of an expected number of events.

    >>> [class_of(n) for n in (0.5, 1, 3.9, 4, 16)]
    [0, 1, 1, 2, 3]
    """
    return 0 if missing < 1.0 else min(CLASSES, 1 + int(log2(missing)) // 2)


class Rhythm(msgspec.Struct, array_like=True):
    """One source.

    Attributes:
        counts: events by `hours.cell_of`, decayed.
        weekdays, weekends: closed days of either kind, decayed.
        day: the open day, since the epoch; -1 before the first event.
        last: time of the newest event.
        longest: class of the largest silence that ended on the open day.
        reached: closed days that reached each class, decayed.
    """

    counts: list[float] = []
    weekdays: float = 0.0
    weekends: float = 0.0
    day: int = -1
    last: float = 0.0
    longest: int = 0
    reached: list[float] = []

    @property
    def days(self) -> float:
        """Closed days, decayed."""
        return self.reached[0] if self.reached else 0.0

    def rate(self, cell: int) -> float:
        """Events an hour to be expected at least, around the hour of a cell."""
        counts = self.counts
        if not counts:
            return 0.0
        hour = cell % 24
        first = cell - hour
        least = min(counts[first + hour - 1 if hour else first + 23], counts[cell])
        least = min(least, counts[first + hour + 1 if hour < 23 else first])  # noqa: PLR2004
        return least / (1.0 + (self.weekends if first else self.weekdays))

    def missing(self, start: float, end: float) -> float:
        """Events to be expected between two times."""
        total = 0.0
        end = min(end, start + FURTHEST)
        while start < end:
            stop = min(end, (start // HOUR + 1.0) * HOUR)
            total += self.rate(cell_of(start)) * (stop - start) / HOUR
            start = stop
        return total

    def until(self, start: float, missing: float) -> float | None:
        """When so many events will be missing since `start`; None for later than four weeks."""
        rates = [self.rate(cell) for cell in range(CELLS)]
        end = start + FURTHEST
        while start < end:
            stop = (start // HOUR + 1.0) * HOUR
            rate = rates[cell_of(start)] / HOUR
            if rate * (stop - start) >= missing:
                return start + missing / rate
            missing -= rate * (stop - start)
            start = stop
        return None

    def at_least(self, reached: int) -> float:
        """P(the largest silence of a day reaches a class)."""
        p = 1.0
        for i in range(reached):
            tried = self.reached[i] if i < len(self.reached) else 0.0
            on = self.reached[i + 1] if i + 1 < len(self.reached) else 0.0
            p *= (on + STRENGTH * MEAN) / (tried + STRENGTH)
            if on:
                p = max(p, on / self.reached[0])
        return min(p, 1.0)

    def learn(self, time: float, received: float, *, normal: bool = True) -> None:
        """An event of `time`, told at `received` (0: unknown): the silence lasted until then.

        `normal` tells whether the silence counts among those that are usual.
        """
        day = int(time // DAY)
        if self.day < 0:
            self.day = day
            self.counts = [0.0] * CELLS
        told = received if time <= received <= time + LAG else time
        if self.last and told > self.last:
            ended = class_of(self.missing(self.last, told)) if normal else 0
            if day > self.day:
                self._close(day)
            self.longest = max(self.longest, ended)
        self.counts[cell_of(time)] += 1.0
        self.last = max(self.last, time)

    def _close(self, day: int) -> None:
        passed = day - self.day
        keep = factor(passed * DAY, HALF_LIFE)
        self.reached = [count * keep for count in self.reached]
        self.reached.extend([0.0] * (self.longest + 1 - len(self.reached)))
        for i in range(self.longest + 1):
            self.reached[i] += 1.0
        self.counts = [count * keep for count in self.counts]
        self.weekdays *= keep
        self.weekends *= keep
        for number in range(max(self.day, day - int(FURTHEST // DAY)), day):
            if cell_of(number * DAY) >= CELLS // 2:
                self.weekends += 1.0
            else:
                self.weekdays += 1.0
        self.day, self.longest = day, 0
