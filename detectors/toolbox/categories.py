"""Novelty of a category: how surprising is this network, device, repository for this entity?

Predictive probability, from the entity up to its peers and the whole organisation
(hierarchical Pitman-Yor process with one table a category, which is interpolated Kneser-Ney:
Teh, "A Hierarchical Bayesian Language Model Based on Pitman-Yor Processes", 2006,
doi:10.3115/1220175.1220299)::

    P(c) = (max(n_c - d, 0) + r * base(c)) / (n + a),    r = a + sum_c' min(n_c', d) + evicted

where n_c are decayed counts, n their sum, a the concentration, d the discount, and base(c) the
same formula one level up; above the top stands "never seen by anybody". The discount is estimated
from the counts of counts, d = n1 / (n1 + 2 n2) (Ney, Essen, Kneser, "On structuring probabilistic
dependences in stochastic language modelling", 1994, doi:10.1006/csla.1994.1001), drawn towards a
fifth while there is little to estimate it from: who keeps coming up with new values is expected to
go on doing so.

The p-value of c is the mass of everything at most as likely as c, the never seen included. A
shared level learns a value only when it was new to the level below: it holds what people come up
with when they come up with something new, which is the question a newcomer poses. What newcomers
come up with says less about somebody long known, whose next new value may well be new to all: the
p-value of such an entity is at least a quarter of its own probability of anything new.
"""

from base64 import b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from zlib import crc32

import msgspec

from detectors.toolbox.decay import DAY, STEPS, UNIT, step_factor, steps_between

MAX_TEXT = 32
_TIE = 1.0 + 1e-9  # probabilities that differ by rounding only are equal
_PRIOR_DISCOUNT = 0.2
_NEW_TO_ALL = 0.25
_TWO_STEPS = 2.0 ** (2 / STEPS)  # an interval of one step's length meets two at most
# Of one level: factor from stored weight to count, discount, r, n + a.
_Mass = tuple[float, float, float, float]
COLD_BELOW = 3.0  # with fewer decayed observations the entity is judged mostly by its peers


class Categories(msgspec.Struct, array_like=True):
    """Decayed counts of the categories of one entity; at most `cap` of them.

    Attributes:
        weights: category -> count in units of 1/64.
        other: weight of evicted categories, same unit.
        time: when it last counted something, whole seconds since the epoch.
    """

    weights: dict[str, int] = msgspec.field(default_factory=dict)
    other: int = 0
    time: int = 0

    def count(self) -> float:
        """Decayed number of observations, as of `time`."""
        return (sum(self.weights.values()) + self.other) / UNIT

    def knows(self, value: str) -> bool:
        """Has the value been seen and not been forgotten."""
        return key_of(value) in self.weights

    def usual(self, most: int = 2) -> str:
        """The commonest categories with their shares, for people.

        >>> Categories({"DE": 192, "FR": 64}).usual()
        'DE 75%, FR 25%'
        """
        total = sum(self.weights.values()) + self.other
        if not total:
            return "nothing yet"
        ranked = sorted(self.weights.items(), key=lambda item: (-item[1], item[0]))
        return ", ".join(f"{key} {100 * weight / total:.0f}%" for key, weight in ranked[:most])


def key_of(value: str) -> str:
    """Text a category is stored under: itself, or a prefix and a checksum if it is long."""
    if len(value) <= MAX_TEXT:
        return value
    return f"{value[: MAX_TEXT - 9]}~{crc32(value.encode('utf-8', 'surrogatepass')):08x}"


@lru_cache(4096)
def brief(value: str) -> str:
    """Four characters for a category that is only to be told from others, of 24 bits of CRC-32.

    Empty stays empty.

    >>> brief("example/left-pad")
    '3EI3'
    """
    if not value:
        return ""
    checksum = crc32(value.encode("utf-8", "surrogatepass"))
    return b64encode(checksum.to_bytes(4)[1:]).decode()


