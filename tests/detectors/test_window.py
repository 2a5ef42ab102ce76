"""The memory of the latest events, and sessions built on it."""

import doctest
from types import ModuleType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.toolbox import sessions, window
from detectors.toolbox.sessions import Growth, Sessions
from detectors.toolbox.window import Window, label_of

HALF_LIFE = 180 * 86_400.0
GAP = 1800.0
KEEP = 172_800.0
EVENTS = st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 9)), max_size=60)


@pytest.mark.parametrize("module", [window, sessions])
def test_examples_in_the_documentation(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


@given(EVENTS)
def test_memory_is_bounded_sorted_and_free_of_repeats(events: list[tuple[int, int]]) -> None:
    memory = Window()
    for time, label in events:
        memory.add(time, label, size=8, keep=5_000)
    kept = memory.events
    assert kept == sorted(set(kept))
    assert len(kept) <= 8
    assert not kept or kept[-1][0] - kept[0][0] <= 5_000
    assert len(msgspec.msgpack.encode(memory)) <= 8 * 9 + 8


@given(EVENTS, st.integers(0, 20_000))
def test_session_is_what_a_plain_search_finds(events: list[tuple[int, int]], now: int) -> None:
    memory = Window()
    for time, label in events:
        memory.add(time, label, size=100, keep=1e9)
    labels = set()
    after = now
    for time, label in sorted(set(events), reverse=True):
        if time <= now:
            if after - time > GAP:
                break
            labels.add(label)
            after = time
    assert memory.run(now, GAP) == len(labels)


@given(EVENTS, st.integers(0, 20_000), st.integers(0, 20_000))
def test_since_is_what_a_filter_finds(events: list[tuple[int, int]], start: int, end: int) -> None:
    memory = Window()
    for time, label in events:
        memory.add(time, label, size=100, keep=1e9)
    expected = sorted({e for e in events if start <= e[0] <= end})
    assert memory.since(start, end) == expected


def test_a_repetition_is_told() -> None:
    memory = Window()
    assert memory.add(5, 1, 8, 100)
    assert not memory.add(5, 1, 8, 100)


def test_labels_are_the_same_everywhere() -> None:
    assert label_of("npm/chalk") == 0xAAD3


def test_the_open_session_is_not_measured_by_itself() -> None:
    seen = Sessions()
    for label in range(5):
        seen.learn(label * 10, label, GAP, KEEP, HALF_LIFE)
    assert seen.sizes.count == 0.0
    assert seen.size_with(60, 99, GAP) == 6
    growth = seen.learn(100_000, 1, GAP, KEEP, HALF_LIFE)
    assert growth == Growth(0, 5)
    assert seen.sizes.count == 1.0


def test_what_was_only_observed_belongs_to_the_session_but_not_to_the_sizes() -> None:
    seen = Sessions()
    seen.learn(0, 0, GAP, KEEP, HALF_LIFE)
    for label in range(1, 6):
        seen.observe(label * 10, label, KEEP)
    assert seen.size_with(60, 9, GAP) == 7
    assert seen.learn(90_000, 1, GAP, KEEP, HALF_LIFE) == Growth(0, 1)


def test_events_learned_a_day_late_end_as_if_learned_in_time() -> None:
    late, timely = Sessions(), Sessions()
    events = [(i * 10.0, i) for i in range(6)]
    for time, label in events:
        timely.learn(time, label, GAP, KEEP, HALF_LIFE)
        late.observe(time, label, KEEP)
    for time, label in events[:2]:
        late.learn(time, label, GAP, KEEP, HALF_LIFE)
    for sessions_ in (late, timely):
        sessions_.learn(50_000, 0, GAP, KEEP, HALF_LIFE)
    for time, label in events[2:]:
        late.learn(time, label, GAP, KEEP, HALF_LIFE)
    assert late.sizes.reached == pytest.approx(timely.sizes.reached, rel=1e-4)
