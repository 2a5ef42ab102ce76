"""What a signal weighs here: how often chance alone brings one at least as strong.

A p-value speaks of one judgement. What a person who reads alerts pays for is how many of them
come in a day, so the currency is a rate: signals of this detector, at least this strong, per
identity and day on which the identity was active. It is learned per partition and detector.

With J judgements and k occasions of at least b bits in E identity-days, both halved every
`HALF_LIFE`:

    chances   l    = (J + 1) / (E + 1 / l0)                    l0: `Metadata.judged_per_day`
    nominal   r0   = l 2^-b                                    were all p-values uniform
    learned   r1   = (k + 1) / (E + 1 / r0)
    counted   r2   = (k + 1) / (E + 64)
    rate      r(b) = max(sqrt(r1 r2) if r1 < r2 else r1, low(k) / E)

The first three are means of a Poisson rate under an exponential prior (Gelman et al., Bayesian Data
Analysis, 3rd ed. 2013, section 2.6): the prior first, then what was counted. It cannot doubt the
model, so low(k), what a Poisson mean surely exceeds when k were counted (one-sided 95 %; Wilson,
Hilferty 1931, doi:10.1073/pnas.17.12.684), has the last word. Thus a detector whose p-values are
too small is brought down to what it really does, one that is asked once a year gets the credit
for it. What a model says beyond all that was counted here is a guess about a tail that nobody has
seen: there each of its bits counts half. Of one occasion, all signals of a detector under one key
within a day, the strongest counts, once: an attack that sets off a detector a hundred times raises
its count by one.

What breaks stored state: the field order of `Totals` and `Tail`.
"""

from collections.abc import Mapping
from math import sqrt
from typing import Any

import msgspec

from detectors.base import SIGNALS_PER_DAY, WEAKEST_SIGNAL, Metadata
from pipeline.engine.keystate import Alarm
from pipeline.state.partition import PartitionState
from schemas.signal import bits

DAY = 86400.0
HALF_LIFE = 90.0  # days; what is remembered amounts to the latest four months
FIRST_DAYS = 64.0  # identity-days that a model is believed for before there are any
_Z95 = 1.6449  # normal quantile
_FADE = 2 ** (-1 / HALF_LIFE)
_TOTALS = b"\x00rate/totals"
_TAIL = b"\x00rate/tail/"


class Totals(msgspec.Struct, array_like=True):
    """Of the partition.

    Attributes:
        day: since the epoch, of the clock when all counts were last brought down.
        identity_days: distinct pairs of identity and day.
        judged: judgements by detector.
    """

    day: int = 0
    identity_days: float = 0.0
    judged: dict[str, float] = {}


class Tail(msgspec.Struct, array_like=True):
    """Of a detector: `reached[b]` occasions had at least b bits."""

    reached: list[float] = []


class DetectorRate:
    """One detector's counts."""

    __slots__ = ("judged", "meta", "reached")

    def __init__(self, meta: Metadata, judged: float, reached: list[float]) -> None:
        self.meta = meta
        self.judged = judged
        self.reached = reached

    def chances(self, identity_days: float) -> float:
        """Judgements per identity and day."""
        return (self.judged + 1) / (identity_days + 1 / self.meta.judged_per_day)

    def chance_rate(self, p: float, identity_days: float) -> float:
        """Signals with at most this p that chance brings, per identity and day."""
        level = int(bits(p))
        occasions = self.reached[level] if level < len(self.reached) else 0.0
        nominal = self.chances(identity_days) * p
        learned = (occasions + 1) / (identity_days + 1 / nominal)
        counted = (occasions + 1) / (identity_days + FIRST_DAYS)
        believed = sqrt(learned * counted) if learned < counted else learned
        return max(believed, _surely(occasions) / max(1.0, identity_days))

    def signal_below(self, identity_days: float) -> float:
        """Scores at most this become signals: what chance brings in one of 32 days.

        Never less than the author's own figure gives: who is asked more often than expected, or by
        few identities, loses weight, not the word.
        """
        learned = min(WEAKEST_SIGNAL, SIGNALS_PER_DAY / self.chances(identity_days))
        return max(learned, self.meta.signal_below)

    def occasion(self, alarm: Alarm | None, time: float, strength: float) -> Alarm:
        """Count a signal of so many bits; returns what to keep under its key."""
        known = -1
        began = time
        if alarm is not None and 0.0 <= time - alarm.began < DAY:
            known, began = int(alarm.bits), alarm.began
        level = int(strength)
        self.reached.extend([0.0] * (level + 1 - len(self.reached)))
        for above in range(known + 1, level + 1):
            self.reached[above] += 1.0
        latest = time if alarm is None else max(time, alarm.time)
        return Alarm(latest, began, max(strength, float(max(known, 0))))


class Calibration:
    """The rates of all detectors in one partition.

    Args:
        detectors: metadata by id.
        partition: where the counts are kept.
    """

    def __init__(self, detectors: Mapping[str, Metadata], partition: PartitionState[Any]) -> None:
        self._partition = partition
        data = partition.get_extra(_TOTALS)
        self.totals = msgspec.msgpack.decode(data, type=Totals) if data else Totals()
        self.rates = {
            name: DetectorRate(meta, self.totals.judged.get(name, 0.0), self._tail(name))
            for name, meta in detectors.items()
        }
        self._changed: set[str] = set()

    def _tail(self, detector: str) -> list[float]:
        data = self._partition.get_extra(_TAIL + detector.encode())
        tail = msgspec.msgpack.decode(data, type=Tail) if data else Tail()
        return tail.reached

    def begin(self, day: int) -> bool:
        """The clock has come to this day; whether counts were brought down for it."""
        totals = self.totals
        if day <= totals.day:
            return False
        left = _FADE ** (day - totals.day) if totals.day else 1.0
        totals.day = day
        totals.identity_days *= left
        for name, rate in self.rates.items():
            rate.judged *= left
            if rate.reached:
                rate.reached = [count * left for count in rate.reached]
                self._changed.add(name)
        return True

    def signalled(self, detector: str, alarm: Alarm | None, time: float, p: float) -> Alarm:
        """Count a signal; returns what to keep under its key."""
        self._changed.add(detector)
        return self.rates[detector].occasion(alarm, time, bits(p))

    def save(self) -> None:
        """Put the counts among what the next flush writes."""
        totals = self.totals
        for name, rate in self.rates.items():
            totals.judged[name] = rate.judged
        self._partition.put_extra(_TOTALS, msgspec.msgpack.encode(totals))
        for name in sorted(self._changed):
            tail = Tail(self.rates[name].reached)
            self._partition.put_extra(_TAIL + name.encode(), msgspec.msgpack.encode(tail))
        self._changed.clear()


def _surely(count: float) -> float:
    """What the mean of a Poisson count exceeds in 95 of 100 cases.

    >>> round(_surely(10.0), 2), _surely(0.0)
    (5.42, 0.0)
    """
    if count < 1.0:
        return 0.0
    root = 1.0 - 1.0 / (9.0 * count) - _Z95 / (3.0 * sqrt(count))
    return count * root * root * root if root > 0.0 else 0.0