@dataclass(frozen=True, slots=True)
class CategoryModel:
    """How `Categories` are learned and judged.

    `levels` is always (entity, peers, organisation), any number of them, the entity first.

    Attributes:
        half_life: seconds of event time in which a count halves.
        concentration: observations that the level above is worth; a half is Jeffreys' prior.
        cap: most categories of the entity.
        shared_cap: most categories of each level above it.
        repeat: seconds in which a repetition of the last value counts as the same observation:
            ten logins of one morning are no ten independent mornings.

    >>> model = CategoryModel(half_life=90 * DAY)
    >>> me, org = Categories(), Categories()
    >>> for day in range(50):
    ...     model.learn("AS64496", day * DAY, (me, org))
    >>> model.judge("AS64496", 50 * DAY, (me, org))
    1.0
    >>> 0.001 < model.judge("AS64500", 50 * DAY, (me, org)) < 0.05
    True
    """

    half_life: float = 90 * DAY
    concentration: float = 0.5
    cap: int = 12
    shared_cap: int = 128
    repeat: float = 0.0

    def learn(self, value: str, time: float, levels: Sequence[Categories]) -> None:
        """Count the value for the entity, and above as far as it was new."""
        key = key_of(value)
        if self._repeats(key, time, levels[0]):
            return
        for index, level in enumerate(levels):
            known = key in level.weights
            self._count(key, time, level, self.shared_cap if index else self.cap)
            if known:
                return

    def repeats(self, value: str, time: float, entity: Categories) -> bool:
        """Is it the same observation as the last, so that there is nothing to learn."""
        return self._repeats(key_of(value), time, entity)

    def _repeats(self, key: str, time: float, entity: Categories) -> bool:
        return (
            0.0 <= time - entity.time < self.repeat and next(reversed(entity.weights), None) == key
        )

    def _count(self, key: str, time: float, level: Categories, cap: int) -> None:
        weights = level.weights
        steps = steps_between(level.time, time, self.half_life) if level.time else 0
        if steps:
            left = step_factor(steps)
            weights = {k: faded for k, w in weights.items() if (faded := int(w * left))}
            level.weights = weights
            level.other = int(level.other * left)
        level.time = max(level.time, int(time))
        weights[key] = weights.pop(key, 0) + UNIT  # the last key is the latest value
        if len(weights) > cap:
            least = min((k for k in weights if k != key), key=weights.__getitem__)
            level.other += weights.pop(least)

    def _mass(self, level: Categories, time: float) -> _Mass:
        """What a level's counts come to, as of `time`."""
        steps = steps_between(level.time, time, self.half_life) if level.time else 0
        scale = step_factor(steps) / UNIT
        ranked = sorted(level.weights.values())
        once = bisect_right(ranked, UNIT)
        twice = bisect_right(ranked, 2 * UNIT) - once
        discount = (once + 0.5 * _PRIOR_DISCOUNT) / (once + 2 * twice + 0.5)
        below = bisect_left(ranked, discount / scale)
        other = level.other * scale
        reserve = other + sum(ranked[:below]) * scale + (len(ranked) - below) * discount
        norm = other + sum(ranked) * scale + self.concentration
        return scale, discount, reserve + self.concentration, norm

    def probability(self, value: str, time: float, levels: Sequence[Categories]) -> float:
        """P(value); 0 for a value that no level has seen."""
        masses = [self._mass(level, time) for level in levels]
        return _probabilities((key_of(value),), levels, masses)[0]

    def unseen(self, time: float, levels: Sequence[Categories]) -> float:
        """Probability of a value that no level has seen."""
        return _unseen([self._mass(level, time) for level in levels])

    def judge(self, value: str, time: float, levels: Sequence[Categories]) -> float:
        """p-value: the probability of a category at most as likely as this one, in (0, 1]."""
        entity = levels[0]
        key = key_of(value)
        weight = entity.weights.get(key, 0)
        if weight and self._is_plainly_usual(entity, weight, time):
            return 1.0
        own = self._mass(entity, time)
        scale, discount, reserve, norm = own
        # A value more frequent than all that the levels above can hand down is compared with the
        # entity's own values only, and those count as likelier that remain so whatever is handed
        # down: the usual case, and it spares the walk over the levels above.
        if weight and weight * scale - discount >= reserve:
            likelier = weight + reserve / scale
            above = [w * scale - discount for w in entity.weights.values() if w > likelier]
            return min(1.0, 1.0 - sum(above) / norm)
        masses = [own, *(self._mass(level, time) for level in levels[1:])]
        bases = _probabilities((*entity.weights, key), levels[1:], masses[1:])
        count = weight * scale - discount
        at_most = (max(count, 0.0) + reserve * bases.pop()) / norm * _TIE
        tail = self._tail(at_most, levels, masses, bases) if at_most else _unseen(masses)
        least = _NEW_TO_ALL * reserve / norm * (norm - self.concentration) / norm
        return min(1.0, max(tail, least))

    def _is_plainly_usual(self, entity: Categories, weight: int, time: float) -> bool:
        """Whether nothing can be likelier, by a bound that costs next to nothing.

        No value is more frequent, and its count exceeds all that the levels above can hand down:
        at most a discount per stored value and what was evicted. Within one fading step.
        """
        most = entity.other + UNIT * _TWO_STEPS * (self.concentration + len(entity.weights) + 1.0)
        return (
            weight >= most
            and time - entity.time <= self.half_life / STEPS
            and weight == max(entity.weights.values())
        )

    def _tail(
        self,
        at_most: float,
        levels: Sequence[Categories],
        masses: Sequence[_Mass],
        bases: Sequence[float] = (),
    ) -> float:
        """Mass of all categories with a probability of at most `at_most`.

        `bases` are what the levels above say of the first level's categories.
        """
        scale, discount, reserve, norm = masses[0]
        weights = levels[0].weights
        counts = [n if (n := w * scale - discount) > 0.0 else 0.0 for w in weights.values()]
        if len(levels) == 1:
            return sum([p for n in counts if (p := n / norm) <= at_most]) + reserve / norm
        limit = at_most * norm / reserve
        bases = bases or _probabilities(weights, levels[1:], masses[1:])
        handed_down = self._tail(limit, levels[1:], masses[1:])
        handed_down -= sum([base for base in bases if base <= limit])
        own = sum(
            [
                p
                for n, base in zip(counts, bases, strict=True)
                if (p := (n + reserve * base) / norm) <= at_most
            ]
        )
        return own + max(handed_down, 0.0) * reserve / norm

    def cold(self, entity: Categories, time: float) -> bool:
        """Too little is known of the entity itself to speak of habits."""
        if not entity.time:
            return True
        left = step_factor(steps_between(entity.time, time, self.half_life))
        return entity.count() * left < COLD_BELOW


def _unseen(masses: Sequence[_Mass]) -> float:
    return prod(reserve / norm for _, _, reserve, norm in masses)


def _probabilities(
    keys: Collection[str], levels: Sequence[Categories], masses: Sequence[_Mass]
) -> list[float]:
    """P of each key: what a level has beyond the discount, and its share of the level above."""
    ps = [0.0 for _ in keys]
    for level, (scale, discount, reserve, norm) in zip(
        reversed(levels), reversed(masses), strict=True
    ):
        get = level.weights.get
        ps = [
            ((n if (n := get(key, 0) * scale - discount) > 0.0 else 0.0) + reserve * p) / norm
            for key, p in zip(keys, ps, strict=True)
        ]
    return ps
