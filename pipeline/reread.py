"""Records of a topic between given offsets; in no consumer group, stores no offsets."""

import sys
from collections.abc import Iterator, Mapping
from typing import Self
from uuid import uuid4

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from pipeline.settings import KafkaSettings
from pipeline.topics import MAX_RECORD_BYTES

POLL_SECONDS = 0.5
PATIENCE_POLLS = 60  # without a record

Window = tuple[int, int]
"""First offset, and the one after the last."""
EVERYTHING: Window = (OFFSET_BEGINNING, sys.maxsize)


class Rereader:
    """Reads one thing at a time. Every method raises KafkaException if the broker refuses.

    Args:
        settings: how to reach the brokers.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._consumer = Consumer(
            settings.confluent(
                **{
                    "group.id": f"devspm-reread-{uuid4().hex[:8]}",
                    "enable.auto.commit": False,
                    "enable.partition.eof": True,
                    "fetch.wait.max.ms": 10,
                    "queued.max.messages.kbytes": 4 * MAX_RECORD_BYTES // 1024,
                }
            )
        )

    def __enter__(self) -> Self:
        """Nothing to do before."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go."""
        self._consumer.close()

    def partitions(self, topic: str) -> list[int]:
        """Numbers of a topic's partitions; none if there is no such topic."""
        found = self._consumer.list_topics(topic, timeout=10.0).topics[topic]
        return sorted(found.partitions) if found.error is None else []

    def read(self, topic: str, windows: Mapping[int, Window]) -> Iterator[Message]:
        """Records by partition, in order within each; what is not there is left out."""
        pending = {number: end for number, (begin, end) in windows.items() if begin < end}
        self._consumer.assign([TopicPartition(topic, n, windows[n][0]) for n in pending])
        idle = 0
        while pending:
            message = self._consumer.poll(POLL_SECONDS)
            if message is None:
                idle += 1
                if idle > PATIENCE_POLLS:
                    raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001
                continue
            idle = 0
            error, number = message.error(), message.partition() or 0
            if error is None:
                end, offset = pending.get(number, 0), message.offset() or 0
                if offset < end:
                    yield message
                if offset + 1 >= end:
                    pending.pop(number, None)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                pending.pop(number, None)
            # No group is joined, but the client asks for its coordinator all the same.
            elif error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                continue
            elif error.fatal() or not error.retriable():
                raise KafkaException(error)
        self._consumer.unassign()
