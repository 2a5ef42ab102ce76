"""However workers that own, owned or want a partition interleave, its changelog stays right."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pipeline.faust_adapter.fence import CLAIM_KEY, HEADER, Fence, FencedError, new_epoch
from pipeline.faust_adapter.held import Entry, Held, claim, write

KEYS = [b"a", b"b", b"c"]


@dataclass(frozen=True)
class Record:
    offset: int
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


@dataclass
class MemoryLog:
    """A partition of a compacted topic."""

    max_batch_bytes: int = 200  # three entries
    records: list[Record] = field(default_factory=list)
    end: int = 0

    async def append(self, entries: Sequence[Entry], epoch: bytes) -> tuple[int, int]:
        first = self.end
        for key, value in entries:
            self.records.append(Record(self.end, key, value, [(HEADER, epoch)]))
            self.end += 1
        return first, self.end - 1

    async def read(self, first: int, end: int) -> list[Record]:
        return [record for record in self.records if first <= record.offset < end]

    def compact(self, *, tombstones_too: bool) -> None:
        newest = {record.key: record for record in self.records}
        self.records = [
            record
            for record in self.records
            if record is newest[record.key]
            and not (tombstones_too and record.value is None and record.offset < self.end - 1)
        ]

    def newest(self) -> dict[bytes, bytes]:
        """The last value of every key, whoever wrote it."""
        last = {record.key: record.value for record in self.records if record.key != CLAIM_KEY}
        return {key: value for key, value in last.items() if value is not None}


class Changelog(RuleBasedStateMachine):
    """Workers open the partition, recover, claim and write in any order, asleep in between."""

    def __init__(self) -> None:
        super().__init__()
        self.log = MemoryLog()
        self.workers: list[Held] = []
        self.writers: list[Held] = []  # those that have claimed and know of no other since
        self.owner: Held | None = None  # the last that claimed with success
        self.state: dict[bytes, bytes] = {}  # of the last owner
        self.tidy = True  # the owner has written since the last stranger did
        self.number = 0
        self.epoch = b""

    def recover(self, held: Held) -> None:
        unread = [record for record in self.log.records if record.offset > held.offset]
        held.read(unread, self.log.end - 1)

    def newcomer(self) -> Held:
        held = Held()
        self.recover(held)
        return held

    @rule()
    def open(self) -> None:
        self.workers.append(self.newcomer())

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def claim_it(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.workers))
        self.workers.remove(held)
        try:
            asyncio.run(claim(held, self.log))
        except FencedError:
            self.tidy = False
            if self.newcomer().fence.epoch[:4] > self.epoch[:4]:
                self.owner = None  # the claim counts, but its worker gave up
        else:
            self.owner, self.tidy = held, True
            self.writers.append(held)
        self.epoch = self.newcomer().fence.epoch

    @precondition(lambda self: self.writers)
    @rule(data=st.data())
    def write_something(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.writers))
        entries: dict[bytes, bytes | None] = {}
        for key in data.draw(st.lists(st.sampled_from(KEYS), unique=True, min_size=1)):
            self.number += 1
            deleted = data.draw(st.booleans())
            entries[key] = None if deleted else b"%d" % self.number
        try:
            asyncio.run(write(held, self.log, list(entries.items())))
        except FencedError:
            assert held is not self.owner
            self.writers.remove(held)
            self.tidy = False
        else:
            assert held is self.owner
            self.tidy = True
            self.state = dict(held.entries)

    @precondition(lambda self: self.owner is not None)
    @rule()
    def owner_is_given_it_again(self) -> None:
        assert self.owner is not None
        self.recover(self.owner)
        asyncio.run(claim(self.owner, self.log))
        self.tidy = True
        self.epoch = self.owner.fence.epoch

    @precondition(lambda self: self.tidy)
    @rule(tombstones_too=st.booleans())
    def compact(self, tombstones_too: bool) -> None:
        self.log.compact(tombstones_too=tombstones_too)

    @invariant()
    def whoever_recovers_has_what_the_owner_wrote(self) -> None:
        assert self.newcomer().entries == self.state
        assert self.owner is None or self.owner.entries == self.state

    @invariant()
    def what_strangers_wrote_over_is_written_again(self) -> None:
        if self.tidy:
            assert self.log.newest() == self.state


Changelog.TestCase.settings = settings(max_examples=150, stateful_step_count=20, deadline=None)
TestChangelog = Changelog.TestCase


@given(st.integers(0, 2**32 - 2), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_of_two_claims_to_one_epoch_the_first_holds(number: int, one: int, other: int) -> None:
    fence = Fence()
    fence.epoch = number.to_bytes(4) + bytes(4)
    first, second = new_epoch(fence.epoch, one), new_epoch(fence.epoch, other)
    assert fence.admits(first)
    assert fence.admits(second) == (one == other)
    assert fence.admits(first)


def test_a_changelog_from_before_the_fence_counts_until_the_first_claim() -> None:
    claimed = new_epoch(b"", 7)
    records: list[tuple[bytes, bytes | None, list[tuple[str, bytes | None]] | None]] = [
        (b"a", b"1", None),
        (CLAIM_KEY, claimed, [(HEADER, claimed)]),
        (b"a", b"2", []),
    ]
    fence = Fence()
    assert list(fence.fold(records)) == [(b"a", b"1")]
    assert fence.stale == {b"a"}
