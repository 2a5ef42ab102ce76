"""Runs a scenario through the local pipeline and compares what is found with its label."""

import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from detectors.base import Detector
from pipeline.backtest.scenario import Label, Scenario
from pipeline.backtest.trace import Trace
from pipeline.correlate import CorrelationSettings, Correlator
from pipeline.stages.local import LocalPipeline
from schemas.finding import Finding, FindingActivity, Severity
from schemas.identity import IdentityMap
from schemas.sources import RejectedError

DAY = 86400.0
AFTERWARDS = 2 * DAY  # of event time: absences fall due, incidents close


class Result(msgspec.Struct):
    """What came of a scenario.

    Attributes:
        scenario: its name.
        attack: whether there was anything to find.
        out_of_reach: why nothing can be found, where that is so.
        detected: whether a finding of severity medium or above concerns the identity in time.
        first_alert: event time of the first such finding, seconds since the epoch.
        before_damage_seconds: from it to the damage; negative if it came after.
        lead_seconds: from it until others noticed.
        severity: of the incident in the end.
        detectors: that said so, heaviest first.
        false_findings: medium and above that are not the attack's, by severity and main detector.
        identity_days: distinct pairs of identity and active day.
        events: raw records.
        rejected: records that no parser took.
        cpu_us_per_event: of all stages, in this process.
    """

    scenario: str
    attack: bool
    out_of_reach: str
    detected: bool
    first_alert: float | None
    before_damage_seconds: float | None
    lead_seconds: float | None
    severity: str
    detectors: list[str]
    false_findings: dict[str, int]
    identity_days: int
    events: int
    rejected: int
    cpu_us_per_event: float

    @property
    def false_per_1000_identity_days(self) -> float:
        """Findings of severity medium and above that are not the attack's."""
        total = sum(self.false_findings.values())
        return 1000 * total / self.identity_days if self.identity_days else 0.0


def run(
    scenario: Scenario,
    detectors: Iterable[Detector[Any, Any]],
    settings: CorrelationSettings | None = None,
    trace: Trace | None = None,
) -> Result:
    """One pass over a scenario; `trace`, if given, is filled on the way."""
    detectors = tuple(detectors)
    pipeline = LocalPipeline(
        detectors,
        IdentityMap(scenario.identities),
        Correlator(settings or CorrelationSettings(), {d.meta.id: d.meta for d in detectors}),
        on_signals=trace.take_signals if trace else None,
        on_score=trace.score if trace else None,
    )
    findings: list[Finding] = []
    days: set[tuple[str, int]] = set()
    events = rejected = 0
    started = time.process_time()
    for record in scenario.records():
        events += 1
        if isinstance(record, RejectedError):
            rejected += 1
            continue
        activities, error = pipeline.normaliser.normalise(record.raw, record.source)
        rejected += error is not None
        days.update((activity.actor.identity, int(activity.time // DAY)) for activity in activities)
        new = pipeline.feed(activities)
        findings += new
        if trace:
            trace.take(activities, pipeline.correlate.threshold, new)
    findings += pipeline.finish(AFTERWARDS)
    used = time.process_time() - started
    return _compare(
        scenario.label,
        findings,
        events=events,
        rejected=rejected,
        identity_days=len(days),
        cpu_us_per_event=round(used / events * 1e6, 1) if events else 0.0,
    )


def _compare(label: Label, findings: list[Finding], **counts: Any) -> Result:
    latest: dict[int, Finding] = {}
    alerted: dict[int, float] = {}
    for finding in findings:
        if finding.severity >= Severity.MEDIUM and finding.activity is not FindingActivity.CLOSE:
            latest[finding.uid] = finding
            alerted.setdefault(finding.uid, finding.time)
    theirs = [
        finding
        for uid, finding in latest.items()
        if label.identity and finding.identity == label.identity and alerted[uid] >= label.began
    ]
    others = [finding for finding in latest.values() if finding not in theirs]
    first = min((alerted[finding.uid] for finding in theirs), default=None)
    worst = max(theirs, key=lambda finding: finding.severity, default=None)
    return Result(
        scenario=label.name,
        attack=bool(label.identity),
        out_of_reach=label.out_of_reach,
        detected=first is not None,
        first_alert=first,
        before_damage_seconds=None if first is None else round(label.damage - first, 1),
        lead_seconds=None if first is None else round(label.noticed - first, 1),
        severity=worst.severity.name.lower() if worst else "",
        detectors=[detection.id for detection in worst.detections] if worst else [],
        false_findings=dict(
            Counter(f"{f.severity.name.lower()} {f.detections[0].id}" for f in others)
        ),
        **counts,
    )
