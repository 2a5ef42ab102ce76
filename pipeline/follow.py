"""Reads the alert topic, as a SOC's consumer would."""

from collections.abc import Iterator
from typing import Any, Literal, Self
from uuid import uuid4

import orjson
from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from pipeline.settings import KafkaSettings, SettingsError

Start = Literal["beginning", "end"]


class AlertFollower:
    """Findings as they come; stores no offsets, disturbs no consumer group.

    Args:
        settings: how to reach the brokers.
        topic: the alert topic.
        start: from its beginning, or only what is new.
    """

    def __init__(self, settings: KafkaSettings, topic: str, start: Start) -> None:
        self._topic = topic
        self._bootstrap = settings.bootstrap
        self._consumer = Consumer(
            settings.confluent(
                **{
                    "group.id": f"devspm-alerts-{uuid4().hex[:8]}",
                    "enable.auto.commit": False,
                    "enable.partition.eof": True,
                    "fetch.wait.max.ms": 100,
                }
            )
        )
        self._start = start
        self._pending: set[int] = set()

    def __enter__(self) -> Self:
        """Take all partitions of the topic.

        Raises:
            SettingsError: there is no broker, or no such topic.
        """
        # assign(), not subscribe(): a group would make a newcomer wait for a rebalance.
        try:
            found = self._consumer.list_topics(self._topic, timeout=10.0).topics[self._topic]
        except KafkaException as error:
            raise SettingsError(
                f"no broker answers at {self._bootstrap}: {error.args[0].str()}"
            ) from None
        if found.error is not None:
            raise SettingsError(f"no topic {self._topic}: run `devspm topics create`")
        offset = OFFSET_BEGINNING if self._start == "beginning" else OFFSET_END
        self._pending = set(found.partitions)
        self._consumer.assign([TopicPartition(self._topic, p, offset) for p in found.partitions])
        return self

    def __exit__(self, *_: object) -> None:
        """Let go."""
        self._consumer.close()

    @property
    def at_end(self) -> bool:
        """Whether everything that was there has been read."""
        return not self._pending

    def poll(self, seconds: float) -> Iterator[dict[str, Any]]:
        """Findings that arrive within so many seconds.

        Raises:
            SettingsError: the broker refuses to be read.
        """
        for message in self._consumer.consume(500, timeout=seconds):
            error = message.error()
            if error is None:
                yield orjson.loads(message.value() or b"{}")
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                self._pending.discard(message.partition() or 0)
            # No group is joined, but the client asks for its coordinator all the same.
            elif error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                continue
            elif error.fatal() or not error.retriable():
                raise SettingsError(f"cannot read {self._topic}: {error.str()}")
