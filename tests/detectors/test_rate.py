"""Counts per window, burst sizes and shares against scipy and against simulated habits."""

import doctest
import math
import random
from types import ModuleType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detectors.toolbox import burst, matches, proportion, rate, versions
from detectors.toolbox.burst import GROUP_STRENGTH, SCALE, Bursts
from detectors.toolbox.proportion import Proportion, of_group
from detectors.toolbox.rate import Moments, Rate, at_least

DAY = 86_400.0
HALF_LIFE = 180 * DAY


@pytest.mark.parametrize("module", [burst, matches, proportion, rate, versions])
def test_examples_in_the_documentation(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


@given(
    st.integers(0, 60),
    st.floats(1e-4, 40.0),
    st.floats(1e-2, 1e3),
)
def test_negative_binomial_tail_is_scipys(n: int, mean: float, shape: float) -> None:
    expected = stats.nbinom.sf(n - 1, shape, shape / (shape + mean))
    assert at_least(n, mean, shape) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@given(st.integers(0, 60), st.floats(1e-4, 40.0))
def test_poisson_tail_is_scipys(n: int, mean: float) -> None:
    assert at_least(n, mean, math.inf) == pytest.approx(
        stats.poisson.sf(n - 1, mean), rel=1e-6, abs=1e-12
    )


@given(st.integers(0, 200), st.integers(0, 200), st.floats(0.01, 0.99), st.floats(0.1, 20.0))
def test_proportion_is_the_mean_of_the_beta_posterior(
    hits: int, misses: int, prior: float, strength: float
) -> None:
    seen = Proportion(float(hits), float(hits + misses))
    posterior = stats.beta(hits + strength * prior, misses + strength * (1 - prior))
    assert seen.probability(prior, strength) == pytest.approx(posterior.mean())


def test_back_off_follows_own_history_as_it_grows() -> None:
    prior = of_group(Proportion(0.0, 1000.0), Proportion(900.0, 1000.0), 0.5, 10.0)
    own = Proportion()
    before = own.probability(prior, 1.0)
    for day in range(20):
        own.learn(True, day * DAY, HALF_LIFE)
    assert before < 0.01
    assert own.probability(prior, 1.0) > 0.9


def test_the_organisation_stands_in_for_peers_without_history() -> None:
    organization = Proportion(900.0, 1000.0)
    assert of_group(Proportion(), organization, 0.5, 10.0) > 0.85


def test_old_habits_fade() -> None:
    own = Proportion()
    for day in range(50):
        own.learn(True, day * DAY, HALF_LIFE)
    for day in range(2000, 2050):
        own.learn(False, day * DAY, HALF_LIFE)
    assert own.probability(0.5, 1.0) < 0.05


def test_rate_p_values_are_honest_for_an_overdispersed_habit() -> None:
    """Days with one event or, one time in four, a cluster: small p about as often as they say."""
    rng = random.Random(7)  # noqa: S311 - a seeded simulation
    own = Rate()
    small = judged = 0
    for day in range(4000):
        n = 0
        if rng.random() < 0.3:
            n = 1 + (rng.randint(1, 5) if rng.random() < 0.25 else 0)
        for i in range(n):
            time = day * DAY + i * 3600.0
            p = own.surprise(time, DAY, Moments(1.0, 3, 9), 1.0)
            if day > 200:
                judged += 1
                small += p <= 1 / 32
            own.learn(time, DAY, HALF_LIFE)
    assert judged > 1000
    assert small / judged <= 1.5 / 32


def test_a_steady_rate_makes_a_cluster_surprising() -> None:
    own = Rate()
    for week in range(60):
        own.learn(week * 7 * DAY, DAY, HALF_LIFE)
    start = 60 * 7 * DAY
    ps = []
    for i in range(6):
        ps.append(own.surprise(start + i * 3600, DAY, Moments(), 1.0))
        own.learn(start + i * 3600, DAY, HALF_LIFE)
    assert ps[0] == 1.0
    assert ps == sorted(ps, reverse=True)
    assert ps[-1] < 1e-4


@given(
    st.lists(st.integers(1, 40), max_size=60),
    st.lists(st.integers(1, 40), max_size=60),
)
def test_burst_sizes_give_a_decreasing_p(own: list[int], others: list[int]) -> None:
    mine, group = Bursts(), Bursts()
    for i, size in enumerate(own):
        mine.learn(0, size, i * DAY, HALF_LIFE)
    for i, size in enumerate(others):
        group.learn(0, size, i * DAY, HALF_LIFE)
    ps = [mine.at_least(n, group.hazards((0.25, 0.5))) for n in range(1, 41)]
    assert ps[0] == 1.0
    assert all(0.0 < p <= 1.0 for p in ps)
    assert ps == sorted(ps, reverse=True)


def test_burst_p_values_are_honest() -> None:
    """Geometric bursts, judged before they are learned: P(p <= a) is at most about a."""
    rng = random.Random(11)  # noqa: S311 - a seeded simulation
    sizes = Bursts()
    finals = []
    for i in range(6000):
        size = 1
        while rng.random() < 0.25:
            size += 1
        if i > 100:
            finals.append(sizes.at_least(size, (0.25, 0.5)))
        sizes.learn(0, size, i * DAY, HALF_LIFE)
    for k in (2, 4, 6, 8):
        assert sum(p <= 2.0**-k for p in finals) / len(finals) <= 1.3 * 2.0**-k + 0.001


def test_what_has_happened_is_not_rarer_than_it_was() -> None:
    """One train of twelve in forty bursts: the next train is expected one time in forty."""
    sizes = Bursts()
    for i in range(39):
        sizes.learn(0, 1, i * DAY, 1e12)
    sizes.learn(0, 12, 40 * DAY, 1e12)
    assert sizes.at_least(12, (0.25, 0.5)) >= 1 / 40


def test_a_burst_learned_in_parts_counts_once() -> None:
    whole, parts = Bursts(), Bursts()
    whole.learn(0, 7, 0.0, HALF_LIFE)
    for before, size in ((0, 1), (1, 2), (2, 5), (5, 7)):
        parts.learn(before, size, 0.0, HALF_LIFE)
    assert whole == parts


def test_group_says_less_than_own_history() -> None:
    group = Bursts()
    for i in range(int(GROUP_STRENGTH)):
        group.learn(0, 1, i * 1.0, HALF_LIFE)
    assert group.hazards((0.5,))[0] == pytest.approx(0.25, rel=1e-3)
    assert len(group.hazards((0.5,))) == len(SCALE) - 1


def test_states_survive_packing() -> None:
    own = Rate()
    for week in range(10):
        own.learn(week * 7 * DAY, DAY, HALF_LIFE)
    packed = msgspec.msgpack.encode(own)
    assert msgspec.msgpack.decode(packed, type=Rate) == own
    assert len(packed) < 48
