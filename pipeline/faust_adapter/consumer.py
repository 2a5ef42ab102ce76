"""A faust consumer that hands over one message per partition and chunk.

Stock faust spends four tasks and two ``wait_first`` on every record. Here they are spent once a
chunk. Commits follow a ledger of the chunks handed out: a partition's committable offset is the
one after the last chunk of its leading run of processed chunks. No list of acknowledged offsets
and no gap intervals are kept, so compaction and transaction markers need no care.

Every topic with acknowledgements is chunked, and the changelogs of ``PartitionedStore`` tables
are (recovery is then as fast as the rest). Faust's internal topics are not acknowledged, and
pass record by record.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

from faust.transport.drivers.aiokafka import Consumer as AIOKafkaConsumer
from faust.types import TP, ConsumerMessage

from pipeline.faust_adapter.chunk import Chunk, Merge, Undecodable, first_offset, split
from pipeline.faust_adapter.consumer_thread import ChunkConsumerThread
from pipeline.faust_adapter.store import PartitionedStore

PRESSURED_POLL_SECONDS = 0.05


class UndecodableBatchError(Exception):
    """A record batch cannot be unpacked, and nobody is there to write the dead letter."""


class ChunkConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """Consumer of chunks with exact commits; see the module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ledgers: dict[Any, deque[Chunk]] = {}
        self._committable: dict[Any, int] = {}
        self._sources_open = False
        self._sought: set[Any] = set()
        self._may_fetch = asyncio.Event()
        #: how often fetching waited for a full buffer to drop, and how often in vain
        self.pressure_waits = 0
        self.pressure_timeouts = 0

    def _new_consumer_thread(self) -> Any:
        return ChunkConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # Rebalance: sources stay shut from the moment partitions are revoked until tables are
    # recovered and positions are sought. Faust would read them as soon as recovery ends, and
    # empty the agents' queues once more after that.

    async def on_partitions_revoked(self, revoked: set[Any]) -> None:
        """Shut the sources, let faust finish and commit what is in flight, then forget it."""
        self._sources_open = False
        await super().on_partitions_revoked(revoked)
        self._forget()

    async def on_partitions_assigned(self, assigned: set[Any], generation_id: int = 0) -> None:
        """Start from a clean ledger."""
        self._sources_open = False
        self._forget()
        await super().on_partitions_assigned(assigned, generation_id)

    def open_sources(self) -> None:
        """Begin reading source topics; called when recovery is complete."""
        self._sources_open = True
        self._may_fetch.set()

    def _forget(self) -> None:
        self._ledgers.clear()
        self._committable.clear()
        self._buffered_partitions.clear()

    async def seek(self, partition: Any, offset: int) -> None:
        """Continue at another offset; what was handed out before no longer counts."""
        self._sought.add(TP(partition.topic, partition.partition))
        await super().seek(partition, offset)
        self._ledgers.pop(partition, None)
        self._committable.pop(partition, None)

    def resume_partitions(self, tps: Any) -> None:
        """Fetch again from these partitions."""
        super().resume_partitions(tps)
        self._may_fetch.set()

    def on_buffer_drop(self, tp: Any) -> None:
        """Fetch again; a late call must not open a partition that is paused or gone."""
        if tp in self._buffered_partitions and tp not in self._paused_partitions:
            super().on_buffer_drop(tp)
            self._may_fetch.set()

    async def rejoin(self) -> None:
        """Ask for a rebalance; returns before it begins."""
        await self._thread.call_thread(self._thread.rejoin)

    # Fetching

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):  # noqa: SLF001
                await asyncio.sleep(0)
                async for _, message in self.getmany(timeout=1.0):
                    await self.wait_first(self.callback(message), self.suspend_flow.wait())
        except (asyncio.CancelledError, *self.consumer_stopped_errors):
            if not self.app.should_stop:
                raise
        except Exception:
            self.log.exception("Reading from Kafka failed")
            raise

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[Any, Any]]:  # noqa: ASYNC109 (faust's)
        """Fetch once; yield (partition, message), round-robin between topics."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        generation = self.app.consumer_generation_id
        self._sought.clear()
        fetched = await self._fetch(timeout)
        if not self._is_current(generation):
            await self._return_unread(fetched)
            return
        for tp, piece in self._arrange(fetched):
            if type(piece) is Undecodable:
                await self._pass_undecodable(piece)
            if not self._is_current(generation):
                return  # a rebalance began meanwhile: it ends at the committed offsets
            if tp not in self._sought:
                self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
                if type(piece) is Undecodable:
                    self._enter_skipped(tp, piece)
                else:
                    yield tp, self._hand_out(tp, piece)

    def _hand_out(self, tp: Any, piece: Any) -> Any:
        if type(piece) is not Chunk and type(piece) is not Merge:
            return self._to_message(tp, piece)
        if self._is_source(tp):
            for part in piece.parts:
                self._ledger(TP(part.topic, part.partition)).append(part)
        return self._chunk_message(tp, piece)

    def _arrange(self, fetched: Mapping[Any, Any]) -> Iterable[tuple[Any, Any]]:
        """In which order to hand out what was fetched: chunks, round-robin between topics."""
        return self.scheduler.iterate(self._pieces(fetched))  # type: ignore[no-any-return]

    def _is_current(self, generation: int) -> bool:
        same = generation == self.app.consumer_generation_id
        return same and self.flow_active and not self.should_stop

    async def _return_unread(self, fetched: Mapping[Any, Any]) -> None:
        # A fetch that began before a rebalance may be answered after it, from the new assignment,
        # whose positions then stand behind records that nobody was given.
        if fetched and not self.should_stop:
            first = {tp: first_offset(records[0]) for tp, records in fetched.items()}
            await self._thread.call_thread(self._thread.rewind, first)

    async def _fetch(self, patience: float) -> Mapping[Any, Any]:
        self._may_fetch.clear()
        active = self._get_active_partitions()
        if not self._sources_open:
            changelogs = self.app.tables.changelog_topics
            active = {tp for tp in active if tp.topic in changelogs}
        pressured = bool(self._buffered_partitions) or not self._sources_open
        active = self._wanted(active)
        if not active:
            await self._wait_until_fetchable(patience)
            return {}
        # A copy: aiokafka takes an empty set for "all partitions", and faust empties its own
        # while a fetch is under way.
        return await self._getmany(  # type: ignore[no-any-return]
            active_partitions=frozenset(active),
            timeout=min(patience, PRESSURED_POLL_SECONDS) if pressured else patience,
        )

    def _wanted(self, active: set[Any]) -> set[Any]:
        """Which partitions to fetch now, of those that may be."""
        return active

    async def _wait_until_fetchable(self, patience: float) -> None:
        pressured = bool(self._buffered_partitions)
        await self.wait(self._may_fetch, timeout=patience)
        if pressured:
            self.pressure_waits += 1
            if not self._may_fetch.is_set() and self._buffered_partitions:
                self.pressure_timeouts += 1

    def _is_source(self, tp: Any) -> bool:
        return bool(self.app.topics.acks_enabled_for(tp.topic))

    def _pieces(self, fetched: Mapping[Any, Any]) -> dict[Any, Any]:
        max_chunk = self.app.chunking.max_chunk
        return {
            tp: split(records, max_chunk)
            if self._is_source(tp) or self._is_partitioned_changelog(tp)
            else records
            for tp, records in fetched.items()
        }

    def _is_partitioned_changelog(self, tp: Any) -> bool:
        table = self.app.tables._changelogs.get(tp.topic)  # noqa: SLF001
        return table is not None and isinstance(table.data, PartitionedStore)

    def _chunk_message(self, tp: Any, chunk: Chunk | Merge) -> Any:
        last = chunk.records[-1]
        return ConsumerMessage(
            chunk.topic,
            chunk.partition,
            chunk.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            None,
            None,
            chunk,
            None,
            0,
            0,
            TP(tp.topic, tp.partition),
            generation_id=self.app.consumer_generation_id,
        )

    async def _pass_undecodable(self, batch: Undecodable) -> None:
        hook = self.app.chunking.on_undecodable
        if hook is None:
            raise UndecodableBatchError(repr(batch)) from batch.error
        await hook(batch)

    def _enter_skipped(self, tp: Any, batch: Undecodable) -> None:
        if self._is_source(tp):
            skipped = Chunk(batch.topic, batch.partition, (), batch.last_offset)
            skipped.mark_processed()
            self._ledger(tp).append(skipped)

    # Committing

    def _ledger(self, tp: Any) -> deque[Chunk]:
        return self._ledgers.setdefault(tp, deque())

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[Any]:
        for tp in list(self._ledgers):
            if topics is None or tp in topics or tp.topic in topics:
                yield tp

    async def _commit(self, offsets: Mapping[Any, int]) -> bool:
        # After a crash the thread answers no more, and stopping would wait for it for ever.
        return not self.crashed and bool(await super()._commit(offsets))

    def _new_offset(self, tp: Any) -> int | None:
        # Faust lists what is acknowledged for its own commits.
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        ledger = self._ledger(tp)
        while ledger and ledger[0].processed:
            self._committable[tp] = ledger.popleft().offset + 1
        return self._committable.get(tp)
