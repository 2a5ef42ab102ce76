"""The alert budget: evidence that opens an incident, learned from how high chance drives it.

Each time the evidence against an identity rises over a level, that level is crossed: had it been
the threshold, there had been an alert. C(x) counts crossings of x bits, E the identity-days they
come from, both halved every `HALF_LIFE`. With B alerts allowed per identity and day, u a level
that is crossed often enough to be counted, and the tail above it exponential with mean m
(peaks over threshold: Siffer et al., Anomaly Detection in Streams with Extreme Value Theory,
KDD 2017, doi:10.1145/3097983.3098144; with the shape 0):

    rate      r    = C(u) / E
    mean      m    = (N m0 + S) / (N + C(u) - C(t))     S: integral of C(x) from u to t
    tail      q(x) = r e^-((x - u) / m)
    estimate  R(x) = (C(x) + A) / (E + A / q(x))        A: crossings that the tail is worth
    threshold t: the least x from u on with R(x) at most B

u is the highest level with `ENOUGH` crossings that is crossed more often than B. While there is
none, it is `BASE` bits and r = (C + A) / (E + A / r0). r0 and m0 come from `budget`: what would be
were every detector at its bound. What lies above t counts as at least t, no more (a censored
exponential), so that one attack of sixty bits moves m no further than one of twenty. R is the mean
of a Poisson rate under a gamma prior around the tail: a tail that is heavier than exponential shows
in C(x) and is believed. And t is never less than -log2 B: what by its own weight is commoner than
the alerts that are allowed opens nothing, however quiet it has been so far.
"""

from collections.abc import Sequence
from math import exp, log, log2
from typing import Any, NamedTuple

import msgspec

from pipeline.correlate.budget import CEILING, STEP, threshold_bits
from pipeline.state.partition import PartitionState

DAY = 86400.0
HALF_LIFE = 90.0  # days, as of the rates that weigh the signals
BASE = 6.0  # bits; detectors report from 5 on (1 in 32 days), so above it the tail is whole
GRID = 0.5  # bits, between levels that are counted
ENOUGH = 16.0  # crossings: their number is known to a quarter
PRIOR_CROSSINGS = 1.0  # A
PRIOR_EXCESSES = 8.0  # N
MAX_SOURCES = 256  # partitions whose identity-days are kept
_PREFIX = b"\x00budget/"


class Bars(NamedTuple):
    """Evidence that opens an incident, in bits: of all signals together, or of one alone.

    Each has half of the budget. With one bar for both, whoever does several rare things in a row,
    as administrators do, would raise it out of the reach of any single detector.
    """

    together: float
    alone: float
    together_scale: float = 1.0  # bits above the bar that halve how often chance gets there
    alone_scale: float = 1.0


class Crossings(msgspec.Struct, array_like=True):
    """What is counted; stored, so fields are only ever appended.

    Attributes:
        day: since the epoch, when the counts were last brought down.
        counts: `counts[j]` crossings of j times `GRID` bits.
        identity_days: by partition of the activity log, as its latest signal says.
        threshold: that followed.
        mean: of the tail that followed; 0 before.
    """

    day: int = 0
    counts: list[float] = []
    identity_days: dict[int, float] = {}
    threshold: float = 0.0
    mean: float = 0.0


