"""State of one partition: entries, timers, duplicates; the same after any restart."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from struct import Struct

from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.local import apply
from pipeline.state.partition import (
    INTERNAL,
    SEEN_SEGMENT,
    SEEN_SEGMENTS,
    SWEEP,
    Entry,
    PartitionState,
)

IDLE = 100.0
MEMORY = SEEN_SEGMENT * SEEN_SEGMENTS
NUMBER = Struct("<qd")

Value = tuple[int, float]  # payload, when it wants to be woken


class Numbers:
    """A payload and a due time as sixteen bytes."""

    decode = staticmethod(NUMBER.unpack)

    @staticmethod
    def encode(value: Value) -> bytes:
        return NUMBER.pack(*value)

    @staticmethod
    def next_due(value: Value) -> float:
        return value[1]


def opened(stored: dict[bytes, bytes], live_limit: int = 20_000) -> PartitionState[Value]:
    return PartitionState(stored, Numbers(), idle_seconds=IDLE, live_limit=live_limit)


@dataclass
class Put:
    key: bytes
    payload: int
    wake_in: float


@dataclass
class Delete:
    key: bytes


@dataclass
class Advance:
    seconds: float


@dataclass
class Event:
    uid: int


@dataclass
class Sent:
    upstream: str
    offset: int
    index: int


@dataclass
class Flush:
    pass


Step = Put | Delete | Advance | Event | Sent | Flush

keys = st.sampled_from([b"identity:mara", b"identity:noor", b"artifact:npm/example", b"a"])
steps = st.lists(
    st.one_of(
        st.builds(Put, keys, st.integers(0, 9), st.sampled_from([1.0, 5.0, 40.0, 130.0, inf])),
        st.builds(Delete, keys),
        st.builds(Advance, st.sampled_from([0.0, 1.0, 7.0, 30.0, 60.0, 101.0])),
        st.builds(Event, st.integers(0, 6)),
        st.builds(Sent, st.sampled_from(["0", "1"]), st.integers(0, 3), st.integers(0, 1)),
        st.just(Flush()),
    ),
    max_size=40,
)


@dataclass
class Model:
    """What a partition's state must answer, kept the simplest way."""

    clock: float = 0.0
    entries: dict[bytes, tuple[Value, float]] = field(default_factory=dict)
    events: set[int] = field(default_factory=set)
    marks: dict[str, tuple[int, int]] = field(default_factory=dict)

    def get(self, key: bytes) -> Value | None:
        value, touched = self.entries.get(key, (None, inf))
        return None if self.clock - touched > IDLE else value

    def due(self) -> list[bytes]:
        found = []
        while ready := sorted(
            (value[1], key)
            for key in self.entries
            if (value := self.get(key)) is not None and value[1] <= self.clock
        ):
            key = ready[0][1]
            self.entries[key] = ((self.entries[key][0][0], inf), self.clock)
            found.append(key)
        return found

    def answer(self, step: Step) -> object:
        match step:
            case Put(key, payload, wake_in):
                self.entries[key] = ((payload, self.clock + wake_in), self.clock)
            case Delete(key):
                self.entries.pop(key, None)
            case Advance(seconds):
                self.clock += seconds
                return self.due()
            case Event(uid):
                known = uid in self.events
                self.events.add(uid)
                return known
            case Sent(upstream, offset, index):
                last = self.marks.get(upstream, (-1, 0))
                self.marks[upstream] = max(last, (offset, index))
                return (offset, index) < last
        return None


def answer(state: PartitionState[Value], step: Step) -> object:
    clock = state.meta.clock
    match step:
        case Put(key, payload, wake_in):
            state.put(key, (payload, clock + wake_in), clock)
            state.schedule(key, clock + wake_in)
        case Delete(key):
            state.delete(key)
        case Advance(seconds):
            state.advance(clock + seconds)
            return list(woken(state))
        case Event(uid):
            return state.is_duplicate(uid)
        case Sent(upstream, offset, index):
            return state.is_rerun(upstream, offset, index)
    return None


def woken(state: PartitionState[Value]) -> Iterator[bytes]:
    for key, (payload, _) in state.due():
        state.put(key, (payload, inf), state.meta.clock)
        yield key


@given(steps, st.booleans(), st.sampled_from([1, 20_000]))
def test_it_answers_as_the_model_does_with_and_without_restarts(
    sequence: list[Step], restarts: bool, live_limit: int
) -> None:
    stored: dict[bytes, bytes] = {}
    state, model = opened(stored, live_limit), Model()
    for step in sequence:
        assert answer(state, step) == model.answer(step)
        if isinstance(step, Flush):
            apply(state.flush(), stored)
            if restarts:
                state = opened(stored, live_limit)
        for key in (b"identity:mara", b"identity:noor", b"artifact:npm/example", b"a"):
            assert state.get(key) == model.get(key)


