"""An incident on top of a generated organisation, and what is to be found in it."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from pipeline.generator.habits import load_habits
from pipeline.generator.organisation import Organisation
from pipeline.generator.people import Machine, Person, hire
from pipeline.generator.records import Record, Timed, seeded

FIRST_MEMBER = 100
"""Members of a victim's team have numbers of their own beside the organisation's people."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A labelled scenario; times in seconds since the epoch.

    Attributes:
        name: of the scenario.
        description: what happens, what of it is documented and what generated.
        identity: whom the findings must concern.
        began: the attack's first event.
        damage: when it begins to hurt.
        noticed: when others noticed.
        organisation: the ordinary activity around.
        incident: the attack's records and the victim's own history, by time.
        entries: identities besides the organisation's.
        out_of_reach: why audit events cannot show the attack, where they cannot.
    """

    name: str
    description: str
    identity: str
    began: float
    damage: float
    noticed: float
    organisation: Organisation
    incident: Sequence[Timed]
    entries: Sequence[dict[str, Any]] = field(default_factory=list)
    out_of_reach: str = ""

    def identities(self) -> list[dict[str, Any]]:
        """Who is who, for those whom the organisation knows."""
        return [*self.organisation.identities(), *self.entries]

    def events(self) -> Iterator[Record]:
        """All records in the order of their event times."""
        for _, record in heapq.merge(self.organisation.timed(), self.incident, key=by_time):
            yield record


def by_time(timed: Timed) -> float:
    """The time of a record."""
    return timed[0]


def team(
    seed: int, size: int, repositories: tuple[str, ...], start: date, days: int
) -> list[Person]:
    """People, all generated, who work in these repositories and nowhere else."""
    habits = load_habits()
    return [
        replace(
            hire(seed, FIRST_MEMBER + number, start, days, habits),
            repositories=repositories,
            staff=True,
            npm="",
        )
        for number in range(size)
    ]


def around(
    seed: int, identities: int, start: date, days: int, members: Sequence[Person] = ()
) -> Organisation:
    """An organisation of so many identities, members included, who follow no release plan."""
    plans = [(member, ()) for member in members]
    return Organisation(seed=seed, identities=identities, start=start, days=days, members=plans)


def stranger(login: str) -> Machine:
    """An account of which nothing but its login is known."""
    return Machine(login, seeded("account", login).randrange(10**7, 10**8))


def entry(machine: Machine) -> dict[str, Any]:
    """A machine as the operator's list of identities has it."""
    return {"identity": machine.github, "kind": machine.kind, "accounts": machine.accounts}


def midnight(day: date) -> float:
    """The beginning of a UTC day, seconds since the epoch."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
