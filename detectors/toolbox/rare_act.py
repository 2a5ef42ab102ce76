"""Rare acts: something an identity seldom does, and where it does it from.

For detectors of account takeover: how often does this identity do it at all (occasions), and is
it done from surroundings that the identity is known by. Surroundings count as known only once
they have been seen a day apart, so that the login which an intruder made an hour ago is no alibi
for what the intruder does now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from detectors.toolbox.decay import DAY
from detectors.toolbox.occasions import OccasionModel, Occasions
from detectors.toolbox.surroundings import Crowd, Surroundings, SurroundingsModel, Verdict
from schemas.activity import Activity, Outcome


class Acts(msgspec.Struct, array_like=True):
    """One identity: its surroundings, and how often it does the thing."""

    surroundings: Surroundings = msgspec.field(default_factory=Surroundings)
    occasions: Occasions = msgspec.field(default_factory=Occasions)


class SharedActs(msgspec.Struct, array_like=True):
    """The same of a group."""

    surroundings: Crowd = msgspec.field(default_factory=Crowd)
    occasions: Occasions = msgspec.field(default_factory=Occasions)


Levels = Sequence[Acts | SharedActs]


@dataclass(frozen=True, slots=True)
class RareActModel:
    """How rare acts are learned and judged.

    Attributes:
        horizon: active days within which one occasion is expected or not. A month of work: who
            enrols a factor or makes a token once a month or oftener is not surprising by that.
        occasions: model of how often.
        surroundings: model of where from.
    """

    horizon: float = 20.0
    occasions: OccasionModel = field(default_factory=OccasionModel)
    surroundings: SurroundingsModel = field(default_factory=lambda: SurroundingsModel(settle=DAY))

    def judge(self, activity: Activity, levels: Levels) -> tuple[float, Verdict]:
        """Chance of one such act within the horizon, and how usual its surroundings are."""
        chance = self.occasions.chance([level.occasions for level in levels], self.horizon)
        verdict = self.surroundings.judge(
            activity.origin, activity.time, [level.surroundings for level in levels]
        )
        return chance, verdict

    def learn(self, activity: Activity, act: bool, levels: Levels) -> None:
        """Take in an activity; `act` tells whether it is the thing itself."""
        if activity.outcome is not Outcome.SUCCESS:
            return
        self.surroundings.learn(
            activity.origin, activity.time, [level.surroundings for level in levels]
        )
        self.occasions.learn(act, activity.time, [level.occasions for level in levels])

    def cold(self, own: Acts, time: float) -> bool:
        """Too little is known of the identity itself."""
        return self.surroundings.cold(own.surroundings, time)
