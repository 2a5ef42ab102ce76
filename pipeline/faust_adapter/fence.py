"""Fencing: a worker that was replaced while it was frozen cannot spoil the state.

A worker that is suspended for longer than its session loses its partitions, and does not know it
when it wakes: what it was about to write reaches the changelog after the writes of its successor.
Kafka's groups fence its offset commits, not its produce requests.

So every owner begins with a *claim*, a record that counts the epochs of the partition, and every
record carries the epoch of its writer, in a header. Whatever comes behind the claim of a later
epoch is stale: readers skip it. Of two claims to one epoch the first in the log holds. That is
the fencing token of a lease, with the log as the place where tokens are given out and checked, as
the controller epochs of Kafka and the ledger epochs of BookKeeper are.

A changelog is compacted, and of two records with a key the cleaner keeps the later, stale or not.
So whoever owns the partition writes the current values of those keys again, and its claim too if
another one lost to it.
"""

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct
from typing import Any

#: key of claims; never among the entries of a table
CLAIM_KEY = b"\x00claim"
HEADER = "epoch"

_EPOCH = Struct(">II")  # number, writer
_NUMBER = slice(0, 4)
Headers = Sequence[tuple[str, bytes | None]]


class FencedError(Exception):
    """Another worker owns the partition by now.

    Give up what is held of it, and recover it anew if it comes back.
    """


def new_epoch(current: bytes, writer: int) -> bytes:
    """The epoch after ``current``, for a writer (32 random bits) that wants to claim it."""
    number = _EPOCH.unpack(current)[0] if current else 0
    return _EPOCH.pack(number + 1, writer)


def is_later(epoch: bytes, other: bytes) -> bool:
    """Whether an epoch comes after another."""
    return epoch[_NUMBER] > other[_NUMBER]


class Fence:
    """Follows one partition of a changelog from its start, and tells stale records.

    Records without an epoch, of a changelog older than the fence, are those of the epoch before
    the first.

    Attributes:
        epoch: of the newest claim seen.
        stale: keys whose newest record in the log is a stale one.
    """

    __slots__ = ("epoch", "stale")

    def __init__(self) -> None:
        self.epoch = b""
        self.stale: set[bytes] = set()

    def admits(self, epoch: bytes) -> bool:
        """Whether a record of this epoch counts, here in the log."""
        if epoch == self.epoch:
            return True
        if is_later(epoch, self.epoch):
            self.epoch = epoch
            return True
        return False

    def fold(
        self, records: Iterable[tuple[bytes, bytes | None, Headers | None]]
    ) -> Iterator[tuple[bytes, bytes | None]]:
        """Take (key, value, headers) in order; give (key, value) of what counts."""
        for key, value, headers in records:
            epoch = epoch_of(headers) if headers else b""
            if epoch != self.epoch and not self.admits(epoch):
                self.stale.add(key)
                continue
            if self.stale:
                self.stale.discard(key)
            if key != CLAIM_KEY:
                yield key, value


def epoch_of(headers: Any) -> bytes:
    """The epoch in a record's headers; empty if there is none."""
    for name, value in headers or ():
        if name == HEADER and value is not None and len(value) == _EPOCH.size:
            return bytes(value)
    return b""
