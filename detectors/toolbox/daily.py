"""Choices: which of many values an entity uses, each counted once a day.

An agent calls the same tool a hundred times an hour; these are no hundred independent choices. So
a value is one observation a day (effective sample size: Kish, *Survey Sampling*, 1965, §8.2), and
is judged at its first use of the day by `detectors.toolbox.categories`. A value that is unknown is
judged once in two days: its first use may be held out for one, and what repeats it waits with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from detectors.toolbox.categories import Categories, CategoryModel
from detectors.toolbox.decay import DAY
from detectors.toolbox.window import label_of

MOST_SEEN = 24
MOST_JUDGED = 8
WAIT = 2 * DAY


class Choices(msgspec.Struct, array_like=True):
    """One entity.

    Attributes:
        values: days with each value, decayed.
        day: latest day with a learned value, since the epoch.
        seen: labels of the values learned on that day.
        judged: label of an unknown value -> when it was judged, whole seconds.
    """

    values: Categories = msgspec.field(default_factory=Categories)
    day: int = -1
    seen: list[int] = []
    judged: dict[int, int] = {}


@dataclass(frozen=True, slots=True)
class ChoiceModel:
    """How choices are learned and judged. `above` are the peers' and everybody's values.

    >>> model = ChoiceModel()
    >>> me, org = Choices(), Categories()
    >>> for hour in range(24 * 40):
    ...     model.learn("Bash", hour * 3600.0, me, [org])
    >>> model.judge("Bash", 39.5 * DAY, me, [org]) is None
    True
    >>> 0.001 < model.judge("WebFetch", 40 * DAY, me, [org]) < 0.05
    True
    """

    model: CategoryModel = field(default_factory=CategoryModel)

    def is_counted(self, value: str, time: float, own: Choices) -> bool:
        """Has the value been counted today, so that there is nothing to judge or to learn."""
        return int(time // DAY) == own.day and _label(value) in own.seen

    def judge(
        self, value: str, time: float, own: Choices, above: Sequence[Categories]
    ) -> float | None:
        """p-value of the value; None if it has been judged or counted today."""
        label = _label(value)
        day = int(time // DAY)
        if (day == own.day and label in own.seen) or _waits(label, time, own):
            return None
        return self.model.judge(value, time, [own.values, *above])

    def observe(self, value: str, time: float, own: Choices) -> None:
        """The value was used, normal or not."""
        label, day = _label(value), int(time // DAY)
        if day == own.day and label in own.seen:
            return
        if not own.values.knows(value) and not _waits(label, time, own):
            recent = {k: at for k, at in own.judged.items() if 0.0 <= time - at < WAIT}
            recent[label] = int(time)
            own.judged = dict(list(recent.items())[-MOST_JUDGED:])

    def learn(self, value: str, time: float, own: Choices, above: Sequence[Categories]) -> None:
        """Count the value once a day."""
        label, day = _label(value), int(time // DAY)
        if int(time) != own.judged.get(label, int(time)) and not own.values.knows(value):
            return
        if day > own.day:
            own.day, own.seen = day, []
            if own.judged:
                own.judged = {k: at for k, at in own.judged.items() if time - at < WAIT}
        elif day == own.day and label in own.seen:
            return
        if day == own.day:
            own.seen = [*own.seen, label][-MOST_SEEN:]
        self.model.learn(value, time, [own.values, *above])

    def cold(self, own: Choices, time: float) -> bool:
        """Too little is known of the entity itself."""
        return self.model.cold(own.values, time)


_label = lru_cache(4096)(label_of)  # the same few values all day


def _waits(label: int, time: float, own: Choices) -> bool:
    """Has the value been judged as unknown within the wait."""
    at = own.judged.get(label)
    return at is not None and 0.0 <= time - at < WAIT
