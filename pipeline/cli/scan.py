"""Runs the local pipeline over files and keeps count."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import orjson

from detectors.registry import DETECTORS
from pipeline.cli.scores import Scores
from pipeline.correlate import CorrelationSettings, Correlator
from pipeline.records import read
from pipeline.stages.local import LocalPipeline
from pipeline.stages.normalise import Locator
from schemas.finding import Finding, FindingActivity, Severity
from schemas.identity import IdentityMap
from schemas.sources import RejectedError

DAY = 86400.0
CLOSING_SECONDS = 30 * DAY  # of event time after the last event: absences are due, incidents close


class Scan:
    """One pass over files.

    Attributes:
        records: lines read.
        activities: made of them.
        rejected: lines by reason.

    Args:
        identities: account to identity.
        alert_budget: false alerts per 1,000 identities and day.
        places: where an address is.
        on_scores: given the judgements of each record, as lines.
    """

    def __init__(
        self,
        identities: IdentityMap,
        alert_budget: float = 1.0,
        places: Locator | None = None,
        on_scores: Callable[[Iterable[bytes]], None] | None = None,
    ) -> None:
        self._scores = Scores() if on_scores else None
        self._on_scores = on_scores
        settings = CorrelationSettings(alerts_per_1000_identities_per_day=alert_budget)
        self._pipeline = LocalPipeline(
            DETECTORS,
            identities,
            Correlator(settings, {d.meta.id: d.meta for d in DETECTORS}),
            latest=time.time() + DAY,
            places=places,
            on_score=self._scores.add if self._scores else None,
        )
        self.records = 0
        self.activities = 0
        self.rejected: Counter[str] = Counter()
        self._days: set[tuple[str, int]] = set()
        self._found: Counter[str] = Counter()

    def run(self, files: Iterable[str], source: str) -> Iterator[Finding]:
        """Findings as they come. Raises OSError if a file cannot be read."""
        for record in read(files, source):
            self.records += 1
            if isinstance(record, RejectedError):
                self.rejected[record.reason] += 1
                continue
            activities, error = self._pipeline.normaliser.normalise(record.raw, record.source)
            if error is not None:
                self.rejected[error.reason] += 1
            self.activities += len(activities)
            self._days.update((a.actor.identity, int(a.time // DAY)) for a in activities)
            yield from self._count(self._pipeline.feed(activities))
        yield from self._count(self._pipeline.finish(CLOSING_SECONDS))

    def _count(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        if self._scores and self._on_scores:
            self._on_scores(self._scores.take())
        for finding in findings:
            if finding.activity is FindingActivity.CLOSE:
                self._found[finding.severity.name.lower()] += 1
            yield finding

    def summary(self, findings: int) -> str:
        """One JSON line: what was read, and how many incidents by their final severity."""
        stats = self._pipeline.engine.stats
        loud = sum(
            count
            for name, count in self._found.items()
            if Severity[name.upper()] >= Severity.MEDIUM
        )
        return orjson.dumps(
            {
                "records": self.records,
                "rejected": sum(self.rejected.values()),
                "activities": self.activities,
                "late": stats.late,
                "duplicates": stats.duplicates,
                "identity_days": len(self._days),
                "findings": findings,
                "incidents_by_severity": dict(self._found),
                "medium_and_above_per_1000_identity_days": round(1000 * loud / len(self._days), 3)
                if self._days
                else None,
                "signals": dict(stats.signals),
            }
        ).decode()
