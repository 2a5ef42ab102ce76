"""The state of one partition of one stage: entries by key, its position, its clock, its timers.

Everything that one flush writes goes into one Kafka record batch, which the broker appends whole
or not at all. So the position stored with the entries is theirs to the letter, and a replay after
a crash skips exactly what they have seen. (The design page keeps a position in every entry; one
position a flush is smaller and also covers state that several keys share.)

What breaks stored state: changing `_HEADER`, `Meta`'s field order, or the key prefixes below.
"""

from array import array
from collections.abc import Iterable, Iterator, MutableMapping
from heapq import heapify, heappop, heappush
from math import inf
from struct import Struct
from typing import Generic, Protocol, TypeVar

import msgspec

INTERNAL = b"\x00"  # first byte of every key that is not an entity's
META_KEY = b"\x00meta"
SEEN_PREFIX = b"\x00seen/"

_HEADER = Struct("<Bdd")  # layout version, time last touched, next timer
_LAYOUT = 1
SEEN_SEGMENT = 1024  # ids an entry of the duplicate memory holds
SEEN_SEGMENTS = 64  # entries it has; together the last 65,536 events of the partition
SWEEP = 64  # entries looked at per flush, in search of idle ones

ValueT = TypeVar("ValueT")
Entry = tuple[bytes, bytes | None]


def payload(data: bytes) -> bytes:
    """The entry itself, without what the partition keeps beside it.

    Raises:
        ValueError: it is of another layout than this program writes.
    """
    if len(data) < _HEADER.size or data[0] != _LAYOUT:
        raise ValueError(f"layout {data[0] if data else 'none'}, not {_LAYOUT}")
    return data[_HEADER.size :]


class Meta(msgspec.Struct, array_like=True):
    """What the partition itself has seen.

    Attributes:
        position: last offset of the stage's input that the entries contain.
        clock: event time that has passed, seconds since the epoch.
        marks: per upstream partition, the last (offset, index) seen of it; upstream's re-runs
            are recognised by it.
        segment: entry of the duplicate memory that is being filled.
    """

    position: int = -1
    clock: float = 0.0
    marks: dict[str, tuple[int, int]] = msgspec.field(default_factory=dict)
    segment: int = 0


class Codec(Protocol[ValueT]):
    """How a stage's entries become bytes."""

    def decode(self, data: bytes) -> ValueT:
        """Bytes to entry."""

    def encode(self, value: ValueT) -> bytes:
        """Entry to bytes."""

    def next_due(self, value: ValueT) -> float:
        """When the entry wants to be woken, `inf` for never."""


