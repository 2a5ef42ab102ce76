"""A scenario to replay: ordinary days of an organisation, and the incident at their end."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.generator import npm_qix_2025_09 as facts
from pipeline.generator.incident import (
    LOGIN_LEAD_SECONDS,
    maintainer,
    ordinary_releases,
    timed_incident,
)
from pipeline.generator.organisation import Organisation
from pipeline.generator.records import Record, Timed

WEEK = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Publish:
    """A bad version and when it was published, seconds since the epoch."""

    package: str
    version: str
    at: float
    time_basis: facts.Basis


@dataclass(frozen=True, slots=True)
class Incident:
    """What is to be found, all times shifted as the events are.

    Attributes:
        name: the incident's id, as in the records' labels.
        identity: the identity it happens to, as in `Scenario.identities()`.
        publishes: the bad versions in the order of their times.
        first_publish: when it began to hurt.
        first_reaction: the earliest documented reaction of anyone.
        public_notice: when the public could know.
        packages: how many.
    """

    name: str
    identity: str
    publishes: tuple[Publish, ...]
    first_publish: float
    first_reaction: float
    public_notice: float
    packages: int


class Scenario:
    """Ordinary activity with the incident in it.

    Args:
        organisation: with `qix` among its people.
        login_lead: seconds between the relayed login and the first publish.
    """

    def __init__(self, organisation: Organisation, login_lead: float = LOGIN_LEAD_SECONDS) -> None:
        self.organisation = organisation
        self._attack = timed_incident(organisation, login_lead=login_lead)
        manifests = [
            (at, record) for at, record in self._attack if record["source"] == "npm.registry"
        ]
        self.incident = Incident(
            name=facts.INCIDENT,
            identity=maintainer(organisation.seed).github,
            publishes=tuple(
                Publish(
                    record["event"]["name"], record["event"]["version"], at,
                    record["label"]["time_basis"],
                )
                for at, record in manifests
            ),
            first_publish=manifests[0][0],
            first_reaction=facts.CLEAN_TAG.at + organisation.shift,
            public_notice=facts.PUBLIC_NOTICE.at + organisation.shift,
            packages=len(manifests),
        )  # fmt: skip

    @property
    def attack_began(self) -> float:
        """When the first event of the attack happens, seconds since the epoch."""
        return self._attack[0][0]

    def identities(self) -> list[dict[str, Any]]:
        """Who is who: `identity`, `kind` (person, bot, agent), `accounts`."""
        return self.organisation.identities()

    def events(self) -> Iterator[Record]:
        """All records in the order of their event times."""
        for _, record in self.timed():
            yield record

    def timed(self) -> Iterator[Timed]:
        """The same with the event time in seconds since the epoch."""
        return heapq.merge(self.organisation.timed(), self._attack, key=_time)


def demo_scenario(
    seed: int = 0,
    identities: int = 120,
    days: int = 30,
    shift_to: float | None = None,
    login_lead: float = LOGIN_LEAD_SECONDS,
) -> Scenario:
    """So many ordinary days and then the day of the incident.

    Args:
        seed: the same seed gives the same events.
        identities: people, bots and agents, `qix` included.
        days: ordinary days before the day of the incident.
        shift_to: seconds since the epoch; all times move by whole weeks, so far that the last
            event comes before it. None leaves the documented times.
        login_lead: seconds between the relayed login and the first publish.
    """
    incident_day = datetime.fromtimestamp(facts.FIRST_PUBLISH.at, UTC).date()
    last = datetime.combine(incident_day + timedelta(days=1), datetime.min.time(), UTC)
    shift = 0.0 if shift_to is None else (shift_to - last.timestamp()) // WEEK * WEEK
    organisation = Organisation(
        seed=seed,
        identities=identities,
        start=incident_day - timedelta(days=days),
        days=days + 1,
        members=[(maintainer(seed), ordinary_releases(seed, days))],
        shift=shift,
    )
    return Scenario(organisation, login_lead)


def _time(timed: Timed) -> float:
    return timed[0]
