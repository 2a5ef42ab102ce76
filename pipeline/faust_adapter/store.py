"""The in-memory store of a table: one plain dict a partition, rebuilt from the changelog."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from faust.stores import by_url
from faust.stores.base import Store

from pipeline.faust_adapter.chunk import Chunk
from pipeline.faust_adapter.fence import FencedError
from pipeline.faust_adapter.held import Held

SCHEME = "partitioned"
PartitionHook = Callable[[int], None]
ClaimHook = Callable[[int], Awaitable[None]]


def _nothing(_partition: int) -> None:
    return


class PartitionedStore(Store):  # type: ignore[misc]
    """Keys and values (bytes) by partition.

    A partition is there from its assignment until it is revoked. When it is recovered, it is
    claimed. ``on_recovered(p)`` runs when its dict is complete and before any record of source
    partition ``p`` is handed out, so that the owner can build its indexes; ``on_revoked(p)`` runs
    right after the dict is dropped. Both are plain functions; one that raises stops the worker.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hooks = self.options or {}
        self.on_recovered: PartitionHook = hooks.get("on_recovered") or _nothing
        self.on_revoked: PartitionHook = hooks.get("on_revoked") or _nothing
        self.claim: ClaimHook = hooks["claim"]
        self.data: dict[bytes, bytes] = {}
        self._partitions: dict[int, Held] = {}
        self._ready: set[int] = set()

    @property
    def ready(self) -> frozenset[int]:
        """Partitions that are assigned here and recovered."""
        return frozenset(self._ready)

    def partition(self, partition: int) -> dict[bytes, bytes]:
        """Return the live dict of an assigned partition; read it, write through the changelog.

        Raises:
            KeyError: the partition is not assigned to this worker.
        """
        return self._partitions[partition].entries

    def held(self, partition: int) -> Held:
        """Return an assigned partition with its place in the changelog.

        Raises:
            KeyError: the partition is not assigned to this worker.
        """
        return self._partitions[partition]

    # What faust calls

    def persisted_offset(self, tp: Any) -> int:
        """Return the last changelog offset held in memory, where recovery goes on; -1 for none.

        Never None: faust would then go on from where it was when it last had the partition, which
        after two rebalances in a row is not where an emptied dict has to begin.
        """
        held = self._partitions.get(tp.partition)
        return held.offset if held else -1

    def apply_changelog_batch(
        self, batch: Iterable[Any], to_key: Callable[..., Any], to_value: Callable[..., Any]
    ) -> None:
        """Apply recovered changes; ``None`` removes a key."""
        del to_key, to_value  # keys and values are bytes and stay so
        for event in batch:
            message = event.message
            # Faust may hand over a late event of a partition that has moved on.
            if message.topic != self.table.changelog_topic_name:
                continue
            held = self._partitions.get(message.partition)
            if held is None:
                continue
            records = message.value.records if type(message.value) is Chunk else [message]
            held.read(records, message.offset)
            self._ready.discard(message.partition)

    async def on_rebalance(
        self,
        assigned: set[Any],
        revoked: set[Any],
        newly_assigned: set[Any],
        generation_id: int = 0,
    ) -> None:
        """Drop the partitions that went elsewhere, open those that came."""
        del revoked, newly_assigned, generation_id
        topic = self.table.changelog_topic_name
        mine = {tp.partition for tp in assigned if tp.topic == topic}
        for partition in self._partitions.keys() - mine:
            del self._partitions[partition]
            self._ready.discard(partition)
            await self._run(self.on_revoked, partition)
        for partition in mine - self._partitions.keys():
            self._partitions[partition] = Held()

    async def on_recovery_completed(self, active_tps: set[Any], standby_tps: set[Any]) -> None:
        """Claim and announce each partition whose content is new."""
        del standby_tps
        new = sorted({tp.partition for tp in active_tps} - self._ready)
        claimed = await asyncio.gather(*map(self._claim, new))
        for partition, is_mine in zip(new, claimed, strict=True):
            if is_mine:
                self._ready.add(partition)
                await self._run(self.on_recovered, partition)

    async def _claim(self, partition: int) -> bool:
        """Whether the partition is claimed and has not been taken away meanwhile."""
        held = self._partitions.get(partition)
        if held is None:
            return False
        try:
            await self.claim(partition)
        except FencedError as error:
            await self.app.on_fenced(error)
            return False
        except Exception as error:
            await self.app.crash(error)
            raise
        return self._partitions.get(partition) is held

    async def _run(self, hook: PartitionHook, partition: int) -> None:
        try:
            hook(partition)
        except Exception as error:
            # Faust swallows what is raised here, and would go on with half an index.
            await self.app.crash(error)
            raise

    def reset_state(self) -> None:
        """Nothing is kept on disk."""

    async def backup_partition(
        self, tp: Any, flush: bool = True, purge: bool = False, keep: int = 1
    ) -> None:
        """Nothing is kept on disk."""

    def restore_backup(self, tp: Any, latest: bool = True, backup_id: int = 0) -> None:
        """Nothing is kept on disk."""


by_url.__self__.aliases[SCHEME] = f"{__name__}:{PartitionedStore.__name__}"


def store_of(table: Any) -> PartitionedStore:
    """Return the store of a table of ``partitioned_table``; only inside the worker's event loop.

    Raises:
        TypeError: the table is kept elsewhere.
    """
    store = table.data
    if not isinstance(store, PartitionedStore):
        raise TypeError(f"{table!r} is kept in {type(store).__name__}")
    return store


def changelog_topic_config(max_batch_bytes: int) -> dict[str, str]:
    """Topic settings that a changelog needs for batches of this size."""
    return {"cleanup.policy": "compact", "max.message.bytes": str(max_batch_bytes)}
