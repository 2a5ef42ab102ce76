"""Peaks: the highest score of each period, judged while it grows, learned once when it is over.

What happens within a day depends on what happened a minute before, so the scores of single events
cannot be ranked among each other (`detectors.toolbox.ranks`). Periods can: the score of one is its
largest. The p-value of the score reached so far holds at any moment of the period, because the
final score is at least as high: P(the period ever shows a p at most a) <= a.

A score is ranked by how many times the entity's usual peak it is, so that who is different every
day is an outlier in the first days only. What is usual is a geometric mean of the latest periods,
until then mostly the group's.

A period in which something was reported is held out with the activity that was, and counts as
normal when that is learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp2, log2

import msgspec

from detectors.toolbox.decay import DAY
from detectors.toolbox.ranks import RankModel, Ranks

MOST_WAITING = 4
GROUP = 3.0  # own periods that the group's usual peak is worth
OWN_MOST = 20  # latest periods that count, by most
GROUP_MOST = 1000
ENOUGH = 20  # periods from which on peers say what is usual, and not everybody


class Usual(msgspec.Struct, array_like=True):
    """Mean of the binary logarithm of peaks, and of how many."""

    mean: float = 0.0
    count: int = 0

    def learn(self, score: float, most: int) -> None:
        """Take a peak in; one of `most`, once there are that many."""
        self.count = min(self.count + 1, most)
        self.mean += (log2(score) - self.mean) / self.count


class Peaks(msgspec.Struct, array_like=True):
    """The open period of one entity, and closed ones that nobody has learned.

    Attributes:
        period: number of the open period; -1 before the first.
        height: its highest score.
        reported: something in it was a signal.
        waiting: closed periods: number, height, reported.
        usual: the entity's own peaks.
    """

    period: int = -1
    height: float = 0.0
    reported: bool = False
    waiting: list[tuple[int, float, bool]] = []
    usual: Usual = msgspec.field(default_factory=Usual)


class GroupPeaks(msgspec.Struct, array_like=True):
    """Peaks of a group's members, and their ranks as multiples of what was usual."""

    ranks: Ranks = msgspec.field(default_factory=Ranks)
    usual: Usual = msgspec.field(default_factory=Usual)


@dataclass(frozen=True, slots=True)
class PeakModel:
    """How peaks are judged and learned; groups from the narrowest to the widest.

    Scores are positive; one of 0 is none, and a period without one is not counted.

    Attributes:
        ranks: of multiples of the usual peak.
        width: seconds of a period.

    >>> model, group = PeakModel(RankModel(half_life=60 * DAY, least=2.0**-6)), GroupPeaks()
    >>> people = [Peaks() for _ in range(10)]
    >>> for day in range(40):
    ...     for number, who in enumerate(people):
    ...         model.observe(10.0 + number, day * DAY, who, [group], reported=False)
    ...         model.learn(day * DAY, who, [group])
    >>> high, usual = (model.judge(s, 40 * DAY, people[0], [group]) for s in (200.0, 12.0))
    >>> high < 0.02 < usual
    True
    """

    ranks: RankModel
    width: float = DAY

    def usual(self, own: Peaks, groups: Sequence[GroupPeaks]) -> float:
        """The entity's usual peak."""
        group = next((one.usual for one in groups if one.usual.count >= ENOUGH), groups[-1].usual)
        count = float(own.usual.count)
        return exp2((own.usual.mean * count + group.mean * GROUP) / (count + GROUP))

    def rises(self, score: float, time: float, own: Peaks, groups: Sequence[GroupPeaks]) -> bool:
        """Whether a score lifts the period's peak into another bin; never for one that is over."""
        period = int(time // self.width)
        if period < own.period:
            return False
        before = own.height if period == own.period else 0.0
        if score <= before:
            return False
        usual = self.usual(own, groups)
        return not before or self.ranks.bin_of(score / usual) > self.ranks.bin_of(before / usual)

    def judge(self, score: float, time: float, own: Peaks, groups: Sequence[GroupPeaks]) -> float:
        """p-value: chance that a period of such an entity reaches the score."""
        ratio = score / self.usual(own, groups)
        return self.ranks.judge(ratio, time, [group.ranks for group in groups])

    def observe(
        self,
        score: float,
        time: float,
        own: Peaks,
        groups: Sequence[GroupPeaks],
        *,
        reported: bool,
    ) -> None:
        """A score was reached, and was a signal or not. Leaves the groups alone."""
        if not self.rises(score, time, own, groups):
            return
        period = int(time // self.width)
        if period > own.period:
            if own.period >= 0:
                closed = (own.period, own.height, own.reported)
                own.waiting = [*own.waiting, closed][-MOST_WAITING:]
            own.period, own.reported = period, False
        own.height = score
        own.reported = own.reported or reported

    def learn(self, time: float, own: Peaks, groups: Sequence[GroupPeaks]) -> None:
        """An activity of `time` is normal: so are closed periods without a report, and its own."""
        if not own.waiting:
            return
        period = int(time // self.width)
        ready = [height for number, height, held in own.waiting if not held or number == period]
        own.waiting = [one for one in own.waiting if one[2] and one[0] != period]
        for height in ready:
            ratio = height / self.usual(own, groups)
            self.ranks.learn(ratio, time, [group.ranks for group in groups])
            own.usual.learn(height, OWN_MOST)
            for group in groups:
                group.usual.learn(height, GROUP_MOST)
