"""Rare acts: something an identity seldom does, and where it does it from.

For detectors of account takeover: how often does this identity do it at all (`occasions`), and is
it done from a place and with a tool that the identity is known by (`familiar`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from detectors.toolbox.decay import DAY
from detectors.toolbox.familiar import Crowd, Familiar, FamiliarModel, Judged
from detectors.toolbox.occasions import OccasionModel
from detectors.toolbox.proportion import Proportion
from schemas.activity import Activity, Outcome


class Acts(Familiar):
    """One identity: `hits` are its active days with such an act.

    Attributes:
        hit: the last such day, since the epoch; -1 for never.
    """

    hit: int = -1

    def usual(self) -> str:
        """For people."""
        return f"on {self.hits:.1f} of {self.trials:.0f} active days"


class SharedActs(Crowd):
    """A group, and its members' active days with such an act."""

    acts: Proportion = msgspec.field(default_factory=Proportion)


Groups = Sequence[SharedActs]  # peers and organisation; once if they are the same


@dataclass(frozen=True, slots=True)
class RareActModel:
    """How rare acts are learned and judged.

    Attributes:
        horizon: active days within which one occasion is expected or not. A month of work: who
            enrols a factor or makes a token once a month or oftener is not surprising by that.
        occasions: model of how often.
        familiar: model of where from and what with.
    """

    horizon: float = 20.0
    occasions: OccasionModel = field(default_factory=OccasionModel)
    familiar: FamiliarModel = field(default_factory=FamiliarModel)

    def judge(self, activity: Activity, own: Acts, groups: Groups) -> tuple[float, Judged]:
        """Chance of one such act within the horizon, and how unusual place and tool are."""
        chance = self.occasions.chance([own, *(group.acts for group in groups)], self.horizon)
        return chance, self.familiar.judge(activity.origin, activity.time, own, groups)

    def learn(self, activity: Activity, act: bool, own: Acts, groups: Groups) -> bool:
        """Take in an activity; `act` tells whether it is the thing itself.

        Returns whether it is the first of its day.
        """
        if activity.outcome is not Outcome.SUCCESS:
            return False
        time = activity.time
        new_day = self.familiar.learn(activity.origin, time, own, groups)
        if new_day:
            for group in groups:
                group.acts.learn(False, time, self.occasions.half_life)
        if act and (day := int(time // DAY)) > own.hit:
            own.hit = day
            for share in (own, *(group.acts for group in groups)):
                share.hits = min(share.hits + 1, share.trials)
        return new_day
