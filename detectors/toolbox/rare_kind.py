"""Rare kinds: acts of several kinds that an identity seldom does, and one of them most seldom.

    P(within h active days, an act of a kind at most as likely) = 1 - (1 - P(day) * P(kind))^h

P(day) is the chance of any such act on an active day (see `occasions`), P(kind) the p-value of the
kind among those the identity, its peers and everybody come up with (see `categories`). Both are of
different things, when and what, and are multiplied.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from detectors.toolbox.categories import Categories, CategoryModel
from detectors.toolbox.decay import DAY, HOUR
from detectors.toolbox.occasions import OccasionModel, Occasions


class Kinds(msgspec.Struct, array_like=True):
    """Days with an act among active days, and of which kind they were, of one or of a group."""

    occasions: Occasions = msgspec.field(default_factory=Occasions)
    kinds: Categories = msgspec.field(default_factory=Categories)


@dataclass(frozen=True, slots=True)
class RareKindModel:
    """How they are learned and judged. Levels: the identity, its peers, all.

    Attributes:
        horizon: active days within which one act is expected or not. A month of work, as for
            `rare_act`: who does it once a month or oftener is not surprising by that.
        occasions: model of how often.
        kinds: model of what.

    >>> model = RareKindModel()
    >>> me = Kinds()
    >>> for day in range(100):
    ...     model.learn("webhook" if day % 50 == 0 else "", day * DAY, [me])
    >>> daily, kind = model.judge("runner", 100 * DAY, [me])
    >>> kind < 0.5, model.within(daily * kind) < model.within(daily)
    (True, True)
    """

    horizon: float = 20.0
    occasions: OccasionModel = field(default_factory=OccasionModel)
    kinds: CategoryModel = field(
        default_factory=lambda: CategoryModel(half_life=180 * DAY, cap=4, repeat=6 * HOUR)
    )

    def judge(self, kind: str, time: float, levels: Sequence[Kinds]) -> tuple[float, float]:
        """Daily chance of any act, and of a kind at most as likely as this one, given an act."""
        daily = self.occasions.chance([level.occasions for level in levels])
        return daily, self.kinds.judge(kind, time, [level.kinds for level in levels])

    def within(self, daily: float) -> float:
        """Chance within the horizon of what has this chance on one day."""
        return 1.0 - float((1.0 - daily) ** self.horizon)

    def learn(self, kind: str, time: float, levels: Sequence[Kinds]) -> None:
        """Count the active day; and the act, unless `kind` is empty."""
        self.occasions.learn(bool(kind), time, [level.occasions for level in levels])
        if kind:
            self.kinds.learn(kind, time, [level.kinds for level in levels])
