"""Who is there on a day, as who, and who has which office."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.generator.drift import Drift
from pipeline.generator.people import Person

ADMINISTRATORS = frozenset({3, 11, 26})
"""Numbers of the people who administer accounts as part of their work."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Offices, by the numbers people have; each is held by somebody if there is anybody.

    Assumed shares: three administrators, a team lead in eight, a platform engineer in nine, a
    security engineer in twenty. Interns and those whom a scenario adds hold none.
    """

    administrators: tuple[Person, ...]
    leads: tuple[Person, ...]
    platform: tuple[Person, ...]
    security: tuple[Person, ...]

    @classmethod
    def among(cls, people: Sequence[Person]) -> Roles:
        """The offices of these people."""
        staff = [person for person in people if person.number < 100] or list(people)  # noqa: PLR2004

        def held(numbers: Sequence[int] | frozenset[int]) -> tuple[Person, ...]:
            found = tuple(person for person in staff if person.number in numbers)
            return found or tuple(staff[:1])

        return cls(
            administrators=held(ADMINISTRATORS),
            leads=held(range(2, 100, 8)),
            platform=held(range(4, 100, 9)),
            security=held(range(5, 100, 20)),
        )


class Roster:
    """The people of an organisation over time.

    Args:
        people: all who are ever there.
        seed: of the organisation.
        drift: what changes.
    """

    def __init__(self, people: Sequence[Person], seed: int, drift: Drift) -> None:
        self.people = people
        self._seed = seed
        self._drift = drift
        self.on = lru_cache(2)(self._on)

    def _on(self, day: int) -> tuple[Person, ...]:
        """Who is employed on that day, present or not."""
        return tuple(
            self._drift.at_that_time(person, self._seed, day)
            for person in self.people
            if person.life.employed(day)
        )
