"""Incident state -> Finding."""

from collections.abc import Callable

from detectors.base import Metadata
from pipeline.correlate.risk import confidence
from pipeline.correlate.state import DetectorState, IncidentState
from pipeline.correlate.wording import description, title
from schemas.finding import Detection, Finding, FindingActivity, Severity
from schemas.reach import Reach

_RULE_CONFIDENCE = 50


def finding(
    state: IncidentState,
    activity: FindingActivity,
    *,
    time: float,
    reason: str,
    lookup: Callable[[str], Metadata],
) -> Finding:
    """The incident as it is now; `state` has its sequence number already."""
    weight = sum(d.bits for d in state.detectors)
    cold_share = sum(d.bits for d in state.detectors if d.cold) / weight if weight else 0.0
    by_rule = state.margin < 0.0
    together = state.peak - state.threshold >= state.heaviest - state.alone
    return Finding(
        uid=state.uid,
        sequence=state.sequence,
        activity=activity,
        identity=state.identity,
        time=time,
        opened=state.opened,
        first=state.first,
        last=state.last,
        severity=Severity(state.severity),
        confidence=confidence(state.margin, cold_share, _RULE_CONFIDENCE if by_rule else 1),
        risk_bits=state.peak if together else state.heaviest,
        threshold_bits=state.threshold if together else state.alone,
        title=title(state, lookup),
        description=description(state, lookup, reason),
        detections=[
            _detection(d, lookup(d.id))
            for d in sorted(state.detectors, key=lambda d: (-d.bits, d.id))
        ],
        evidence=state.evidence,
        count=state.count,
        accounts=state.accounts,
        reason=reason,
        reach=Reach(state.reach),
    )


def _detection(state: DetectorState, meta: Metadata) -> Detection:
    return Detection(
        id=state.id,
        name=meta.title,
        technique=int(meta.technique),
        stage=meta.stage.value,
        attack=meta.attack,
        runbook=meta.runbook,
        count=state.count,
        first=state.first,
        last=state.last,
        time=state.time,
        p=state.p,
        bits=state.bits,
        cold=state.cold,
        title=state.title,
        features=state.features,
    )
