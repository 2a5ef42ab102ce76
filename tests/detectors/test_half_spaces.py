"""Half-space trees: river's score, in numbers that can be stored."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river.anomaly import HalfSpaceTrees
from river.tree.padded import PaddedBranch, PaddedLeaf

from detectors.toolbox.half_spaces import Counts, Forest

DAY = 86_400.0
Point = tuple[float, ...]
points = st.lists(st.tuples(*[st.floats(0.0, 1.0)] * 3), min_size=1, max_size=40)


def cloud(seed: int, count: int = 300, features: int = 6) -> list[Point]:
    draw = np.random.default_rng(seed)
    return [tuple(float(v) for v in point) for point in draw.beta(2.0, 6.0, (count, features))]


def learned(forest: Forest, made: list[Point], time: float = 0.0) -> Counts:
    group = Counts()
    for point in made:
        forest.learn(point, time, group)
    return group


def branch(splits: Sequence[tuple[int, float]], node: int = 0) -> PaddedBranch | PaddedLeaf:
    """River's tree with our splits."""
    if node >= len(splits):
        return PaddedLeaf(l_mass=0, r_mass=0)
    feature, at = splits[node]
    below = (branch(splits, 2 * node + side) for side in (1, 2))
    return PaddedBranch(*below, feature=feature, threshold=at, l_mass=0, r_mass=0)


@given(made=points, probe=st.tuples(*[st.floats(0.0, 1.0)] * 3), seed=st.integers(0, 50))
@settings(max_examples=60, deadline=None)
def test_a_trees_score_is_rivers(made: list[Point], probe: Point, seed: int) -> None:
    forest = Forest(3, half_life=1e15, trees=1, height=4, seed=seed)
    group = learned(forest, made)
    river = HalfSpaceTrees(n_trees=1, height=4, window_size=len(made))
    river.trees = [branch(splits) for splits in forest.splits]
    river._tree_nodes = [list(tree.iter_dfs()) for tree in river.trees]
    for point in made:
        river.learn_one(dict(enumerate(point)))
    expected = river.score_one(dict(enumerate(probe)))
    assert 1.0 - 1.0 / forest.score(probe, group) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_points_far_from_all_others_have_the_higher_scores(seed: int) -> None:
    forest = Forest(6, half_life=30 * DAY)
    group = learned(forest, cloud(seed, 2000))
    inside = [forest.score(point, group) for point in cloud(seed + 100, 200)]
    draw = np.random.default_rng(seed)
    outside = [forest.score(tuple(draw.uniform(0.7, 1.0, 6)), group) for _ in range(200)]
    higher = np.mean([[o > i for i in inside] for o in outside])
    assert higher > 0.99


def test_what_a_group_used_to_do_becomes_unusual_again() -> None:
    forest = Forest(2, half_life=5 * DAY)
    group = Counts()
    for day in range(20):
        for _ in range(20):
            forest.learn((0.9, 0.9), day * DAY, group)
    at_first = forest.score((0.9, 0.9), group)
    for day in range(20, 100):
        for _ in range(20):
            forest.learn((0.1, 0.1), day * DAY, group)
    assert forest.score((0.9, 0.9), group) > 4.0 * at_first
    assert forest.score((0.1, 0.1), group) < 1.2 * at_first


def test_the_same_seed_draws_the_same_trees_and_another_does_not() -> None:
    made, probe = cloud(1), cloud(2)[:20]
    one, same, other = (Forest(6, 1e15, seed=seed) for seed in (1, 1, 2))
    scores = [[f.score(p, learned(f, made)) for p in probe] for f in (one, same, other)]
    assert scores[0] == scores[1] != scores[2]


def test_a_group_is_stored_in_few_bytes() -> None:
    forest = Forest(10, half_life=30 * DAY)
    group = learned(forest, cloud(3, 5000, features=10))
    data = msgspec.msgpack.encode(group)
    assert len(data) < 3_000
    again = msgspec.msgpack.decode(data, type=Counts)
    assert forest.score((0.5,) * 10, again) == forest.score((0.5,) * 10, group)


def test_without_points_nothing_is_unusual() -> None:
    assert Forest(2, 1e9).score((0.5, 0.5), Counts()) == 1.0
