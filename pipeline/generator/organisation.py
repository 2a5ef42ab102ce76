"""An organisation at work: all its raw vendor events in the order of their times."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pipeline.generator import releases
from pipeline.generator.habits import load_habits
from pipeline.generator.machines import machine_day
from pipeline.generator.okta import Session
from pipeline.generator.people import MACHINES, SATURDAY, Actor, Person, hire
from pipeline.generator.records import Record, Timed, seeded
from pipeline.generator.releases import MONOREPOS, Planned
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
    ) -> None:
        generated = identities - len(MACHINES) - len(members)
        if generated < 1:
            raise ValueError(f"at least {len(MACHINES) + len(members) + 1} identities")
        self.seed = seed
        self.start = start
        self.days = days
        self.shift = shift
        first = datetime(start.year, start.month, start.day, tzinfo=UTC)
        self.begin = first.timestamp() + shift
        self.end = self.begin + days * DAY
        self.habits = load_habits()
        self.people = [hire(seed, number, start, days, self.habits) for number in range(generated)]
        self.machines = MACHINES
        self._plans: dict[str, Sequence[Planned]] = {}
        for person in self.people:
            if person.npm:
                rng = seeded(seed, "packages", person.number)
                packages = releases.own_packages(person, rng)
                self._plans[person.github] = releases.plan(packages, days, self.habits, rng)
        for member, plan in members:
            self.people.append(member)
            self._plans[member.github] = plan

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
            yield from waiting[bisect_left(waiting, self.begin, key=_time) : cut]
            del waiting[:cut]

    def _day(self, number: int) -> Iterator[Timed]:
        today = self.start + timedelta(days=number)
        midnight = self.begin + number * DAY
        rng = seeded(self.seed, "machines", number)
        yield from machine_day(midnight, number + 1, today.weekday(), rng)
        for monorepo in MONOREPOS:
            if today.weekday() in monorepo.weekdays:
                at = midnight + rng.uniform(9, 17) * 3600
                yield from releases.train(at, monorepo, number + 1, rng)
        for person in self.people:
            yield from self._person(person, number, today)

    def _person(self, person: Person, number: int, today: date) -> Iterator[Timed]:
        if person.life.away(number) or (person.place.code == "US" and _labor_day(today)):
            return
        rng = seeded(self.seed, person.github, number)
        trip = person.life.trip
        travels = trip is not None and trip.first <= number <= trip.last
        place = trip.network.place if trip is not None and travels else person.place
        offset = place.offset_on(today)
        midnight = self.begin + number * DAY - offset * 60
        day = Day(number, midnight, offset, self._commits(person, today))
        if day.commits or (person.staff and today.weekday() < SATURDAY):
            yield from Workday(person, day, self.habits, rng).events()
        due = [
            planned
            for planned in self._plans.get(person.github, ())
            if number * DAY <= planned.at < (number + 1) * DAY
        ]
        if due:
            network = trip.network if trip is not None and travels else person.home
            session = Session.opened(person, network, person.device(number), rng)
            first = midnight + (self.habits.release_hour.draw(rng) + rng.random()) * 3600
            for planned in due:
                at = first + planned.at - due[0].at
                yield from releases.by_hand(at, offset, planned, session, rng)

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
