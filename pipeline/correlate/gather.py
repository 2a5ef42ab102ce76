"""Take a signal into a state: what is kept of it, and what has to go."""

from collections.abc import Iterable
from math import log2
from typing import Final

from msgspec.structs import replace

from pipeline.correlate.state import (
    MAX_ACCOUNTS,
    MAX_ACTIONS,
    MAX_BYTES,
    MAX_DETECTORS,
    MAX_EVIDENCE,
    MAX_RECENT,
    ActionState,
    DetectorState,
    IncidentState,
    raw_size,
)
from schemas.activity import Position
from schemas.finding import Evidence
from schemas.signal import Feature, Signal
from schemas.text import visible

MAX_TITLE: Final = 160
MAX_FEATURES: Final = 4
MAX_TEXT: Final = 64
FADED: Final = 1 / 16  # bits; evidence that is not worth keeping while no incident is open
_SHORT: Final = 0xFFFFFFFF
_LEAST: Final = 1e-3  # bits; a rule's signal may weigh nothing


def as_evidence(signal: Signal, bits: float) -> Evidence:
    """The signal with its event, cut and made safe to show."""
    activity = signal.activity
    actor, origin, target, at = activity.actor, activity.origin, activity.target, activity.position
    return Evidence(
        signal=signal.uid,
        detector=signal.detector,
        noticed=signal.time,
        bits=bits,
        time=activity.time,
        event=activity.uid,
        source=visible(activity.source, MAX_TEXT),
        action=visible(activity.action, MAX_TEXT),
        native=visible(activity.native, MAX_TEXT),
        account=visible(actor.account, MAX_TEXT),
        email=visible(actor.email, MAX_TEXT),
        kind=actor.kind,
        ip=visible(origin.ip, MAX_TEXT),
        network=visible(origin.network, MAX_TEXT),
        country=visible(origin.country, 8),
        client=visible(origin.client, MAX_TEXT),
        device=visible(origin.device, MAX_TEXT),
        session=visible(activity.session, MAX_TEXT),
        outcome=activity.outcome,
        target_kind=target.kind if target else "",
        target=visible(target.name, MAX_TEXT) if target else "",
        repository=visible(target.repository, 2 * MAX_TEXT) if target else "",
        package=visible(target.package, 2 * MAX_TEXT) if target else "",
        version=visible(target.version, MAX_TEXT) if target else "",
        event_id=visible(activity.event_id, MAX_TEXT),
        position=Position(visible(at.topic, 2 * MAX_TEXT), at.partition, at.offset),
    )


def strength(bits: float, time: float, half_life: float) -> float:
    """Orders evidence by what is left of it at any one time: heavy first, then new."""
    return log2(max(bits, _LEAST)) + time / half_life


def gather(state: IncidentState, signal: Signal, bits: float, half_life: float) -> IncidentState:
    """State with the signal taken in. What is kept does not depend on the order of arrival."""
    entry = as_evidence(signal, bits)
    new_event = signal.activity.uid & _SHORT not in state.events
    detectors = _detectors(state.detectors, signal, entry, half_life)
    kept = {detector.id for detector in detectors}
    grown = replace(
        state,
        first=min(state.first, entry.time) if state.count else entry.time,
        last=max(state.last, entry.time) if state.count else entry.time,
        latest=max(state.latest, signal.time) if state.count else signal.time,
        count=state.count + 1,
        reach=state.reach | signal.reach,
        detectors=detectors,
        evidence=_evidence((*state.evidence, entry), detectors, kept, half_life),
        actions=_actions(state.actions, entry) if new_event else state.actions,
        accounts=sorted({*state.accounts, entry.account} - {""})[:MAX_ACCOUNTS],
        seen=[*state.seen, signal.uid][-MAX_RECENT:],
        events=[*state.events, signal.activity.uid & _SHORT][-MAX_RECENT:]
        if new_event
        else state.events,
    )
    return _fit(grown, half_life)


def join(one: IncidentState, other: IncidentState, half_life: float) -> IncidentState:
    """Two states of what turned out to be one identity, as one; what `one` is stays what it is."""
    found = {detector.id: detector for detector in one.detectors}
    for new in other.detectors:
        known = found.get(new.id)
        if known is not None:
            heavier = max(known, new, key=lambda d: _order(d, half_life))
            found[new.id] = replace(
                heavier,
                count=known.count + new.count,
                first=min(known.first, new.first),
                last=max(known.last, new.last),
            )
        else:
            found[new.id] = new
    strongest = sorted(found.values(), key=lambda d: _order(d, half_life), reverse=True)
    detectors = strongest[:MAX_DETECTORS]
    entries = {entry.signal: entry for entry in (*other.evidence, *one.evidence)}
    kept = {detector.id for detector in detectors}
    return _fit(
        replace(
            one,
            first=min(one.first, other.first),
            last=max(one.last, other.last),
            latest=max(one.latest, other.latest),
            count=one.count + other.count,
            reach=one.reach | other.reach,
            peak=max(one.peak, other.peak),
            severity=max(one.severity, other.severity),
            detectors=detectors,
            evidence=_evidence(entries.values(), detectors, kept, half_life),
            actions=_joined_actions(one.actions, other.actions),
            accounts=sorted({*one.accounts, *other.accounts})[:MAX_ACCOUNTS],
            seen=[*other.seen, *one.seen][-MAX_RECENT:],
            events=[*other.events, *one.events][-MAX_RECENT:],
        ),
        half_life,
    )


