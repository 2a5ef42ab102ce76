"""A day of the organisation, as habits see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from pipeline.generator.drift import Drift
from pipeline.generator.people import ORGANISATION, REPOSITORIES, SATURDAY, Person
from pipeline.generator.records import likely, seeded
from pipeline.generator.roster import Roles
from pipeline.generator.workday import HOUR, Workday

FULL_NAMES = tuple(f"{ORGANISATION}/{name}" for name in REPOSITORIES)


@dataclass(frozen=True, slots=True)
class Today:
    """One day.

    Attributes:
        seed: of the organisation.
        number: of the day, from the start.
        date: in UTC.
        midnight: its beginning, seconds since the epoch.
        people: who is employed.
        working: who works today, by login.
        roles: who holds which office.
        drift: what changes over time.
        originals: everybody as they were at the start, by login.
    """

    seed: int
    number: int
    date: date
    midnight: float
    people: Sequence[Person]
    working: dict[str, Workday]
    roles: Roles
    drift: Drift
    originals: Mapping[str, Person]

    def rng(self, habit: str) -> Random:
        """Random numbers for one habit on this day."""
        return seeded(self.seed, habit, self.number)

    @property
    def weekday(self) -> bool:
        """Monday to Friday."""
        return self.date.weekday() < SATURDAY

    def moved(self, person: Person, day: int) -> tuple[str, ...]:
        """The repositories that are the person's since the reorganisation of that day."""
        original = self.originals[person.github]
        before = self.drift.at_that_time(original, self.seed, day - 1).repositories
        return tuple(name for name in person.repositories if name not in before)

    def at_work(self, people: Sequence[Person] | None = None) -> list[Workday]:
        """The working days of these people, of all without any."""
        if people is None:
            return list(self.working.values())
        return [self.working[one.github] for one in people if one.github in self.working]

    def one(self, people: Sequence[Person], rng: Random) -> Workday | None:
        """One of them who works today; None if nobody does."""
        found = self.at_work(people)
        return rng.choice(found) if found else None

    def happening(
        self, rng: Random, rate: float, people: Sequence[Person] | None = None
    ) -> Iterator[Workday]:
        """Those of the people to whom something happens that has this chance a working day."""
        for workday in self.at_work(people):
            if likely(rng, rate):
                yield workday


def moment(workday: Workday, rng: Random, first: float = 0.2, last: float = 7.5) -> float:
    """Some moment of a working day, in hours after it began; seconds since the epoch."""
    return workday.begin + rng.uniform(first, last) * HOUR
