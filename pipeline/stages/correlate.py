"""Signals of one partition in, findings out: runs the correlator over kept incidents."""

from collections.abc import MutableMapping
from dataclasses import dataclass

import msgspec

from pipeline.correlate import Correlator, IncidentState, decode_state, encode_state
from pipeline.engine.handover import Adoption, read_adoption, read_hand_over
from pipeline.state.partition import Entry, PartitionState
from schemas.finding import Finding
from schemas.signal import Signal, decode


@dataclass(slots=True)
class CorrelateStats:
    """Totals since the start of the process."""

    signals: int = 0
    reruns: int = 0
    undecodable: int = 0


class _Codec:
    """Bytes to incident and back. What breaks stored state is written at `IncidentState`."""

    def __init__(self, correlator: Correlator) -> None:
        self.next_due = correlator.next_due
        self.decode = decode_state
        self.encode = encode_state


class CorrelateStage:
    """The correlator over one partition of the topic `signals`, whose key is the identity.

    Args:
        correlator: pure logic.
        stored: the partition's entries; the caller applies what `flush` returns.
        partition: its number.
    """

    def __init__(
        self,
        correlator: Correlator,
        stored: MutableMapping[bytes, bytes],
        *,
        partition: int = 0,
        stats: CorrelateStats | None = None,
    ) -> None:
        self._correlator = correlator
        self._partition = partition
        self.stats = stats or CorrelateStats()
        self.state: PartitionState[IncidentState] = PartitionState(stored, _Codec(correlator))
        self._budget = correlator.budget(self.state)
        self._reports: list[tuple[Finding, float]] = []
        self._adoptions: list[Adoption] = []

    @property
    def position(self) -> int:
        """Last offset that the state contains."""
        return self.state.meta.position

    @property
    def threshold(self) -> float:
        """Evidence that opens an incident now, in bits."""
        return self._budget.bars.together

    def process(self, value: bytes, offset: int) -> None:
        """One record of the signal log."""
        if offset <= self.state.meta.position:
            return
        try:
            signal = decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self.stats.undecodable += 1
            self.state.passed(offset)
            return
        self.accept(signal, offset)

    def accept(self, signal: Signal, offset: int) -> None:
        """As `process`, for a signal that is decoded already."""
        state = self.state
        if offset <= state.meta.position:
            return
        state.passed(offset)
        partition, at, index = signal.origin
        if state.is_rerun(str(partition), at, index) or state.is_duplicate(signal.uid):
            self.stats.reruns += 1
            return
        self.stats.signals += 1
        self.advance(signal.time)
        key = signal.identity.encode("utf-8", "replace")
        self._budget.heard(partition, signal.identity_days, signal.time)
        before = state.get(key)
        incident, findings = self._correlator.add(before, signal, self._budget.bars)
        self._budget.rose(_heights(before), _heights(incident))
        self._keep(key, incident, signal.time)
        self._reports += [(finding, signal.activity.received) for finding in findings]

    def hand_over(self, value: bytes, offset: int) -> None:
        """A record that asks for the state of an identity to go to another, its new name."""
        state = self.state
        if offset <= state.meta.position:
            return
        state.passed(offset)
        try:
            old, new = read_hand_over(value)
        except msgspec.MsgspecError:
            self.stats.undecodable += 1
            return
        incident = state.get(old)
        if incident is not None and old != new:
            state.delete(old)
            self._adoptions.append(
                Adoption(
                    old, new, encode_state(incident), state.meta.clock, self._partition, offset
                )
            )

    def adopt(self, value: bytes, offset: int) -> None:
        """A record that brings the state of an identity that turned out to be another."""
        state = self.state
        if offset <= state.meta.position:
            return
        state.passed(offset)
        try:
            adoption = read_adoption(value)
            arrived = decode_state(adoption.entry)
        except (msgspec.MsgspecError, ValueError):
            self.stats.undecodable += 1
            return
        if state.is_duplicate(adoption.uid):
            self.stats.reruns += 1
            return
        self.advance(adoption.time)
        key = adoption.new
        incident, findings = self._correlator.adopt(
            state.get(key), arrived, key.decode("utf-8", "replace"), self._budget.bars
        )
        self._keep(key, incident, max(adoption.time, incident.latest))
        self._reports += [(finding, 0.0) for finding in findings]

    def tick(self, time: float, offset: int) -> None:
        """A record that says only that event time went on."""
        if offset > self.state.meta.position:
            self.state.passed(offset)
            self.advance(time)

    def advance(self, time: float) -> None:
        """Event time has come this far: close what has been quiet for long."""
        state = self.state
        state.advance(time)
        for key, incident in state.due():
            remaining, findings = self._correlator.due(incident, state.meta.clock)
            self._keep(key, remaining, state.meta.clock)
            self._reports += [(finding, 0.0) for finding in findings]

    def _keep(self, key: bytes, incident: IncidentState | None, time: float) -> None:
        if incident is None:
            if self.state.get(key) is not None:  # most signals leave nothing to keep
                self.state.delete(key)
        else:
            self.state.put(key, incident, time)
            self.state.schedule(key, self._correlator.next_due(incident))

    def take_reports(self) -> list[tuple[Finding, float]]:
        """Findings since the last call, in order.

        Each with the time its triggering event was received, in seconds since the epoch; 0 where
        none did, as when an incident is closed.
        """
        reports, self._reports = self._reports, []
        return reports

    def take_adoptions(self) -> list[Adoption]:
        """States that go to other identities, since the last call; to be sent before the flush."""
        adoptions, self._adoptions = self._adoptions, []
        return adoptions

    def flush(self) -> list[Entry]:
        """What changed since the last call; to be written as one unit."""
        return self.state.flush()


def _heights(state: IncidentState | None) -> tuple[float, float]:
    return (state.peak, state.heaviest) if state else (0.0, 0.0)
