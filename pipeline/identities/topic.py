"""The topic `identities` on a broker: read it to its end, follow it, write to it."""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self
from uuid import uuid4

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from pipeline.settings import KafkaSettings, SettingsError

Record = tuple[bytes, bytes | None]
"""Key and value; None removes what the key stood for."""


class IdentityReader:
    """Records from the beginning on; in no consumer group, stores no offsets.

    Args:
        settings: how to reach the brokers.
        topic: its name.
    """

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        self._topic = topic
        self._consumer = Consumer(
            settings.confluent(
                **{
                    "group.id": f"devspm-identities-{uuid4().hex[:8]}",
                    "enable.auto.commit": False,
                    "enable.partition.eof": True,
                    "fetch.wait.max.ms": 100,
                }
            )
        )
        self._pending: set[int] = set()

    def __enter__(self) -> Self:
        """Take all partitions of the topic.

        Raises:
            SettingsError: there is no broker, or no such topic.
        """
        try:
            found = self._consumer.list_topics(self._topic, timeout=10.0).topics[self._topic]
        except KafkaException as error:
            self._consumer.close()
            raise SettingsError(f"no broker answers: {error.args[0].str()}") from None
        if found.error is not None:
            self._consumer.close()
            raise SettingsError(f"no topic {self._topic}: run `devspm topics create`")
        self._pending = set(found.partitions)
        self._consumer.assign(
            [TopicPartition(self._topic, number, OFFSET_BEGINNING) for number in found.partitions]
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go."""
        self._consumer.close()

    @property
    def at_end(self) -> bool:
        """Whether everything that was there has been read."""
        return not self._pending

    def poll(self, seconds: float) -> Iterator[Record]:
        """Records that arrive within so many seconds.

        Raises:
            SettingsError: the broker refuses to be read.
        """
        for message in self._consumer.consume(500, timeout=seconds):
            error = message.error()
            if error is None:
                yield message.key() or b"", message.value()
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                self._pending.discard(message.partition() or 0)
            # No group is joined, but the client asks for its coordinator all the same.
            elif error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                continue
            elif error.fatal() or not error.retriable():
                raise SettingsError(f"cannot read {self._topic}: {error.str()}")

    def to_end(self) -> Iterator[Record]:
        """Everything that is there now. Raises SettingsError as `poll`."""
        while not self.at_end:
            yield from self.poll(0.5)


def write(settings: KafkaSettings, topic: str, records: Iterable[Record]) -> None:
    """Write records and wait for the broker's word.

    Raises:
        SettingsError: the broker does not take them.
    """
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(error)

    producer = Producer(
        settings.confluent(
            **{
                "acks": "all",
                "partitioner": "murmur2",  # that of the workers, or compaction would not meet
                "message.timeout.ms": 30_000,
            }
        )
    )
    for key, value in records:
        while True:
            try:
                producer.produce(topic, value=value, key=key, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.1)
    while producer.flush(1.0):
        pass
    if failed:
        raise SettingsError(f"the broker does not take the records: {failed[0].str()}")
