"""What dead letters say, and which of them have been replayed.

A letter is a record of the dead-letter topic as the normalise stage writes it: the rejected
record's value, and headers `reason`, `detail`, `topic`, `partition`, `offset`, `received`,
`original.<name>`, `truncated`, `last_offset`. A replay adds receipts to the same partition:
records without a value that repeat the letter's `topic`, `partition`, `offset` and have a header
`replayed`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

from confluent_kafka import Message

from pipeline.topics import RECEIVED_HEADER

REPLAYED_HEADER = "replayed"
ORIGINAL = "original."
MAX_ORIGINAL_HEADERS = 16  # of a record, as many as a letter keeps
MAX_DIGITS = 19  # of an offset

Headers = tuple[tuple[str, bytes], ...]


class Place(NamedTuple):
    """Where a record stands; written `topic/partition/offset`."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Letter:
    """What a dead letter says; its value stays on the broker.

    Attributes:
        partition: of the dead-letter topic.
        offset: in that partition.
        time: when it was written, seconds since the epoch, UTC.
        received: when the broker got the rejected record; `time` where the letter does not say.
        reason: one of `schemas.sources.base.REASONS`.
        detail: for a person.
        place: of the rejected record, or of the first of a batch.
        last: offset of the last rejected record; that of `place` unless it is a batch.
        headers: of the rejected record, at most MAX_ORIGINAL_HEADERS.
        size: bytes of value in the letter.
        is_batch: whether it stands for records that nobody unpacked; then it has no value.
        is_truncated: whether it has only the beginning of the value, and no headers.
    """

    partition: int
    offset: int
    time: float
    received: float
    reason: str
    detail: str
    place: Place
    last: int
    headers: Headers
    size: int
    is_batch: bool
    is_truncated: bool

    @property
    def name(self) -> str:
        """`PARTITION:OFFSET`."""
        return f"{self.partition}:{self.offset}"

    @property
    def has_value(self) -> bool:
        """Whether it has all bytes of its record."""
        return not (self.is_batch or self.is_truncated)

    @property
    def is_whole(self) -> bool:
        """Whether it has all bytes and all headers."""
        return self.has_value and len(self.headers) < MAX_ORIGINAL_HEADERS

    @property
    def source(self) -> str:
        """The rejected record's header `source`; empty if it had none."""
        return _text(_last(self.headers, "source"))

    @property
    def replays(self) -> int:
        """How often the rejected record had been replayed before."""
        return replays_of(self.headers)

    def holds(self, place: Place) -> bool:
        """Whether it is about the record at that place."""
        same = place.topic == self.place.topic and place.partition == self.place.partition
        return same and self.place.offset <= place.offset <= self.last

    @classmethod
    def of(cls, message: Message) -> "Letter":
        """Read a record; what a foreign record lacks is empty, or -1."""
        headers = headers_of(message)
        own = {name: value for name, value in headers if not name.startswith(ORIGINAL)}
        original = tuple(
            (name.removeprefix(ORIGINAL), value)
            for name, value in headers
            if name.startswith(ORIGINAL)
        )
        place = _place(own)
        is_batch = "last_offset" in own
        time = message.timestamp()[1] / 1000.0
        return cls(
            partition=message.partition() or 0,
            offset=message.offset() or 0,
            time=time,
            received=_seconds(own.get(RECEIVED_HEADER, b"")) or time,
            reason=_text(own.get("reason", b"")),
            detail=_text(own.get("detail", b"")),
            place=place,
            last=_number(own["last_offset"]) if is_batch else place.offset,
            headers=original,
            size=len(message.value() or b""),
            is_batch=is_batch,
            is_truncated="truncated" in own,
        )


@dataclass(slots=True)
class Overview:
    """All letters, by partition in the order they were written.

    Attributes:
        letters: what they say.
        replayed: `partition, offset` of those that have a receipt behind them.
    """

    letters: list[Letter] = field(default_factory=list)
    replayed: set[tuple[int, int]] = field(default_factory=set)
    _open: dict[Place, list[tuple[int, int]]] = field(default_factory=dict)

    def add(self, message: Message) -> None:
        """Take the next record of a partition."""
        own = dict(headers_of(message))
        if REPLAYED_HEADER in own:
            # Only letters before it: what is rejected again later waits again.
            self.replayed.update(self._open.pop(_place(own), ()))
            return
        letter = Letter.of(message)
        self.letters.append(letter)
        self._open.setdefault(letter.place, []).append((letter.partition, letter.offset))

    def is_replayed(self, letter: Letter) -> bool:
        """Whether a replay has sent what the letter is of."""
        return (letter.partition, letter.offset) in self.replayed

    def find(self, name: str) -> Letter | None:
        """A letter by `PARTITION:OFFSET`, or the newest by its record's `topic/partition/offset`.

        Raises:
            ValueError: it is neither.
        """
        if "/" in name:
            topic, partition, offset = name.rsplit("/", 2)
            place = Place(topic, int(partition), int(offset))
            found = [letter for letter in self.letters if letter.holds(place)]
            return max(found, key=lambda letter: letter.time, default=None)
        here = tuple(int(part) for part in name.split(":", 1))
        if len(here) != 2:  # noqa: PLR2004 - PARTITION:OFFSET
            raise ValueError(name)
        return next((one for one in self.letters if (one.partition, one.offset) == here), None)


def headers_of(message: Message) -> Headers:
    """Headers of a record; one without a value has an empty one."""
    return tuple(
        (name, value.encode() if isinstance(value, str) else value or b"")
        for name, value in message.headers() or []
    )


def replays_of(headers: Headers) -> int:
    """How often a record has been replayed, by its own headers."""
    return max(_number(_last(headers, REPLAYED_HEADER)), 0)


def _place(headers: Mapping[str, bytes]) -> Place:
    partition, offset = (_number(headers.get(name, b"")) for name in ("partition", "offset"))
    return Place(_text(headers.get("topic", b"")), partition, offset)


def _seconds(value: bytes) -> float:
    try:
        seconds = float(value)
    except ValueError:
        return 0.0
    return seconds if isfinite(seconds) and seconds > 0 else 0.0


def _last(headers: Headers, name: str) -> bytes:
    return next((value for found, value in reversed(headers) if found.lower() == name), b"")


def _number(value: bytes) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS else -1


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