class Threshold:
    """The opening threshold of one partition of signals.

    A partition of signals holds as many identities as one of activities, on average: its
    identity-days are the mean of theirs.

    Args:
        alerts_per_day: that are allowed per identity.
        nominal: crossing rates where nothing is known, see `budget.crossing_rates`.
        partition: where the counts are kept.
        name: what they are kept under.
        fixed: if given, the threshold; nothing is learned.
    """

    def __init__(
        self,
        alerts_per_day: float,
        nominal: Sequence[float],
        partition: PartitionState[Any],
        name: str,
        fixed: float | None = None,
    ) -> None:
        self._alerts = alerts_per_day
        self._partition = partition
        self._name = _PREFIX + name.encode()
        self._fixed = fixed
        self._least = log2(1.0 / alerts_per_day)
        self._base_rate = nominal[int(BASE / STEP)]
        # Beyond what was counted a bit weighs half (`pipeline.engine.calibration`), and nothing was
        # counted; but young models are the least reliable, so no more than a quarter is taken off.
        nominal_bits = BASE + 0.75 * max(0.0, threshold_bits(nominal, alerts_per_day) - BASE)
        slope = log(self._base_rate / alerts_per_day) if self._base_rate > alerts_per_day else 0.0
        self._mean = (nominal_bits - BASE) / slope if slope else 1.0 / log(2)
        data = partition.get_extra(self._name)
        self._seen = msgspec.msgpack.decode(data, type=Crossings) if data else Crossings()
        if not data:
            self._seen.threshold = nominal_bits

    @property
    def bits(self) -> float:
        """Evidence that opens an incident now."""
        return self._fixed or self._seen.threshold

    @property
    def scale(self) -> float:
        """Bits above it that halve how often chance gets there; at least one."""
        mean = 0.0 if self._fixed else self._seen.mean or self._mean
        return max(1.0, mean * log(2))

    def heard(self, source: int, identity_days: float, time: float) -> None:
        """A signal of this partition of the activity log came, with what it was learned from."""
        seen = self._seen
        day = int(time // DAY)
        if day > seen.day:
            left = 2 ** ((seen.day - day) / HALF_LIFE) if seen.day else 1.0
            seen.counts = [count * left for count in seen.counts]
            seen.day = day
        if source in seen.identity_days or len(seen.identity_days) < MAX_SOURCES:
            seen.identity_days[source] = identity_days
        self._learn()

    def rose(self, before: float, after: float) -> None:
        """The evidence against an identity rose; both in bits."""
        first, last = int(before / GRID) + 1, int(min(after, CEILING) / GRID)
        if last < first:
            return
        counts = self._seen.counts
        counts.extend([0.0] * (last + 1 - len(counts)))
        for level in range(first, last + 1):
            counts[level] += 1.0
        self._learn()

    def _learn(self) -> None:
        seen = self._seen
        counts = seen.counts
        exposure = sum(seen.identity_days.values()) / max(1, len(seen.identity_days))
        base = int(BASE / GRID)
        rate = (_at(counts, base) + PRIOR_CROSSINGS) / (
            exposure + PRIOR_CROSSINGS / self._base_rate
        )
        for level in range(len(counts) - 1, base, -1):
            if counts[level] >= ENOUGH and counts[level] > self._alerts * exposure:
                base, rate = level, counts[level] / exposure
                break
        top = max(base, int(seen.threshold / GRID))
        above = GRID * sum(counts[base + 1 : top + 1])
        beyond = _at(counts, base) - _at(counts, top)
        mean = (PRIOR_EXCESSES * self._mean + above) / (PRIOR_EXCESSES + beyond)
        excess_before = 0.0
        for level in range(base, int(CEILING / GRID) + 1):
            tail = rate * exp((base - level) * GRID / mean)
            crossed = _at(counts, level) + PRIOR_CROSSINGS
            excess = log(crossed / (exposure + PRIOR_CROSSINGS / tail) / self._alerts)
            if excess <= 0.0:
                break
            excess_before = excess
        # between two levels by the logarithm of the rate
        short = excess / (excess - excess_before) if excess_before > 0.0 else 0.0
        seen.threshold = max((level - short) * GRID, self._least)
        seen.mean = mean
        self._partition.put_extra(self._name, msgspec.msgpack.encode(seen))


def _at(counts: Sequence[float], level: int) -> float:
    return counts[level] if level < len(counts) else 0.0


class Budget:
    """Both thresholds of a partition."""

    def __init__(self, together: Threshold, alone: Threshold) -> None:
        self._together = together
        self._alone = alone

    @property
    def bars(self) -> Bars:
        """What opens an incident now."""
        together, alone = self._together, self._alone
        return Bars(together.bits, alone.bits, together.scale, alone.scale)

    def heard(self, source: int, identity_days: float, time: float) -> None:
        """As `Threshold.heard`."""
        self._together.heard(source, identity_days, time)
        self._alone.heard(source, identity_days, time)

    def rose(self, before: tuple[float, float], after: tuple[float, float]) -> None:
        """The evidence against an identity rose: of all signals together, of the heaviest.

        What one signal opens is paid for by the other half.
        """
        if after[1] < self._alone.bits:
            self._together.rose(before[0], after[0])
        self._alone.rose(before[1], after[1])
