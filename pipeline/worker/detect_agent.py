"""activity -> signals, with state in the table `detect`."""

import time
from collections.abc import Iterable
from typing import Any

import msgspec

from detectors.base import Detector
from pipeline.engine import Engine, EngineSettings, EngineStats
from pipeline.engine.handover import (
    ADOPT_KEY,
    HAND_OVER_KEY,
    adoption_value,
    hand_over_value,
    read_hand_over,
)
from pipeline.faust_adapter.chunk import Chunk, Merge
from pipeline.faust_adapter.fence import FencedError
from pipeline.faust_adapter.partitioner import partition_for
from pipeline.faust_adapter.produce import BatchProducer
from pipeline.worker.clock import TICK_KEY, tick_time, tick_value
from pipeline.worker.flush import Table
from pipeline.worker.progress import Progress
from pipeline.worker.settings import MAX_DIRTY
from schemas.signal import encode

FORWARD_SECONDS = 60.0  # of event time between two ticks to the next stage


class DetectAgent:
    """One engine per assigned partition. Order of a flush: signals acknowledged, state written."""

    def __init__(
        self,
        detectors: Iterable[Detector[Any, Any]],
        table: Table,
        producer: BatchProducer,
        *,
        activity_topic: str,
        signal_topic: str,
        partitions: int,
        settings: EngineSettings,
        stats: EngineStats,
        progress: Progress,
    ) -> None:
        self._detectors = tuple(detectors)
        self._table = table
        self._producer = producer
        self._activity = activity_topic
        self._signals = signal_topic
        self._partitions = partitions
        self._settings = settings
        self._stats = stats
        self._progress = progress
        self._engines: dict[int, Engine] = {}
        self._forwarded: dict[int, float] = {}

    def recovered(self, partition: int) -> None:
        """The partition's entries are complete."""
        self._engines[partition] = Engine(
            self._detectors,
            self._table.stored(partition),
            partition=partition,
            settings=self._settings,
            stats=self._stats,
        )
        self._forwarded[partition] = 0.0

    def revoked(self, partition: int) -> None:
        """The partition belongs to another worker now."""
        self._engines.pop(partition, None)

    async def handle(self, chunk: Chunk | Merge) -> None:
        """Judge a chunk of activities."""
        engine = self._engines.get(chunk.partition)
        if engine is None:
            raise FencedError(f"{chunk!r} is of a partition that another worker has")
        waited = 0.0
        judged: list[Any] = []
        for record in chunk.records:
            judged.append(record)
            if record.key == TICK_KEY:
                engine.tick(tick_time(record.value) or 0.0, record.offset)
            else:
                engine.process(record.key or b"", record.value or b"", record.offset)
            if engine.state.dirty >= MAX_DIRTY:  # timers, after a long silence
                waited += await self._write(chunk.partition, engine, judged)
                judged.clear()
        waited += await self._write(chunk.partition, engine, judged)
        self._progress.chunk("detect", chunk, waited)

    async def _write(self, partition: int, engine: Engine, judged: Iterable[Any]) -> float:
        """Send what came of these records, then write the state; the seconds it took."""
        for signal in engine.take_signals():
            key = signal.identity.encode("utf-8", "replace")
            self._producer.add(
                self._signals, partition_for(key, self._partitions), key, encode(signal)
            )
        self._move(judged, engine)
        self._forward_clock(partition, engine)
        started = time.monotonic()
        await self._producer.flush()
        await self._table.write(partition, engine.flush())
        return time.monotonic() - started

    def _move(self, judged: Iterable[Any], engine: Engine) -> None:
        """Send on what other keys get, and tell the next stage of identities' new names."""
        for adoption in engine.take_adoptions():
            partition = partition_for(adoption.new, self._partitions)
            self._producer.add(self._activity, partition, ADOPT_KEY, adoption_value(adoption))
        for record in judged:
            if record.key == HAND_OVER_KEY:
                try:
                    keys = read_hand_over(record.value or b"")
                except msgspec.MsgspecError:
                    continue  # the engine has counted it
                old, new = (key.partition(b":")[2] for key in keys)
                partition = partition_for(old, self._partitions)
                self._producer.add(
                    self._signals, partition, HAND_OVER_KEY, hand_over_value(old, new)
                )

    def _forward_clock(self, partition: int, engine: Engine) -> None:
        clock = engine.state.meta.clock
        if clock - self._forwarded[partition] >= FORWARD_SECONDS:
            self._forwarded[partition] = clock
            self._producer.add(self._signals, partition, TICK_KEY, tick_value(clock))
