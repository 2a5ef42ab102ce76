"""MIDAS: the same as an exact count of every event, in a few bytes."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import sketch
from scipy.stats import chi2, chisquare

from detectors.toolbox.edges import EdgeModel, Edges, cells_of, chi_square, tail

HOUR = 3_600.0
DAY = 24 * HOUR
FOREVER = EdgeModel(half_life=1e15)
NAMES = [f"github.com/example/service-{n}" for n in range(12)]
events = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(NAMES)), max_size=80).map(sorted)


def alone() -> list[str]:
    """Names of which no two share a counter in both rows."""
    kept: list[str] = []
    for name in NAMES:
        if not any(set(cells_of(name)) & set(cells_of(other)) for other in kept):
            kept.append(name)
    return kept


class Exact:
    """MIDAS with a list of all events instead of sketches."""

    def __init__(self) -> None:
        self.events: list[tuple[int, str]] = []

    def judge(self, name: str, tick: int) -> float:
        ticks = tick - min((t for t, _ in self.events), default=tick) + 1
        now = 1 + sum(event == (tick, name) for event in self.events)
        total = 1 + sum(known == name for _, known in self.events)
        if ticks < 2 or now <= total / ticks:
            return 0.0
        return (now - total / ticks) ** 2 * ticks**2 / (total * (ticks - 1))


def learned(made: list[tuple[int, str]], model: EdgeModel = FOREVER) -> Edges:
    own = Edges()
    for tick, name in made:
        model.learn(name, tick * HOUR, own)
    return own


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(alone())), max_size=80).map(sorted))
def test_without_collisions_it_is_the_exact_statistic(made: list[tuple[int, str]]) -> None:
    own, exact = Edges(), Exact()
    for tick, name in made:
        expected = exact.judge(name, tick)
        assert FOREVER.judge(name, tick * HOUR, own) == pytest.approx(expected, rel=1e-6, abs=1e-9)
        FOREVER.learn(name, tick * HOUR, own)
        exact.events.append((tick, name))


@given(events)
def test_counts_are_never_too_small(made: list[tuple[int, str]]) -> None:
    own = learned(made)
    last = made[-1][0] if made else 0
    exact = Counter(name for tick, name in made if tick == last)
    for name in NAMES:
        assert FOREVER.counted(name, last * HOUR, own) >= exact[name]


@given(st.lists(st.sampled_from(alone()), max_size=60))
def test_counts_are_those_of_rivers_sketch(names: list[str]) -> None:
    counter = sketch.Counter(epsilon=0.005, seed=0)
    for name in names:
        counter.update(name)
    own = learned([(7, name) for name in names])
    for name in set(names):
        assert FOREVER.counted(name, 7 * HOUR, own) == counter[name]


@given(st.integers(1, 500), st.integers(0, 500), st.integers(2, 500))
def test_the_statistic_is_a_chi_square_test(now: int, before: int, ticks: int) -> None:
    total = now + before
    expected = [total / ticks, total - total / ticks]
    reference = chisquare([now, before], expected)
    statistic = chi_square(now, total, ticks)
    if now > expected[0]:
        assert statistic == pytest.approx(reference.statistic)
        assert tail(statistic) == pytest.approx(reference.pvalue, abs=1e-12)
        assert tail(statistic) == pytest.approx(chi2.sf(statistic, 1), abs=1e-12)
    else:
        assert statistic == 0.0


def test_a_habit_that_ended_is_forgotten() -> None:
    model = EdgeModel(half_life=10 * DAY)
    own = learned([(hour, NAMES[0]) for hour in range(24 * 60)], model)
    assert model.usual(NAMES[0], 60 * DAY, own) == pytest.approx(1.0, rel=0.1)
    gone = model.usual(NAMES[0], 70 * DAY, own)
    assert gone == pytest.approx(0.5, rel=0.15)
    assert model.judge(NAMES[0], 160 * DAY, own) > 10 * model.judge(NAMES[0], 70 * DAY, own)


def test_new_things_are_no_burst_with_a_prior() -> None:
    own = learned([(hour, NAMES[0]) for hour in range(1000)])
    now = 1000 * HOUR
    cautious = EdgeModel(half_life=1e15, prior=0.25)
    assert FOREVER.judge(NAMES[1], now, own) > 900
    assert cautious.judge(NAMES[1], now, own) < 4


def test_events_in_disorder_neither_raise_nor_count_as_now() -> None:
    own = learned([(10, NAMES[0])])
    FOREVER.learn(NAMES[0], 3 * HOUR, own)
    assert FOREVER.counted(NAMES[0], 10 * HOUR, own) == 1
    assert FOREVER.judge(NAMES[0], 3 * HOUR, own) == 0.0


@given(events, st.integers(1, 50))
def test_bytes_are_bounded(made: list[tuple[int, str]], times: int) -> None:
    own = learned(made * times)
    assert len(msgspec.msgpack.encode(own)) <= 280


def test_what_people_touch_takes_few_bytes() -> None:
    made = [(24 * day + hour, NAMES[(day + hour) % 4]) for day in range(90) for hour in range(8)]
    own = learned(made, EdgeModel(half_life=30 * DAY))
    assert len(msgspec.msgpack.encode(own)) <= 140
