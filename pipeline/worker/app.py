"""Wires the stages to topics, tables and metrics."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faust
from prometheus_client import CollectorRegistry

from detectors.base import Detector
from pipeline.correlate import Correlator
from pipeline.faust_adapter import BatchProducer, ChunkApp, Chunking, create_app, kafka_credentials
from pipeline.faust_adapter.lag import positions
from pipeline.metrics import Metrics, StageStats
from pipeline.stages.normalise import Locator, Normaliser
from pipeline.topics import MAX_RECORD_BYTES
from pipeline.worker.correlate_agent import CorrelateAgent
from pipeline.worker.detect_agent import DetectAgent
from pipeline.worker.flush import Table
from pipeline.worker.normalise_agent import NormaliseAgent
from pipeline.worker.progress import Progress
from pipeline.worker.settings import MAX_CHUNK, MAX_LETTER_BYTES, WorkerSettings
from schemas.identity import IdentityMap
from schemas.sources import SOURCES


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that is ready to start."""

    app: ChunkApp
    metrics: Metrics
    progress: Progress
    stats: StageStats


def build(
    settings: WorkerSettings,
    detectors: Iterable[Detector[Any, Any]],
    identities: IdentityMap,
    registry: CollectorRegistry,
    data_dir: Path,
    *,
    places: Locator | None = None,
    updates: Callable[[], Iterable[tuple[bytes, bytes | None]]] = tuple,
) -> Worker:
    """Make the faust application with its three agents and two tables.

    Args:
        settings: of the worker.
        detectors: which to run.
        identities: account to identity, as the operator's file says.
        registry: where metrics go.
        data_dir: faust wants a directory; nothing of ours is in it.
        places: where an address is.
        updates: called for what is new on the topic `identities`.
    """
    detectors = tuple(detectors)
    kafka, topics, partitions = settings.kafka, settings.topics, settings.partitions
    app = create_app(
        settings.app_id,
        kafka.bootstrap.split(","),
        credentials=kafka_credentials(kafka),
        session_timeout=settings.session_timeout,
        rebalance_timeout=settings.rebalance_timeout,
        max_request_bytes=MAX_RECORD_BYTES,
        idempotent=settings.idempotent,
        datadir=str(data_dir),
        topic_partitions=partitions,
    )
    stats = StageStats()
    metrics = Metrics(
        registry, stats, sources=SOURCES, detectors=[detector.meta.id for detector in detectors]
    )
    progress = Progress(metrics, lambda: positions(app), settings.stalled_seconds)
    producer = BatchProducer(app)

    normalise = NormaliseAgent(
        Normaliser(detectors, identities, stats=stats.normalise, places=places),
        producer,
        BatchProducer(app, max_batch_bytes=MAX_LETTER_BYTES),
        activity_topic=topics.activity,
        dead_letter_topic=topics.dead_letters,
        identity_topic=topics.identities,
        partitions=partitions,
        progress=progress,
        updates=updates,
    )
    audit = topics.audit.values()
    app.chunking = Chunking(
        max_chunk=MAX_CHUNK, on_undecodable=normalise.undecodable, aligned=frozenset(audit)
    )
    app.consume(list(audit), normalise.handle, name="normalise")
    app.timer(settings.tick_seconds)(lambda: normalise.tick(settings.tick_seconds))

    detect_table = Table(app, "detect", partitions)
    detect = DetectAgent(
        detectors,
        detect_table,
        BatchProducer(app),
        activity_topic=topics.activity,
        signal_topic=topics.signals,
        partitions=partitions,
        settings=settings.engine,
        stats=stats.detect,
        progress=progress,
    )
    detect_table.attach(detect)
    app.consume(topics.activity, detect.handle, name="detect")

    correlate_table = Table(app, "correlate", partitions)
    correlate = CorrelateAgent(
        Correlator(settings.correlation, {d.meta.id: d.meta for d in detectors}),
        correlate_table,
        BatchProducer(app),
        signal_topic=topics.signals,
        alert_topic=topics.alerts,
        partitions=partitions,
        stats=stats.correlate,
        metrics=metrics,
        progress=progress,
    )
    correlate_table.attach(correlate)
    app.consume(topics.signals, correlate.handle, name="correlate")

    app.sensors.add(_CommitTimes(metrics))
    metrics.watch_lag(progress.lag)
    metrics.watch_stall(lambda: bool(progress.stall()))
    metrics.watch_state(
        lambda: {
            (stage, partition): size
            for stage, table in (("detect", detect_table), ("correlate", correlate_table))
            for partition, size in table.sizes().items()
        }
    )
    return Worker(app, metrics, progress, stats)


class _CommitTimes(faust.Sensor):  # type: ignore[misc]
    """Takes the time of every offset commit."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__()
        self._metrics = metrics

    def on_commit_initiated(self, consumer: Any) -> float:  # noqa: ARG002 - faust's signature
        """Start the watch."""
        return time.monotonic()

    def on_commit_completed(self, consumer: Any, state: float) -> None:  # noqa: ARG002
        """Stop it."""
        self._metrics.commit.observe(time.monotonic() - state)
