"""What the newest flushes of the tables say of themselves, read from their changelogs."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec
from confluent_kafka import Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from pipeline.correlate import decode_state
from pipeline.engine.keystate import KeyStateCodec
from pipeline.faust_adapter.fence import Fence, epoch_of
from pipeline.reread import Rereader
from pipeline.state.partition import INTERNAL, META_KEY, Meta, payload
from pipeline.topics import Topics

REQUEST_SECONDS: Final = 30.0
LOOK_BACK: Final = 256  # records of each partition's end; more where a flush was larger


@dataclass(frozen=True, slots=True)
class Table:
    """A stage's table.

    Attributes:
        stage: its name.
        input: topic that the stage reads.
        changelog: topic that keeps its state.
        upstream: what a mark of `Meta.marks` names, as (topic, partition).
        decode: an entry's bytes to an entry; raises ValueError or MsgspecError.
    """

    stage: str
    input: str
    changelog: str
    upstream: Callable[[str], tuple[str, int]]
    decode: Callable[[bytes], object]


@dataclass(slots=True)
class Newest:
    """The end of a partition of a changelog.

    Attributes:
        meta: of the newest flush; None if there was none.
        written: when that was, seconds since the epoch.
        entries: newest entries by key, without those of the partition itself.
        fence: which tells stale records, and the epoch of the last owner.
    """

    meta: Meta | None = None
    written: float = 0.0
    entries: dict[bytes, bytes] = field(default_factory=dict)
    fence: Fence = field(default_factory=Fence)


def tables(topics: Topics, app: str) -> list[Table]:
    """Both tables of an installation."""

    def audit(mark: str) -> tuple[str, int]:
        topic, _, partition = mark.rpartition("/")
        return topic, int(partition)

    return [
        Table(
            "detect",
            topics.activity,
            topics.changelog(app, "detect"),
            audit,
            KeyStateCodec().decode,
        ),
        Table(
            "correlate",
            topics.signals,
            topics.changelog(app, "correlate"),
            lambda mark: (topics.activity, int(mark)),
            decode_state,
        ),
    ]


def ends(
    client: AdminClient, topics: Iterable[str], partitions: int
) -> dict[tuple[str, int], tuple[int, int]]:
    """First and next offset of every partition.

    Raises:
        confluent_kafka.KafkaException: the broker refuses.
    """
    places = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
    found: list[dict[tuple[str, int], int]] = []
    for spec in (OffsetSpec.earliest(), OffsetSpec.latest()):
        asked = client.list_offsets(dict.fromkeys(places, spec), request_timeout=REQUEST_SECONDS)
        found.append({(at.topic, at.partition): f.result().offset for at, f in asked.items()})
    first, last = found
    return {place: (first[place], last[place]) for place in first}


def newest(
    reader: Rereader, changelog: str, bounds: dict[int, tuple[int, int]]
) -> dict[int, Newest]:
    """Read back from the end of each partition until its newest flush is complete.

    Raises:
        confluent_kafka.KafkaException: the changelog cannot be read.
    """
    found = {number: Newest() for number in bounds}
    wanted = {number for number, (low, high) in bounds.items() if low < high}
    look_back = LOOK_BACK
    while wanted:
        windows = {n: (max(bounds[n][0], bounds[n][1] - look_back), bounds[n][1]) for n in wanted}
        found |= {number: Newest() for number in wanted}
        for message in reader.read(changelog, windows):
            _take(found[message.partition() or 0], message)
        wanted = {n for n in wanted if found[n].meta is None and windows[n][0] > bounds[n][0]}
        look_back *= 8
    return found


def _take(kept: Newest, message: Message) -> None:
    key, value = message.key() or b"", message.value()
    if not kept.fence.admits(epoch_of(message.headers())):
        return
    if key == META_KEY and value is not None:
        kept.meta = msgspec.msgpack.decode(value, type=Meta)
        kept.written = message.timestamp()[1] / 1000.0
    elif key[:1] != INTERNAL:
        if value is None:
            kept.entries.pop(key, None)
        else:
            kept.entries[key] = value


def unreadable(table: Table, kept: Newest) -> Iterator[str]:
    """Why entries cannot be read by this program, each with its key."""
    for key, value in kept.entries.items():
        try:
            table.decode(payload(value))
        except (ValueError, msgspec.MsgspecError) as error:
            yield f"{key.decode('utf-8', 'replace')}: {error}"
