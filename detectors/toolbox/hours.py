"""Hours: how usual is this hour of the day, on a weekday or at a weekend, for this entity?

A circular histogram of 2 x 24 cells. Each observation is spread over the neighbouring hours with
the kernel (1, 2, 3, 2, 1) / 9, around midnight too, so that an hour earlier or later (or summer
time) is no surprise; circular kernel density: Fisher, "Statistical Analysis of Circular Data",
1993, doi:10.1017/CBO9780511564345. Predictive probability with back-off to peers, organisation
and at last the uniform week::

    P(h) = (n_h + a * base(h)) / (n + a)

A quarter of the entity's own base is the uniform week, however much the peers have been watched:
that nobody else works at night says little about the one night in which this person stays up.

The p-value of h is the mass of the cells at most as likely as h.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import msgspec

from detectors.toolbox.decay import DAY, HOUR, step_factor, steps_between

CELLS = 48
_KERNEL = ((-2, 1), (-1, 2), (0, 3), (1, 2), (2, 1))
_NORM = 9
_DAY = 24
_LEVELS = 3  # the usual number: entity, peers, organisation
_UNIFORM = (5 / 7 / _DAY, 2 / 7 / _DAY)  # of an hour on a weekday, at a weekend
_TIE = 1.0 + 1e-9
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday
_SATURDAY = 5


class Hours(msgspec.Struct, array_like=True):
    """Smoothed, decayed hours of one entity.

    Attributes:
        cells: 24 hours of weekdays, 24 of weekends, a ninth each; empty before the first.
        time: when it last counted something, whole seconds since the epoch.
        latest: cell counted last.
    """

    cells: list[int] = msgspec.field(default_factory=list)
    time: int = 0
    latest: int = -1

    def usual(self) -> str:
        """The shortest span of hours with 80 % of the activity on the commoner kind of day."""
        if not self.cells:
            return "nothing yet"
        weekday, weekend = self.cells[:24], self.cells[24:]
        kind, hours = max(("weekdays", weekday), ("weekends", weekend), key=lambda x: sum(x[1]))
        sums = [0, *accumulate(hours + hours)]
        wanted = 0.8 * sums[24]
        span, start = min(
            (span, start)
            for start in range(24)
            for span in range(1, 25)
            if sums[start + span] - sums[start] >= wanted
        )
        return f"{kind} {start:02d}-{(start + span) % 24:02d} h"


def cell_of(time: float, offset: float = 0.0) -> int:
    """Cell of a time; `offset` is seconds east of UTC.

    >>> cell_of(0.0), cell_of(2 * DAY + 23 * HOUR)  # Thursday 00 h, Saturday 23 h
    (0, 47)
    """
    day, second = divmod(int(time + offset), int(DAY))
    weekend = (day + _EPOCH_WEEKDAY) % 7 >= _SATURDAY
    return second // int(HOUR) + 24 * weekend


@dataclass(frozen=True, slots=True)
class HourModel:
    """How `Hours` are learned and judged. Levels as in `CategoryModel`: the entity first.

    Attributes:
        half_life: seconds of event time in which a count halves.
        concentration: observed hours that the level above is worth.
        anytime: share of the entity's base that is spread over the whole week.

    >>> model = HourModel()
    >>> me = Hours()
    >>> for day in range(100):
    ...     for hour in (9, 10, 11, 14, 15, 16):
    ...         model.learn(cell_of(day * DAY + hour * HOUR), day * DAY + hour * HOUR, [me])
    >>> model.judge(cell_of(103 * DAY + 10 * HOUR), 103 * DAY, [me]) > 0.3
    True
    >>> model.judge(cell_of(103 * DAY + 3 * HOUR), 103 * DAY, [me]) < 0.02
    True
    """

    half_life: float = 90 * DAY
    concentration: float = 5.0
    anytime: float = 0.25

    def learn(self, cell: int, time: float, levels: Sequence[Hours]) -> None:
        """Count the hour, once for all that the entity does in it."""
        entity = levels[0]
        if entity.latest == cell and 0.0 <= time - entity.time < HOUR:
            return
        for level in levels:
            if not level.cells:
                level.cells = [0] * CELLS
            elif steps := steps_between(level.time, time, self.half_life):
                left = step_factor(steps)
                level.cells = [int(count * left) for count in level.cells]
            level.time = max(level.time, int(time))
            level.latest = cell
            first = cell - cell % 24
            for shift, weight in _KERNEL:
                level.cells[first + (cell + shift) % 24] += weight

    def judge(self, cell: int, time: float, levels: Sequence[Hours]) -> float:
        """p-value: the probability of an hour at most as likely as this one, in (0, 1]."""
        a = self.concentration
        # P is linear in the levels' cells: what each counts for, and the uniform week.
        uniform, handed_down = 0.0, 1.0
        shares: list[float] = []
        cells: list[list[int]] = []
        for level in levels:
            if level.cells:
                scale = step_factor(steps_between(level.time, time, self.half_life)) / _NORM
                norm = 1.0 / (sum(level.cells) * scale + a)
                shares.append(handed_down * scale * norm)
                cells.append(level.cells)
                handed_down *= a * norm
            if level is levels[0] and len(levels) > 1:
                uniform = handed_down * self.anytime
                handed_down -= uniform
        uniform += handed_down
        counted = _weighted(cells, shares)
        at_most = (counted[cell] + uniform * _UNIFORM[cell // _DAY]) * _TIE
        p = 0.0
        for kind, flat in enumerate(_UNIFORM):
            rest = uniform * flat
            limit = at_most - rest
            rare = [n for n in counted[kind * _DAY : (kind + 1) * _DAY] if n <= limit]
            p += sum(rare) + len(rare) * rest
        return min(1.0, p)


def _weighted(cells: Sequence[Sequence[int]], shares: Sequence[float]) -> list[float]:
    """Sum of the levels' cells, each times its share."""
    if not cells:
        return [0.0] * CELLS
    if len(cells) == _LEVELS:
        a, b, c = shares
        return [x * a + y * b + z * c for x, y, z in zip(*cells, strict=True)]
    total = [n * shares[0] for n in cells[0]]
    for more, share in zip(cells[1:], shares[1:], strict=True):
        total = [sum_ + n * share for sum_, n in zip(total, more, strict=True)]
    return total


def describe(cell: int) -> str:
    """A cell for people.

    >>> describe(27)
    'weekend 03 h'
    """
    return f"{'weekend' if cell >= CELLS // 2 else 'weekday'} {cell % 24:02d} h"
