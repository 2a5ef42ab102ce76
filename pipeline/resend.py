"""Sends what dead letters are of back to where it came from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline.dead_letters import (
    REPLAYED_HEADER,
    Headers,
    Letter,
    Overview,
    Place,
    headers_of,
    replays_of,
)
from pipeline.letter_box import GoneError, LetterBox
from pipeline.settings import KafkaSettings, SettingsError
from pipeline.topics import MAX_RECORD_BYTES, RECEIVED_HEADER, Topics

MAX_REPLAYS: Final = 3
TOGETHER: Final = 100  # letters whose records are on the broker before their receipts are written
SOURCE_HEADER: Final = "source"
_ONE_LETTERS_FAULT: Final = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError._UNKNOWN_PARTITION)  # noqa: SLF001


class RefusedError(Exception):
    """A letter must not or cannot be replayed; the message says why."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record as it is sent.

    Attributes:
        topic: that it came from.
        partition: likewise.
        value: unchanged.
        headers: the original ones, with the time of receipt and the number of replays.
        key: only of receipts; that of their letters.
    """

    topic: str
    partition: int
    value: bytes | None
    headers: list[tuple[str, str | bytes | None]]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a letter: so many records sent, or why none."""

    letter: Letter
    records: int
    refusal: str = ""


def select(
    overview: Overview, *, reasons: Iterable[str] = (), since: float = 0.0, again: bool = False
) -> list[Letter]:
    """Letters to be replayed, of each rejected record the newest.

    Args:
        overview: all letters.
        reasons: only these; all if empty.
        since: only what was written at or after that, seconds since the epoch.
        again: also what has been replayed.
    """
    wanted = frozenset(reasons)
    newest: dict[Place, Letter] = {}
    for letter in overview.letters:
        if (
            letter.time >= since
            and (not wanted or letter.reason in wanted)
            and (again or not overview.is_replayed(letter))
        ):
            newest[letter.place] = letter
    return [*newest.values()]


class Resender:
    """Replays letters, in the order they were written.

    After what a letter is of is on the broker, a receipt goes to the dead letters. A crash
    between the two sends it again, with the event's own id, by which it is recognised.

    Args:
        settings: how to reach the brokers.
        topics: names; nothing is sent to any but the audit topics.
        box: the letters, open.
        source: name of the parser to send with, if not that of the letter.
        dry_run: send nothing, say what would be.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        topics: Topics,
        box: LetterBox,
        *,
        source: str = "",
        dry_run: bool = False,
    ) -> None:
        self._topics = topics
        self._audit = frozenset(topics.audit.values())
        self._box = box
        self._source = source
        self._dry_run = dry_run
        self._producer = Producer(
            settings.confluent(
                **{
                    "acks": "all",
                    "enable.idempotence": False,  # the embedded broker knows no producer ids
                    "max.in.flight.requests.per.connection": 1,  # keeps the order all the same
                    "message.timeout.ms": 30_000,
                    # Before compression; the broker's limit is on what is compressed.
                    "message.max.bytes": 4 * MAX_RECORD_BYTES,
                    "compression.type": "gzip",
                }
            )
        )

    def run(self, letters: Iterable[Letter]) -> Iterator[Outcome]:
        """Replay letters; yields what became of each.

        Raises:
            SettingsError: the broker cannot be read, or does not take the records.
        """
        wanted = {(letter.partition, letter.offset): letter for letter in letters}
        block: list[tuple[Letter, list[Outgoing]]] = []
        size = 0
        for message in self._box.messages():
            letter = wanted.get((message.partition() or 0, message.offset() or 0))
            if letter is None:
                continue
            try:
                records = self.prepare(letter, message)
            except (RefusedError, GoneError) as error:
                yield Outcome(letter, 0, str(error))
                continue
            block.append((letter, records))
            size += sum(len(record.value or b"") for record in records)
            if len(block) >= TOGETHER or size >= MAX_RECORD_BYTES:
                yield from self._send(block)
                block, size = [], 0
        yield from self._send(block)

    def prepare(self, letter: Letter, message: Message) -> list[Outgoing]:
        """The records to send for a letter.

        Args:
            letter: what the letter says.
            message: the letter itself.

        Raises:
            RefusedError: it is of another topic, or has been replayed too often.
            GoneError: the letter does not hold all of it, and neither does its topic any more.
        """
        if letter.place.topic not in self._audit or letter.place.offset < 0:
            raise RefusedError("it is of no audit topic of this installation")
        if not letter.is_whole:
            try:
                found = self._box.originals(letter, message.value() or b"")
            except GoneError:
                if not letter.has_value:
                    raise
            else:
                return [
                    self._outgoing(
                        letter, one.value(), headers_of(one), one.timestamp()[1] / 1000.0
                    )
                    for one in found
                ]
        return [self._outgoing(letter, message.value(), letter.headers, letter.received)]

    def _outgoing(
        self, letter: Letter, value: bytes | None, original: Headers, received: float
    ) -> Outgoing:
        replays = replays_of(original)
        if replays >= MAX_REPLAYS:
            raise RefusedError(
                f"it has been replayed {replays} times and comes back; mend the cause first"
            )
        replaced = {REPLAYED_HEADER, SOURCE_HEADER} if self._source else {REPLAYED_HEADER}
        kept = [(name, data) for name, data in original if name.lower() not in replaced]
        headers: list[tuple[str, str | bytes | None]] = [*kept]
        if self._source:
            headers.append((SOURCE_HEADER, self._source.encode()))
        if all(name.lower() != RECEIVED_HEADER for name, _ in kept):
            headers.append((RECEIVED_HEADER, repr(received).encode()))
        headers.append((REPLAYED_HEADER, str(replays + 1).encode()))
        return Outgoing(letter.place.topic, letter.place.partition, value, headers)

    def _send(self, block: list[tuple[Letter, list[Outgoing]]]) -> Iterator[Outcome]:
        failed: dict[str, KafkaError] = {}
        if not self._dry_run:
            for letter, records in block:
                for record in records:
                    self._produce(letter, record, failed)
            self._flush()
            for letter, records in block:
                if letter.name not in failed:
                    self._produce(letter, self._receipt(letter, records), failed)
            self._flush()
        for error in failed.values():
            if error.code() not in _ONE_LETTERS_FAULT:
                raise SettingsError(
                    f"the broker does not take the records: {error.str()}; "
                    "check --bootstrap and what your user may write (docs/dead-letters.md)"
                )
        for letter, records in block:
            if error := failed.get(letter.name):
                yield Outcome(letter, 0, f"the broker does not take it: {error.str()}")
            else:
                yield Outcome(letter, len(records))

    def _receipt(self, letter: Letter, records: list[Outgoing]) -> Outgoing:
        place = letter.place
        return Outgoing(
            self._topics.dead_letters,
            letter.partition,
            None,
            [
                ("topic", place.topic.encode()),
                ("partition", str(place.partition).encode()),
                ("offset", str(place.offset).encode()),
                (REPLAYED_HEADER, str(len(records)).encode()),
            ],
            f"{place.topic}/{place.partition}",
        )

    def _produce(self, letter: Letter, record: Outgoing, failed: dict[str, KafkaError]) -> None:
        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failed.setdefault(letter.name, error)

        while True:
            try:
                self._producer.produce(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    partition=record.partition,
                    headers=record.headers,
                    on_delivery=delivered,
                )
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                failed.setdefault(letter.name, error.args[0])
                return
            else:
                return

    def _flush(self) -> None:
        while self._producer.flush(1.0):
            pass  # ends by itself: a record is delivered or fails within `message.timeout.ms`
