"""Half-space trees: how alone a point is among the points of a group.

Each tree halves the unit cube again and again, along a random feature at a random place, and counts
the points in every part. A point in parts that hold few is an outlier:

    mass(x) = sum over depths d of (points in x's part at d) * 2^d

until a part holds less than a tenth of all: Tan, Ting, Liu, "Fast anomaly detection for streaming
data", IJCAI 2011, doi:10.5591/978-1-57735-516-8/IJCAI11-254. The score is the geometric mean over
the trees of (largest possible mass / mass): positive, and twice as high for a point half as dense,
to be ranked by `detectors.toolbox.ranks`.

Of one tree with the same splits and counts it is that of river's `anomaly.HalfSpaceTrees` (a test
compares). Three things differ. Masses of trees are not added up: the sum is that of the trees that
do not split along the feature in question. Means of logarithms are also what isolation forests
take (Liu, Ting, Zhou 2008, doi:10.1109/ICDM.2008.17). Counts fade in event time, where river
starts anew after a number of points, which in a large group is a morning. And a group's state is a
list of small integers, while river's is a thousand objects that only pickle can store.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import accumulate, count
from math import exp2, log2

import msgspec

from detectors.toolbox.decay import UNIT, step_factor, steps_between
from schemas.activity import digest

PADDING = 0.15  # of a side, at both its ends, is not split
SMALL = 0.1  # share of all points below which a part is not looked into


class Counts(msgspec.Struct, array_like=True):
    """Points of one group.

    Attributes:
        parts: tree after tree, each from the whole cube down, in units of 1/64.
        time: when they last faded or counted, whole seconds.
    """

    parts: list[int] = []
    time: int = 0


class Forest:
    """Trees over the unit cube; the same for the same arguments, in every process.

    Args:
        features: dimensions of the cube.
        half_life: seconds of event time in which a point loses half its weight.
        trees: how many.
        height: splits from the cube to a smallest part.
        seed: of the splits.

    >>> forest, group = Forest(2, half_life=1e9), Counts()
    >>> for n in range(200):
    ...     forest.learn((n % 10 / 40, n % 7 / 30), float(n), group)
    >>> forest.score((0.1, 0.1), group) < 3.0 < forest.score((0.9, 0.9), group)
    True
    """

    __slots__ = ("_half_life", "_latest", "_parts", "_trees")

    def __init__(
        self, features: int, half_life: float, trees: int = 16, height: int = 5, seed: int = 0
    ) -> None:
        self._half_life = half_life
        # A point is scored when it is judged, and at once again when it is observed.
        self._latest: tuple[tuple[float, ...], Sequence[int], float] = ((), (), 1.0)
        inner = (1 << height) - 1
        self._parts = 2 * inner + 1
        draw = _uniform(seed)
        self._trees: list[list[tuple[int, float]]] = []
        for _ in range(trees):
            splits = [(0, 0.0)] * inner
            _split(0, height, [(0.0, 1.0)] * features, draw, splits)
            self._trees.append(splits)

    @property
    def splits(self) -> Sequence[Sequence[tuple[int, float]]]:
        """Feature and place of each split; of node n the parts below are 2 n + 1 and 2 n + 2."""
        return self._trees

    def score(self, point: tuple[float, ...], group: Counts) -> float:
        """How alone a point is: 1 if all others are beside it; without any others, 1."""
        parts = group.parts
        if not parts:
            return 1.0
        known, where, score = self._latest
        if where is not parts or known != point:
            score = self._score(point, parts)
            self._latest = point, parts, score
        return score

    def _score(self, point: Sequence[float], parts: Sequence[int]) -> float:
        total = parts[0]
        most, small = self._parts * total, SMALL * total
        bits, start = 0.0, 0
        for splits in self._trees:
            node, weight, found, inner = 0, 1, 0, len(splits)
            while True:
                mass = parts[start + node]
                found += mass * weight
                if mass < small or node >= inner:
                    break
                feature, at = splits[node]
                node = 2 * node + (1 if point[feature] < at else 2)
                weight *= 2
            bits += log2(most / found) if found else log2(self._parts)
            start += self._parts
        return exp2(bits / len(self._trees))

    def learn(self, point: Sequence[float], time: float, group: Counts) -> None:
        """Count a point."""
        if not group.parts:
            group.parts = [0] * (len(self._trees) * self._parts)
        elif steps := steps_between(group.time, time, self._half_life):
            left = step_factor(steps)
            group.parts = [int(points * left) for points in group.parts]
        group.time = max(group.time, int(time))
        self._latest = (), (), 1.0
        parts, start = group.parts, 0
        for splits in self._trees:
            node, inner = 0, len(splits)
            while True:
                parts[start + node] += UNIT
                if node >= inner:
                    break
                feature, at = splits[node]
                node = 2 * node + (1 if point[feature] < at else 2)
            start += self._parts


def _uniform(seed: int) -> Iterator[float]:
    """Numbers in [0, 1), the same in every process and release."""
    for number in count():
        yield digest(f"half-space {seed} {number}") / 2**64


def _split(
    node: int,
    height: int,
    sides: list[tuple[float, float]],
    draw: Iterator[float],
    splits: list[tuple[int, float]],
) -> None:
    """Draw the split of a node and of all below it, depth first."""
    if not height:
        return
    lengths = list(accumulate(end - start for start, end in sides))
    feature = bisect(lengths, next(draw) * lengths[-1], 0, len(sides) - 1)
    start, end = sides[feature]
    low, high = start + PADDING * (end - start), end - PADDING * (end - start)
    at = low + (high - low) * next(draw)
    splits[node] = feature, at
    sides[feature] = start, at
    _split(2 * node + 1, height - 1, sides, draw, splits)
    sides[feature] = at, end
    _split(2 * node + 2, height - 1, sides, draw, splits)
    sides[feature] = start, end
