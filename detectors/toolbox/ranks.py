"""Ranks: a score becomes a p-value by its rank among the scores before it.

With past scores s_i of weight w_i = 2^(-age / half-life)

    p(s) = (1 + sum of w_i with s_i >= s) / (1 + sum of w_i)

the conformal p-value, whatever the distribution of the scores: Vovk, Gammerman, Shafer,
"Algorithmic Learning in a Random World", 2005, doi:10.1007/b106715; as an alarm: Laxhammar and
Falkman, "Online learning and sequential anomaly detection in trajectories", IEEE TPAMI 36(6), 2014,
doi:10.1109/TPAMI.2013.172. Ties count in full, where the exact version would draw a uniform number
to split them: p is larger, and a replay gives the same one. Weights keep it valid under
exchangeability, and under drift it is off by at most the weighted mean distance in total variation
between the past scores and this one, which forgetting keeps small: Barber, Candes, Ramdas,
Tibshirani, "Conformal prediction beyond exchangeability", Annals of Statistics 51(2), 2023,
doi:10.1214/23-AOS2276.

Scores are kept as counts on a logarithmic scale, a few bytes a bin; those of one bin are ties.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2

import msgspec

from detectors.toolbox.decay import step_factor, steps_between

WEIGHT = 4096  # of one observation; rounding down while fading then costs next to nothing
ENOUGH = 256.0  # observations from which on a narrower level needs no wider one


class Ranks(msgspec.Struct, array_like=True):
    """A fading histogram of scores.

    Attributes:
        counts: by bin, in units of 1/4096 of an observation; no longer than the highest bin seen.
        time: when they last faded or counted, whole seconds.
    """

    counts: list[int] = []
    time: int = 0


@dataclass(frozen=True, slots=True)
class RankModel:
    """How scores are ranked: bin 0 up to `least`, then `per_octave` bins each time they double.

    Attributes:
        half_life: seconds of event time in which an observation loses half its weight.
        least: scores at or below it are alike.
        per_octave: bins between a score and its double.
        bins: how many in all; beyond the last all scores are alike.

    >>> model, past = RankModel(half_life=1e9), Ranks()
    >>> for n in range(99):
    ...     model.learn(1.0 + n % 3, float(n), [past])
    >>> model.judge(8.0, 99.0, [past]), model.judge(0.0, 99.0, [past])
    (0.01, 1.0)
    """

    half_life: float
    least: float = 1.0
    per_octave: int = 4
    bins: int = 64

    def bin_of(self, score: float) -> int:
        """Bin of a score."""
        if score <= self.least:
            return 0
        return min(self.bins - 1, ceil(self.per_octave * log2(score / self.least)))

    def judge(self, score: float, time: float, levels: Sequence[Ranks]) -> float:
        """p-value in the first level that has seen enough, else in the last, the widest."""
        level = next(
            (level for level in levels if sum(level.counts) >= ENOUGH * WEIGHT), levels[-1]
        )
        left = step_factor(steps_between(level.time, time, self.half_life)) / WEIGHT
        higher = sum(level.counts[self.bin_of(score) :]) * left
        return (1.0 + higher) / (1.0 + sum(level.counts) * left)

    def learn(self, score: float, time: float, levels: Sequence[Ranks]) -> None:
        """Count a score at all levels."""
        index = self.bin_of(score)
        for level in levels:
            steps = steps_between(level.time, time, self.half_life)
            if steps and level.counts:
                left = step_factor(steps)
                level.counts = [int(count * left) for count in level.counts]
                while level.counts and not level.counts[-1]:
                    level.counts.pop()
            level.time = max(level.time, int(time))
            level.counts.extend([0] * (index + 1 - len(level.counts)))
            level.counts[index] += WEIGHT
