"""What the demo shows at the end: was the incident caught, and when."""

from typing import Any

import msgspec

from pipeline.generator import Incident

CREATE = 1
MEDIUM, HIGH = 3, 4


class Outcome(msgspec.Struct):
    """The demo's last line.

    Attributes:
        incident: its id.
        detected: whether a finding of the identity came after the attack began.
        publishes_before_alert: how many bad versions were out when the first alert came.
        lead_seconds: from the first alert to the public notice.
        incidents: findings that the attack gave; one is right.
        alerts: findings of severity medium and above, the attack's included.
        false_alerts: those of them that are not the attack's.
        false_alerts_high: those of severity high and above.
        events: raw records replayed.
        broker: what they went through.
        first_alert: event time of the first alert, seconds since the epoch.
        publishes: how many bad versions there were.
    """

    incident: str
    detected: bool
    publishes_before_alert: int | None
    lead_seconds: float | None
    incidents: int
    alerts: int
    false_alerts: int
    false_alerts_high: int
    events: int
    broker: str
    first_alert: float | None
    publishes: int


def judge(
    findings: list[dict[str, Any]],
    incident: Incident,
    attack_began: float,
    *,
    events: int,
    broker: str,
) -> Outcome:
    """Compare findings (OCSF, in order) with what happened.

    Args:
        findings: everything on the alert topic.
        incident: the facts.
        attack_began: event time of the attack's first event.
        events: raw records replayed.
        broker: name of the broker.
    """
    latest: dict[str, dict[str, Any]] = {}
    created: dict[str, float] = {}
    for finding in findings:
        uid = finding["finding_info"]["uid"]
        latest[uid] = finding
        if finding["activity_id"] == CREATE:
            created.setdefault(uid, finding["time"] / 1000)
    theirs = {
        uid: created[uid]
        for uid, finding in latest.items()
        if finding["unmapped"]["devspm"]["identity"] == incident.identity
        and created.get(uid, 0.0) >= attack_began
    }
    loud = {uid for uid, finding in latest.items() if finding["severity_id"] >= MEDIUM}
    louder = {uid for uid, finding in latest.items() if finding["severity_id"] >= HIGH}
    first = min(theirs.values(), default=None)
    return Outcome(
        incident=incident.name,
        detected=first is not None,
        publishes_before_alert=None
        if first is None
        else sum(publish.at < first for publish in incident.publishes),
        lead_seconds=None if first is None else round(incident.public_notice - first, 1),
        incidents=len(theirs),
        alerts=len(loud),
        false_alerts=len(loud - theirs.keys()),
        false_alerts_high=len(louder - theirs.keys()),
        events=events,
        broker=broker,
        first_alert=first,
        publishes=len(incident.publishes),
    )
