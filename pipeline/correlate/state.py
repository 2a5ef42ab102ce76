"""What is kept of one identity while evidence against it is fresh."""

import zlib
from typing import Final

import msgspec

from schemas.finding import Evidence
from schemas.signal import Feature

VERSION: Final = 1
MAX_BYTES: Final = 8192
"""Limit of a state before compression; `Correlator.add` keeps to it."""

MAX_DETECTORS: Final = 12
MAX_EVIDENCE: Final = 20
MAX_ACTIONS: Final = 12
MAX_ACCOUNTS: Final = 8
MAX_RECENT: Final = 64


class DetectorState(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One detector's part; `signal` and what follows are of its heaviest signal."""

    id: str
    count: int
    first: float
    last: float
    signal: int
    time: float
    bits: float
    p: float
    cold: bool
    title: str
    features: list[Feature]


class ActionState(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Events of one kind that signals were about."""

    action: str
    count: int
    first: float
    last: float


class IncidentState(msgspec.Struct, array_like=True, frozen=True):
    """Evidence against one identity: gathering (`uid` 0) or an open incident.

    Attributes:
        version: of this layout.
        identity: whom it is about.
        uid: of the incident; 0 while it has not opened.
        opened: event time of the opening.
        first: earliest event.
        last: latest event.
        latest: event time of the latest signal.
        count: signals counted.
        peak: most evidence there was at one time, in bits.
        severity: OCSF severity id; it only rises.
        sequence: reports so far.
        reported_count: `count` in the latest report.
        reported_peak: `peak` in the latest report.
        seen: uids of the latest signals, to count none twice.
        events: short uids of the latest events, to count none twice.
        threshold: evidence that opens an incident; of an open one, that it opened with.
        alone: evidence of one signal that does.
        heaviest: most that one signal weighs.
        scale: bits above the threshold that halve how often chance gets there.
        alone_scale: the same for one signal.
        reach: what the identity has shown that it can do, flags of `schemas.reach.Reach`.
    """

    version: int
    identity: str
    uid: int = 0
    opened: float = 0.0
    first: float = 0.0
    last: float = 0.0
    latest: float = 0.0
    count: int = 0
    peak: float = 0.0
    severity: int = 0
    sequence: int = 0
    reported_count: int = 0
    reported_peak: float = 0.0
    detectors: list[DetectorState] = []
    evidence: list[Evidence] = []
    actions: list[ActionState] = []
    accounts: list[str] = []
    seen: list[int] = []
    events: list[int] = []
    threshold: float = 0.0
    reach: int = 0
    alone: float = 0.0
    heaviest: float = 0.0
    scale: float = 1.0
    alone_scale: float = 1.0

    @property
    def margin(self) -> float:
        """How much rarer by chance than what just opens an incident, in bits; negative below."""
        together = (self.peak - self.threshold) / self.scale
        return max(together, (self.heaviest - self.alone) / self.alone_scale)

    @property
    def is_open(self) -> bool:
        """A finding was reported and not closed."""
        return self.uid != 0


class StateVersionError(ValueError):
    """The bytes are of a newer layout than this program knows."""


_encode = msgspec.msgpack.Encoder()
_decode = msgspec.msgpack.Decoder(IncidentState)


def raw_size(state: IncidentState) -> int:
    """Bytes before compression."""
    return len(_encode.encode(state))


def encode_state(state: IncidentState) -> bytes:
    """State -> msgpack array, deflated: evidence of one incident repeats itself."""
    return zlib.compress(_encode.encode(state), 1)


def decode_state(data: bytes) -> IncidentState:
    """Bytes -> state.

    Raises:
        StateVersionError: written by a newer program.
        ValueError: not a state, or larger than any state can be.
    """
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(data, MAX_BYTES)
    except zlib.error as error:
        raise ValueError(f"not an incident state: {error}") from error
    if not inflate.eof:
        raise ValueError("not an incident state: truncated or too large")
    state = _decode.decode(raw)
    if state.version > VERSION:
        raise StateVersionError(f"layout {state.version} is newer than {VERSION}")
    return state
