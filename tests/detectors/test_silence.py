"""Sources that fall silent, against generated rhythms; and the timers that notice."""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import chain, takewhile
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from detectors.artifact_samples import DAY, HOUR, activity
from detectors.base import Scope
from detectors.keys import SAMPLED_ONE_IN, keys_of
from detectors.source_silent import SourceSilent
from detectors.toolbox.silence import CLASSES, Rhythm, class_of
from pipeline.engine import Engine
from schemas.action import Action
from schemas.activity import Activity
from schemas.signal import Signal

MONDAY = activity(Action.LOGIN, "mara", 0.0).time // DAY * DAY


def event(time: float, source: str) -> Activity:
    made = activity(Action.TOKEN_CREATE, "github:mara", time - MONDAY - 9 * HOUR)
    return replace(made, source=source, uid=made.uid ^ hash_of(source))


def hash_of(source: str) -> int:
    return int.from_bytes(source.encode()[:7], "little")


def office(
    source: str, weeks: int, per_hour: float, seed: int, holidays: frozenset[int] = frozenset()
) -> Iterator[Activity]:
    """Generated: Poisson arrivals from seven to seventeen on working days."""
    rng = Random(seed)  # noqa: S311 - generated data
    time = MONDAY
    while time < MONDAY + weeks * 7 * DAY:
        time += rng.expovariate(per_hour / HOUR)
        day, second = divmod(time - MONDAY, DAY)
        if day % 7 < 5 and day not in holidays and 7 * HOUR <= second < 17 * HOUR:
            yield event(time, source)


def around_the_clock(source: str, weeks: int, per_hour: float, seed: int) -> Iterator[Activity]:
    """Generated: Poisson arrivals day and night, as of machines."""
    rng = Random(seed)  # noqa: S311 - generated data
    time = MONDAY
    while time < MONDAY + weeks * 7 * DAY:
        time += rng.expovariate(per_hour / HOUR)
        yield event(time, source)


def run(events: Iterable[Activity]) -> tuple[list[Signal], Engine]:
    engine = Engine([SourceSilent()], {})
    for offset, made in enumerate(events):
        engine.judge(f"source:{made.source}".encode(), made, offset)
    assert not engine.stats.errors
    return engine.take_signals(), engine


@pytest.mark.parametrize("seed", range(3))
def test_nights_weekends_and_a_holiday_are_no_silence(seed: int) -> None:
    people = office("okta.system_log", 20, 4.0, seed, holidays=frozenset({44, 45, 105}))
    machines = around_the_clock("github.audit", 20, 4.0, seed + 100)
    found, _ = run(merge(people, machines, key=lambda made: made.time))
    assert not found


def stopped(at: float, weeks: int = 12) -> Iterator[Activity]:
    machines = around_the_clock("github.audit", weeks, 20.0, 1)
    people = office("okta.system_log", weeks, 30.0, 2)
    speaking = takewhile(lambda made: made.time < at, machines)
    return merge(speaking, people, key=lambda made: made.time)


def test_a_stream_that_stops_is_noticed_within_the_day_and_named() -> None:
    at = MONDAY + 10 * 7 * DAY + 9 * HOUR
    (signal,), _ = run(stopped(at))
    assert signal.identity == "source:github.audit"
    assert at < signal.time < at + DAY
    assert "github.audit silent since 2025-03-10 08:5" in signal.title
    assert signal.p < 2**-9


def test_the_busier_a_source_the_sooner_it_is_missed() -> None:
    at = MONDAY + 10 * 7 * DAY + 9 * HOUR

    def noticed(per_hour: float) -> float:
        machines = around_the_clock("github.audit", 11, per_hour, 1)
        events = merge(
            takewhile(lambda made: made.time < at, machines),
            around_the_clock("npm.registry", 11, 2.0, 3),
            key=lambda made: made.time,
        )
        (signal,), _ = run(events)
        return signal.time - at

    assert noticed(60.0) < noticed(6.0)


def test_when_all_fall_silent_at_once_none_is_blamed() -> None:
    events = merge(
        around_the_clock("github.audit", 10, 20.0, 1),
        around_the_clock("npm.registry", 10, 20.0, 2),
        key=lambda made: made.time,
    )
    _, engine = run(events)
    engine.advance(engine.state.meta.clock + 30 * DAY)
    assert not engine.take_signals()


def test_one_silence_is_told_once_and_the_next_one_again() -> None:
    first, second = (MONDAY + week * 7 * DAY + 9 * HOUR for week in (8, 10))
    machines = (
        made
        for made in around_the_clock("github.audit", 12, 20.0, 1)
        if not (first < made.time < first + 2 * DAY or second < made.time < second + 2 * DAY)
    )
    others = around_the_clock("npm.registry", 12, 10.0, 2)
    found, engine = run(merge(machines, others, key=lambda made: made.time))
    assert [signal.time > second for signal in found] == [False, True]
    assert len({signal.uid for signal in found}) == 2
    assert engine.stats.timers < 3000


def test_a_source_that_becomes_rare_is_soon_taken_as_it_is() -> None:
    change = MONDAY + 8 * 7 * DAY
    before = takewhile(
        lambda made: made.time < change, around_the_clock("github.audit", 8, 20.0, 1)
    )
    after = (event(change + (n + 1) * DAY, "github.audit") for n in range(60))
    others = around_the_clock("npm.registry", 16, 10.0, 2)
    found, _ = run(merge(chain(before, after), others, key=lambda made: made.time))
    of_it = [signal.time - change for signal in found if signal.identity == "source:github.audit"]
    assert of_it
    assert max(of_it) < 7 * DAY


def test_a_source_that_tells_late_is_not_silent() -> None:
    def told_late(made: Activity) -> Activity:
        return replace(made, received=made.time + 6 * HOUR)

    late = map(told_late, around_the_clock("google_workspace.activity", 12, 10.0, 1))
    prompt = around_the_clock("github.audit", 12, 10.0, 2)
    arrived = merge(late, prompt, key=lambda made: max(made.time, made.received))
    found, _ = run(arrived)
    assert not found


def test_of_frequent_actions_a_sample_is_kept_under_the_source() -> None:
    logins = [
        replace(event(MONDAY, "okta.system_log"), action=Action.LOGIN, uid=n) for n in range(320)
    ]
    kept = [made for made in logins if keys_of(Scope.SOURCE, made)]
    assert len(kept) == 320 / SAMPLED_ONE_IN
    rare = replace(logins[1], action=Action.POLICY_CHANGE)
    assert keys_of(Scope.SOURCE, rare) == ["source:okta.system_log"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.0, 40 * DAY), min_size=1, max_size=60))
def test_p_falls_with_the_silence_and_the_timer_stands_where_it_says(gaps: list[float]) -> None:
    rhythm = Rhythm()
    time = MONDAY
    for gap in gaps:
        time += gap
        rhythm.learn(time, 0.0)
    ps = [rhythm.at_least(reached) for reached in range(CLASSES)]
    assert ps[0] == 1.0
    assert ps == sorted(ps, reverse=True)
    assert all(0.0 < p <= 1.0 for p in ps)
    at = rhythm.until(rhythm.last, 4.0)
    if at is not None:
        assert rhythm.missing(rhythm.last, at) == pytest.approx(4.0, rel=1e-6)
    assert class_of(4.0) == 2
