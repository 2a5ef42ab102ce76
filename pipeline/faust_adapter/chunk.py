"""What a chunk agent receives: many records of one partition, handed over at once."""

from collections.abc import Sequence
from typing import Any


class Undecodable:
    """A record batch that cannot be unpacked: its codec is not installed, or it is damaged.

    The offsets are those of the records that could not be read, both inclusive. The bytes stay
    in the source topic until its retention removes them.
    """

    __slots__ = ("error", "first_offset", "offset", "partition", "topic")

    def __init__(
        self, topic: str, partition: int, first_offset: int, last_offset: int, error: Exception
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.first_offset = first_offset
        self.offset = last_offset
        self.error = error

    @property
    def last_offset(self) -> int:
        """The last unreadable offset; named ``offset`` as well, as a record's is."""
        return self.offset

    def __repr__(self) -> str:
        return (
            f"<Undecodable {self.topic}[{self.partition}] "
            f"{self.first_offset}..{self.offset}: {self.error!r}>"
        )


class Chunk:
    """Consecutive records of one partition, in offset order; offsets may have gaps.

    ``records`` are aiokafka ``ConsumerRecord``: ``offset``, ``timestamp`` (ms), ``key``,
    ``value`` (bytes or None), ``headers`` (tuple of (str, bytes | None)).

    Its offsets are committed after ``mark_processed()``, never before: a handler that raises
    or is cancelled leaves the chunk to be read again. ``consume`` marks it by itself.
    """

    __slots__ = ("offset", "partition", "processed", "records", "topic")

    def __init__(self, topic: str, partition: int, records: Sequence[Any], offset: int) -> None:
        self.topic = topic
        self.partition = partition
        self.records = records
        self.offset = offset
        self.processed = False

    @property
    def parts(self) -> "tuple[Chunk, ...]":
        """Itself: what a ``Merge`` has several of."""
        return (self,)

    def mark_processed(self) -> None:
        """Allow the commit to pass this chunk, once all chunks before it are marked too."""
        self.processed = True

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        return f"<Chunk {self.topic}[{self.partition}] n={len(self.records)} to {self.offset}>"


class Merge:
    """Records of several partitions in the order of their timestamps, handed over as one chunk.

    ``parts`` are the chunks it is made of, one a partition; ``records`` are theirs, merged.
    """

    __slots__ = ("parts", "records")

    def __init__(self, records: Sequence[Any]) -> None:
        by_partition: dict[tuple[str, int], list[Any]] = {}
        for record in records:
            by_partition.setdefault((record.topic, record.partition), []).append(record)
        self.parts = tuple(
            Chunk(topic, partition, part, part[-1].offset)
            for (topic, partition), part in by_partition.items()
        )
        self.records = records

    @property
    def topic(self) -> str:
        """Of the last record; faust files the message under it."""
        return str(self.records[-1].topic)

    @property
    def partition(self) -> int:
        """Of the last record."""
        return int(self.records[-1].partition)

    @property
    def offset(self) -> int:
        """Of the last record."""
        return int(self.records[-1].offset)

    def mark_processed(self) -> None:
        """Allow the commits to pass all parts."""
        for part in self.parts:
            part.mark_processed()

    def __len__(self) -> int:
        return len(self.records)


def first_offset(record: Any) -> int:
    """Return the offset of a record, or the first of an ``Undecodable``."""
    return int(record.first_offset if type(record) is Undecodable else record.offset)


def split(records: Sequence[Any], max_chunk: int) -> list[Chunk | Undecodable]:
    """Cut what one fetch brought for one partition into chunks of at most ``max_chunk`` records.

    A chunk never spans an ``Undecodable``, which keeps its place between the chunks.
    """
    pieces: list[Chunk | Undecodable] = []
    start = 0
    bad = [at for at, record in enumerate(records) if type(record) is Undecodable]
    for end in [*bad, len(records)]:
        for at in range(start, end, max_chunk):
            part = records[at : min(at + max_chunk, end)]
            last = part[-1]
            pieces.append(Chunk(last.topic, last.partition, part, last.offset))
        if end < len(records):
            pieces.append(records[end])
        start = end + 1
    return pieces