@given(steps, st.data())
def test_after_a_crash_it_is_where_the_last_flush_was(
    sequence: list[Step], data: st.DataObject
) -> None:
    crash = data.draw(st.integers(0, len(sequence)))
    smooth: dict[bytes, bytes] = {}
    rough: dict[bytes, bytes] = {}
    state = opened(smooth)
    for offset, step in enumerate(sequence):
        state.passed(offset)
        answer(state, step)
        if isinstance(step, Flush):
            apply(state.flush(), smooth)
    apply(state.flush(), smooth)

    state = opened(rough)
    for offset, step in enumerate(sequence[:crash]):
        state.passed(offset)
        answer(state, step)
        if isinstance(step, Flush):
            apply(state.flush(), rough)
    state = opened(rough)
    for offset in range(state.meta.position + 1, len(sequence)):
        state.passed(offset)
        answer(state, sequence[offset])
    apply(state.flush(), rough)

    assert remembered(rough) == remembered(smooth)


def remembered(stored: dict[bytes, bytes]) -> dict[bytes, object]:
    """What counts: when idle entries are swept away does not."""
    state = opened(stored)
    known: dict[bytes, object] = {
        key: value
        for key in stored
        if key[:1] != INTERNAL and (value := state.get(key)) is not None
    }
    meta = state.meta
    known[b"\x00meta"] = (meta.position, meta.clock, meta.marks)
    return known


def test_a_flush_holds_each_changed_key_once_and_nothing_else() -> None:
    stored: dict[bytes, bytes] = {}
    state = opened(stored)
    for payload in range(3):
        state.put(b"identity:mara", (payload, inf), 1.0)
    state.put(b"identity:noor", (7, inf), 1.0)
    state.passed(4)
    assert state.dirty == 3
    entries = state.flush()
    apply(entries, stored)

    assert sorted(key for key, _ in entries) == [b"\x00meta", b"identity:mara", b"identity:noor"]
    assert state.dirty == 0
    assert state.flush() == []
    assert opened(stored).get(b"identity:mara") == (2, inf)


def test_the_queue_of_timers_does_not_grow_with_the_number_of_puts() -> None:
    state = opened({})
    for at in range(10_000):
        state.put(b"identity:mara", (at, 20_000.0), float(at))
        state.schedule(b"identity:mara", 20_000.0)

    assert len(state._due) == 1
    state.advance(20_000.0)
    assert [key for key, _ in state.due()] == []  # idle by then
    state.put(b"identity:mara", (1, 20_001.0), 20_000.0)
    state.schedule(b"identity:mara", 20_001.0)
    state.advance(20_001.0)
    assert [key for key, _ in state.due()] == [b"identity:mara"]


def test_the_last_events_are_known_and_older_ones_forgotten_also_after_restarts() -> None:
    stored: dict[bytes, bytes] = {}
    state = opened(stored)
    for uid in range(2 * MEMORY):
        assert not state.is_duplicate(uid)
        if uid % 50_000 == 777:  # in the middle of an entry, and rarer than entries fill
            apply(state.flush(), stored)
            state = opened(stored)
    apply(state.flush(), stored)
    state = opened(stored)

    newest = 2 * MEMORY
    assert all(state.is_duplicate(uid) for uid in range(newest - MEMORY + SEEN_SEGMENT, newest))
    assert not any(state.is_duplicate(uid) for uid in range(SEEN_SEGMENT))
    assert len(stored) == SEEN_SEGMENTS + 1
    assert sum(len(value) for key, value in stored.items() if b"seen" in key) <= 8 * MEMORY


def test_idle_entries_are_swept_out_of_the_store() -> None:
    stored: dict[bytes, bytes] = {}
    state = opened(stored)
    for number in range(3 * SWEEP):
        state.put(b"identity:%d" % number, (number, inf), 0.0)
    apply(state.flush(), stored)
    state.put(b"identity:awake", (1, inf), IDLE + 1.0)
    state.advance(IDLE + 1.0)
    deleted: list[Entry] = []
    for _ in range(6):
        entries = state.flush()
        apply(entries, stored)
        deleted += [entry for entry in entries if entry[1] is None]

    assert len(deleted) == 3 * SWEEP
    assert set(stored) == {b"\x00meta", b"identity:awake"}


def test_extra_entries_are_kept_beside_the_others() -> None:
    stored: dict[bytes, bytes] = {}
    state = opened(stored)
    state.put_extra(b"\x00level/x", b"one")
    assert state.get_extra(b"\x00level/x") == b"one"
    apply(state.flush(), stored)

    assert opened(stored).get_extra(b"\x00level/x") == b"one"
    assert opened(stored).get(b"identity:mara") is None
