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

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import msgspec

from detectors.toolbox.decay import DAY, STEPS, UNIT, step_factor, steps_between

MAX_TEXT = 32
_TIE = 1.0 + 1e-9  # probabilities that differ by rounding only are equal
_PRIOR_DISCOUNT = 0.2
_NEW_TO_ALL = 0.25
_TWO_STEPS = 2.0 ** (2 / STEPS)  # an interval of one step's length meets two at most
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
        last = next(reversed(levels[0].weights), None)
        if key == last and 0.0 <= time - levels[0].time < self.repeat:
            return
        for index, level in enumerate(levels):
            known = key in level.weights
            self._count(key, time, level, self.shared_cap if index else self.cap)
            if known:
                return

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

    def _mass(self, level: Categories, time: float) -> tuple[float, float, float, float]:
        """Factor from stored weight to count, n, discount, r."""
        steps = steps_between(level.time, time, self.half_life) if level.time else 0
        scale = step_factor(steps) / UNIT
        once = twice = 0
        for weight in level.weights.values():
            if weight <= UNIT:
                once += 1
            elif weight <= 2 * UNIT:
                twice += 1
        discount = (once + 0.5 * _PRIOR_DISCOUNT) / (once + 2 * twice + 0.5)
        other = level.other * scale
        reserve = self.concentration + other
        total = other
        for weight in level.weights.values():
            count = weight * scale
            total += count
            reserve += min(count, discount)
        return scale, total, discount, reserve

    def probability(self, value: str, time: float, levels: Sequence[Categories]) -> float:
        """P(value); 0 for a value that no level has seen."""
        key = key_of(value)
        p = 0.0
        for level in reversed(levels):
            scale, total, discount, reserve = self._mass(level, time)
            own = max(level.weights.get(key, 0) * scale - discount, 0.0)
            p = (own + reserve * p) / (total + self.concentration)
        return p

    def unseen(self, time: float, levels: Sequence[Categories]) -> float:
        """Probability of a value that no level has seen."""
        p = 1.0
        for level in levels:
            _, total, _, reserve = self._mass(level, time)
            p *= reserve / (total + self.concentration)
        return p

    def judge(self, value: str, time: float, levels: Sequence[Categories]) -> float:
        """p-value: the probability of a category at most as likely as this one, in (0, 1]."""
        entity = levels[0]
        weight = entity.weights.get(key_of(value), 0)
        if self._is_plainly_usual(entity, weight, time):
            return 1.0
        if weight:
            scale, total, discount, reserve = self._mass(entity, time)
            # A value more frequent than all that the levels above can hand down is compared with
            # the entity's own values only, and those count as likelier that remain so whatever is
            # handed down: the usual case, and it spares the walk over the levels above.
            if weight * scale - discount >= reserve:
                likelier = (w for w in entity.weights.values() if (w - weight) * scale > reserve)
                above = sum(w * scale - discount for w in likelier)
                return min(1.0, 1.0 - above / (total + self.concentration))
        at_most = self.probability(value, time, levels) * _TIE
        _, total, _, reserve = self._mass(entity, time)
        norm = total + self.concentration
        least = _NEW_TO_ALL * reserve / norm * total / norm
        return min(1.0, max(self._tail(at_most, time, levels), least))

    def _is_plainly_usual(self, entity: Categories, weight: int, time: float) -> bool:
        """Whether nothing can be likelier, by a bound that costs next to nothing.

        No value is more frequent, and its count exceeds all that the levels above can hand down:
        at most a discount per stored value and what was evicted. Within one fading step.
        """
        most = entity.other + UNIT * _TWO_STEPS * (self.concentration + self.cap + 1.0)
        return (
            weight >= most
            and time - entity.time <= self.half_life / STEPS
            and weight == max(entity.weights.values())
        )

    def _tail(self, at_most: float, time: float, levels: Sequence[Categories]) -> float:
        """Mass of all categories with a probability of at most `at_most`."""
        if not levels:
            return 1.0
        level, above = levels[0], levels[1:]
        scale, total, discount, reserve = self._mass(level, time)
        norm = total + self.concentration
        limit = at_most * norm / reserve
        handed_down = self._tail(limit, time, above)
        own = 0.0
        shared = self.probabilities(level.weights, time, above)
        for key, weight in level.weights.items():
            base = shared[key]
            if base <= limit:
                handed_down -= base
            p = (max(weight * scale - discount, 0.0) + reserve * base) / norm
            if p <= at_most:
                own += p
        return own + max(handed_down, 0.0) * reserve / norm

    def probabilities(
        self, keys: Sequence[str] | dict[str, int], time: float, levels: Sequence[Categories]
    ) -> dict[str, float]:
        """P of many stored keys at once."""
        out = dict.fromkeys(keys, 0.0)
        for level in reversed(levels):
            scale, total, discount, reserve = self._mass(level, time)
            norm = total + self.concentration
            for key in out:
                own = max(level.weights.get(key, 0) * scale - discount, 0.0)
                out[key] = (own + reserve * out[key]) / norm
        return out

    def cold(self, entity: Categories, time: float) -> bool:
        """Too little is known of the entity itself to speak of habits."""
        if not entity.time:
            return True
        left = step_factor(steps_between(entity.time, time, self.half_life))
        return entity.count() * left < COLD_BELOW
