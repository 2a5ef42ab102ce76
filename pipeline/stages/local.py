"""All stages in one process, without a broker: what `devspm scan` runs."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from detectors.base import Detector, Scope
from pipeline.correlate import Correlator
from pipeline.engine import Engine, EngineSettings
from pipeline.engine.handover import ADOPT_KEY, HAND_OVER_KEY, adoption_value, hand_over_value
from pipeline.stages.correlate import CorrelateStage
from pipeline.stages.normalise import Locator, Normaliser
from pipeline.state.partition import Entry
from schemas.activity import Activity
from schemas.finding import Finding
from schemas.identity import IdentityMap
from schemas.signal import Signal

FLUSH_EVERY = 10_000  # records; bounds what is kept decoded


def apply(entries: Iterable[Entry], stored: dict[bytes, bytes]) -> None:
    """Write the entries of a flush to a mapping."""
    for key, value in entries:
        if value is None:
            stored.pop(key, None)
        else:
            stored[key] = value


class LocalPipeline:
    """Raw records in, by `normaliser` and `feed`, findings out.

    Args:
        detectors: which to run.
        identities: account to identity; links that events prove come to it.
        correlator: signals to findings.
        settings: of the engine.
        latest: an event later than this is rejected.
        on_signals: called with the signals of a record, if there are any.
        on_score: told of every judgement: detector, key, activity, p-value.
        places: where an address is.
    """

    def __init__(
        self,
        detectors: Iterable[Detector[Any, Any]],
        identities: IdentityMap,
        correlator: Correlator,
        *,
        settings: EngineSettings | None = None,
        latest: float = inf,
        on_signals: Callable[[list[Signal]], None] | None = None,
        on_score: Callable[[str, str, Activity, float], None] | None = None,
        places: Locator | None = None,
    ) -> None:
        detectors = tuple(detectors)
        self._detect_store: dict[bytes, bytes] = {}
        self._correlate_store: dict[bytes, bytes] = {}
        self.normaliser = Normaliser(detectors, identities, latest=latest, places=places)
        self.engine = Engine(detectors, self._detect_store, settings=settings, on_score=on_score)
        self.correlate = CorrelateStage(correlator, self._correlate_store)
        self._on_signals = on_signals
        self._activity_offset = -1
        self._signal_offset = -1
        self._flush_at = FLUSH_EVERY

    def feed(self, activities: Iterable[Activity]) -> list[Finding]:
        """Judge the activities of a record, just normalised."""
        for old, new in self.normaliser.directory.take_moves():
            self._move(old, new)
        for activity in activities:
            for key in self.normaliser.keys(activity):
                self._activity_offset += 1
                self.engine.judge(key, activity, self._activity_offset)
        return self._correlate()

    def finish(self, seconds: float = 0.0) -> list[Finding]:
        """Let event time go on by so much after the last event: absences are established."""
        findings = self._findings()
        end = self.engine.state.meta.clock + seconds
        more = True
        while more:
            more = self.engine.advance(end)
            findings += self._correlate(at_the_end=True)
        self.correlate.advance(self.correlate.state.meta.clock + seconds)
        return findings + self._findings()

    def _move(self, old: str, new: str) -> None:
        """What is known of an identity goes to its new name."""
        keys = [f"identity:{name}".encode("utf-8", "replace") for name in (old, new)]
        self._activity_offset += 1
        self.engine.process(HAND_OVER_KEY, hand_over_value(*keys), self._activity_offset)
        for adoption in self.engine.take_adoptions():
            self._activity_offset += 1
            self.engine.process(ADOPT_KEY, adoption_value(adoption), self._activity_offset)
        names = [name.encode("utf-8", "replace") for name in (old, new)]
        self._signal_offset += 1
        self.correlate.hand_over(hand_over_value(*names), self._signal_offset)
        for adoption in self.correlate.take_adoptions():
            self._signal_offset += 1
            self.correlate.adopt(adoption_value(adoption), self._signal_offset)

    def _correlate(self, *, at_the_end: bool = False) -> list[Finding]:
        signals = self.engine.take_signals()
        if at_the_end:  # the end of a file is not the silence of its sources
            signals = [s for s in signals if not s.key.startswith(f"{Scope.SOURCE}:")]
        if signals and self._on_signals:
            self._on_signals(signals)
        for signal in signals:
            self._signal_offset += 1
            self.correlate.accept(signal, self._signal_offset)
        if self._activity_offset >= self._flush_at:
            self._flush_at = self._activity_offset + FLUSH_EVERY
            apply(self.engine.flush(), self._detect_store)
            apply(self.correlate.flush(), self._correlate_store)
        return self._findings()

    def _findings(self) -> list[Finding]:
        return [finding for finding, _ in self.correlate.take_reports()]
