"""The events of the comparison: one generated organisation, all its sources as they mix there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import Consumer, Producer, TopicPartition

from detectors.registry import DETECTORS
from pipeline import topics
from pipeline.faust_adapter.partitioner import partition_for
from pipeline.generator import Organisation
from pipeline.records import Record, parse_line, to_line
from pipeline.replay import Replay
from pipeline.settings import KafkaSettings
from pipeline.stages.normalise import Normaliser
from pipeline.topics import Topic, Topics
from schemas.activity import NOWHERE, encode
from schemas.identity import IdentityMap

PARTITIONS: Final = 4
RAW: Final = "raw."  # prefix of the topics for readings that begin with raw audit records
ACTIVITY: Final = "act."  # of those that begin with activities
FLUSH_EVERY: Final = 1000


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is: `identities` people, bots and agents for so many `days`."""

    identities: int
    days: int

    def organisation(self) -> Organisation:
        """The same events in every process."""
        return Organisation(seed=1, identities=self.identities, days=self.days)

    def identity_map(self) -> IdentityMap:
        """Who is who."""
        return IdentityMap(self.organisation().identities())

    def records(self) -> Iterator[Record]:
        """Raw audit records in the order of their times, as `devspm replay` sends them."""
        for event in self.organisation().events():
            record = parse_line(to_line(event), "", NOWHERE)
            assert isinstance(record, Record)
            yield record


def create(bootstrap: str, prefix: str, app_id: str) -> None:
    """Create the topics of an installation, as far as they are missing."""
    client = topics.admin(KafkaSettings(bootstrap))
    topics.create(client, Topics(prefix).all(app_id), partitions=PARTITIONS, replication=1)


def create_topic(bootstrap: str, name: str) -> None:
    """Create one more topic."""
    client = topics.admin(KafkaSettings(bootstrap))
    topics.create(client, [Topic(name, "", {})], partitions=PARTITIONS, replication=1)


def fill(bootstrap: str, size: Size) -> dict[str, int]:
    """Write raw records and, for other readings, the activities that they give.

    Returns:
        How many of both, and the bytes of an activity.
    """
    for prefix in (RAW, ACTIVITY):
        create(bootstrap, prefix, "none")
    replay = Replay(KafkaSettings(bootstrap), Topics(RAW))
    normaliser = Normaliser(DETECTORS, size.identity_map())
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 50})
    topic = Topics(ACTIVITY).activity
    count = volume = 0
    for record in size.records():
        replay.send(record)
        found, error = normaliser.normalise(record.raw, record.source)
        assert error is None
        for activity in found:
            value = encode(activity)
            for key in normaliser.keys(activity):
                producer.produce(topic, value, key, partition=partition_for(key, PARTITIONS))
                count += 1
                volume += len(value)
                if count % FLUSH_EVERY == 0:
                    producer.flush()
    producer.flush()
    replay.flush()
    return {"raw": replay.sent, "activities": count, "activity_bytes": round(volume / count)}


def logs(bootstrap: str, topic: str, count: int) -> list[list[tuple[bytes, bytes]]]:
    """Keys and values of a topic, by partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused"})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    found: list[list[tuple[bytes, bytes]]] = [[] for _ in range(PARTITIONS)]
    while sum(map(len, found)) < count:
        for message in consumer.consume(FLUSH_EVERY, timeout=1.0):
            if not message.error():
                key: Any = message.key()
                found[message.partition() or 0].append((key or b"", message.value() or b""))
    consumer.close()
    return found
