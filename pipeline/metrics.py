"""Metrics of a worker. Base units, closed label sets, the registry is passed in.

Counters that would cost on the hot path are plain integers in the stages' stats; they are read
when Prometheus asks.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import product
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pipeline.engine.stats import EngineStats
from pipeline.identities.directory import CONFLICTS, ORIGINS
from pipeline.stages.correlate import CorrelateStats
from pipeline.stages.normalise import NormaliseStats
from schemas.finding import Finding, FindingActivity, Severity
from schemas.sources.base import REASONS

OTHER: Final = "other"
STAGES: Final = ("normalise", "detect", "correlate")

_FLUSH_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_DELAY_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0, 3600.0)


@dataclass(slots=True)
class StageStats:
    """What the stages of one worker count."""

    normalise: NormaliseStats = field(default_factory=NormaliseStats)
    detect: EngineStats = field(default_factory=EngineStats)
    correlate: CorrelateStats = field(default_factory=CorrelateStats)


class Metrics:
    """Everything that a worker exposes.

    Args:
        registry: where to register.
        stats: of the stages.
        sources: names of all sources, so that their series exist from the start.
        detectors: ids of all detectors, likewise.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        stats: StageStats,
        *,
        sources: Iterable[str],
        detectors: Iterable[str],
    ) -> None:
        self.registry = registry
        self.findings = Counter(
            "devspm_findings",
            "Findings written to the alert topic, by what they do, severity and main detector.",
            ("activity", "severity", "detector"),
            registry=registry,
        )
        self.finding_delay = Histogram(
            "devspm_finding_delay_seconds",
            "From the receipt of the triggering event to the broker's word that the alert is kept.",
            buckets=_DELAY_SECONDS,
            registry=registry,
        )
        self.flush = Histogram(
            "devspm_flush_duration_seconds",
            "Time a stage waits for the broker: output acknowledged, then state written.",
            ("stage",),
            buckets=_FLUSH_SECONDS,
            registry=registry,
        )
        self.commit = Histogram(
            "devspm_commit_duration_seconds",
            "Time of an offset commit.",
            buckets=_FLUSH_SECONDS,
            registry=registry,
        )
        self.chunk = Histogram(
            "devspm_chunk_records",
            "Records a stage works on between two flushes.",
            ("stage",),
            buckets=(1, 10, 100, 1000, 10_000),
            registry=registry,
        )
        self.last_progress = Gauge(
            "devspm_last_progress_timestamp_seconds",
            "When a stage last finished a chunk.",
            ("stage",),
            registry=registry,
        )
        self._detectors = tuple(detectors)
        # A series that starts at 1 hides its first increase from `rate` and `increase`.
        for labels in product(FindingActivity, Severity, (*self._detectors, OTHER)):
            self.findings.labels(labels[0].name.lower(), labels[1].name.lower(), labels[2])
        for stage in STAGES:
            self.flush.labels(stage)
            self.chunk.labels(stage)
            self.last_progress.labels(stage)
        self._readings = _Readings(stats, tuple(sources), self._detectors)
        registry.register(self._readings)

    def finding(self, finding: Finding, received: float) -> None:
        """The broker has this finding; its trigger was received then, 0 if it has none."""
        self.findings.labels(
            finding.activity.name.lower(),
            finding.severity.name.lower(),
            self._label(finding.detections[0].id if finding.detections else ""),
        ).inc()
        if received > 0:
            self.finding_delay.observe(max(0.0, time.time() - received))

    def _label(self, detector: str) -> str:
        """Keeps the label set closed: stored signals may name a detector that is switched off."""
        return detector if detector in self._detectors else OTHER

    def watch_lag(self, read: Callable[[], Mapping[tuple[str, int], int]]) -> None:
        """Take (topic, partition) to lag in records from `read` at every scrape."""
        self._readings.lag = read

    def watch_stall(self, read: Callable[[], bool]) -> None:
        """Take from `read`, at every scrape, whether the worker makes no progress."""
        self._readings.stalled = read

    def watch_state(self, read: Callable[[], Mapping[tuple[str, int], tuple[int, int]]]) -> None:
        """Take (stage, partition) to (entries, bytes) from `read` at every scrape."""
        self._readings.state = read


