"""Edges: how suddenly an entity turns to one of the things it touches.

MIDAS: Bhatia, Hooi, Yoon, Shin, Faloutsos, "MIDAS: Microcluster-Based Detector of Anomalies in Edge
Streams", AAAI 2020, doi:10.1609/aaai.v34i04.5724. Of an edge, entity to thing, with a events in the
current tick and s in t ticks, all of them included, the chi-square statistic of "this tick is as
any other" is

    X = (a - s / t)^2 * t^2 / (s * (t - 1))

on one degree of freedom. Here s and t forget, both alike, so that t is at most half-life / ln 2,
and a prior of a few events a tick is part of s: without it the first touch of anything new would be
as surprising as a hundred of something known, and newness is for other models to judge.

Counts stand in two count-min sketches, of this tick and of all, with two rows of sixteen columns:
Cormode and Muthukrishnan, "An improved data stream summary: the count-min sketch", Journal of
Algorithms 55(1), 2005, doi:10.1016/j.jalgor.2003.12.001. An estimate is never too small; two
things share both their columns once in 256 pairs. The paper has one sketch for a whole graph; here
each entity has its own, so that it does not matter who else is in its partition.

Events are no Poisson process, people work in bouts; so X is a score to be ranked, and its tail as
chi-square only an upper bound on how surprising it may be called.
"""

from dataclasses import dataclass
from math import erfc, expm1, log, sqrt
from zlib import crc32

import msgspec

from detectors.toolbox.decay import HOUR, UNIT, step_factor, steps_between

ROWS = 2
COLUMNS = 16


class Edges(msgspec.Struct, array_like=True):
    """Both sketches of one entity.

    Attributes:
        before: events of closed ticks, decayed, in units of 1/64; row after row.
        now: events of the current tick.
        tick: its number since the epoch.
        ticks: closed ticks, decayed.
    """

    before: list[int] = []
    now: list[int] = []
    tick: int = -1
    ticks: float = 0.0


def cells_of(name: str) -> tuple[int, ...]:
    """Where a thing is counted, a cell a row (bytes of CRC-32, the same in every process).

    >>> [cell // COLUMNS for cell in cells_of("npm/left")]
    [0, 1]
    """
    digest = crc32(name.encode("utf-8", "surrogatepass"))
    return tuple(row * COLUMNS + (digest >> (8 * row)) % COLUMNS for row in range(ROWS))


def chi_square(now: float, total: float, ticks: float) -> float:
    """MIDAS's statistic of `now` of `total` events in one of `ticks` ticks; 0 if they are few.

    >>> chi_square(5.0, 10.0, 2.0), round(chi_square(5.0, 10.0, 10.0), 2)
    (0.0, 17.78)
    """
    if ticks <= 1.0 or now <= total / ticks:
        return 0.0
    return (now - total / ticks) ** 2 * ticks**2 / (total * (ticks - 1.0))


def tail(statistic: float) -> float:
    """P(chi-square with one degree of freedom >= statistic).

    >>> round(tail(3.841459), 4)
    0.05
    """
    return erfc(sqrt(statistic / 2.0))


@dataclass(frozen=True, slots=True)
class EdgeModel:
    """How edges are counted.

    Attributes:
        half_life: seconds of event time in which an event and a tick lose half their weight.
        width: seconds of a tick.
        prior: events of anything in any tick, added to what is known; 0 is the paper's model.

    >>> model, me = EdgeModel(half_life=30 * 86400.0), Edges()
    >>> for hour in range(100):
    ...     model.learn("left", hour * HOUR, me)
    >>> model.judge("left", 100 * HOUR, me) < 0.1 < 90 < model.judge("right", 100 * HOUR, me)
    True
    """

    half_life: float
    width: float = HOUR
    prior: float = 0.0

    def counted(self, name: str, time: float, own: Edges) -> int:
        """Events of a thing in the tick that `time` falls into, at least."""
        if int(time // self.width) != own.tick or not own.now:
            return 0
        return min(own.now[cell] for cell in cells_of(name))

    def usual(self, name: str, time: float, own: Edges) -> float:
        """Events of a thing a tick, before the one of `time`."""
        ticks = self._closed(time, own)
        if not own.before or not ticks:
            return 0.0
        return self._before(name, time, own) / ticks

    def judge(self, name: str, time: float, own: Edges) -> float:
        """The statistic with one more event; 0 for an event of a tick that is over."""
        if time // self.width < own.tick:
            return 0.0
        now = self.counted(name, time, own) + 1.0
        ticks = self._closed(time, own) + 1.0
        total = self._before(name, time, own) + now + self.prior * ticks
        return chi_square(now, total, ticks)

    def learn(self, name: str, time: float, own: Edges) -> None:
        """Count an event; one of a tick that is over counts among those before."""
        tick = int(time // self.width)
        if own.tick < 0:
            own.before = [0] * (ROWS * COLUMNS)
            own.now = [0] * (ROWS * COLUMNS)
            own.tick = tick
        if tick > own.tick:
            left = self._left(time, own)
            own.ticks = self._closed(time, own)
            own.before = [
                int((before + now * UNIT) * left)
                for before, now in zip(own.before, own.now, strict=True)
            ]
            own.now = [0] * (ROWS * COLUMNS)
            own.tick = tick
        for cell in cells_of(name):
            if tick == own.tick:
                own.now[cell] += 1
            else:
                own.before[cell] += UNIT

    def _left(self, time: float, own: Edges) -> float:
        return step_factor(steps_between(own.tick * self.width, time, self.half_life))

    def _closed(self, time: float, own: Edges) -> float:
        """Closed ticks as of `time`: a geometric sum over those that passed since."""
        tick = int(time // self.width)
        if own.tick < 0 or tick <= own.tick:
            return own.ticks
        rate = -log(2.0) / self.half_life
        faded = expm1(rate * (tick - own.tick) * self.width)
        return own.ticks * (1.0 + faded) + faded / expm1(rate * self.width)

    def _before(self, name: str, time: float, own: Edges) -> float:
        if not own.before:
            return 0.0
        left = self._left(time, own)
        tick = int(time // self.width)
        return min(
            (own.before[cell] + (own.now[cell] * UNIT if tick > own.tick else 0)) * left / UNIT
            for cell in cells_of(name)
        )
