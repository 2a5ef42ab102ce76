"""One incident per identity: opened at once, told of as it grows, closed when it is quiet."""

from collections.abc import Mapping
from math import log2
from typing import Any

from msgspec.structs import replace

from detectors.base import Metadata, Scope, Stage, Technique
from pipeline.correlate.budget import CEILING, crossing_rates, signal_rates, weight
from pipeline.correlate.gather import FADED, fade, gather, join
from pipeline.correlate.report import finding
from pipeline.correlate.risk import peak_bits, severity
from pipeline.correlate.settings import CorrelationSettings
from pipeline.correlate.state import VERSION, IncidentState
from pipeline.correlate.threshold import Bars, Budget, Threshold
from pipeline.state.partition import PartitionState
from schemas.activity import digest, uid_text
from schemas.finding import Finding, FindingActivity, Severity
from schemas.reach import Reach
from schemas.signal import Signal


class Correlator:
    """Turns the signals of one identity into findings.

    It keeps nothing itself: states go in and come out, inputs are not changed, and the same
    signals in the same order give the same findings.

    Args:
        settings: see there.
        detectors: metadata of every detector that is switched on, by id.
    """

    def __init__(self, settings: CorrelationSettings, detectors: Mapping[str, Metadata]) -> None:
        self.settings = settings
        self._detectors = detectors
        self._echoes = frozenset(name for name, meta in detectors.items() if meta.echo)
        bounds = [
            (meta.judged_per_day, -log2(meta.signal_below)) for _, meta in sorted(detectors.items())
        ]
        self._together = crossing_rates(bounds, settings.half_life, settings.min_bits)
        self._alone = signal_rates(bounds, settings.min_bits)

    def budget(self, partition: PartitionState[Any]) -> Budget:
        """The alert budget of a partition of signals, kept there."""
        settings = self.settings
        half = settings.alerts_per_1000_identities_per_day / 1000 / 2
        fixed = settings.threshold_bits
        return Budget(
            Threshold(half, self._together, partition, "together", fixed),
            Threshold(half, self._alone, partition, "alone", CEILING if fixed else None),
        )

    def add(
        self, state: IncidentState | None, signal: Signal, bars: Bars
    ) -> tuple[IncidentState | None, list[Finding]]:
        """Take a signal in.

        Args:
            state: of the signal's identity; None if there is none.
            signal: in order of event time, or nearly so.
            bars: what opens an incident.

        Returns:
            The state to keep, None if there is nothing to keep, and what to report.
        """
        state, findings = self.due(state, signal.time)
        bits = self._weigh(signal)
        if bits is None or (state is not None and signal.uid in state.seen):
            return state, findings
        known = state or IncidentState(VERSION, signal.identity)
        if not known.is_open:
            known = under(known, bars)
        grown = self._assess(gather(known, signal, bits, self.settings.half_life))
        if not grown.is_open:
            if not self._opens(grown):
                return self._rest(grown), findings
            grown = replace(
                grown,
                uid=digest(grown.identity, signal.uid.to_bytes(8, "little")) or 1,
                opened=signal.time,
            )
            reason = self._why_open(grown)
            activity = FindingActivity.CREATE
        else:
            reason = self._why_update(known, grown)
            activity = FindingActivity.UPDATE
        if reason:
            grown, report = self._report(grown, activity, max(signal.time, grown.opened), reason)
            findings.append(report)
        return grown, findings

    def due(
        self, state: IncidentState | None, now: float
    ) -> tuple[IncidentState | None, list[Finding]]:
        """Let event time pass: close what is quiet or too old, forget what has faded."""
        if state is None or now < self.next_due(state):
            return state, []
        if not state.is_open:
            return None, []
        closed_at = self.next_due(state)
        reason = (
            f"no signal for {self.settings.quiet / 3600:g} hours"
            if closed_at == state.latest + self.settings.quiet
            else f"open for {self.settings.max_age / 86400:g} days"
        )
        _, report = self._report(state, FindingActivity.CLOSE, closed_at, reason)
        return None, [report]

    def adopt(
        self,
        own: IncidentState | None,
        arrived: IncidentState,
        identity: str,
        bars: Bars,
    ) -> tuple[IncidentState, list[Finding]]:
        """Take in the state of what turned out to be the same identity.

        An incident that is open goes on with its uid. If both have one, the one opened first goes
        on, with the evidence of both, and the other is closed.

        Args:
            own: the identity's state, if it has one.
            arrived: the state that was kept under another name.
            identity: the identity's name.
            bars: what opens an incident.
        """
        other = replace(arrived, identity=identity)
        if own is None:
            if not other.is_open:
                return other, []
            return self._renamed(other, arrived.identity)
        own_goes_on = own.is_open and (not other.is_open or own.opened <= other.opened)
        stays, goes = (own, other) if own_goes_on or not other.is_open else (other, own)
        both = join(stays, goes, self.settings.half_life)
        joined = self._assess(both if both.is_open else under(both, bars))
        if not joined.is_open and self._opens(joined):
            joined = replace(
                joined,
                uid=digest(identity, joined.latest.hex(), arrived.identity) or 1,
                opened=joined.latest,
            )
            reason = f"{self._why_open(joined)}, now that {arrived.identity} is known to be it"
            joined, report = self._report(joined, FindingActivity.CREATE, joined.latest, reason)
            return joined, [report]
        if not joined.is_open:
            return joined, []
        joined, findings = self._renamed(joined, arrived.identity)
        if goes.is_open:
            reason = f"goes on as the incident {uid_text(stays.uid)} of {identity}"
            closed = self._report(goes, FindingActivity.CLOSE, joined.latest, reason)[1]
            findings.append(closed)
        return joined, findings

    def _renamed(self, state: IncidentState, old: str) -> tuple[IncidentState, list[Finding]]:
        reason = f"{old} is known to be {state.identity}"
        state, report = self._report(state, FindingActivity.UPDATE, state.latest, reason)
        return state, [report]

    def next_due(self, state: IncidentState) -> float:
        """Event time at which `due` will have something to do with this state."""
        if state.is_open:
            return min(
                state.latest + self.settings.quiet,
                max(state.opened + self.settings.max_age, state.latest),
            )
        heaviest = max((d.bits for d in state.detectors), default=0.0)
        half_lives = log2(heaviest / FADED) if heaviest > FADED else 0.0
        return state.latest + half_lives * self.settings.half_life

    def _meta(self, detector: str) -> Metadata:
        """Metadata; a plain one for signals of a detector that is no longer there."""
        return self._detectors.get(detector) or Metadata(
            id=detector,
            title=detector,
            description="",
            scope=Scope.IDENTITY,
            actions=frozenset(),
            technique=Technique.BEHAVIORAL,
            stage=Stage.COLLECTION,
            attack=(),
            runbook=(),
            severity_floor=Severity.INFORMATIONAL,
        )

    def _stage(self, detector: str) -> Stage:
        return self._meta(detector).stage

    def _opens_alone(self, detector: str) -> bool:
        meta = self._meta(detector)
        return meta.technique is Technique.RULE and meta.severity_floor >= Severity.MEDIUM

    def _weigh(self, signal: Signal) -> float | None:
        """Evidence of a signal in bits; None if it says nothing."""
        evidence = (
            -log2(signal.rate)
            if signal.rate > 0
            else weight(signal.bits, self._meta(signal.detector).judged_per_day)
        )
        evidence = min(evidence, self.settings.cap_bits)
        if evidence >= self.settings.min_bits:
            return evidence
        return max(evidence, 0.0) if self._opens_alone(signal.detector) else None

    def _assess(self, state: IncidentState) -> IncidentState:
        counts = {d.id: d.count for d in state.detectors}
        peak = peak_bits(state.evidence, counts, self._stage, self.settings, self._echoes)
        heaviest = max((entry.bits for entry in state.evidence), default=0.0)
        if state.is_open:
            peak = max(peak, state.peak)
            heaviest = max(heaviest, state.heaviest)
        floor = max(
            (
                self._meta(e.detector).severity_floor
                for e in state.evidence
                if e.bits >= self.settings.stage_bits or self._opens_alone(e.detector)
            ),
            default=Severity.INFORMATIONAL,
        )
        risen = replace(state, peak=peak, heaviest=heaviest)
        reached = severity(
            state.evidence,
            margin=risen.margin,
            floor=floor,
            reach=Reach(state.reach),
            stage_of=self._stage,
            settings=self.settings,
            echoes=self._echoes,
        )
        if state.is_open:
            reached = max(reached, Severity(state.severity))
        return replace(risen, severity=int(reached))

    def _opens(self, state: IncidentState) -> bool:
        return state.margin >= 0.0 or any(self._opens_alone(d.id) for d in state.detectors)

    def _rest(self, state: IncidentState) -> IncidentState | None:
        """What to keep of a state that has not opened."""
        faded = fade(state, self.settings.half_life)
        return faded if faded.evidence else None

    def _why_open(self, state: IncidentState) -> str:
        if state.peak >= state.threshold:
            return f"{state.peak:.1f} bits of evidence reached the threshold"
        if state.margin >= 0.0:
            return f"{state.heaviest:.1f} bits of one signal reached the threshold for one"
        alone = sorted(d.id for d in state.detectors if self._opens_alone(d.id))
        return f"{', '.join(alone)} opens a finding by itself"

    def _why_update(self, before: IncidentState, after: IncidentState) -> str:
        new = {d.id for d in after.detectors} - {d.id for d in before.detectors}
        if new:
            return f"a new kind of signal: {', '.join(sorted(new))}"
        if after.severity > before.severity:
            return f"severity rose to {Severity(after.severity).name.lower()}"
        if after.count >= 2 * after.reported_count:
            return f"{after.count} signals, twice as many as last reported"
        if after.peak >= after.reported_peak + self.settings.grown_bits:
            return f"evidence grew to {after.peak:.1f} bits"
        return ""

    def _report(
        self, state: IncidentState, activity: FindingActivity, time: float, reason: str
    ) -> tuple[IncidentState, Finding]:
        state = replace(
            state,
            sequence=state.sequence + 1,
            reported_count=state.count,
            reported_peak=state.peak,
        )
        return state, finding(
            state,
            activity,
            time=time,
            reason=reason,
            lookup=self._meta,
        )


def under(state: IncidentState, bars: Bars) -> IncidentState:
    """The state with what opens an incident now."""
    return replace(
        state,
        threshold=bars.together,
        alone=bars.alone,
        scale=bars.together_scale,
        alone_scale=bars.alone_scale,
    )
