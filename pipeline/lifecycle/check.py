"""Compares the tables with their topics: what does not fit would be learned wrongly, in silence."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from pipeline.faust_adapter.partitioner import partition_for
from pipeline.lifecycle.claims import claims_of, recreated
from pipeline.lifecycle.mismatch import Kind, Mismatch, Place
from pipeline.lifecycle.stored import (
    REQUEST_SECONDS,
    Newest,
    Table,
    ends,
    newest,
    tables,
    unreadable,
)
from pipeline.reread import Rereader
from pipeline.settings import KafkaSettings
from pipeline.topics import Topics


@dataclass(frozen=True, slots=True)
class Examined:
    """The tables as they are.

    Attributes:
        newest: by table and partition, in the order of `tables`.
        ends: first and next offset by place.
        mismatches: what does not fit.
    """

    newest: list[tuple[Table, dict[int, Newest]]]
    ends: dict[Place, tuple[int, int]]
    mismatches: list[Mismatch]


def examine(
    settings: KafkaSettings, client: AdminClient, topics: Topics, app: str, partitions: int
) -> Examined:
    """Look at the end of every changelog, and at the records that it says it contains.

    Args:
        settings: how to reach the brokers.
        client: for the same brokers.
        topics: names; all are there, with the same number of partitions.
        app: consumer group of the workers.
        partitions: that number.

    Raises:
        confluent_kafka.KafkaException: the broker refuses.
    """
    both = tables(topics, app)
    names = [*topics.audit.values(), *(table.input for table in both)]
    with Rereader(settings) as reader:
        # Workers may be at work. They write records, then the state that contains them, then commit
        # that they have read them; so the other way round nothing seems to be missing.
        committed = _committed(client, app, [table.input for table in both], partitions)
        bounds = ends(client, [table.changelog for table in both], partitions)
        kept: list[tuple[Table, dict[int, Newest]]] = []
        for table in both:
            own = {n: bounds[table.changelog, n] for n in range(partitions)}
            kept.append((table, newest(reader, table.changelog, own)))
        bounds |= ends(client, names, partitions)
        found = [
            mismatch
            for table, by_partition in kept
            for number, each in by_partition.items()
            for mismatch in (
                *_misplaced(table, number, each, partitions),
                *_unreadable(table, number, each),
                *_lost(table, number, each, committed, bounds),
            )
        ]
        found += recreated(reader, [*claims_of(kept)], bounds)
    return Examined(kept, bounds, found)


def _misplaced(table: Table, number: int, kept: Newest, partitions: int) -> Iterator[Mismatch]:
    for key in kept.entries:
        if (at := partition_for(key, partitions)) != number:
            yield Mismatch(
                Kind.PARTITIONS,
                table,
                number,
                (table.changelog, number),
                f"was written with another number of partitions than {partitions}: "
                f"{key.decode('utf-8', 'replace')} is in {number} and belongs in {at}",
            )
            return


def _unreadable(table: Table, number: int, kept: Newest) -> Iterator[Mismatch]:
    why = next(unreadable(table, kept), "")
    if why:
        yield Mismatch(
            Kind.LAYOUT,
            table,
            number,
            (table.changelog, number),
            f"holds state that this version cannot read ({why})",
        )


def _lost(
    table: Table,
    number: int,
    kept: Newest,
    committed: Mapping[Place, int],
    bounds: Mapping[Place, tuple[int, int]],
) -> Iterator[Mismatch]:
    done = committed.get((table.input, number), 0)
    if kept.meta is None and done > bounds[table.input, number][0]:
        yield Mismatch(
            Kind.LOST,
            table,
            number,
            (table.changelog, number),
            f"holds no state, but the workers have read {table.input}[{number}] up to {done}",
        )


def _committed(
    client: AdminClient, app: str, topics: Iterable[str], partitions: int
) -> dict[Place, int]:
    places = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
    asked = client.list_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(app, places)], request_timeout=REQUEST_SECONDS
    )
    try:
        found = asked[app].result().topic_partitions
    except KafkaException as error:
        if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
            return {}
        raise
    return {(at.topic, at.partition): at.offset for at in found if at.offset >= 0}
