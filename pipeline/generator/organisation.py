"""An organisation at work: all its raw vendor events in the order of their times."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Any

from pipeline.generator import claude_code, releases
from pipeline.generator.drift import NO_DRIFT, Drift
from pipeline.generator.habits import load_habits
from pipeline.generator.life import assistants
from pipeline.generator.life.outages import Outage, outages
from pipeline.generator.life.routine import Habit
from pipeline.generator.life.today import Today
from pipeline.generator.machines import machine_day
from pipeline.generator.okta import Session
from pipeline.generator.people import (
    BUILDER,
    CODING_AGENT,
    MACHINES,
    NEXT_BUILDER,
    SATURDAY,
    Actor,
    Machine,
    Person,
    hire,
)
from pipeline.generator.records import Record, Timed, seeded
from pipeline.generator.releases import MONOREPOS, Planned
from pipeline.generator.roster import Roles, Roster
from pipeline.generator.workday import Day, Workday

DAY = 86400.0
FARTHEST_EAST = 14 * 3600.0
"""A local day begins at most so long before the UTC day."""
WEEKEND_AT_WORK = 0.1


class Organisation:
    """A benign development organisation; everything in it is generated.

    Args:
        seed: the same seed gives the same events.
        identities: people, bots and agents together, members included.
        start: the first day, UTC.
        days: how many days.
        members: people with plans of their own, beside those who are generated.
        shift: seconds added to every time; a multiple of seven days keeps the weekdays.
        habits: what people and machines do beside the working day, see `HABITS`; without any the
            organisation only signs in, reads, commits, releases and asks its AI tools.
        drift: what changes over time.
        absences: further leave of people, by login, in days from the start.
        lost: what else is lost on its way.

    Attributes:
        begin: the first instant, seconds since the epoch, shifted.
        end: the instant after the last day.
    """

    def __init__(
        self,
        seed: int = 0,
        identities: int = 120,
        start: date = date(2025, 8, 9),
        days: int = 30,
        *,
        members: Sequence[tuple[Person, Sequence[Planned]]] = (),
        shift: float = 0.0,
        habits: Sequence[Habit] = (),
        drift: Drift = NO_DRIFT,
        absences: Mapping[str, range] = MappingProxyType({}),
        lost: Sequence[Outage] = (),
    ) -> None:
        self.machines: tuple[Machine, ...] = MACHINES
        if habits:
            self.machines += (CODING_AGENT,)
        if drift.builder is not None:
            self.machines += (NEXT_BUILDER,)
        generated = identities - len(self.machines) - len(members)
        if generated < 1:
            raise ValueError(f"at least {len(self.machines) + len(members) + 1} identities")
        self.seed = seed
        self.start = start
        self.days = days
        self.shift = shift
        first = datetime(start.year, start.month, start.day, tzinfo=UTC)
        self.begin = first.timestamp() + shift
        self.end = self.begin + days * DAY
        self.habits = load_habits()
        self.drift = drift
        self.people = drift.applied(
            [hire(seed, number, start, days, self.habits) for number in range(generated)],
            seed,
            days,
        )
        self._plans: dict[str, Sequence[Planned]] = {}
        for person in self.people:
            if person.npm:
                rng = seeded(seed, "packages", person.number)
                packages = releases.own_packages(person, rng)
                self._plans[person.github] = releases.plan(packages, days, self.habits, rng)
        for member, plan in members:
            self.people.append(member)
            self._plans[member.github] = plan
        self._roster = Roster(self.people, seed, drift)
        self._originals = {person.github: person for person in self.people}
        self._roles = Roles.among(self.people)
        self._routine = habits
        self._outages = outages(seed, self.begin, days) if habits else []
        self._outages += lost
        self._absences = absences

    def identities(self) -> list[dict[str, Any]]:
        """All identities with their accounts: who is who in every system."""
        members: list[Actor] = [*self.people, *self.machines]
        return [
            {"identity": member.github, "kind": member.kind, "accounts": member.accounts}
            for member in members
        ]

    def events(self) -> Iterator[Record]:
        """All records, in the order of their event times."""
        for _, made in self.timed():
            yield made

    def timed(self) -> Iterator[Timed]:
        """The same with the event time in seconds since the epoch."""
        waiting: list[Timed] = []
        for number in range(-1, self.days + 1):
            waiting += self._day(number)
            waiting.sort(key=_time)
            settled = self.begin + (number + 1) * DAY - FARTHEST_EAST
            cut = bisect_left(waiting, min(settled, self.end), key=_time)
            for timed in waiting[bisect_left(waiting, self.begin, key=_time) : cut]:
                if not any(outage.loses(*timed) for outage in self._outages):
                    yield timed
            del waiting[:cut]

    def _day(self, number: int) -> Iterator[Timed]:
        morning = self.start + timedelta(days=number)
        midnight = self.begin + number * DAY
        rng = seeded(self.seed, "machines", number)
        changed = self.drift.builder is not None and number >= self.drift.builder
        builder = NEXT_BUILDER if changed else BUILDER
        yield from machine_day(midnight, number + 1, morning.weekday(), rng, builder)
        for monorepo in MONOREPOS:
            if morning.weekday() in monorepo.weekdays:
                at = midnight + rng.uniform(9, 17) * 3600
                yield from releases.train(at, monorepo, number + 1, rng)
        today = self.today(number)
        for person in today.people:
            workday = today.working.get(person.github)
            if workday is not None:
                yield from workday.events()
                yield from self._released(person, workday.day, workday.rng)
            elif (day := self._present(person, number, morning)) is not None:
                rng = seeded(self.seed, person.github, number)
                yield from self._released(person, day, rng)
        for habit in self._routine:
            yield from habit(today)

    def today(self, number: int) -> Today:
        """Who works on that day, counted from the start, and how it begins for them."""
        morning = self.start + timedelta(days=number)
        people = self._roster.on(number)
        working = {}
        for person in people:
            day = self._present(person, number, morning)
            if day and (day.commits or (person.staff and morning.weekday() < SATURDAY)):
                rng = seeded(self.seed, person.github, number)
                working[person.github] = Workday(
                    person, day, self.habits, rng, self._setup(person, number)
                )
        return Today(
            self.seed,
            number,
            morning,
            self.begin + number * DAY,
            people,
            working,
            self._roles,
            self.drift,
            self._originals,
        )

    def _setup(self, person: Person, number: int) -> claude_code.Setup:
        if not self._routine:
            return claude_code.USUAL
        return assistants.setup(self.seed, person, number)

    def _present(self, person: Person, number: int, today: date) -> Day | None:
        """The person's local day; None for whoever is away."""
        if (
            person.life.away(number)
            or number in self._absences.get(person.github, ())
            or (person.place.code == "US" and _labor_day(today))
            or self.drift.off(person, self.seed, today)
        ):
            return None
        trip = person.life.trip_on(number)
        place = trip.network.place if trip else person.place
        offset = place.offset_on(today)
        midnight = self.begin + number * DAY - offset * 60
        return Day(number, midnight, offset, self._commits(person, today))

    def _released(self, person: Person, day: Day, rng: Random) -> Iterator[Timed]:
        due = [
            planned
            for planned in self._plans.get(person.github, ())
            if day.number * DAY <= planned.at < (day.number + 1) * DAY
        ]
        if due:
            trip = person.life.trip_on(day.number)
            network = trip.network if trip else person.home
            session = Session.opened(person, network, person.device(day.number), rng)
            first = day.midnight + (self.habits.release_hour.draw(rng) + rng.random()) * 3600
            for planned in due:
                at = first + planned.at - due[0].at
                yield from releases.by_hand(at, day.offset, planned, session, rng)

    def _commits(self, person: Person, today: date) -> bool:
        """Whether this is one of the days of the week on which the person commits."""
        monday = today - timedelta(days=today.weekday())
        week = (monday - self.start).days
        rng = seeded(self.seed, person.github, "week", week)
        habits = self.habits
        count = (habits.staff_days if person.staff else habits.active_days).draw(rng)
        weekend = WEEKEND_AT_WORK if person.staff else 1.0
        keys = [rng.random() ** (1 / (weekend if day >= SATURDAY else 1.0)) for day in range(7)]
        return today.weekday() in sorted(range(7), key=lambda day: -keys[day])[:count]


def _time(timed: Timed) -> float:
    return timed[0]


def _labor_day(day: date) -> bool:
    return (day.month, day.weekday()) == (9, 0) and day.day <= 7  # noqa: PLR2004 (first Monday)
