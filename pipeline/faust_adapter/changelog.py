"""Write one flush of table changes as a single Kafka record batch.

A broker appends a record batch whole or not at all, and a consumer never sees half of one. That
makes a flush atomic without transactions: state and the position it has seen, written together,
can never come apart, whatever dies in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.errors import KafkaError

from pipeline.faust_adapter.batch import (
    BatchRejectedError,
    build_batch,
    entry_size,
    flush_size,
    send_batch,
)
from pipeline.faust_adapter.fence import HEADER
from pipeline.faust_adapter.held import claim, write
from pipeline.faust_adapter.read_between import read_between
from pipeline.faust_adapter.store import store_of

__all__ = [
    "FlushFailedError",
    "FlushTooLargeError",
    "claim_partition",
    "entry_size",
    "flush_size",
    "write_atomically",
]

DEFAULT_MAX_BATCH_BYTES = 8 * 1024 * 1024


class FlushTooLargeError(Exception):
    """The changes of one flush do not fit into one batch; flush earlier, or raise the limit.

    Nothing was written.
    """


class FlushFailedError(Exception):
    """The broker did not acknowledge the flush; whether it is stored is not known.

    The store is unchanged. Stop the worker: recovery reads what the broker has.
    """


async def write_atomically(
    app: Any,
    table: Any,
    partition: int,
    entries: Sequence[tuple[bytes, bytes | None]],
    *,
    max_batch_bytes: int = DEFAULT_MAX_BATCH_BYTES,
) -> None:
    """Write changes to the table's changelog as one batch, wait for it, then apply them.

    Args:
        app: the application of ``create_app``.
        table: the table of ``partitioned_table``.
        partition: the partition, of the table and of the source alike.
        entries: (key, value) in order; value ``None`` deletes the key. Nothing happens on none.
        max_batch_bytes: at most the changelog topic's ``max.message.bytes``.

    Raises:
        FlushTooLargeError: the changes exceed the limit, here or at the broker.
        FlushFailedError: the broker refused or did not answer.
        FencedError: another worker has claimed the partition. What was written is stale, and
            counts for nobody.
        KeyError: the partition is not assigned to this worker.
    """
    log = _Changelog(app, table.changelog_topic_name, partition, max_batch_bytes)
    await write(store_of(table).held(partition), log, entries)


async def claim_partition(app: Any, table: Any, partition: int, *, max_batch_bytes: int) -> None:
    """Become the only writer of a recovered partition.

    Raises:
        FlushFailedError: the broker refused or did not answer.
        FencedError: another worker was quicker.
        KeyError: the partition is not assigned to this worker.
    """
    log = _Changelog(app, table.changelog_topic_name, partition, max_batch_bytes)
    await claim(store_of(table).held(partition), log)


@dataclass(frozen=True, slots=True)
class _Changelog:
    """One partition on the broker."""

    app: Any
    topic: str
    partition: int
    max_batch_bytes: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]"

    async def append(
        self, entries: Sequence[tuple[bytes, bytes | None]], epoch: bytes
    ) -> tuple[int, int]:
        headers, limit = [(HEADER, epoch)], self.max_batch_bytes
        batch, count = build_batch(((None, key, value, headers) for key, value in entries), limit)
        if count < len(entries) or batch.size() > limit:
            raise FlushTooLargeError(f"{len(entries)} changes for {self} exceed {limit} bytes")
        try:
            offset = await send_batch(self.app, batch, self.topic, self.partition)
        except BatchRejectedError as error:
            raise FlushTooLargeError(str(error)) from error
        except KafkaError as error:
            raise FlushFailedError(f"{self}: {error!r}") from error
        return offset, offset + count - 1

    async def read(self, first: int, end: int) -> list[Any]:
        try:
            return await read_between(self.app, self.topic, self.partition, first, end)
        except KafkaError as error:
            raise FlushFailedError(f"{self}: {error!r}") from error
