"""Runs one detector through the engine, as a worker does: holding out, learning a day later."""

from collections.abc import Iterable
from typing import Any

from detectors.base import Detector
from detectors.keys import keys_of
from pipeline.engine import Engine
from schemas.activity import Activity
from schemas.signal import Signal


def signals(detector: Detector[Any, Any], events: Iterable[Activity]) -> list[Signal]:
    """All signals of the events, in order of time."""
    engine = Engine([detector], {})
    offset = 0
    for event in sorted(events, key=lambda event: event.time):
        for key in keys_of(detector.meta.scope, event):
            engine.judge(key.encode(), event, offset)
            offset += 1
    found = engine.take_signals()
    assert not engine.stats.errors
    return found


def smallest(detector: Detector[Any, Any], events: Iterable[Activity], since: float) -> float:
    """Smallest p reported at `since` or later; 1 if nothing was."""
    return min((s.p for s in signals(detector, events) if s.time >= since), default=1.0)
