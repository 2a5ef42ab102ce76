import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detectors.toolbox.combine import cauchy, conjunction, fisher

P_VALUES = st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=8)


@given(P_VALUES)
def test_fisher_is_scipys(ps: list[float]) -> None:
    assert fisher(ps) == pytest.approx(stats.combine_pvalues(ps, "fisher").pvalue, rel=1e-6)


@given(P_VALUES)
def test_conjunction_is_the_distribution_of_the_maximum(ps: list[float]) -> None:
    assert conjunction(ps) == pytest.approx(max(stats.beta(len(ps), 1).cdf(max(ps)), 1e-12))


@given(P_VALUES, st.data())
def test_cauchy_is_the_tail_of_a_half_cauchy_variable(ps: list[float], data: st.DataObject) -> None:
    size = len(ps)
    weights = data.draw(st.lists(st.floats(0.1, 9.0), min_size=size, max_size=size))
    statistic = np.average(stats.halfcauchy.isf(ps), weights=weights)
    assert cauchy(ps, weights) == pytest.approx(stats.halfcauchy.sf(statistic), rel=1e-6)


@given(P_VALUES, st.floats(0.0, 1.0))
def test_less_surprising_in_is_not_more_surprising_out(ps: list[float], up: float) -> None:
    larger = [p + (1.0 - p) * up for p in ps]
    for combine in (fisher, cauchy, conjunction):
        assert combine(larger) >= combine(ps) * (1 - 1e-9)
        assert 0.0 < combine(ps) <= 1.0


def test_nothing_combined_is_no_surprise() -> None:
    assert [combine([]) for combine in (fisher, cauchy, conjunction)] == [1.0] * 3


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95])
def test_cauchy_stays_valid_under_dependence_at_the_signal_threshold(correlation: float) -> None:
    rng = np.random.default_rng(1)
    cover = np.full((4, 4), correlation) + (1 - correlation) * np.eye(4)
    ps = stats.norm.sf(rng.multivariate_normal(np.zeros(4), cover, 40_000))
    found = np.mean([cauchy(list(row)) <= 2**-7 for row in ps])
    assert found <= 1.15 * 2**-7


def test_fisher_is_uniform_for_independent_p_values() -> None:
    rng = np.random.default_rng(2)
    ps = [fisher(list(row)) for row in rng.random((20_000, 3))]
    assert stats.kstest(ps, "uniform").pvalue > 0.01
