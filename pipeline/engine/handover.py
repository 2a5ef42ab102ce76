"""A key is renamed and takes its state along: from partition to partition, through the log.

When an account is linked to an identity, what detectors know of `identity:<old>` is to go on as
`identity:<new>`, which as a rule lives in another partition, maybe at another worker. So the move
is made of records of the stage's own log, and every replay makes the same one:

1. `HAND_OVER_KEY`, in the old key's partition: the stage takes the entry out, and sends it on;
2. `ADOPT_KEY`, in the new key's partition, with the entry: the stage there joins it to its own.

A hand-over of a key that has no entry is nothing; so any worker may ask for it, at any time, and
twice. An adoption carries the place of its hand-over, and is recognised when it comes again.

What breaks records on the log: the field order of `Adoption`.
"""

from typing import Final

import msgspec

from detectors.base import MAX_TIMERS
from pipeline.engine.keystate import KeyState, Timer
from schemas.activity import digest

HAND_OVER_KEY: Final = b"\x00hand-over"
ADOPT_KEY: Final = b"\x00adopt"


class Adoption(msgspec.Struct, array_like=True, frozen=True):
    """An entry on its way.

    Attributes:
        old: key it had.
        new: key it gets.
        entry: its bytes.
        time: the old partition's clock.
        partition: of the hand-over.
        offset: of the hand-over.
    """

    old: bytes
    new: bytes
    entry: bytes
    time: float
    partition: int
    offset: int

    @property
    def uid(self) -> int:
        """The same each time that this adoption is sent."""
        return digest("adoption", self.old, self.new, f"{self.partition}/{self.offset}")


_encode = msgspec.msgpack.Encoder().encode
_hand_over = msgspec.msgpack.Decoder(tuple[bytes, bytes]).decode
_adoption = msgspec.msgpack.Decoder(Adoption).decode


def hand_over_value(old: bytes, new: bytes) -> bytes:
    """Value of a record that asks for the entry of `old` to go to `new`."""
    return _encode((old, new))


def read_hand_over(value: bytes) -> tuple[bytes, bytes]:
    """Old and new key. Raises msgspec.MsgspecError."""
    return _hand_over(value)


def adoption_value(adoption: Adoption) -> bytes:
    """Value of a record that brings an entry."""
    return _encode(adoption)


def read_adoption(value: bytes) -> Adoption:
    """The entry that a record brings. Raises msgspec.MsgspecError."""
    return _adoption(value)


def joined(own: KeyState | None, arrived: KeyState, old: str, new: str) -> KeyState:
    """One entry of two.

    Of a detector that both know, the state that has met more activities stays: states cannot be
    added up, and an identity that has just been linked has a short history beside a long one.

    Args:
        own: the new key's entry, if it has one.
        arrived: the old key's.
        old: name of the identity as it was.
        new: as it is now; what waits for a timer is put under it.
    """
    for timer in arrived.timers:
        actor = timer.activity.actor
        if actor.identity == old:
            renamed = msgspec.structs.replace(actor, identity=new)
            timer.activity = msgspec.structs.replace(timer.activity, actor=renamed)
    if own is None:
        return arrived
    for slot in sorted(arrived.raw.keys() | arrived.objects.keys()):
        known = slot in own.raw or slot in own.objects
        if not known or arrived.seen.get(slot, 0) > own.seen.get(slot, 0):
            _take(own, arrived, slot)
    own.reach |= arrived.reach
    own.timers = sorted([*own.timers, *arrived.timers], key=_at)[:MAX_TIMERS]
    for detector, alarm in sorted(arrived.alarms.items()):
        mine = own.alarms.get(detector)
        if mine is None or mine.time < alarm.time:
            own.alarms[detector] = alarm
    return own


def _take(own: KeyState, arrived: KeyState, slot: int) -> None:
    for kept in (own.raw, own.objects):
        kept.pop(slot, None)
    if slot in arrived.objects:
        own.objects[slot] = arrived.objects[slot]
    else:
        own.raw[slot] = arrived.raw[slot]
    own.seen[slot] = arrived.seen.get(slot, 0)


def _at(timer: Timer) -> float:
    return timer.at