def _joined_actions(one: Iterable[ActionState], other: Iterable[ActionState]) -> list[ActionState]:
    found = {action.action: action for action in one}
    for new in other:
        known = found.get(new.action)
        if known is not None:
            new = ActionState(  # noqa: PLW2901 - the two as one
                new.action,
                known.count + new.count,
                min(known.first, new.first),
                max(known.last, new.last),
            )
        found[new.action] = new
    return sorted(found.values(), key=lambda a: (a.first, a.action))[:MAX_ACTIONS]


def _detectors(
    detectors: Iterable[DetectorState],
    signal: Signal,
    entry: Evidence,
    half_life: float,
) -> list[DetectorState]:
    found = {detector.id: detector for detector in detectors}
    known = found.get(signal.detector)
    new = DetectorState(
        id=signal.detector,
        count=1 + (known.count if known else 0),
        first=min(known.first, entry.time) if known else entry.time,
        last=max(known.last, entry.time) if known else entry.time,
        signal=signal.uid,
        time=signal.time,
        bits=entry.bits,
        p=signal.p,
        cold=signal.cold,
        title=visible(signal.title, MAX_TITLE),
        features=[_shown(feature) for feature in signal.features[:MAX_FEATURES]],
    )
    if known and _order(known, half_life) >= _order(new, half_life):
        new = replace(known, count=new.count, first=new.first, last=new.last)
    found[signal.detector] = new
    strongest = sorted(found.values(), key=lambda d: _order(d, half_life), reverse=True)
    return strongest[:MAX_DETECTORS]


def _order(detector: DetectorState, half_life: float) -> tuple[float, int]:
    return strength(detector.bits, detector.time, half_life), detector.signal


def _shown(feature: Feature) -> Feature:
    return Feature(
        visible(feature.name, 32),
        visible(feature.observed, MAX_TEXT),
        visible(feature.expected, MAX_TEXT),
        feature.bits,
    )


def _evidence(
    entries: Iterable[Evidence],
    detectors: Iterable[DetectorState],
    kept: set[str],
    half_life: float,
    most: int = MAX_EVIDENCE,
) -> list[Evidence]:
    """Per detector the heaviest, then the strongest of the rest, in order of event time."""
    heaviest = {detector.signal for detector in detectors}
    strongest = sorted(
        (e for e in entries if e.detector in kept),
        key=lambda e: (
            e.signal in heaviest,
            strength(e.bits, e.noticed, half_life),
            e.signal,
        ),
        reverse=True,
    )
    return sorted(strongest[:most], key=lambda e: (e.time, e.noticed, e.signal))


def _actions(actions: Iterable[ActionState], entry: Evidence) -> list[ActionState]:
    found = {action.action: action for action in actions}
    known = found.get(entry.action, ActionState(entry.action, 0, entry.time, entry.time))
    found[entry.action] = ActionState(
        entry.action,
        known.count + 1,
        min(known.first, entry.time),
        max(known.last, entry.time),
    )
    return sorted(found.values(), key=lambda a: (a.first, a.action))[:MAX_ACTIONS]


def _fit(state: IncidentState, half_life: float) -> IncidentState:
    """Let the weakest evidence go until the state keeps to its limit."""
    kept = {detector.id for detector in state.detectors}
    while raw_size(state) > MAX_BYTES:
        most = len(state.evidence) - 1
        detectors = state.detectors
        if most < len(detectors):
            detectors = detectors[:-1]
            kept = {detector.id for detector in detectors}
        state = replace(
            state,
            detectors=detectors,
            evidence=_evidence(state.evidence, detectors, kept, half_life, most),
        )
    return state


def fade(state: IncidentState, half_life: float) -> IncidentState:
    """Forget evidence that has decayed to nothing; for a state that is not an open incident."""

    def fresh(bits: float, time: float) -> bool:
        return max(bits, _LEAST) * 2 ** ((time - state.latest) / half_life) > FADED

    evidence = [e for e in state.evidence if fresh(e.bits, e.noticed)]
    if len(evidence) == len(state.evidence):
        return state
    detectors = [d for d in state.detectors if fresh(d.bits, d.time)]
    actions = {e.action for e in evidence}
    return replace(
        state,
        evidence=evidence,
        detectors=detectors,
        count=sum(d.count for d in detectors),
        actions=[a for a in state.actions if a.action in actions],
        accounts=sorted({e.account for e in evidence} - {""}),
        first=min((e.time for e in evidence), default=state.latest),
    )
