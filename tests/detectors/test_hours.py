import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.toolbox.decay import DAY, HOUR, step_factor, steps_between
from detectors.toolbox.gaps import GapModel, Gaps
from detectors.toolbox.hours import CELLS, HourModel, Hours, cell_of

MODEL = HourModel()
MONDAY = 1_754_870_400.0


def worker(days: int = 200, hours: tuple[int, ...] = (8, 9, 10, 13, 14, 15)) -> Hours:
    own = Hours()
    for day in range(days):
        if day % 7 < 5:
            for hour in hours:
                time = MONDAY + day * DAY + hour * HOUR
                MODEL.learn(cell_of(time), time, [own])
    return own


@given(st.lists(st.integers(0, CELLS - 1), max_size=60))
def test_the_least_likely_hour_has_its_own_mass_and_the_likeliest_has_all(cells: list[int]) -> None:
    own = Hours()
    for index, cell in enumerate(cells):
        MODEL.learn(cell, MONDAY + index * DAY, [own])
    ps = [MODEL.judge(cell, MONDAY + 60 * DAY, [own]) for cell in range(CELLS)]
    assert max(ps) == pytest.approx(1.0)
    assert min(ps) > 0.0


@given(
    st.lists(st.lists(st.integers(0, CELLS - 1), max_size=40), min_size=1, max_size=4),
    st.integers(0, CELLS - 1),
)
def test_p_is_the_mass_of_the_cells_at_most_as_likely(counted: list[list[int]], cell: int) -> None:
    levels = [Hours() for _ in counted]
    for level, cells in zip(levels, counted, strict=True):
        for index, one in enumerate(cells):
            MODEL.learn(one, MONDAY + index * DAY, [level])
    uniform = np.repeat([5 / 7 / 24, 2 / 7 / 24], 24)
    chance, a, now = uniform, MODEL.concentration, MONDAY + 100 * DAY
    for level in reversed(levels):
        if level is levels[0] and len(levels) > 1:
            chance = (1 - MODEL.anytime) * chance + MODEL.anytime * uniform
        if level.cells:
            left = step_factor(steps_between(level.time, now, MODEL.half_life))
            counts = np.array(level.cells) / 9 * left
            chance = (counts + a * chance) / (counts.sum() + a)
    expected = chance[chance <= chance[cell] * (1 + 1e-9)].sum()
    assert MODEL.judge(cell, now, levels) == pytest.approx(min(1.0, expected), rel=1e-9)


def test_night_is_unusual_for_who_works_by_day_and_an_hour_more_is_not() -> None:
    own, now = worker(), MONDAY + 203 * DAY
    night, evening, day = (MODEL.judge(hour, now, [own]) for hour in (3, 16, 9))
    assert night < 0.02 < evening < day


def test_the_day_is_a_circle() -> None:
    own, now = worker(hours=(22, 23)), MONDAY + 203 * DAY
    assert MODEL.judge(0, now, [own]) > 3 * MODEL.judge(12, now, [own])


def test_weekends_are_told_from_weekdays() -> None:
    own, now = worker(), MONDAY + 203 * DAY
    assert MODEL.judge(24 + 9, now, [own]) < 0.02 < MODEL.judge(9, now, [own])


def test_one_night_is_not_made_unbelievable_by_a_thousand_early_risers() -> None:
    own, peers, everybody = worker(), worker(), worker()
    for _ in range(20):
        everybody.cells = [count * 2 for count in everybody.cells]
    assert MODEL.judge(3, MONDAY + 203 * DAY, [own, peers, everybody]) > 1e-4


def test_much_within_one_hour_is_one_observation() -> None:
    own = Hours()
    for minute in range(59):
        MODEL.learn(9, MONDAY + 9 * HOUR + 60 * minute, [own])
    assert sum(own.cells) == 9


def test_state_is_small_and_survives_the_wire() -> None:
    packed = msgspec.msgpack.encode(worker(900))
    assert len(packed) < 200
    assert msgspec.msgpack.decode(packed, type=Hours).usual() == "weekdays 08-16 h"


def test_p_values_of_hours_are_valid_on_draws() -> None:
    rng = np.random.default_rng(3)
    model, own, ps = HourModel(half_life=1e9), Hours(), []
    for day in range(3000):
        hour = int(rng.normal(13, 3)) % 24
        time = MONDAY + day * DAY + hour * HOUR
        ps.append(model.judge(cell_of(time), time, [own]))
        model.learn(cell_of(time), time, [own])
    for k in (2, 4, 7):
        assert np.mean(np.array(ps) <= 2.0**-k) <= 1.3 * 2.0**-k


def test_p_values_of_heavy_tailed_gaps_are_valid_on_draws() -> None:
    rng = np.random.default_rng(5)
    model, ps = GapModel(half_life=1e12), []
    everybody = Gaps()
    for _ in range(30):
        own, time = Gaps(), MONDAY
        for gap in 9 * HOUR * (1 + rng.pareto(0.8, 100)):
            time += min(gap, 1e8)
            ps.append(model.judge(time, [own, everybody]))
            model.learn(time, [own, everybody])
    for k in (2, 4, 7):
        assert np.mean(np.array(ps) <= 2.0**-k) <= 1.3 * 2.0**-k


def test_waking_after_years_is_unusual_for_who_comes_daily_only() -> None:
    model, daily, rare = GapModel(half_life=1e12), Gaps(), Gaps()
    for day in range(300):
        model.learn(MONDAY + day * DAY, [daily])
        model.learn(MONDAY + (day % 9) ** 3 * 200 * DAY + day * 5000 * DAY, [rare])
    assert model.judge(daily.time + 700 * DAY, [daily]) < 0.01
    assert model.judge(rare.time + 700 * DAY, [rare]) > 0.1
