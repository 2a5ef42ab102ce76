"""Send one record batch, exactly as built."""

from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import TopicPartition

BATCH_HEADER_BYTES = 61
RECORD_OVERHEAD_BYTES = 48  # of which the header with the epoch takes 16


class BatchRejectedError(Exception):
    """The broker takes no batch of this size for the topic; nothing was written."""


def flush_size(entries: Sequence[tuple[bytes, bytes | None]]) -> int:
    """Return how many bytes a flush of these changes takes, at most."""
    return BATCH_HEADER_BYTES + sum(map(entry_size, entries))


def entry_size(entry: tuple[bytes, bytes | None]) -> int:
    """Return how many bytes one change adds to a flush, at most."""
    key, value = entry
    return len(key) + len(value or b"") + RECORD_OVERHEAD_BYTES


def build_batch(records: Iterable[tuple[Any, ...]], max_bytes: int) -> tuple[Any, int]:
    """Put (timestamp in ms or None, key, value, list of headers) into one batch, as many as fit.

    Returns:
        The batch, closed (an open one could take in records of other senders), and how many
        records it holds. A first record alone may exceed ``max_bytes``.
    """
    # Not producer.create_batch(): that one has the size of the producer's ordinary batches.
    batch = BatchBuilder(max_bytes, 0)
    for timestamp, key, value, headers in records:
        if batch.append(timestamp=timestamp, key=key, value=value, headers=headers) is None:
            break
    batch.close()
    return batch, batch.record_count()


async def send_batch(app: Any, batch: Any, topic: str, partition: int) -> int:
    """Send a batch, wait for the broker's acknowledgement, return the offset of its first record.

    Raises:
        BatchRejectedError: it exceeds the topic's ``max.message.bytes``.
        KafkaError: not acknowledged; whether it is stored is not known.
    """
    producer = app.producer._ensure_producer()  # noqa: SLF001
    await _require_partition(producer, topic, partition)
    size, count = batch.size(), batch.record_count()
    try:
        written = await (await producer.send_batch(batch, topic, partition=partition))
    except MessageSizeTooLargeError as error:
        _take_back_sequence(producer, topic, partition, count)
        raise BatchRejectedError(
            f"{topic} takes no batch of {size} bytes: raise its max.message.bytes"
        ) from error
    return int(written.offset)


async def _require_partition(producer: Any, topic: str, partition: int) -> None:
    # aiokafka asserts it, on what it knew minutes ago.
    if partition not in await producer.partitions_for(topic):
        await producer.client.force_metadata_update()
        if partition not in await producer.partitions_for(topic):
            raise KafkaError(f"{topic} has no partition {partition}")


def _take_back_sequence(producer: Any, topic: str, partition: int, count: int) -> None:
    # aiokafka numbers a batch before it sends it. After one that the broker refused, it would
    # refuse all later ones as out of order.
    manager = producer._txn_manager  # noqa: SLF001
    if manager is not None:
        manager._sequence_numbers[TopicPartition(topic, partition)] -= count  # noqa: SLF001
