"""What happened on the way of a backtest, for plots: scores, signals, thresholds, alerts."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import log2

from schemas.activity import Activity
from schemas.finding import Finding, FindingActivity, Severity
from schemas.signal import Signal, bits

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A signal: when, of whom, by which detector, evidence in bits."""

    time: float
    identity: str
    detector: str
    weight: float


@dataclass(slots=True)
class Trace:
    """Filled by `run`; times in seconds of event time since the epoch.

    Attributes:
        signals: in order.
        thresholds: (time, bits) of every report.
        alerts: time and identity of incidents of severity medium and above, as they open.
        scores: per detector, judgements by whole bits of surprise.
        active: identities by day since the epoch.
    """

    signals: list[Mark] = field(default_factory=list)
    thresholds: list[tuple[float, float]] = field(default_factory=list)
    alerts: list[tuple[float, str]] = field(default_factory=list)
    scores: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    active: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    _open: set[int] = field(default_factory=set)

    def score(self, detector: str, key: str, activity: Activity, p: float) -> None:  # noqa: ARG002
        """A detector judged an activity."""
        self.scores[detector][int(bits(p))] += 1

    def take_signals(self, signals: list[Signal]) -> None:
        """Signals of a record."""
        self.signals += [Mark(s.time, s.identity, s.detector, -log2(s.rate)) for s in signals]

    def take(self, activities: list[Activity], threshold: float, findings: list[Finding]) -> None:
        """What a record came to."""
        for activity in activities:
            self.active[int(activity.time // DAY)].add(activity.actor.identity)
            if not self.thresholds or self.thresholds[-1][1] != threshold:
                self.thresholds.append((activity.time, threshold))
        for finding in findings:
            opened = finding.activity is not FindingActivity.CLOSE
            if opened and finding.severity >= Severity.MEDIUM and finding.uid not in self._open:
                self._open.add(finding.uid)
                self.alerts.append((finding.time, finding.identity))
