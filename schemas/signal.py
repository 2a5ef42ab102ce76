"""Signal: what one detector has to say about one activity, in calibrated surprise.

On the wire (topic `signals`) a msgpack array; fields are only ever appended.
"""

from math import log2

import msgspec

from schemas.activity import Activity, digest

MIN_P = 1e-12  # no model here knows more than that


def bits(p: float) -> float:
    """Surprise of a p-value in bits.

    >>> bits(0.25)
    2.0
    """
    return -log2(max(p, MIN_P)) if p < 1.0 else 0.0


class Feature(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One reason: what was observed, what was expected, what it adds (bits)."""

    name: str
    observed: str
    expected: str
    bits: float


class Signal(msgspec.Struct, array_like=True, frozen=True):
    """A surprising activity of one identity.

    Attributes:
        uid: digest of detector, key and triggering event: stable over replays.
        detector: id of the detector.
        key: state key it was judged under.
        identity: whom it concerns; the Kafka key of the signal.
        time: event time of the trigger, or when an absence was established.
        p: calibrated p-value.
        title: one sentence in plain words.
        features: the reasons, heaviest first.
        cold: the detector knew too little of this entity and judged by its peers.
        activity: the trigger.
        origin: (partition, offset, index) in the activity log: orders and de-duplicates signals.
        rate: how often chance brings a signal of this detector at least as strong, per identity
            and day, as learned where it was judged; 0 if unknown.
        identity_days: what that is learned from, and so how much the partition has seen lately.
        reach: what the identity has shown that it can do, flags of `schemas.reach.Reach`.
    """

    uid: int
    detector: str
    key: str
    identity: str
    time: float
    p: float
    title: str
    features: list[Feature]
    cold: bool
    activity: Activity
    origin: tuple[int, int, int] = (0, -1, 0)
    rate: float = 0.0
    identity_days: float = 0.0
    reach: int = 0

    @property
    def bits(self) -> float:
        """Surprise in bits."""
        return bits(self.p)


def signal_uid(detector: str, key: str, trigger: int) -> int:
    """Stable id of a signal."""
    return digest(detector, key, trigger.to_bytes(8, "little"))


_encode = msgspec.msgpack.Encoder()
_decode = msgspec.msgpack.Decoder(Signal)


def encode(signal: Signal) -> bytes:
    """Signal -> msgpack array."""
    return _encode.encode(signal)


def decode(data: bytes) -> Signal:
    """Msgpack array -> Signal. Raises msgspec.ValidationError or DecodeError."""
    return _decode.decode(data)
