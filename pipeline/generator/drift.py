"""How an organisation changes over time, beside what happens in single lives.

Everything here is an assumption about organisations in general, measured nowhere: a quarter of the
people change teams in a reorganisation, a new laptop reaches everybody within weeks, nine in ten
are away between Christmas and New Year, in July and August everybody takes two or three weeks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from pipeline.generator.people import Person
from pipeline.generator.records import likely, seeded, uuid

YEARLY_LEAVERS = 0.12
MOVED = 0.25
CHRISTMAS = 0.9
SUMMER = range(182, 244)
"""July and August, by the day of the year."""
HOLIDAYS = {
    "US": ((1, 1), (7, 4), (11, 28), (12, 25)),
    "CA": ((1, 1), (7, 1), (12, 25), (12, 26)),
    "DE": ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26)),
    "GB": ((1, 1), (12, 25), (12, 26)),
    "IN": ((1, 26), (8, 15), (10, 2)),
    "JP": ((1, 1), (1, 2), (1, 3), (5, 3), (5, 4), (5, 5)),
}
"""Public holidays with fixed dates; of other countries the first of January and of May."""
ELSEWHERE = ((1, 1), (5, 1))


@dataclass(frozen=True, slots=True)
class Drift:
    """What changes, and on which days from the start. Empty: nothing of the kind.

    Attributes:
        reorganisations: teams swap repositories on these days.
        laptops: days over which everybody is given a new laptop.
        assistants: days over which everybody is given an AI coding tool.
        builder: day on which another CI system takes over, None for never.
        interns: days over which interns are there.
        intern_count: how many of the people are interns.
        leavers: whether people leave for good.
        holidays: whether the calendar has holidays.
    """

    reorganisations: tuple[int, ...] = ()
    laptops: range = field(default=range(0))
    assistants: range = field(default=range(0))
    builder: int | None = None
    interns: range = field(default=range(0))
    intern_count: int = 0
    leavers: bool = False
    holidays: bool = False

    def applied(self, people: Sequence[Person], seed: int, days: int) -> list[Person]:
        """The same people with what the organisation as a whole brings to their lives."""
        last = len(people) - self.intern_count
        changed = []
        for index, person in enumerate(people):
            rng = seeded(seed, "drift", person.number)
            life = person.life
            if index >= last:
                life = replace(
                    life, hired=self.interns.start, left=self.interns.stop, trips=(), leave=()
                )
            elif self.leavers and likely(rng, YEARLY_LEAVERS * days / 365):
                gone = rng.randrange(1, days)
                life = replace(life, left=gone) if gone > life.hired + 30 else life
            if self.laptops:
                life = life.with_laptop(rng.choice(self.laptops))
            made = replace(person, life=life).equipped(seed)
            if self.assistants and not made.claude:
                made = replace(made, claude=made.okta, claude_id=uuid(rng))
            changed.append(made)
        return changed

    def at_that_time(self, person: Person, seed: int, day: int) -> Person:
        """The person as of that day: which repositories are theirs, whether there is the tool."""
        for moment in self.reorganisations:
            rng = seeded(seed, "reorganisation", moment, person.number)
            if day >= moment and likely(rng, MOVED):
                person = person.moved(rng)
        if self.assistants and day < self.assistant_from(person, seed):
            return replace(person, claude="", claude_id="")
        return person

    def assistant_from(self, person: Person, seed: int) -> int:
        """On which day the person is given the AI coding tool; early users have had it before."""
        if person.early or not self.assistants:
            return -1
        return seeded(seed, "assistant", person.number).choice(self.assistants)

    def off(self, person: Person, seed: int, today: date) -> bool:
        """Whether it is a holiday, at Christmas or in summer, for that person."""
        if not self.holidays:
            return False
        if (today.month, today.day) in HOLIDAYS.get(person.place.code, ELSEWHERE):
            return True
        rng = seeded(seed, "holidays", person.number, (today + timedelta(days=10)).year)
        if (today.month == 12 and today.day >= 23) or (today.month, today.day) == (1, 2):  # noqa: PLR2004
            return likely(rng, CHRISTMAS)
        rng = seeded(seed, "summer", person.number, today.year)
        first = rng.choice(SUMMER)
        return first <= today.timetuple().tm_yday < first + rng.choice((14, 14, 21))


NO_DRIFT = Drift()