class PartitionState(Generic[ValueT]):
    """Entries by key over a mapping of bytes, with position, clock, timers and duplicate memory.

    Args:
        stored: the partition's entries; read only here, written by whoever persists a flush.
        codec: bytes to entry and back.
        idle_seconds: an entry untouched for that long in event time counts as forgotten.
        live_limit: how many decoded entries are kept between flushes.
    """

    def __init__(
        self,
        stored: MutableMapping[bytes, bytes],
        codec: Codec[ValueT],
        *,
        idle_seconds: float = 400 * 86400.0,
        live_limit: int = 20_000,
    ) -> None:
        self._stored = stored
        self._codec = codec
        self._idle = idle_seconds
        self._live_limit = live_limit
        self._live: dict[bytes, ValueT] = {}
        self._touched: dict[bytes, float] = {}  # live keys, with the time of the last touch
        self._dirty: set[bytes] = set()
        self._deleted: set[bytes] = set()
        self._extra: dict[bytes, bytes] = {}
        self._extra_names: list[bytes] = []  # of those in the store at the start
        meta = stored.get(META_KEY)
        self.meta = msgspec.msgpack.decode(meta, type=Meta) if meta else Meta()
        self._changed = False
        self._segments: dict[int, array[int]] = {}
        self._seen: set[int] = set()
        self._due: list[tuple[float, bytes]] = []
        self._scheduled: dict[bytes, float] = {}  # earliest time in `_due`
        self._sweep: Iterator[bytes] = iter(())
        self._load()

    def _load(self) -> None:
        for key, value in self._stored.items():
            if key[:1] != INTERNAL:
                due = _HEADER.unpack_from(value)[2]
                if due != inf:
                    self._due.append((due, key))
                    self._scheduled[key] = due
            elif key.startswith(SEEN_PREFIX):
                ids = array("Q", value)
                self._segments[int(key[len(SEEN_PREFIX) :])] = ids
                self._seen.update(ids)
            elif key != META_KEY:
                self._extra_names.append(key)
        heapify(self._due)

    # Position, clock, duplicates

    def advance(self, time: float) -> None:
        """Event time has come at least this far."""
        if time > self.meta.clock:
            self.meta.clock = time
            self._changed = True

    def passed(self, offset: int) -> None:
        """The entries contain the input up to this offset."""
        self.meta.position = offset
        self._changed = True

    def is_rerun(self, upstream: str, offset: int, index: int) -> bool:
        """Whether upstream has sent this before; remembers it if not."""
        at = (offset, index)
        last = self.meta.marks.get(upstream)
        if last is not None and at < last:
            return True
        if last != at:
            self.meta.marks[upstream] = at
            self._changed = True
        return False

    def is_duplicate(self, event: int) -> bool:
        """Whether this 64-bit id was among the last 65,536; remembers it if not."""
        if event in self._seen:
            return True
        self._seen.add(event)
        ids = self._segments.get(self.meta.segment)
        if ids is None:
            ids = self._segments[self.meta.segment] = array("Q")
        elif len(ids) >= SEEN_SEGMENT:
            self._flush_segment()
            self.meta.segment = (self.meta.segment + 1) % SEEN_SEGMENTS
            self._seen.difference_update(self._segments.get(self.meta.segment, ()))
            ids = self._segments[self.meta.segment] = array("Q")
        ids.append(event)
        self._changed = True
        return False

    def _flush_segment(self) -> None:
        number = self.meta.segment
        ids = self._segments.get(number)
        if ids is not None:
            self._extra[SEEN_PREFIX + str(number).encode()] = ids.tobytes()

    # Entries

    def get(self, key: bytes) -> ValueT | None:
        """The entry of a key, or None."""
        live = self._live.get(key)
        if live is not None:
            return None if self._is_idle(self._touched[key]) else live
        if key in self._deleted:
            return None
        data = self._stored.get(key)
        if data is None:
            return None
        touched = _HEADER.unpack_from(data)[1]
        if self._is_idle(touched):
            return None
        value = self._codec.decode(data[_HEADER.size :])
        self._live[key] = value
        self._touched[key] = touched
        return value

    def touched(self, key: bytes) -> float:
        """Event time of the last `put` of a key that `get` has returned; 0 for any other."""
        return self._touched.get(key, 0.0)

    def _is_idle(self, touched: float) -> bool:
        return self.meta.clock - touched > self._idle

    def put(self, key: bytes, value: ValueT, time: float) -> None:
        """The entry was made or changed by something that happened at `time`."""
        self._live[key] = value
        self._touched[key] = time
        self._dirty.add(key)
        self._deleted.discard(key)

    def delete(self, key: bytes) -> None:
        """Forget a key."""
        self._forget(key)
        self._deleted.add(key)

    def _forget(self, key: bytes) -> None:
        self._live.pop(key, None)
        self._touched.pop(key, None)
        self._dirty.discard(key)

    def put_extra(self, name: bytes, data: bytes) -> None:
        """Write an entry that is no entity's; `name` begins with INTERNAL."""
        self._extra[name] = data

    def get_extra(self, name: bytes) -> bytes | None:
        """What `put_extra` wrote."""
        return self._extra.get(name) or self._stored.get(name)

    def extra_names(self) -> list[bytes]:
        """Names under which `put_extra` had written before the start."""
        return self._extra_names

    # Timers

    def schedule(self, key: bytes, at: float) -> None:
        """Have the key come out of `due` once the clock has passed `at`, or when its entry says."""
        # One place in the queue a key: entries that are put often would fill it with repeats.
        if at < self._scheduled.get(key, inf):
            self._scheduled[key] = at
            heappush(self._due, (at, key))

    def due(self) -> Iterator[tuple[bytes, ValueT]]:
        """Keys whose time has come, in order of time; the caller puts each back changed."""
        while self._due and self._due[0][0] <= self.meta.clock:
            at, key = heappop(self._due)
            if self._scheduled.get(key) != at:
                continue
            del self._scheduled[key]
            value = self.get(key)
            if value is None:
                continue
            due = self._codec.next_due(value)
            if due <= at:
                yield key, value
            else:
                self.schedule(key, due)

    # Flush

    @property
    def dirty(self) -> int:
        """Number of entries that a flush would write."""
        return len(self._dirty) + len(self._deleted) + len(self._extra) + self._changed

    def flush(self) -> list[Entry]:
        """Everything changed since the last call, as one unit; None deletes a key.

        The caller writes it atomically and updates `stored`, or gives the partition up.
        """
        entries: list[Entry] = [(key, None) for key in self._deleted]
        encode, next_due, live = self._codec.encode, self._codec.next_due, self._live
        for key in self._dirty:
            value = live[key]
            header = _HEADER.pack(_LAYOUT, self._touched[key], next_due(value))
            entries.append((key, header + encode(value)))
        entries.extend(self._forget_idle())
        if self._changed:
            self._flush_segment()
            entries.append((META_KEY, msgspec.msgpack.encode(self.meta)))
        entries.extend(self._extra.items())
        self._dirty.clear()
        self._deleted.clear()
        self._extra.clear()
        self._changed = False
        self._trim()
        return entries

    def _forget_idle(self) -> Iterable[Entry]:
        for _ in range(SWEEP):
            key = next(self._sweep, None)
            if key is None:
                self._sweep = iter(list(self._stored))
                return
            data = self._stored.get(key)
            if (
                data is not None
                and key[:1] != INTERNAL
                and key not in self._dirty
                and key not in self._deleted
                and self._is_idle(_HEADER.unpack_from(data)[1])
            ):
                self._forget(key)
                yield key, None

    def _trim(self) -> None:
        excess = len(self._live) - self._live_limit
        if excess > 0:
            for key in list(self._live)[:excess]:
                del self._live[key], self._touched[key]
