"""Firsts: the chance that an entity does today what it has never done, or has done before.

Of a rare act two things are known to differ between people: most never do it, a few do it every
week. One mean for all, drawn down by an entity's own days without it, is then either too high for
those who never do or, where all do it once a year, ten times too low. So the group counts what is
asked: of the active days of members who had never done it, on how many was it done for the first
time (the same idea as in `categories`, whose upper levels learn only what is new to the level
below; Good, "The population frequencies of species and the estimation of population parameters",
1953, doi:10.1093/biomet/40.3-4.237, estimates the unseen by what was seen once).

    never done before   P = f                           f: the group's share of first days
    k of n days         P = max(f, (k + s f) / (n + s))

and 1 - (1 - P)^h for at least one within h active days.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from detectors.toolbox.decay import DAY
from detectors.toolbox.occasions import Occasions
from detectors.toolbox.proportion import Proportion, of_group


@dataclass(frozen=True, slots=True)
class FirstModel:
    """How first and further occasions are learned and judged.

    Attributes:
        default: daily chance of a first occasion where nobody has been watched yet.
        rarest: least daily chance that a group may claim. One day in five hundred, two years of
            work: a group that has not had one yet has not been watched for ever.
        own: active days that the group's share is worth against an entity's own.
        group: active days that the default is worth against the group's.
        half_life: seconds of event time in which counts halve.

    >>> model, group = FirstModel(), Proportion()
    >>> for person in range(10):
    ...     me = Occasions()
    ...     for day in range(100):
    ...         model.learn(day == 50, day * DAY, me, [group])
    >>> round(model.chance(Occasions(), group, group), 3)
    0.021
    >>> round(model.chance(me, group, group), 3)
    0.021
    """

    default: float = 0.05
    rarest: float = 0.002
    own: float = 5.0
    group: float = 20.0
    half_life: float = 180 * DAY

    def chance(
        self, own: Occasions, peers: Proportion, organization: Proportion, days: float = 1.0
    ) -> float:
        """Probability of at least one occasion within so many active days."""
        first = max(self.rarest, of_group(peers, organization, self.default, self.group))
        daily = max(first, own.probability(first, self.own)) if own.hit >= 0 else first
        return 1.0 - float((1.0 - daily) ** days)

    def learn(self, hit: bool, time: float, own: Occasions, groups: Sequence[Proportion]) -> None:
        """Count the day, and the occasion if it is the first of the day."""
        day = int(time // DAY)
        new = own.hit < 0
        if day > own.day:
            own.learn(False, time, self.half_life)
            if new:
                for group in groups:
                    group.learn(False, time, self.half_life)
        if hit and day > own.hit:
            own.hit = day
            own.hits = min(own.hits + 1, own.trials)
            if new:
                for group in groups:
                    group.hits = min(group.hits + 1, group.trials)
