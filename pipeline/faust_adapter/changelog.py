"""Write one flush of table changes as a single Kafka record batch.

A broker appends a record batch whole or not at all, and a consumer never sees half of one. That
makes a flush atomic without transactions: state and the position it has seen, written together,
can never come apart, whatever dies in between.
"""

from collections.abc import Sequence
from typing import Any

from aiokafka.errors import KafkaError

from pipeline.faust_adapter.batch import (
    BATCH_HEADER_BYTES,
    BatchRejectedError,
    build_batch,
    send_batch,
)
from pipeline.faust_adapter.store import store_of

DEFAULT_MAX_BATCH_BYTES = 8 * 1024 * 1024
RECORD_OVERHEAD_BYTES = 32


class FlushTooLargeError(Exception):
    """The changes of one flush do not fit into one batch; flush earlier, or raise the limit.

    Nothing was written.
    """


class FlushFailedError(Exception):
    """The broker did not acknowledge the flush; whether it is stored is not known.

    The store is unchanged. Stop the worker: recovery reads what the broker has.
    """


def flush_size(entries: Sequence[tuple[bytes, bytes | None]]) -> int:
    """Return how many bytes a flush of these changes takes, at most."""
    return BATCH_HEADER_BYTES + sum(map(entry_size, entries))


def entry_size(entry: tuple[bytes, bytes | None]) -> int:
    """Return how many bytes one change adds to a flush, at most."""
    key, value = entry
    return len(key) + len(value or b"") + RECORD_OVERHEAD_BYTES


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
        KeyError: the partition is not assigned to this worker.
    """
    if not entries:
        return
    store = store_of(table)
    store.partition(partition)
    topic = table.changelog_topic_name
    batch, count = build_batch(((None, key, value, []) for key, value in entries), max_batch_bytes)
    if count < len(entries) or batch.size() > max_batch_bytes:
        raise FlushTooLargeError(
            f"{len(entries)} changes for {topic}[{partition}] exceed {max_batch_bytes} bytes"
        )
    try:
        offset = await send_batch(app, batch, topic, partition)
    except BatchRejectedError as error:
        raise FlushTooLargeError(str(error)) from error
    except KafkaError as error:
        raise FlushFailedError(f"{topic}[{partition}]: {error!r}") from error
    store.apply(partition, entries, offset + count - 1)
