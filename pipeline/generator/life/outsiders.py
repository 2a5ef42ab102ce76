"""People outside: contributors of public repositories, of whom only a login is known."""

from __future__ import annotations

from random import Random

from pipeline.generator.people import ORGANISATION, Machine
from pipeline.generator.records import likely, seeded

PUBLIC = tuple(
    f"{ORGANISATION}/{name}" for name in ("ui-kit", "toolkit", "cloud-sdk", "docs", "playground")
)
"""Repositories that strangers can see."""
FIRST = ("amber", "brisk", "cedar", "dusty", "early", "fuzzy", "green", "humble", "inky", "jolly")
SECOND = ("badger", "crane", "dormouse", "egret", "falcon", "gecko", "heron", "ibis", "jackdaw")
REGULARS = 12
"""Contributors who come back; an assumption, as is that they write half of what comes in."""


def outsider(rng: Random) -> Machine:
    """Somebody from outside: a regular contributor, or one who is here for the first time."""
    number = rng.randrange(REGULARS) if likely(rng, 0.5) else rng.randrange(100, 10**6)
    name = f"{FIRST[number % 10]}-{SECOND[number // 10 % 9]}{number}"
    return Machine(name, seeded("outsider", name).randrange(10**7, 10**8))
