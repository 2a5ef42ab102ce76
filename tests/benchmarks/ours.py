"""This project's readings: transport, detect stage, whole worker, and the same without Kafka."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from detectors.base import Detector
from detectors.registry import DETECTORS
from pipeline.correlate import CorrelationSettings, Correlator
from pipeline.engine import Engine, EngineSettings, EngineStats
from pipeline.faust_adapter import BatchProducer, Chunk, ChunkApp, create_app
from pipeline.faust_adapter.chunk import Merge
from pipeline.faust_adapter.lag import positions
from pipeline.metrics import Metrics, StageStats
from pipeline.records import Record
from pipeline.settings import KafkaSettings
from pipeline.stages.local import LocalPipeline, apply
from pipeline.state.partition import INTERNAL
from pipeline.topics import MAX_RECORD_BYTES, Topics
from pipeline.worker.app import build
from pipeline.worker.detect_agent import DetectAgent
from pipeline.worker.flush import Table
from pipeline.worker.progress import Progress
from pipeline.worker.settings import MAX_CHUNK, WorkerSettings
from schemas.identity import IdentityMap
from schemas.signal import decode
from tests.benchmarks.events import ACTIVITY, PARTITIONS, RAW, create, logs
from tests.benchmarks.meter import Meter

Detectors = tuple[Detector[Any, Any], ...]


def transport(bootstrap: str, app_id: str, expected: int) -> Meter:
    """The chunked consumer with an agent that only counts: the peers' job, to the letter."""
    meter = Meter()
    with tempfile.TemporaryDirectory() as directory:
        app = _app(bootstrap, app_id, directory)

        async def handle(chunk: Chunk | Merge) -> None:
            meter.count(sum(1 for record in chunk.records if record.value is not None))

        app.consume(Topics(ACTIVITY).activity, handle)
        asyncio.run(_until(app, meter, lambda: meter.events, expected))
    return meter


def detect(bootstrap: str, app_id: str, expected: int, detectors: Detectors) -> Meter:
    """The worker's detect stage: decoding, duplicates, position, state, with these detectors."""
    create(bootstrap, ACTIVITY, app_id)
    topics, meter, stats = Topics(ACTIVITY), Meter(), EngineStats()
    with tempfile.TemporaryDirectory() as directory:
        app = _app(bootstrap, app_id, directory)
        metrics = Metrics(CollectorRegistry(), StageStats(), sources=(), detectors=())
        progress = Progress(metrics, lambda: positions(app), 60.0)
        table = Table(app, "detect", PARTITIONS)
        producer = _Recorder(app)
        agent = DetectAgent(
            detectors,
            table,
            producer,
            activity_topic=topics.activity,
            signal_topic=topics.signals,
            partitions=PARTITIONS,
            settings=EngineSettings(),
            stats=stats,
            progress=progress,
        )
        table.attach(agent)
        app.consume(topics.activity, agent.handle, name="detect")
        asyncio.run(_until(app, meter, lambda: sum(progress.done().values()), expected))
    meter.events = expected
    meter.signalled(
        decode(value).uid for key, value in producer.sent if not key.startswith(INTERNAL)
    )
    return meter


@dataclass(frozen=True, slots=True)
class _OwnTopics(Topics):
    """Reads the audit topics that all runs share; what it writes has names of its own."""

    @property
    def audit(self) -> dict[str, str]:
        return Topics(RAW).audit


def worker(bootstrap: str, app_id: str, counts: dict[str, int], identities: IdentityMap) -> Meter:
    """The whole worker on raw audit records: normalise, detect and correlate."""
    create(bootstrap, f"{app_id}.", app_id)
    topics, meter = _OwnTopics(f"{app_id}."), Meter()
    with tempfile.TemporaryDirectory() as directory:
        settings = WorkerSettings(
            KafkaSettings(bootstrap),
            app_id=app_id,
            topics=topics,
            partitions=PARTITIONS,
            tick_seconds=3600.0,
        )
        made = build(settings, DETECTORS, identities, CollectorRegistry(), Path(directory))

        def seen() -> int:
            done: Counter[str] = Counter()
            for (topic, _), count in made.progress.done().items():
                done[topic] += count
            read = sum(done[topic] for topic in topics.audit.values())
            # The lag counts what the consumer has heard of; of the activities the number is known.
            judged = done[topics.activity] >= counts["activities"]
            all_done = judged and not sum(made.progress.lag().values())
            return counts["raw"] if all_done else min(read, counts["raw"] - 1)

        asyncio.run(_until(made.app, meter, seen, counts["raw"]))
    meter.events = counts["raw"]
    meter.signals = sum(made.stats.detect.signals.values())
    return meter


def engine_in_memory(bootstrap: str, expected: int, detectors: Detectors) -> Meter:
    """The engine alone, with the chunks and the flushes of the worker but no Kafka."""
    records = logs(bootstrap, Topics(ACTIVITY).activity, expected)
    meter, stats = Meter(), EngineStats()
    stores: list[dict[bytes, bytes]] = [{} for _ in records]
    engines = [
        Engine(detectors, stored, partition=partition, stats=stats)
        for partition, stored in enumerate(stores)
    ]
    meter.begin()
    for engine, stored, log in zip(engines, stores, records, strict=True):
        for start in range(0, len(log), MAX_CHUNK):
            for offset, (key, value) in enumerate(log[start : start + MAX_CHUNK], start):
                engine.process(key, value, offset)
            apply(engine.flush(), stored)
    meter.end()
    meter.events = expected
    for engine in engines:
        meter.signalled(signal.uid for signal in engine.take_signals())
    return meter


def scan(records: list[Record], identities: IdentityMap) -> Meter:
    """All stages in one process, as `devspm scan` runs them, per raw audit record."""
    meter = Meter()
    pipeline = LocalPipeline(
        DETECTORS,
        identities,
        Correlator(CorrelationSettings(), {d.meta.id: d.meta for d in DETECTORS}),
        on_signals=lambda signals: meter.signalled(signal.uid for signal in signals),
    )
    meter.begin()
    for record in records:
        found, _ = pipeline.normaliser.normalise(record.raw, record.source)
        pipeline.feed(found)
    meter.end()
    meter.events = len(records)
    return meter


class _Recorder(BatchProducer):
    """Remembers what was sent, to compare it after the measurement."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.sent: list[tuple[bytes, bytes]] = []

    def add(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, **more: Any
    ) -> None:
        self.sent.append((key or b"", value or b""))
        super().add(topic, partition, key, value, **more)


def _app(bootstrap: str, app_id: str, directory: str) -> ChunkApp:
    app: ChunkApp = create_app(
        app_id,
        [bootstrap],
        session_timeout=10.0,
        rebalance_timeout=30.0,
        max_request_bytes=MAX_RECORD_BYTES,
        datadir=directory,
        topic_partitions=PARTITIONS,
    )
    return app


async def _until(app: Any, meter: Meter, seen: Callable[[], int], expected: int) -> None:
    """Run the application until it has seen everything and stored what comes of it."""
    await app.start()
    while not seen():  # noqa: ASYNC110 - the agents know nothing of benchmarks
        await asyncio.sleep(0.002)
    if not meter.events:
        meter.begin()
    while seen() < expected:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    meter.end()
    await app.stop()
