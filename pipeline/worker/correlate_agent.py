"""signals -> alerts, with state in the table `correlate`."""

import time

from pipeline.correlate import Correlator
from pipeline.engine.handover import ADOPT_KEY, HAND_OVER_KEY, adoption_value
from pipeline.faust_adapter.chunk import Chunk, Merge
from pipeline.faust_adapter.fence import FencedError
from pipeline.faust_adapter.partitioner import partition_for
from pipeline.faust_adapter.produce import BatchProducer
from pipeline.metrics import Metrics
from pipeline.stages.correlate import CorrelateStage, CorrelateStats
from pipeline.worker.clock import TICK_KEY, tick_time
from pipeline.worker.flush import Table
from pipeline.worker.progress import Progress
from schemas.ocsf import encode


class CorrelateAgent:
    """One correlate stage per partition; alerts are acknowledged before state is written."""

    def __init__(
        self,
        correlator: Correlator,
        table: Table,
        producer: BatchProducer,
        *,
        signal_topic: str,
        alert_topic: str,
        partitions: int,
        stats: CorrelateStats,
        metrics: Metrics,
        progress: Progress,
    ) -> None:
        self._correlator = correlator
        self._table = table
        self._producer = producer
        self._signals = signal_topic
        self._alerts = alert_topic
        self._partitions = partitions
        self._stats = stats
        self._metrics = metrics
        self._progress = progress
        self._stages: dict[int, CorrelateStage] = {}

    def recovered(self, partition: int) -> None:
        """The partition's entries are complete."""
        self._stages[partition] = CorrelateStage(
            self._correlator,
            self._table.stored(partition),
            partition=partition,
            stats=self._stats,
        )

    def revoked(self, partition: int) -> None:
        """The partition belongs to another worker now."""
        self._stages.pop(partition, None)

    async def handle(self, chunk: Chunk | Merge) -> None:
        """Weigh a chunk of signals."""
        stage = self._stages.get(chunk.partition)
        if stage is None:
            raise FencedError(f"{chunk!r} is of a partition that another worker has")
        for record in chunk.records:
            if record.key == TICK_KEY:
                stage.tick(tick_time(record.value) or 0.0, record.offset)
            elif record.key == HAND_OVER_KEY:
                stage.hand_over(record.value or b"", record.offset)
            elif record.key == ADOPT_KEY:
                stage.adopt(record.value or b"", record.offset)
            else:
                stage.process(record.value or b"", record.offset)
        for adoption in stage.take_adoptions():
            partition = partition_for(adoption.new, self._partitions)
            self._producer.add(self._signals, partition, ADOPT_KEY, adoption_value(adoption))
        reports = stage.take_reports()
        for finding, _ in reports:
            key = finding.identity.encode("utf-8", "replace")
            self._producer.add(
                self._alerts, partition_for(key, self._partitions), key, encode(finding)
            )
        started = time.monotonic()
        await self._producer.flush()
        for finding, received in reports:
            self._metrics.finding(finding, received)
        await self._table.write(chunk.partition, stage.flush())
        self._progress.chunk("correlate", chunk, time.monotonic() - started)
