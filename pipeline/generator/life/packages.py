"""Packages beside their rhythm: new ones that others take up, old ones awake, more maintainers.

Assumed: a maintainer publishes a new package with a chance of 2 % a working day; a colleague's
package depends on it 20 days later on average, seldom within hours. About every 25 days a package
that slept for 200 to 900 days gets a version, seven in ten by whoever published it last. A
maintainer adds another to a package with a chance of 0.5 % a working day. A package that is
published by its workflow is published by hand when that is broken: 0.5 % a working day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from pipeline.generator import npm, releases
from pipeline.generator.life.today import Today, moment
from pipeline.generator.npm import Package
from pipeline.generator.people import Person
from pipeline.generator.records import DAY, Timed, likely, seeded
from pipeline.generator.releases import Planned
from pipeline.generator.workday import Workday

NEW = 0.02
TAKEN_UP_DAYS = 20.0
LOOK_BACK = 120
WORDS = ("queue", "retry", "slug", "clock", "cache", "color", "table", "glob")


@dataclass(frozen=True, slots=True)
class Birth:
    """A new package, by whom, and after how many days a colleague's depends on it."""

    package: Package
    author: Person
    taken_up: int


def habit(today: Today) -> Iterator[Timed]:
    """What is published today beside the plans."""
    rng = today.rng("packages")
    authors = [workday for workday in today.at_work() if workday.person.npm]
    for workday in authors:
        birth = _birth(today, workday.person, today.number)
        if birth is not None:
            yield from _published(birth.package, "0.1.0", workday, rng)
        own = releases.own_packages(
            workday.person, seeded(today.seed, "packages", workday.person.number)
        )
        trusted = [package for package in own if package.trusted]
        if trusted and likely(rng, 0.005):
            package = replace(rng.choice(trusted), trusted=False)
            yield from _published(package, f"1.0.{2000 + today.number}", workday, rng)
        if likely(rng, 0.005):
            package = own[0]
            other = rng.choice([one for one in today.people if one.npm]).npm
            yield npm.owner_added(moment(workday, rng), package, other, rng)
    if authors and today.weekday and likely(rng, 1 / 18):
        yield from _awake(rng.choice(authors), rng)
    for birth in _taken_up(today):
        adopters = [one for one in authors if one.person.npm != birth.author.npm]
        if adopters:
            workday = rng.choice(adopters)
            package = Package(
                f"example-{workday.person.npm}-parse", f"{workday.person.github}/parse",
                (workday.person.npm,), dependencies={birth.package.name: "^0.1.0"},
            )  # fmt: skip
            yield from _published(package, f"1.0.{1000 + today.number}", workday, rng)


def _birth(today: Today, person: Person, day: int) -> Birth | None:
    rng = seeded(today.seed, "birth", person.number, day)
    if not likely(rng, NEW):
        return None
    name = f"example-{person.npm}-{rng.choice(WORDS)}-{day + 1}"
    package = Package(name, f"{person.github}/{name}", (person.npm,))
    return Birth(package, person, int(rng.expovariate(1 / TAKEN_UP_DAYS)))


def _taken_up(today: Today) -> Iterator[Birth]:
    """New packages of the past months whose day it is."""
    for person in today.people:
        if person.npm:
            for day in range(max(0, today.number - LOOK_BACK), today.number + 1):
                birth = _birth(today, person, day)
                if birth is not None and day + birth.taken_up == today.number:
                    yield birth


def _published(package: Package, version: str, workday: Workday, rng: Random) -> Iterator[Timed]:
    planned = Planned(0.0, package, version)
    yield from releases.by_hand(
        moment(workday, rng), workday.day.offset, planned, workday.session, rng
    )


def _awake(workday: Workday, rng: Random) -> Iterator[Timed]:
    person, number = workday.person, rng.randrange(400)
    owner = person.npm if likely(rng, 0.7) else "example-former"
    package = Package(f"example-legacy-{number}", f"{person.github}/legacy-{number}", (owner,))
    at = moment(workday, rng)
    yield from npm.published(
        at, package, "1.0.0", person.npm, rng, before=at - rng.uniform(200, 900) * DAY
    )
