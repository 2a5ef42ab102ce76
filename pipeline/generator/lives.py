"""What happens in the lives of people: hired, travelling, on leave, a new laptop, gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import NamedTuple

from pipeline.generator.places import PLACES, Network, Place, hotel
from pipeline.generator.records import likely

SATURDAY = 5
NEVER = -1000
ALWAYS = 1_000_000
MONTH = 30.0
"""Days for which the chances below are given."""


@dataclass(frozen=True, slots=True)
class Trip:
    """Days away from home, first and last, on the network of a guest."""

    first: int
    last: int
    network: Network


@dataclass(frozen=True, slots=True)
class Life:
    """What happens once in a while, and on which day; days count from the start.

    Attributes:
        hired: first day; on it the second factors are set up.
        left: first day after the last.
        laptops: days on which a new laptop comes into use.
        phones: days on which the second factor moves to a new telephone.
        trips: away from home and at work.
        leave: not at work.
    """

    hired: int = NEVER
    left: int = ALWAYS
    laptops: tuple[int, ...] = ()
    phones: tuple[int, ...] = ()
    trips: tuple[Trip, ...] = ()
    leave: tuple[range, ...] = ()

    @classmethod
    def lived(cls, rng: Random, place: Place, number: int, start: date, days: int) -> Life:
        """A life drawn by lot.

        Assumed chances in thirty days: laptop 4 %, telephone 4 %, trip 10 %, holiday 15 %. Hired
        4 % within an organisation of a month, else 1 %; then also long leave (parents, sabbatical;
        60 to 150 days) 0.4 %, and one in sixteen is there for two to three weeks only, every two to
        three months.
        """
        periods = max(1, round(days / MONTH))
        length = days / periods
        hiring = 0.04 if periods == 1 else 0.01
        lives = [
            _lived(rng, place, number, start, Period(round(index * length), round(length), hiring))
            for index in range(periods)
        ]
        hired = next((life.hired for life in lives if life.hired != NEVER), NEVER)
        leave = [span for life in lives for span in life.leave]
        if periods > 1 and likely(rng, 0.004 * periods):
            begins = rng.randrange(max(1, days - 60))
            leave.append(range(begins, begins + rng.randint(60, 150)))
        if periods > 1 and likely(rng, 1 / 16):
            begins = rng.randint(10, 40)
            while begins < days:
                back = begins + rng.randint(45, 80)
                leave.append(range(begins, back))
                begins = back + rng.randint(10, 20)
        return cls(
            hired,
            ALWAYS,
            tuple(day for life in lives for day in life.laptops),
            tuple(day for life in lives for day in life.phones),
            tuple(trip for life in lives for trip in life.trips),
            tuple(leave),
        )

    def employed(self, day: int) -> bool:
        """Hired, and not gone."""
        return self.hired <= day < self.left

    def away(self, day: int) -> bool:
        """On leave, not yet hired, or gone."""
        return not self.employed(day) or any(day in span for span in self.leave)

    def trip_on(self, day: int) -> Trip | None:
        """The trip of that day."""
        return next((trip for trip in self.trips if trip.first <= day <= trip.last), None)

    def with_laptop(self, day: int) -> Life:
        """The same life with one more new laptop."""
        return replace(self, laptops=tuple(sorted((*self.laptops, day))))


class Period(NamedTuple):
    """So many days from `begins` on, and the chance of being hired in thirty days."""

    begins: int
    days: int
    hiring: float


def _lived(rng: Random, place: Place, number: int, start: date, period: Period) -> Life:
    def happens(chance: float) -> Iterator[int]:
        if likely(rng, chance * period.days / MONTH):
            day = period.begins + rng.randint(1, period.days)
            weekday = (start.weekday() + day) % 7
            yield day + max(0, 7 - weekday) * (weekday >= SATURDAY)

    hired = next(happens(period.hiring), NEVER)
    laptops, phones = tuple(happens(0.04)), tuple(happens(0.04))
    departures, leaves = tuple(happens(0.10)), tuple(happens(0.15))
    trips = []
    for first in departures:
        there = rng.choice([other for other in PLACES if other.code != place.code])
        trip = Trip(first, first + rng.randint(1, 5), hotel(there, number))
        phones = tuple(day for day in phones if not trip.first <= day <= trip.last)
        trips.append(trip)
    leave = tuple(range(first, first + rng.randint(4, 12)) for first in leaves)
    return Life(hired, ALWAYS, laptops, phones, tuple(trips), leave)
