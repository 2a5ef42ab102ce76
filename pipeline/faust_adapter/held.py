"""A partition of a table as its owner holds it, and how the owner writes its changelog.

A writer knows the offset that its next batch gets if nobody else writes. Any other offset tells it
of a stranger (see ``fence``), at no cost as long as there is none.
"""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from pipeline.faust_adapter.batch import BATCH_HEADER_BYTES, entry_size
from pipeline.faust_adapter.fence import (
    CLAIM_KEY,
    Fence,
    FencedError,
    epoch_of,
    is_later,
    new_epoch,
)

Entry = tuple[bytes, bytes | None]


class Log(Protocol):
    """One partition of a changelog; its text names it."""

    @property
    def max_batch_bytes(self) -> int:
        """Limit of one batch."""

    async def append(self, entries: Sequence[Entry], epoch: bytes) -> tuple[int, int]:
        """Append one batch, whole or not at all; returns the offsets of its first and last."""

    async def read(self, first: int, end: int) -> list[Any]:
        """Records from offset ``first`` up to, not including, ``end``."""


class Held:
    """A partition as it stands in the changelog up to an offset.

    Attributes:
        entries: keys and values.
        offset: the last one contained; -1 for none.
        fence: tells which records of the changelog count.
        writer: who writes here, in the epoch that will be claimed.
    """

    __slots__ = ("entries", "fence", "offset", "writer")

    def __init__(self) -> None:
        self.entries: dict[bytes, bytes] = {}
        self.offset = -1
        self.fence = Fence()
        self.writer = secrets.randbits(32)

    def apply(self, entries: Iterable[tuple[bytes, bytes | None]], last_offset: int) -> None:
        """Apply changes in order, as they stand in the changelog up to ``last_offset``."""
        target = self.entries
        for key, value in entries:
            if value is None:
                target.pop(key, None)
            else:
                target[key] = value
        self.offset = max(last_offset, self.offset)

    def read(self, records: Sequence[Any], last_offset: int) -> None:
        """Apply what counts of these records of the changelog, and is not contained yet."""
        if records and records[0].offset <= self.offset:
            records = [record for record in records if record.offset > self.offset]
        self.apply(self.fence.fold((r.key, r.value, r.headers) for r in records), last_offset)


async def write(held: Held, log: Log, entries: Sequence[Entry]) -> None:
    """Append changes as one batch, then apply them. Nothing happens on none.

    What a stranger has written meanwhile is stale, and is written again as it must be.

    Raises:
        FencedError: another worker has claimed the partition.
    """
    while entries:
        epoch = held.fence.epoch
        first, last = await log.append(entries, epoch)
        for record in await _foreign(held, log, first):
            if is_later(epoch_of(record.headers), epoch):
                raise FencedError(f"another worker has claimed {log}")
            held.fence.stale.add(record.key)
        if held.fence.epoch != epoch:
            raise FencedError(f"{log} was claimed anew while a flush was on its way")
        held.apply((entry for entry in entries if entry[0] != CLAIM_KEY), last)
        held.fence.stale.difference_update(key for key, _ in entries)
        entries = _overwritten(held, log.max_batch_bytes)


async def claim(held: Held, log: Log) -> None:
    """Begin an epoch, in which this worker is the only writer.

    What others have written since the partition was recovered is read, and counts as far as it
    is not stale.

    Raises:
        FencedError: another worker was quicker, or the partition was recovered so long ago that
            some of what was written since is compacted away. Recover again.
    """
    epoch = new_epoch(held.fence.epoch, held.writer)
    first, last = await log.append([(CLAIM_KEY, epoch)], epoch)
    missed = await _foreign(held, log, first)
    if 0 <= held.offset < first - 1 - len(missed):
        raise FencedError(f"{log} was compacted since it was recovered")
    held.read(missed, first - 1)
    if not held.fence.admits(epoch):
        raise FencedError(f"another worker was quicker to claim {log}")
    held.apply((), last)
    held.fence.stale.discard(CLAIM_KEY)
    await write(held, log, _overwritten(held, log.max_batch_bytes))


async def _foreign(held: Held, log: Log, first: int) -> list[Any]:
    """What others have written behind what is held, up to a batch of ours."""
    return await log.read(held.offset + 1, first) if first > held.offset + 1 else []


def _overwritten(held: Held, max_batch_bytes: int) -> list[Entry]:
    """The entries that strangers wrote over, as much as fits into one batch."""
    entries: list[Entry] = []
    size = BATCH_HEADER_BYTES
    for key in held.fence.stale:
        entry = (key, held.fence.epoch if key == CLAIM_KEY else held.entries.get(key))
        size += entry_size(entry)
        if entries and size > max_batch_bytes:
            break
        entries.append(entry)
    return entries
