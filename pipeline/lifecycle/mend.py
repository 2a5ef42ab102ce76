"""Goes on with what was learned after a topic was made anew, or a table was lost."""

import secrets
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from confluent_kafka import (
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from pipeline.faust_adapter.fence import CLAIM_KEY, HEADER, new_epoch
from pipeline.lifecycle.check import Examined
from pipeline.lifecycle.mismatch import Kind
from pipeline.lifecycle.stored import REQUEST_SECONDS
from pipeline.settings import KafkaSettings, SettingsError
from pipeline.state.partition import META_KEY


def refuse_while_running(client: AdminClient, app: str) -> None:
    """A worker would write what it holds in memory over what is mended.

    Raises:
        SettingsError: the consumer group has members.
        confluent_kafka.KafkaException: the broker refuses.
    """
    try:
        asked = client.describe_consumer_groups([app], request_timeout=REQUEST_SECONDS)
        state = asked[app].result().state
    except KafkaException as error:
        if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
            return
        raise
    if state not in {ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD}:
        raise SettingsError(
            f"workers of the group {app} are running; stop them all first "
            "(one that was killed counts until its session times out)"
        )


def mend(
    settings: KafkaSettings, client: AdminClient, app: str, examined: Examined
) -> Iterator[str]:
    """Go on with what was learned; yields what was done.

    A table forgets where it was in a topic that was made anew, and reads it from the beginning. A
    table that is lost is made again from what its input still holds.

    Raises:
        SettingsError: something is of a kind that cannot be mended, or a write failed.
        confluent_kafka.KafkaException: the broker refuses.
    """
    hopeless = [m for m in examined.mismatches if m.kind in {Kind.PARTITIONS, Kind.LAYOUT}]
    if hopeless:
        raise SettingsError(f"{hopeless[0].text}; {hopeless[0].kind.fix}")
    again: set[tuple[str, int]] = set()
    metas: list[tuple[str, int, bytes, bytes]] = []
    for table, by_partition in examined.newest:
        for number, kept in by_partition.items():
            mine = [m for m in examined.mismatches if m.table is table and m.partition == number]
            if any(m.kind is Kind.LOST for m in mine):
                again.add((table.input, number))
            places = {m.place for m in mine if m.kind is Kind.RECREATED}
            if kept.meta is None or not places:
                continue
            if (table.input, number) in places:
                kept.meta.position = -1
                again.add((table.input, number))
            for mark in [*kept.meta.marks]:
                if table.upstream(mark) in places:
                    del kept.meta.marks[mark]
            epoch = new_epoch(kept.fence.epoch, secrets.randbits(32))
            metas.append((table.changelog, number, epoch, msgspec.msgpack.encode(kept.meta)))
    # Offsets first: a table must not claim less than the group has read.
    _rewind(client, app, examined, again)
    _write(settings, metas)
    yield from (f"{topic}[{number}] will be read from the beginning" for topic, number in again)
    yield from (f"{topic}[{number}] has forgotten its position" for topic, number, *_ in metas)


def _rewind(
    client: AdminClient, app: str, examined: Examined, places: Iterable[tuple[str, int]]
) -> None:
    offsets = [
        TopicPartition(topic, number, examined.ends[topic, number][0])
        for topic, number in sorted(places)
    ]
    if offsets:
        asked = client.alter_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(app, offsets)], request_timeout=REQUEST_SECONDS
        )
        for at in asked[app].result().topic_partitions:
            if at.error is not None:
                raise KafkaException(at.error)


def _write(settings: KafkaSettings, metas: Iterable[tuple[str, int, bytes, bytes]]) -> None:
    """Write positions as an owner of the partitions does: in an epoch of its own."""
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(error)

    config: dict[str, Any] = {"acks": "all", "message.timeout.ms": 30_000}
    producer = Producer(settings.confluent(**config))
    for topic, number, epoch, value in metas:
        for key, content in ((CLAIM_KEY, epoch), (META_KEY, value)):
            producer.produce(
                topic, content, key, number, headers=[(HEADER, epoch)], on_delivery=delivered
            )
    while producer.flush(1.0):
        pass
    if failed:
        raise SettingsError(f"the broker does not take the positions: {failed[0].str()}")
