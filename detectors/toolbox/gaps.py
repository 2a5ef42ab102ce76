"""Gaps: how unusual is it that the entity was away for so long?

Activities less than eight hours apart are one sitting: within it gaps come in runs and say nothing
of how long somebody stays away. Between sittings, a histogram of gaps in classes that double. With
k of n gaps in the class of this one or longer, and b the same share in the group::

    p = (k + 1 + a * b) / (n + 1 + a)

(k + 1) / (n + 1) is the conformal p-value, valid for any distribution (Vovk, Gammerman, Shafer,
"Algorithmic Learning in a Random World", 2005, doi:10.1007/b106715): n gaps never say that
something is rarer than one in n + 1. Of peers and organisation the one counts that finds the gap
less surprising: the peers are part of the organisation, to multiply would use their gaps twice.
Gaps of people are far from
exponential and from log-normal (bursts by day, pauses of months), hence no formula for the tail:
Barabasi, "The origin of bursts and heavy tails in human dynamics", 2005, doi:10.1038/nature03459.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

import msgspec

from detectors.toolbox.decay import HOUR, UNIT, count_in, step_factor, steps_between

CLASSES = 16  # the last: longer than 29 years
_SITTING = 8 * HOUR


class Gaps(msgspec.Struct, array_like=True):
    """Decayed histogram of the gaps of one entity.

    Attributes:
        classes: counts in units of 1/64, up to the longest gap.
        time: when the entity was last active, whole seconds since the epoch; 0 for never.
    """

    classes: list[int] = msgspec.field(default_factory=list)
    time: int = 0


def class_of(gap: float) -> int:
    """Class of a gap in seconds.

    >>> class_of(8 * HOUR), class_of(20 * HOUR), class_of(1e12)
    (0, 1, 15)
    """
    return min(CLASSES - 1, int(log2(max(gap, _SITTING) / _SITTING)))


@dataclass(frozen=True, slots=True)
class GapModel:
    """How `Gaps` are learned and judged. Levels as in `CategoryModel`: the entity first.

    Attributes:
        half_life: seconds of event time in which a count halves.
        concentration: gaps that the level above is worth.

    >>> model = GapModel(half_life=3e7)
    >>> me = Gaps()
    >>> for day in range(60):
    ...     model.learn(1e9 + 86400 * day, [me])
    >>> model.judge(1e9 + 86400 * 60, [me]) > 0.5, model.judge(1e9 + 86400 * 900, [me]) < 0.08
    (True, True)
    """

    half_life: float
    concentration: float = 2.0

    def judge(self, time: float, levels: Sequence[Gaps]) -> float:
        """p-value: probability of a gap at least as long as the one that ends at `time`."""
        entity = levels[0]
        if not entity.time or time - entity.time < _SITTING:
            return 1.0
        first = class_of(time - entity.time)
        base = max((self._tail(level, first, 0.0) for level in levels[1:]), default=1.0)
        return self._tail(entity, first, base)

    def _tail(self, level: Gaps, first: int, base: float) -> float:
        longer = sum(level.classes[first:]) / UNIT
        worth = self.concentration
        total = sum(level.classes) / UNIT
        return min(1.0, (longer + 1.0 + worth * base) / (total + 1.0 + worth * (base > 0.0)))

    def learn(self, time: float, levels: Sequence[Gaps]) -> None:
        """Count the gap that ends at `time`."""
        entity = levels[0]
        if entity.time and time - entity.time >= _SITTING:
            index = class_of(time - entity.time)
            for level in levels:
                self._count(index, time, level)
        entity.time = max(entity.time, int(time))

    def _count(self, index: int, time: float, level: Gaps) -> None:
        if steps := steps_between(level.time, time, self.half_life):
            left = step_factor(steps)
            level.classes = [int(count * left) for count in level.classes]
        level.time = max(level.time, int(time))
        count_in(level.classes, index)
