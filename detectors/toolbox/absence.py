"""Absence: how long had somebody been away when something happened in their name?

A histogram of absences in classes that double, from two hours on. With k of n absences in the
class of this one or longer, and b the largest such share of the groups::

    p = (k + 1 + w * b) / (n + 1 + w)

the conformal p-value (k + 1) / (n + 1), valid for any distribution (Vovk, Gammerman, Shafer,
"Algorithmic Learning in a Random World", 2005, doi:10.1007/b106715), with w observations of the
group's. Unlike `gaps` it counts the short ones too: that somebody is there is the usual case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

import msgspec

from detectors.toolbox.decay import HOUR, UNIT, count_in, step_factor, steps_between

CLASSES = 10  # less than 2 hours, 4, 8 … 512, longer


class Absences(msgspec.Struct, array_like=True):
    """A decayed histogram.

    Attributes:
        classes: counts in units of 1/64, up to the longest one.
        time: when it last counted, whole seconds.
    """

    classes: list[int] = []
    time: int = 0

    def count(self) -> float:
        """Decayed number of observations, as of `time`."""
        return sum(self.classes) / UNIT

    def longer(self, away: float) -> float:
        """Those of them in the class of an absence of so many seconds, or a longer one."""
        return sum(self.classes[class_of(away) :]) / UNIT


def class_of(seconds: float) -> int:
    """Class of an absence.

    >>> class_of(0.0), class_of(2 * HOUR), class_of(9 * HOUR), class_of(1e9)
    (0, 1, 3, 9)
    """
    return min(CLASSES - 1, int(log2(max(seconds, HOUR) / HOUR)))


@dataclass(frozen=True, slots=True)
class AbsenceModel:
    """How absences are learned and judged.

    Attributes:
        half_life: seconds of event time in which a count halves.
        worth: own observations that the group's are worth.

    >>> model, me = AbsenceModel(half_life=1e7), Absences()
    >>> for day in range(60):
    ...     model.learn(600.0, 86400.0 * day, [me])
    >>> model.judge(600.0, 86400.0 * 60, me, []), model.judge(1e5, 86400.0 * 60, me, []) < 0.05
    (1.0, True)
    """

    half_life: float
    worth: float = 2.0

    def judge(self, away: float, time: float, own: Absences, groups: Sequence[Absences]) -> float:
        """p-value: probability of an absence at least as long."""
        if class_of(away) == 0:
            return 1.0
        base = max(
            ((group.longer(away) + 1.0) / (group.count() + 1.0) for group in groups), default=0.0
        )
        worth = self.worth if groups else 0.0
        left = step_factor(steps_between(own.time, time, self.half_life)) if own.time else 0.0
        longer = own.longer(away) * left
        return min(1.0, (longer + 1.0 + worth * base) / (own.count() * left + 1.0 + worth))

    def learn(self, away: float, time: float, levels: Sequence[Absences]) -> None:
        """Count an absence at all levels."""
        for level in levels:
            if steps := steps_between(level.time, time, self.half_life):
                left = step_factor(steps)
                level.classes = [int(count * left) for count in level.classes]
            level.time = max(level.time, int(time))
            count_in(level.classes, class_of(away))
