"""The records that tables say they contain, beside what their topics hold."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.lifecycle.mismatch import Kind, Mismatch, Place
from pipeline.lifecycle.stored import Newest, Table
from pipeline.reread import Rereader

# A broker takes a record's time up to an hour ahead of its own (message.timestamp.after.max.ms).
CLOCK_SKEW_SECONDS: Final = 3600.0 + 300.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A table says that it contains a record; `written` is when it said so."""

    table: Table
    partition: int
    place: Place
    offset: int
    written: float


def claims_of(kept: Iterable[tuple[Table, Mapping[int, Newest]]]) -> Iterator[Claim]:
    """What all tables say of their inputs, and of what came before those."""
    for table, by_partition in kept:
        for number, each in by_partition.items():
            if each.meta is None:
                continue
            yield Claim(table, number, (table.input, number), each.meta.position, each.written)
            for mark, (offset, _) in each.meta.marks.items():
                yield Claim(table, number, table.upstream(mark), offset, each.written)


def recreated(
    reader: Rereader, claims: list[Claim], bounds: Mapping[Place, tuple[int, int]]
) -> Iterator[Mismatch]:
    """Claims of records that are not there, or that were written after the claim.

    Raises:
        confluent_kafka.KafkaException: a record cannot be read.
    """
    claims = [claim for claim in claims if claim.offset >= 0 and claim.place in bounds]
    highest: dict[Place, Claim] = {}
    for claim in claims:
        kept = highest.setdefault(claim.place, claim)
        if claim.offset > kept.offset:
            highest[claim.place] = claim
    late = set(_late(reader, highest, bounds))
    # What one claim shows to be another topic is so for all.
    why: dict[Place, str] = {}
    for place, claim in highest.items():
        last = bounds[place][1] - 1
        if claim.offset > last:
            why[place] = f"was read up to {claim.offset}, but ends at {last}"
        elif place in late:
            why[place] = f"was read up to {claim.offset} before that record was written"
    for claim in claims:
        if claim.place in why:
            yield Mismatch(
                Kind.RECREATED,
                claim.table,
                claim.partition,
                claim.place,
                f"{why[claim.place]}: it was made anew, or lost records",
            )


def _late(
    reader: Rereader, highest: Mapping[Place, Claim], bounds: Mapping[Place, tuple[int, int]]
) -> Iterator[Place]:
    windows: dict[str, dict[int, tuple[int, int]]] = {}
    for (topic, number), claim in highest.items():
        low, high = bounds[topic, number]
        if low <= claim.offset < high:
            windows.setdefault(topic, {})[number] = (claim.offset, claim.offset + 1)
    for topic, by_partition in windows.items():
        for message in reader.read(topic, by_partition):
            place = (topic, message.partition() or 0)
            written = message.timestamp()[1] / 1000.0
            if written > highest[place].written + CLOCK_SKEW_SECONDS:
                yield place