class _Readings(Collector):
    """Reads the stages' plain integers at scrape time."""

    def __init__(
        self, stats: StageStats, sources: tuple[str, ...], detectors: tuple[str, ...]
    ) -> None:
        self._stats = stats
        self._sources = sources
        self._detectors = detectors
        self.lag: Callable[[], Mapping[tuple[str, int], int]] = dict
        self.stalled: Callable[[], bool] = bool
        self.state: Callable[[], Mapping[tuple[str, int], tuple[int, int]]] = dict

    def collect(self) -> Iterator[Metric]:
        """All families, each with every label value that can occur."""
        yield _build_info()
        yield from self._normalise()
        yield from self._detect()
        yield from self._correlate()
        yield from self._kafka()

    def _normalise(self) -> Iterator[Metric]:
        stats = self._stats.normalise
        events = CounterMetricFamily(
            "devspm_events", "Raw audit records read.", labels=("source", "outcome")
        )
        activities = CounterMetricFamily(
            "devspm_activities", "Activities made of raw records.", labels=("source",)
        )
        for source in (*self._sources, "unknown"):
            for outcome in ("accepted", "rejected"):
                events.add_metric((source, outcome), stats.events[source, outcome])
            activities.add_metric((source,), stats.activities[source])
        yield events
        yield activities
        letters = CounterMetricFamily(
            "devspm_dead_letters", "Records sent to the dead-letter topic.", labels=("reason",)
        )
        for reason in REASONS:
            letters.add_metric((reason,), stats.rejected[reason])
        yield letters
        entries = GaugeMetricFamily(
            "devspm_identities",
            "Entries that say whose an account is, by where they come from.",
            labels=("origin",),
        )
        for origin in ORIGINS:
            entries.add_metric((origin,), stats.identities.entries[origin])
        conflicts = CounterMetricFamily(
            "devspm_identity_conflicts",
            "Entries and links that cannot be used, as others say otherwise.",
            labels=("conflict",),
        )
        for conflict in CONFLICTS:
            conflicts.add_metric((conflict,), stats.identities.conflicts[conflict])
        yield from (entries, conflicts)

    def _detect(self) -> Iterator[Metric]:
        stats = self._stats.detect
        judged = CounterMetricFamily(
            "devspm_judgements", "Activities that a detector scored.", labels=("detector",)
        )
        signals = CounterMetricFamily(
            "devspm_signals", "Scores small enough to be signals.", labels=("detector",)
        )
        errors = CounterMetricFamily(
            "devspm_detector_errors",
            "Calls that raised or returned nonsense.",
            labels=("detector",),
        )
        disabled = GaugeMetricFamily(
            "devspm_detector_disabled", "1 while a detector is switched off.", labels=("detector",)
        )
        for detector in self._detectors:
            judged.add_metric((detector,), stats.judged[detector])
            signals.add_metric((detector,), stats.signals[detector])
            errors.add_metric((detector,), stats.errors[detector])
            disabled.add_metric((detector,), float(detector in stats.disabled))
        yield from (judged, signals, errors, disabled)
        skipped = CounterMetricFamily(
            "devspm_activities_skipped",
            "Activities not judged: seen before, too late, or unreadable.",
            labels=("reason",),
        )
        for reason, value in (
            ("rerun", stats.reruns),
            ("duplicate", stats.duplicates),
            ("late", stats.late),
            ("undecodable", stats.undecodable),
        ):
            skipped.add_metric((reason,), value)
        yield skipped
        held = CounterMetricFamily(
            "devspm_activities_held", "Activities not learned at once.", labels=("outcome",)
        )
        held.add_metric(("held",), stats.held)
        held.add_metric(("discarded",), stats.discarded)
        yield held
        moved = CounterMetricFamily(
            "devspm_states_moved",
            "States of identities that were linked: sent to their new key, taken in there.",
            labels=("direction",),
        )
        moved.add_metric(("out",), stats.handed_over)
        moved.add_metric(("in",), stats.adopted)
        yield moved

    def _correlate(self) -> Iterator[Metric]:
        correlated = CounterMetricFamily(
            "devspm_signals_correlated", "Signals weighed per identity.", labels=("outcome",)
        )
        stats = self._stats.correlate
        correlated.add_metric(("new",), stats.signals)
        correlated.add_metric(("rerun",), stats.reruns)
        correlated.add_metric(("undecodable",), stats.undecodable)
        yield correlated

    def _kafka(self) -> Iterator[Metric]:
        lag = GaugeMetricFamily(
            "devspm_consumer_lag_records",
            "Records in a partition that this worker has yet to work on.",
            labels=("topic", "partition"),
        )
        for (topic, partition), records in self.lag().items():
            lag.add_metric((topic, str(partition)), records)
        stalled = GaugeMetricFamily(
            "devspm_stalled", "1 while records wait and the worker makes no progress."
        )
        stalled.add_metric((), float(self.stalled()))
        entries = GaugeMetricFamily(
            "devspm_state_entries", "Keys that a stage remembers.", labels=("stage", "partition")
        )
        size = GaugeMetricFamily(
            "devspm_state_bytes", "Bytes of their entries.", labels=("stage", "partition")
        )
        for (stage, partition), (count, total) in self.state().items():
            entries.add_metric((stage, str(partition)), count)
            size.add_metric((stage, str(partition)), total)
        yield from (lag, stalled, entries, size)


def _build_info() -> Metric:
    info = GaugeMetricFamily("devspm_build_info", "Version of the program.", labels=("version",))
    info.add_metric((version("devspm"),), 1.0)
    return info
