"""The topics: names, keys, partitions, retention, compaction; and how to create them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, NewTopic

from pipeline.settings import KafkaSettings

DAY_MS: Final = 86_400_000
MAX_RECORD_BYTES: Final = 16 * 1024 * 1024
# When the record was first received, in seconds, if that was not just now. A replay sets it; the
# Kafka timestamp stays that of the replay, or retention would delete old recordings at once.
RECEIVED_HEADER: Final = "received"
METADATA_SECONDS: Final = 10.0  # no answer by then: there is no broker
KINDS: Final = ("vcs", "registry", "idp", "ai")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it must be.

    Attributes:
        name: with the prefix.
        key: what its key is, for people.
        config: broker settings that differ from the defaults.
    """

    name: str
    key: str
    config: dict[str, str]


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics of one installation.

    All have the same number of partitions: then partition n of every stage and of its state is
    worked on by the same worker.

    Args:
        prefix: put before every name, so that several installations share a cluster.
    """

    prefix: str = ""

    @property
    def audit(self) -> dict[str, str]:
        """Kind of source to its topic."""
        return {kind: f"{self.prefix}audit.{kind}" for kind in KINDS}

    @property
    def dead_letters(self) -> str:
        """Records that no parser took."""
        return f"{self.prefix}audit.dlq"

    @property
    def activity(self) -> str:
        """Normalised events."""
        return f"{self.prefix}activity"

    @property
    def signals(self) -> str:
        """What detectors said."""
        return f"{self.prefix}signals"

    @property
    def alerts(self) -> str:
        """OCSF Detection Findings."""
        return f"{self.prefix}alerts"

    @property
    def identities(self) -> str:
        """Who is who: entries that were imported, links that were learned."""
        return f"{self.prefix}identities"

    def changelog(self, app: str, table: str) -> str:
        """Where faust keeps a table."""
        return f"{app}-{table}-changelog"

    def all(self, app: str) -> list[Topic]:
        """Every topic with its settings; `app` is the consumer group of the workers."""
        log = {"max.message.bytes": str(MAX_RECORD_BYTES), "compression.type": "producer"}

        def kept(days: int) -> dict[str, str]:
            return {**log, "cleanup.policy": "delete", "retention.ms": str(days * DAY_MS)}

        state = {
            **log,
            "cleanup.policy": "compact",
            "min.cleanable.dirty.ratio": "0.2",
            "min.compaction.lag.ms": "3600000",  # a stale write is rewritten long before
            "segment.bytes": str(64 * 1024 * 1024),
        }
        return [
            *(
                Topic(name, "none, or the vendor's event id", kept(7))
                for name in self.audit.values()
            ),
            Topic(self.dead_letters, "topic/partition of the record", kept(30)),
            Topic(self.activity, "what detectors keep state about", kept(7)),
            Topic(self.signals, "identity", kept(7)),
            Topic(self.alerts, "identity", kept(90)),
            Topic(self.identities, "name of an identity, or of a learned link", state),
            Topic(self.changelog(app, "detect"), "state key", state),
            Topic(self.changelog(app, "correlate"), "identity", state),
        ]


@dataclass(frozen=True, slots=True)
class Difference:
    """How a topic differs from what it must be; `fix` says what to do."""

    topic: str
    problem: str
    fix: str


def admin(settings: KafkaSettings) -> AdminClient:
    """An admin client that fails within seconds if there is no broker."""
    return AdminClient(settings.confluent(**{"socket.timeout.ms": 10_000}))


def create(
    client: AdminClient,
    topics: Iterable[Topic],
    *,
    partitions: int,
    replication: int,
    timeout: float = 60.0,
) -> tuple[list[str], list[str]]:
    """Create what is missing; returns the names created and those that were there.

    Raises:
        confluent_kafka.KafkaException: the broker refused.
    """
    topics = list(topics)
    existing = set(client.list_topics(timeout=METADATA_SECONDS).topics)
    missing = [topic for topic in topics if topic.name not in existing]
    futures = (
        client.create_topics(
            [
                NewTopic(
                    topic.name,
                    num_partitions=partitions,
                    replication_factor=replication,
                    config=topic.config,
                )
                for topic in missing
            ],
            request_timeout=timeout,
        )
        if missing
        else {}
    )
    for name, future in futures.items():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
            existing.add(name)  # somebody else was quicker
    return (
        [topic.name for topic in topics if topic.name not in existing],
        [topic.name for topic in topics if topic.name in existing],
    )


def differences(client: AdminClient, topics: Iterable[Topic]) -> list[Difference]:
    """What an operator must mend before a worker can run."""
    found: list[Difference] = []
    unseen: list[str] = []
    metadata = client.list_topics(timeout=METADATA_SECONDS).topics
    counts: dict[str, int] = {}
    for topic in topics:
        there: Any = metadata.get(topic.name)
        if there is None:
            unseen.append(topic.name)
        else:
            counts[topic.name] = len(there.partitions)
    found += _missing(client, unseen)
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        found.append(
            Difference(
                "all",
                f"numbers of partitions differ: {listed}",
                "create them anew with one number: devspm topics create --partitions N",
            )
        )
    return found


def _missing(client: AdminClient, names: list[str]) -> Iterator[Difference]:
    if not names:
        return
    asked = client.describe_topics(TopicCollection(names), request_timeout=METADATA_SECONDS)
    for name, future in asked.items():
        error = future.exception()
        if (
            isinstance(error, KafkaException)
            and error.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
        ):
            yield Difference(
                name,
                "is missing, or this user has no right to see it",
                "devspm acls list; devspm topics create",
            )
        else:
            yield Difference(name, "is missing", "devspm topics create")


def partitions(client: AdminClient, topic: str) -> int:
    """How many partitions a topic has."""
    return len(client.list_topics(topic, timeout=METADATA_SECONDS).topics[topic].partitions)


__all__ = [
    "KINDS",
    "MAX_RECORD_BYTES",
    "METADATA_SECONDS",
    "RECEIVED_HEADER",
    "Difference",
    "KafkaException",
    "Topic",
    "Topics",
    "admin",
    "create",
    "differences",
    "partitions",
]
