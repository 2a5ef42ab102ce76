"""Keeps a detector that raises from harming the others."""

import logging
from collections.abc import Callable
from math import isfinite

from detectors.base import Score
from pipeline.engine.stats import EngineStats

logger = logging.getLogger(__name__)

MAX_ERRORS = 20  # in a row
REST_SECONDS = 3600.0  # of event time, before a detector that was switched off is tried again


class Guard:
    """Counts a detector's errors, switches it off past a limit, tries it again later."""

    __slots__ = ("_clock", "_detector", "_in_a_row", "_resting_until", "_stats")

    def __init__(self, detector: str, stats: EngineStats, clock: Callable[[], float]) -> None:
        self._detector = detector
        self._stats = stats
        self._clock = clock
        self._in_a_row = 0
        self._resting_until: float | None = None

    @property
    def resting(self) -> bool:
        """Whether the detector is switched off now."""
        if self._resting_until is None:
            return False
        if self._clock() < self._resting_until:
            return True
        self._resting_until = None
        self._in_a_row = 0
        self._stats.disabled.discard(self._detector)
        logger.warning("detector %s is tried again", self._detector)
        return False

    def succeeded(self) -> None:
        """A call went well."""
        self._in_a_row = 0

    def failed(self, error: Exception, key: str) -> None:
        """A call raised or returned nonsense."""
        self._stats.errors[self._detector] += 1
        self._in_a_row += 1
        if self._in_a_row == 1:
            logger.error("detector %s failed on %r: %r", self._detector, key, error, exc_info=error)
        if self._in_a_row >= MAX_ERRORS:
            self._resting_until = self._clock() + REST_SECONDS
            self._stats.disabled.add(self._detector)
            logger.error(
                "detector %s is switched off for %d s of event time: %d errors in a row",
                self._detector,
                REST_SECONDS,
                self._in_a_row,
            )


def check(score: Score) -> None:
    """Raises ValueError if a score is no p-value."""
    if not (isfinite(score.p) and 0.0 < score.p <= 1.0):
        raise ValueError(f"p = {score.p!r} is not in (0, 1]")
