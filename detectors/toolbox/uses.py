"""Uses of power: acts of many kinds that most people never do and some do every day.

Two questions, the second asked only when the first is answered: does this actor do such a thing at
all (a day with one, within a few active days: `occasions`), and is this kind of it usual among
those who do (`categories`). With h the chance of the occasion and u the p-value of the kind given
that there is one::

    p = h * u

is exact: the statistic is at most x, x <= h, when there is an occasion and its kind is among the
rarest x / h, which has the chance h * x / h = x. Several kinds on one day are several looks at one
occasion: the m-th is multiplied by m (Bonferroni; Dunn, "Multiple comparisons among means", 1961,
doi:10.1080/01621459.1961.10482090).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from detectors.toolbox.categories import Categories, CategoryModel
from detectors.toolbox.decay import DAY
from detectors.toolbox.firsts import FirstModel
from detectors.toolbox.occasions import Occasions
from detectors.toolbox.proportion import Proportion
from schemas.action import Action
from schemas.signal import Feature, bits

ACTIVE: Final = frozenset(  # what shows that somebody is at work, and is logged widely
    {
        Action.LOGIN,
        Action.SSO,
        Action.PUSH,
        Action.PULL_REQUEST_OPEN,
        Action.PULL_REQUEST_MERGE,
        Action.REVIEW,
    }
)
HORIZON: Final = 4.0  # active days within which an occasion is expected or not
PER_DAY: Final = 1 / HORIZON  # so often a day is that question answered
COLD_DAYS: Final = 5.0


class SharedUses(msgspec.Struct, array_like=True):
    """A group: its members' first days with an act, and the kinds new to those who did them."""

    first: Proportion = msgspec.field(default_factory=Proportion)
    kinds: Categories = msgspec.field(default_factory=Categories)


class Uses(msgspec.Struct, array_like=True):
    """One actor.

    Attributes:
        occasions: days with an act among active days.
        kinds: of acts.
        day: the latest day with an act, whether normal or not.
        acts: how many acts it had.
    """

    occasions: Occasions = msgspec.field(default_factory=Occasions)
    kinds: Categories = msgspec.field(default_factory=Categories)
    day: int = -1
    acts: int = 0


class Verdict(NamedTuple):
    """Chance of an occasion, p-value of the kind given one, both together."""

    chance: float
    kind: float
    p: float


Groups = Sequence[SharedUses]  # peers and organisation; once if they are the same


@dataclass(frozen=True, slots=True)
class UseModel:
    """How uses are learned and judged.

    Attributes:
        horizon: active days within which one occasion is expected or not.
        occasions: model of how often.
        kinds: model of what.
    """

    horizon: float = HORIZON
    occasions: FirstModel = field(default_factory=FirstModel)
    kinds: CategoryModel = field(
        default_factory=lambda: CategoryModel(half_life=180 * DAY, cap=6, shared_cap=96)
    )

    def judge(self, kind: str, time: float, own: Uses, groups: Groups) -> Verdict:
        """How unusual is it that this actor does this."""
        peers, organization = groups[0].first, groups[-1].first
        chance = self.occasions.chance(own.occasions, peers, organization, self.horizon)
        of_kind = self.kinds.judge(kind, time, [own.kinds, *(group.kinds for group in groups)])
        looks = own.acts + 1 if own.day == int(time // DAY) else 1
        return Verdict(chance, of_kind, min(1.0, chance * of_kind * looks))

    def observe(self, time: float, own: Uses) -> None:
        """There was an act, normal or not."""
        day = int(time // DAY)
        own.acts = own.acts + 1 if day == own.day else 1
        own.day = day

    def learn(self, kind: str, time: float, own: Uses, groups: Groups) -> None:
        """Count the active day and, unless `kind` is empty, an act."""
        if not kind and time // DAY <= own.occasions.day:
            return
        self.occasions.learn(bool(kind), time, own.occasions, [group.first for group in groups])
        if kind:
            self.kinds.learn(kind, time, [own.kinds, *(group.kinds for group in groups)])


def cold(own: Uses) -> bool:
    """Too little is known of the actor itself."""
    return own.occasions.trials < COLD_DAYS


def features(verdict: Verdict, own: Uses, what: str, kind: str, groups: Groups) -> list[Feature]:
    """For the analyst: how often the actor does it, and what those who do it do."""
    return [
        Feature(what, "one now", own.occasions.usual(), bits(verdict.chance)),
        Feature("kind", kind, groups[-1].kinds.usual(), bits(verdict.kind)),
    ]
