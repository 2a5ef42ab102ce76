"""A chunk consumer that hands out some topics merged in the order of their timestamps."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from faust.types import TP

from pipeline.faust_adapter.align import Aligner
from pipeline.faust_adapter.chunk import Merge, Undecodable
from pipeline.faust_adapter.consumer import PRESSURED_POLL_SECONDS, ChunkConsumer

# A partition whose records do not come holds the others up no longer than this.
PATIENCE_SECONDS = 2.0
# What waits to be merged, a partition, and what is merged: records may be large.
MAX_BYTES = 2 * 1024 * 1024


class AlignedConsumer(ChunkConsumer):
    """See ``align``; which topics are aligned stands in ``app.chunking.aligned``.

    Aligned topics must be consumed by one agent: it is the one queue that keeps the order.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._aligner = Aligner(2 * self.app.chunking.max_chunk, MAX_BYTES)
        self._held_up_since: float | None = None
        #: how often records were handed out although a partition was behind
        self.impatient = 0

    def _forget(self) -> None:
        super()._forget()
        self._aligner.clear()
        self._held_up_since = None

    async def seek(self, partition: Any, offset: int) -> None:
        """Continue at another offset; what waits is read again."""
        self._aligner.forget(TP(partition.topic, partition.partition))
        await super().seek(partition, offset)

    def _is_aligned(self, tp: Any) -> bool:
        return tp.topic in self.app.chunking.aligned

    def _wanted(self, active: set[Any]) -> set[Any]:
        return {tp for tp in active if not self._aligner.is_full(TP(tp.topic, tp.partition))}

    async def _fetch(self, patience: float) -> Mapping[Any, Any]:
        waiting = len(self._aligner) > 0
        return await super()._fetch(min(patience, PRESSURED_POLL_SECONDS) if waiting else patience)

    def _arrange(self, fetched: Mapping[Any, Any]) -> Iterable[tuple[Any, Any]]:
        others = {}
        for tp, records in fetched.items():
            if self._is_aligned(tp):
                self._aligner.add(TP(tp.topic, tp.partition), records)
            else:
                others[tp] = records
        yield from super()._arrange(others)
        yield from self._merged()

    def _merged(self) -> Iterator[tuple[Any, Any]]:
        partitions = sorted(
            TP(tp.topic, tp.partition) for tp in self.assignment() if self._is_aligned(tp)
        )
        while items := self._take(partitions):
            start = 0
            bad = [at for at, item in enumerate(items) if type(item) is Undecodable]
            for end in [*bad, len(items)]:
                if end > start:
                    merge = Merge(items[start:end])
                    yield TP(merge.topic, merge.partition), merge
                if end < len(items):
                    yield TP(items[end].topic, items[end].partition), items[end]
                start = end + 1

    def _take(self, partitions: list[Any]) -> list[Any]:
        limit = self.app.chunking.max_chunk
        items = self._aligner.take(partitions, self._is_at_end, limit)
        if items or not len(self._aligner):
            self._held_up_since = None
            return items
        now = time.monotonic()
        if self._held_up_since is None:
            self._held_up_since = now
        if now - self._held_up_since < PATIENCE_SECONDS:
            return []
        self.impatient += 1
        return self._aligner.take_all(limit)

    def _is_at_end(self, tp: Any) -> bool:
        consumer = self._thread._ensure_consumer()  # noqa: SLF001
        assignment = consumer._subscription.subscription.assignment  # noqa: SLF001
        if assignment is None or tp not in assignment.tps:
            return True
        state = assignment.state_value(tp)
        return bool(
            state.has_valid_position
            and state.highwater is not None
            and state.position >= state.highwater
        )
