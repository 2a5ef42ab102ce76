"""Occasions: on how many of its active days does an entity do a certain rare thing?

Days rather than events: a new phone means three factor changes within five minutes, which are one
occasion. Beta-Bernoulli whose prior mean is the group's daily share (see `proportion`); the chance
of at least one occasion in h active days is 1 - (1 - P(day))^h.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from detectors.toolbox.decay import DAY
from detectors.toolbox.proportion import Proportion, of_group


class Occasions(Proportion):
    """Active days (`trials`) and days with an occasion (`hits`), both decayed.

    Attributes:
        hit: last day with an occasion, since the epoch; -1 for never.
    """

    hit: int = -1

    @property
    def day(self) -> int:
        """Last active day, since the epoch; -1 for none."""
        return int(self.at // DAY) if self.trials else -1

    def usual(self) -> str:
        """For people."""
        return f"on {self.hits:.1f} of {self.trials:.0f} active days"


@dataclass(frozen=True, slots=True)
class OccasionModel:
    """How occasions are learned and judged. Levels: the entity, its peers, all.

    Attributes:
        default: daily probability where nobody has been watched yet.
        strength: active days that the level above is worth.
        rarest: least daily probability that the levels above may claim. One day in five hundred,
            two years of work: nobody's past shows that they will never need a new telephone.
        half_life: seconds of event time in which counts halve.

    >>> model = OccasionModel()
    >>> me = Occasions()
    >>> for day in range(100):
    ...     model.learn(day == 50, day * DAY, [me])
    >>> round(model.chance([me]), 3)
    0.018
    """

    default: float = 0.05
    strength: float = 20.0
    rarest: float = 0.002
    half_life: float = 180 * DAY

    def chance(self, levels: Sequence[Proportion], days: float = 1.0) -> float:
        """Probability of at least one occasion within so many active days."""
        base = self.default
        if len(levels) > 1:
            peers, organization = levels[1], levels[-1]
            base = max(self.rarest, of_group(peers, organization, self.default, self.strength))
        daily = levels[0].probability(base, self.strength)
        return 1.0 - float((1.0 - daily) ** days)

    def learn(self, hit: bool, time: float, levels: Sequence[Occasions]) -> None:
        """Count the day, and the occasion if it is the first of the day."""
        own = levels[0]
        day = int(time // DAY)
        if day > own.day:
            for level in levels:
                level.learn(False, time, self.half_life)
        if hit and day > own.hit:
            own.hit = day
            for level in levels:
                level.hits = min(level.hits + 1, level.trials)
