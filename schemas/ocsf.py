"""Finding -> OCSF 1.8.0 Detection Finding (class 2004), JSON as it stands on the topic `alerts`.

Source: https://schema.ocsf.io/1.8.0/classes/detection_finding. Only attributes that 1.7.0 knows
too are used, so that a consumer on either version can read it.
"""

from typing import Any, Final

import orjson

from schemas.activity import digest, uid_text
from schemas.attack import technique
from schemas.finding import Detection, Finding, FindingActivity, Severity
from schemas.ocsf_evidence import evidence, observables, position, resources
from schemas.signal import bits
from schemas.text import visible

VERSION: Final = "1.8.0"
CLASS_UID: Final = 2004
MAX_STEPS: Final = 12

_NEW: Final = 1
_OTHER: Final = 99
_CONFIDENCE: Final = ((80, 3, "High"), (50, 2, "Medium"), (0, 1, "Low"))
_RISK_LEVELS: Final = ("Info", "Low", "Medium", "High", "Critical")


def encode(finding: Finding) -> bytes:
    """Finding -> UTF-8 JSON."""
    return orjson.dumps(to_ocsf(finding))


def milliseconds(time: float) -> int:
    """Seconds since the epoch -> OCSF `timestamp_t`."""
    return round(time * 1000)


def to_ocsf(finding: Finding) -> dict[str, Any]:
    """Detection Finding as plain objects, ready for JSON."""
    confidence_id, confidence = next(
        (uid, name) for least, uid, name in _CONFIDENCE if finding.confidence >= least
    )
    closed = finding.activity is FindingActivity.CLOSE
    identity = visible(finding.identity, 128) or "unknown"
    return {
        "activity_id": int(finding.activity),
        "activity_name": finding.activity.name.capitalize(),
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS_UID,
        "class_name": "Detection Finding",
        "type_uid": CLASS_UID * 100 + int(finding.activity),
        "type_name": f"Detection Finding: {finding.activity.name.capitalize()}",
        "time": milliseconds(finding.time),
        "start_time": milliseconds(finding.first),
        "end_time": milliseconds(finding.last),
        "count": finding.count,
        "message": finding.title,
        "severity_id": int(finding.severity),
        "severity": finding.severity.name.capitalize(),
        "status_id": _OTHER if closed else _NEW,
        "status": "Closed as quiet" if closed else "New",
        "status_detail": finding.reason,
        "is_alert": finding.severity >= Severity.MEDIUM,
        "confidence_id": confidence_id,
        "confidence": confidence,
        "confidence_score": finding.confidence,
        "risk_level_id": int(finding.severity) - 1,
        "risk_level": _RISK_LEVELS[finding.severity - 1],
        "risk_score": min(100, round(50 * finding.risk_bits / finding.threshold_bits)),
        "risk_details": (
            f"{finding.risk_bits:.1f} bits of evidence at its peak; "
            f"{finding.threshold_bits:.1f} open a finding"
        ),
        "metadata": _metadata(finding),
        "finding_info": _finding_info(finding),
        "evidences": [evidence(e, identity) for e in finding.evidence],
        "resources": resources(finding.evidence),
        "observables": observables(finding.evidence),
        "anomaly_analyses": _anomalies(finding, identity),
        "remediation": {"desc": _remediation(finding)},
        "unmapped": {"devspm": _unmapped(finding, identity)},
    }


def _metadata(finding: Finding) -> dict[str, Any]:
    uid = digest(finding.uid.to_bytes(8, "little"), finding.sequence.to_bytes(8, "little"))
    return {
        "version": VERSION,
        "product": {"name": "DevSPM", "vendor_name": "DevSPM"},
        "profiles": [],
        "uid": uid_text(uid),
        "sequence": finding.sequence,
        "correlation_uid": uid_text(finding.uid),
    }


def _analytic(detection: Detection) -> dict[str, Any]:
    return {"type_id": detection.technique, "uid": detection.id, "name": detection.name}


def _finding_info(finding: Finding) -> dict[str, Any]:
    info: dict[str, Any] = {
        "uid": uid_text(finding.uid),
        "title": finding.title,
        "desc": finding.description,
        "types": sorted({d.stage for d in finding.detections}),
        "attacks": [
            technique(t) for t in sorted({t for d in finding.detections for t in d.attack})
        ],
        "created_time": milliseconds(finding.opened),
        "modified_time": milliseconds(finding.time),
        "first_seen_time": milliseconds(finding.first),
        "last_seen_time": milliseconds(finding.last),
        "data_sources": sorted({e.source for e in finding.evidence}),
        "related_events": [
            {"uid": uid_text(e.event), "type": e.action, "first_seen_time": milliseconds(e.time)}
            for e in {e.event: e for e in finding.evidence}.values()
        ],
        "related_events_count": finding.count,
    }
    analytics = [_analytic(d) for d in finding.detections]
    if analytics:
        info["analytic"] = analytics[0]
        info["related_analytics"] = analytics[1:]
    return info


def _anomalies(finding: Finding, identity: str) -> list[dict[str, Any]]:
    return [
        {
            "analysis_targets": [{"name": identity, "type": "identity"}],
            "anomalies": [_observation(f.name, f.observed) for f in d.features],
            "baselines": [_observation(f.name, f.expected) for f in d.features],
        }
        for d in finding.detections
        if d.features
    ]


def _observation(name: str, value: str) -> dict[str, Any]:
    return {"observation_parameter": name, "observations": [{"value": value}]}


def _remediation(finding: Finding) -> str:
    steps = list(dict.fromkeys(step for d in finding.detections for step in d.runbook))[:MAX_STEPS]
    steps = steps or [
        "Ask the person whether they did this, over a channel the account cannot use."
    ]
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _unmapped(finding: Finding, identity: str) -> dict[str, Any]:
    stages = {d.id: d.stage for d in finding.detections}
    return {
        "identity": identity,
        "accounts": finding.accounts,
        "reach": finding.reach.words(),
        "risk_bits": round(finding.risk_bits, 2),
        "threshold_bits": round(finding.threshold_bits, 2),
        "signals": finding.count,
        "evidences": len(finding.evidence),
        "detectors": [_detector(d, finding) for d in finding.detections],
        "timeline": [
            {
                "time": milliseconds(e.time),
                "noticed": milliseconds(e.noticed),
                "stage": stages.get(e.detector, ""),
                "detector": e.detector,
                "action": e.action,
                "account": e.account,
                "target": e.package or e.repository or e.target,
                "bits": round(e.bits, 2),
            }
            for e in finding.evidence
        ],
    }


def _detector(detection: Detection, finding: Finding) -> dict[str, Any]:
    return {
        "id": detection.id,
        "stage": detection.stage,
        "title": detection.title,
        "p": detection.p,
        "bits": round(bits(detection.p), 2),
        "evidence_bits": round(detection.bits, 2),
        "cold_start": detection.cold,
        "time": milliseconds(detection.time),
        "count": detection.count,
        "features": [
            {
                "name": f.name,
                "observed": f.observed,
                "expected": f.expected,
                "bits": round(f.bits, 2),
            }
            for f in detection.features
        ],
        "runbook": list(detection.runbook),
        "evidence": [position(e) for e in finding.evidence if e.detector == detection.id],
    }
