"""The engine's work per event, counted rather than timed: cannot flake, catches what grew.

Counted are calls, of Python functions and of built-in ones, over the same generated events. A
budget is what was counted when it was set, and a fifth. Who needs more raises it, and says in
the commit message what for.
"""

from collections.abc import Callable, Iterator
from cProfile import Profile
from dataclasses import dataclass
from functools import cache
from itertools import islice
from types import TracebackType
from typing import Any, Self

import pytest

from detectors.base import Detector
from detectors.registry import DETECTORS
from pipeline.engine import Engine
from pipeline.generator import Organisation
from pipeline.records import Record, parse_line, to_line
from pipeline.stages.local import apply
from pipeline.stages.normalise import Normaliser
from schemas.activity import NOWHERE, encode
from schemas.identity import IdentityMap

RAW_RECORDS = 5000
CHUNK = 500


class Calls:
    """Counts calls while it is entered."""

    total = 0

    def __enter__(self) -> Self:
        self._profile = Profile()
        self._profile.enable()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._profile.disable()
        self.total = sum(entry.callcount for entry in self._profile.getstats())


@dataclass(frozen=True)
class Cost:
    """Per event: calls in the first and in the second half of the log, bytes to the changelog."""

    early: float
    late: float
    written: float

    @property
    def calls(self) -> float:
        return (self.early + self.late) / 2


@cache
def organisation() -> Organisation:
    """Generated events, the same in every run."""
    return Organisation(seed=7, identities=60, days=4)


@cache
def raw_records() -> tuple[Record, ...]:
    def parsed() -> Iterator[Record]:
        for event in organisation().events():
            record = parse_line(to_line(event), "", NOWHERE)
            assert isinstance(record, Record)
            yield record

    return tuple(islice(parsed(), RAW_RECORDS))


def normaliser() -> Normaliser:
    return Normaliser(DETECTORS, IdentityMap(organisation().identities()))


@cache
def activity_log() -> tuple[tuple[bytes, bytes], ...]:
    stage = normaliser()
    return tuple(
        (key, encode(activity))
        for record in raw_records()
        for activity in stage.normalise(record.raw, record.source)[0]
        for key in stage.keys(activity)
    )


@cache
def engine_cost(detectors: tuple[Detector[Any, Any], ...]) -> Cost:
    """What the engine costs, its flushes included."""
    stored: dict[bytes, bytes] = {}
    engine = Engine(detectors, stored)
    log = activity_log()
    half = len(log) // 2 // CHUNK * CHUNK
    written = 0
    calls: list[float] = []
    for first in (0, half):
        total = 0
        for start in range(first, first + half, CHUNK):
            with Calls() as counted:
                for offset in range(start, start + CHUNK):
                    engine.process(*log[offset], offset)
                entries = engine.flush()
            total += counted.total
            written += sum(len(key) + len(value or b"") for key, value in entries)
            apply(entries, stored)
        calls.append(total / half)
    assert not engine.stats.errors
    early, late = calls
    return Cost(early, late, written / (2 * half))


def normalise_calls() -> float:
    """Calls per raw record, to the keys under which its activities go on."""
    stage = normaliser()
    records = raw_records()
    with Calls() as counted:
        for record in records:
            for activity in stage.normalise(record.raw, record.source)[0]:
                stage.keys(activity)
    return counted.total / len(records)


@pytest.mark.parametrize(
    ("count", "budget"),
    [
        pytest.param(lambda: engine_cost(()).calls, 20, id="engine-without-detectors"),
        pytest.param(lambda: engine_cost(DETECTORS).calls, 370, id="engine-with-all-detectors"),
        pytest.param(normalise_calls, 190, id="normalise"),
    ],
)
def test_calls_per_event_stay_within_the_budget(count: Callable[[], float], budget: float) -> None:
    calls = count()
    assert calls <= budget, f"{calls:.1f} calls per event, the budget is {budget}"


def test_an_event_costs_no_more_when_there_is_more_history() -> None:
    cost = engine_cost(DETECTORS)
    assert cost.late <= 1.25 * cost.early


def test_bytes_written_per_event_stay_within_the_budget() -> None:
    assert engine_cost(()).written <= 20
    assert engine_cost(DETECTORS).written <= 170
