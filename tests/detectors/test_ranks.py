"""Scores to p-values by rank: valid whatever the scores are, also while they drift."""

import doctest
from types import ModuleType

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from detectors import day_features
from detectors.toolbox import edges, forecast, half_spaces, peaks, ranks
from detectors.toolbox.ranks import RankModel, Ranks

DAY = 86_400.0
HOUR = 3_600.0
FOREVER = RankModel(half_life=1e15)
MODEL = RankModel(half_life=10 * DAY, least=2.0**-6)
KINDS = ["lognormal", "exponential", "pareto", "integers"]
scores = st.lists(st.floats(0.0, 1e9), max_size=60)


@pytest.mark.parametrize("module", [day_features, edges, forecast, half_spaces, peaks, ranks])
def test_examples_in_the_documentation(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


def sample(kind: str, seed: int, count: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    if kind == "lognormal":
        return draw.lognormal(0.0, 2.0, count)
    if kind == "exponential":
        return draw.exponential(1.0, count)
    if kind == "pareto":
        return draw.pareto(1.0, count)
    return draw.geometric(0.3, count).astype(float)


def judged(values: np.ndarray, model: RankModel, gap: float) -> np.ndarray:
    """p-value of each value among those before it."""
    past, ps = Ranks(), []
    for n, value in enumerate(values):
        ps.append(model.judge(float(value), n * gap, [past]))
        model.learn(float(value), n * gap, [past])
    return np.array(ps)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("model", [FOREVER, MODEL], ids=["remembering", "forgetting"])
def test_exchangeable_scores_have_p_values_uniform_or_larger(
    model: RankModel, seed: int, kind: str
) -> None:
    ps = judged(sample(kind, seed, 2000), model, HOUR)[100:]
    # "greater": is the share of p-values at or below some x larger than x?
    assert kstest(ps, "uniform", alternative="greater").pvalue > 0.01


@pytest.mark.parametrize("seed", range(5))
def test_fine_bins_lose_little(seed: int) -> None:
    ps = judged(sample("lognormal", seed, 4000), RankModel(1e15, 2.0**-10, 16, 400), HOUR)[500:]
    assert [float((ps <= x).mean()) for x in (0.5, 0.1, 0.02)] == pytest.approx(
        [0.5, 0.1, 0.02], rel=0.25
    )


@pytest.mark.parametrize("seed", range(3))
def test_under_slow_drift_forgetting_keeps_small_p_values_rare(seed: int) -> None:
    doubling = 60 * 24  # hours in which all scores double: six half-lives of the model
    drift = 2.0 ** (np.arange(6 * doubling) / doubling)
    values = sample("lognormal", seed, drift.size) * drift
    forgetting = judged(values, MODEL, HOUR)[doubling:]
    remembering = judged(values, FOREVER, HOUR)[doubling:]
    for x in (0.2, 0.05, 0.01):
        assert (forgetting <= x).mean() <= 1.15 * x
        assert (remembering <= x).mean() > (forgetting <= x).mean()


@given(scores, st.floats(0.0, 1e9), st.floats(0.0, 1e9))
def test_a_higher_score_never_has_a_larger_p_value(
    past: list[float], one: float, other: float
) -> None:
    kept = Ranks()
    for n, score in enumerate(past):
        MODEL.learn(score, n * DAY, [kept])
    low, high = sorted((one, other))
    now = len(past) * DAY
    assert 0.0 < MODEL.judge(high, now, [kept]) <= MODEL.judge(low, now, [kept]) <= 1.0


@given(scores, st.floats(0.0, 1e9))
def test_it_is_the_formula(past: list[float], score: float) -> None:
    kept = Ranks()
    for n, value in enumerate(past):
        MODEL.learn(value, n * DAY, [kept])
    now = len(past) * DAY
    weights = [2 ** ((n - len(past)) / 10) for n in range(len(past))]
    as_high = sum(
        weight
        for weight, value in zip(weights, past, strict=True)
        if MODEL.bin_of(value) >= MODEL.bin_of(score)
    )
    expected = (1 + as_high) / (1 + sum(weights))
    # Weights fade in steps of an eighth of a half-life.
    assert MODEL.judge(score, now, [kept]) == pytest.approx(expected, rel=0.1)


def test_a_level_that_has_seen_enough_needs_no_wider_one() -> None:
    team, everybody = Ranks(), Ranks()
    for n in range(100):
        FOREVER.learn(1.0, float(n), [team, everybody])
    for n in range(900):
        FOREVER.learn(64.0, float(n), [everybody])
    assert FOREVER.judge(8.0, 1e3, [team, everybody]) == pytest.approx(901 / 1001)
    for n in range(200):
        FOREVER.learn(1.0, float(n), [team, everybody])
    assert FOREVER.judge(8.0, 1e3, [team, everybody]) == pytest.approx(1 / 301)


@given(scores)
def test_bytes_are_bounded_and_survive_storage(past: list[float]) -> None:
    kept = Ranks()
    for n, score in enumerate(past):
        for _ in range(3):
            MODEL.learn(score, n * HOUR, [kept])
    data = msgspec.msgpack.encode(kept)
    assert len(data) <= 12 + 5 * MODEL.bins
    again = msgspec.msgpack.decode(data, type=Ranks)
    assert MODEL.judge(3.0, 1e6, [again]) == MODEL.judge(3.0, 1e6, [kept])


def test_what_was_forgotten_leaves_no_bytes() -> None:
    kept = Ranks()
    MODEL.learn(1e9, 0.0, [kept])
    MODEL.learn(0.0, 1000 * DAY, [kept])
    assert len(msgspec.msgpack.encode(kept)) < 12
    assert MODEL.judge(1e9, 1000 * DAY, [kept]) == pytest.approx(0.5)
