"""Forgets what was learned, for it to be learned again from the audit topics."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewPartitions

from pipeline.lifecycle.stored import REQUEST_SECONDS
from pipeline.settings import SettingsError
from pipeline.topics import METADATA_SECONDS, Topics, create

POLL_SECONDS: Final = 0.2
_GONE: Final = {KafkaError.GROUP_ID_NOT_FOUND, KafkaError.UNKNOWN_TOPIC_OR_PART}


def forgotten(client: AdminClient, topics: Topics, app: str, partitions: int) -> list[str]:
    """Topics that a reset deletes: what is made from the audit topics.

    And who is who, if the number of partitions changes: its keys would lie in other partitions
    than what they replace.

    Raises:
        confluent_kafka.KafkaException: no broker answers.
    """
    there = client.list_topics(timeout=METADATA_SECONDS).topics
    names = [
        topics.activity,
        topics.signals,
        topics.changelog(app, "detect"),
        topics.changelog(app, "correlate"),
    ]
    who = there.get(topics.identities)
    if who is not None and len(who.partitions) != partitions:
        names.append(topics.identities)
    return [name for name in names if name in there]


def reset(
    client: AdminClient, topics: Topics, app: str, *, partitions: int, replication: int
) -> Iterator[str]:
    """Forget what was learned and where the workers were; yields what was done.

    Workers that start afterwards learn again from what the audit topics hold.

    Args:
        client: of somebody who may delete and create topics and delete the group.
        topics: names.
        app: consumer group of the workers.
        partitions: of every topic; those that are kept grow to it.
        replication: of those that are made anew.

    Raises:
        SettingsError: a topic that is kept has more partitions than that.
        confluent_kafka.KafkaException: the broker refuses.
    """
    removed = forgotten(client, topics, app, partitions)
    there = client.list_topics(timeout=METADATA_SECONDS).topics
    counts = {
        topic.name: len(there[topic.name].partitions)
        for topic in topics.all(app)
        if topic.name in there and topic.name not in removed
    }
    wider = [name for name, count in counts.items() if count > partitions]
    if wider:
        raise SettingsError(
            f"{wider[0]} has {counts[wider[0]]} partitions and can have no fewer: "
            "give --partitions as many"
        )
    yield from _delete(client, removed)
    # Without positions the workers read the audit topics from the beginning.
    _wait(client.delete_consumer_groups([app], request_timeout=REQUEST_SECONDS))
    yield f"deleted  positions of the group {app}"
    narrow = [NewPartitions(name, partitions) for name, n in counts.items() if n < partitions]
    if narrow:
        _wait(client.create_partitions(narrow, request_timeout=REQUEST_SECONDS))
        yield from (f"widened  {each.topic}" for each in narrow)
    created, _ = create(client, topics.all(app), partitions=partitions, replication=replication)
    yield from (f"created  {name}" for name in created)


def _delete(client: AdminClient, names: list[str]) -> Iterator[str]:
    if not names:
        return
    _wait(client.delete_topics(names, request_timeout=REQUEST_SECONDS))
    deadline = time.monotonic() + REQUEST_SECONDS
    while names and set(names) & client.list_topics(timeout=METADATA_SECONDS).topics.keys():
        if time.monotonic() > deadline:
            raise SettingsError(f"{', '.join(names)}: the broker takes long to delete; try again")
        time.sleep(POLL_SECONDS)
    yield from (f"deleted  {name}" for name in names)


def _wait(asked: "Mapping[str, Future[Any]]") -> None:
    for future in asked.values():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() not in _GONE:
                raise
