"""Seasonal forecasts: river's numbers without outliers, robust with them."""

import msgspec
import numpy as np
import pytest
from river.drift import ADWIN
from river.time_series import HoltWinters
from scipy.stats import norm

from detectors.toolbox.forecast import KEPT, ForecastModel, Series, stabilised

DAYS = 60


def counts(days: int, seed: int, *, level: float = 20.0) -> list[int]:
    """Hours of days with a working day in them."""
    draw = np.random.default_rng(seed)
    rate = [level * (2.0 if 8 <= hour % 24 < 17 else 0.2) for hour in range(24 * days)]
    return [int(n) for n in draw.poisson(rate)]


def learned(values: list[int], model: ForecastModel) -> Series:
    series = Series()
    for hour, count in enumerate(values):
        model.learn(count, hour % 24, series)
    return series


def test_it_forecasts_as_rivers_holt_winters() -> None:
    """River starts from other values, and has a trend: it is given ours, and none."""
    model = ForecastModel(robust=False)
    series = learned(counts(150, 1), model)  # long enough for the gains to be constant
    reference = HoltWinters(alpha=model.alpha, beta=1e-12, gamma=model.gamma, seasonality=24)
    reference.level.append(series.level)
    reference.trend.append(0.0)
    reference.season.extend(series.season)
    reference._initialized = True
    for hour, count in enumerate(counts(10, 2)):
        expected = max(reference.forecast(1)[0], 0.0) ** 2
        assert model.expected(hour % 24, series) == pytest.approx(expected, rel=1e-6, abs=1e-6)
        model.learn(count, hour % 24, series)
        reference.learn_one(stabilised(count))


def test_scale_is_that_of_poisson_counts() -> None:
    series = learned(counts(DAYS, 3), ForecastModel())
    assert 0.5 <= series.variance**0.5 < 0.6
    z = np.linspace(-8.0, 8.0, 200_001)
    clipped = np.minimum(z * z, 4.0) * norm.pdf(z)
    assert float(np.trapezoid(clipped, z)) == pytest.approx(KEPT, abs=1e-3)


def test_a_flood_is_far_beyond_forecast_and_teaches_little() -> None:
    model = ForecastModel()
    series = learned(counts(DAYS, 4), model)
    usual = model.expected(10, series)
    assert model.score(40, 10, series) < 3.0
    assert model.score(900, 10, series) > 30.0
    for hour in range(8, 12):
        model.learn(900, hour, series)
    assert model.expected(10, series) < 1.3 * usual
    assert model.score(900, 10, series) > 15.0


@pytest.mark.parametrize("seed", range(3))
def test_a_lasting_change_is_learned_within_weeks(seed: int) -> None:
    model, before, after = ForecastModel(), counts(DAYS, seed), counts(DAYS, seed + 9, level=60.0)
    series = learned(before, model)
    loud = []
    for hour, count in enumerate(after):
        loud.append(model.score(count, hour % 24, series) > 4.0)
        model.learn(count, hour % 24, series)
    assert any(loud[:48])
    assert not any(loud[14 * 24 :])


def test_a_lasting_change_is_one_to_adwin_too() -> None:
    """River's ADWIN keeps its window in compiled code and cannot be stored as numbers."""
    adwin, changed = ADWIN(), []
    for day, count in enumerate(np.array(counts(DAYS, 5) + counts(DAYS, 6, level=60.0))[10::24]):
        adwin.update(float(stabilised(count)))
        if adwin.drift_detected:
            changed.append(day)
    assert changed
    assert min(changed) >= DAYS


def test_it_is_stored_in_few_bytes() -> None:
    model = ForecastModel()
    series = learned(counts(DAYS, 7), model)
    data = msgspec.msgpack.encode(series)
    assert len(data) < 256
    again = msgspec.msgpack.decode(data, type=Series)
    assert model.score(99, 3, again) == model.score(99, 3, series)


def test_nothing_is_expected_of_an_empty_series() -> None:
    assert ForecastModel().expected(3, Series()) == pytest.approx(0.375)
    assert ForecastModel().score(0, 3, Series()) == 0.0
