"""What is kept per key: one entry with the states of all detectors of that scope.

What breaks stored state: the field order of `Stored`, `Alarm` and `Timer`, `Metadata.id`,
`Metadata.version` (raise it to drop a detector's old states, they are then learned anew).
"""

from enum import IntEnum
from math import inf
from typing import Any
from zlib import crc32

import msgspec

from detectors.base import Detector
from schemas.activity import Activity


class TimerKind(IntEnum):
    """What to do when a timer is due."""

    JUDGE = 0  # ask the detector about an absence
    LEARN = 1  # the activity was held out; learn it now, unless confirmed as an attack


class Timer(msgspec.Struct, array_like=True):
    """Something to do for a detector once event time has passed `at`."""

    at: float
    detector: str
    kind: TimerKind
    activity: Activity


class Alarm(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A detector's signals under a key.

    Attributes:
        time: of the latest.
        began: when the present occasion began, at most a day ago as of `time`.
        bits: of the strongest within the occasion.
    """

    time: float
    began: float
    bits: float


class Stored(msgspec.Struct, array_like=True):
    """An entry as it is written.

    Attributes:
        states: slot to the detector's state, in order.
        timers: in order of time.
        alarms: what each detector has signalled under this key.
        seen: activities that each state has met, in the order of `states`.
        reach: of an identity, flags of `schemas.reach.Reach`.
    """

    states: dict[int, msgspec.Raw]
    timers: list[Timer]
    alarms: dict[str, Alarm]
    seen: list[int] = []
    reach: int = 0


def slot_of(detector: str, version: int) -> int:
    """Under what number a detector's state is kept: names would be a fifth of what is stored.

    Two detectors with the same number would be a mistake that the contract suite finds.
    """
    return crc32(f"{detector}@{version}".encode()) & 0xFFFF


class KeyState:
    """A decoded entry. States are decoded on first use: most events concern few detectors."""

    __slots__ = ("alarms", "objects", "raw", "reach", "seen", "timers")

    def __init__(self, stored: Stored | None = None) -> None:
        self.raw: dict[int, msgspec.Raw] = stored.states if stored else {}
        self.objects: dict[int, msgspec.Struct] = {}
        self.timers: list[Timer] = stored.timers if stored else []
        self.alarms: dict[str, Alarm] = stored.alarms if stored else {}
        self.seen = dict(zip(self.raw, stored.seen, strict=False)) if stored else {}
        self.reach = stored.reach if stored else 0

    def state(self, slot: int, detector: Detector[Any, Any]) -> Any:
        """The detector's state, made if there is none or its bytes are of another layout."""
        found = self.objects.get(slot)
        self.seen[slot] = self.seen.get(slot, 0) + 1
        if found is None:
            raw = self.raw.get(slot)
            found = detector.State() if raw is None else _decode_state(raw, detector)
            self.objects[slot] = found
        return found


def _decode_state(raw: msgspec.Raw, detector: Detector[Any, Any]) -> msgspec.Struct:
    state: type[msgspec.Struct] = detector.State
    try:
        return msgspec.msgpack.decode(raw, type=state)
    except msgspec.MsgspecError:
        return state()


class KeyStateCodec:
    """Bytes to `KeyState` and back."""

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Stored)

    def decode(self, data: bytes) -> KeyState:
        """Bytes to entry."""
        return KeyState(self._decoder.decode(data))

    def encode(self, value: KeyState) -> bytes:
        """Entry to bytes: the same for equal entries, however and when they came together."""
        encode = self._encoder.encode
        for slot, state in value.objects.items():
            value.raw[slot] = msgspec.Raw(encode(state))
        value.raw = dict(sorted(value.raw.items()))
        seen = [value.seen.get(slot, 0) for slot in value.raw]
        alarms = dict(sorted(value.alarms.items()))
        return encode(Stored(value.raw, value.timers, alarms, seen, value.reach))

    def next_due(self, value: KeyState) -> float:
        """When the first timer is due."""
        return min((timer.at for timer in value.timers), default=inf)
