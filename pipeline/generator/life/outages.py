"""Audit streams: maintenance by those who may, and collectors that lose an hour.

Assumed: the security engineer changes the audit stream on one working day in sixty, an
administrator stops and starts the identity provider's on one in a hundred and twenty. Besides, a
source goes missing for 20 to 90 minutes about once in thirty days, as collectors are restarted:
what happens meanwhile is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.generator import github_audit, okta
from pipeline.generator.life.today import Today, moment
from pipeline.generator.records import DAY, Record, Timed, seeded

SOURCES = ("github.audit", "github.webhook", "okta.system_log", "claude_code.otel")
EVERY_DAYS = 30.0


@dataclass(frozen=True, slots=True)
class Outage:
    """A source that says nothing from `first` to `last`, seconds since the epoch."""

    source: str
    first: float
    last: float

    def loses(self, at: float, record: Record) -> bool:
        """Whether that record never arrives."""
        return self.first <= at < self.last and record["source"] == self.source


def outages(seed: int, begin: float, days: int) -> list[Outage]:
    """All of an organisation's."""
    rng = seeded(seed, "outages")
    found = []
    at = begin + rng.expovariate(1 / EVERY_DAYS) * DAY
    while at < begin + days * DAY:
        found.append(Outage(rng.choice(SOURCES), at, at + rng.uniform(1200, 5400)))
        at += rng.expovariate(1 / EVERY_DAYS) * DAY
    return found


def habit(today: Today) -> Iterator[Timed]:
    """Work on the streams themselves."""
    rng = today.rng("audit streams")
    for workday in today.happening(rng, 1 / 60, today.roles.security):
        yield github_audit.web(
            moment(workday, rng), "audit_log_streaming.update", workday.session, rng
        )
    for workday in today.happening(rng, 1 / 120, today.roles.administrators):
        at = moment(workday, rng, 1.0, 6.0)
        stream = {"id": "0oaexamplestream", "type": "LogStream", "alternateId": "unknown",
                  "displayName": "Event stream"}  # fmt: skip
        for moved, verb in ((0.0, "deactivate"), (rng.uniform(300, 1500), "activate")):
            yield okta.event(
                at + moved, workday.session, f"system.log_stream.lifecycle.{verb}", rng,
                target=[stream],
            )  # fmt: skip
