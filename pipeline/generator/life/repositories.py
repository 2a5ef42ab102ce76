"""Repositories made, opened, retired; many read at once for good reasons.

Assumed: a developer creates a repository with a chance of 0.3 % a working day; an administrator
makes one public on one day in a hundred and twenty, archives one to four on one in forty, deletes
one to three on one in eighty. Newcomers clone their team's repositories and four to twelve others
in their first days; a security engineer clones all of them on one day in thirty, and anybody looks
through five to ten unfamiliar ones with a chance of 0.2 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from pipeline.generator import github_audit
from pipeline.generator.life.today import FULL_NAMES, Today, moment
from pipeline.generator.people import ORGANISATION
from pipeline.generator.records import Timed
from pipeline.generator.workday import Workday

NEWCOMER_DAYS = 3


def habit(today: Today) -> Iterator[Timed]:
    """Changes to repositories, and reading in bulk."""
    rng = today.rng("repositories")
    for workday in today.happening(rng, 0.003):
        yield from changed(
            workday, "repo.create", [f"{ORGANISATION}/new-{today.number + 1}"], rng,
            visibility="private",
        )  # fmt: skip
    administrators = today.roles.administrators
    for rate, action, most in (
        (1 / 120, "repo.access", 1), (1 / 40, "repo.archived", 4), (1 / 80, "repo.destroy", 3),
    ):  # fmt: skip
        for workday in today.happening(rng, rate, administrators):
            names = [
                f"{ORGANISATION}/old-{today.number + 1}-{number}"
                for number in range(rng.randint(1, most))
            ]
            fields = {"visibility": "public"} if action == "repo.access" else {}
            yield from changed(workday, action, names, rng, **fields)
    for workday in today.at_work():
        since = today.number - workday.person.life.hired
        if 0 <= since < NEWCOMER_DAYS:
            some = rng.sample(FULL_NAMES, rng.randint(4, 12)) if since == 1 else ()
            yield from cloned(workday, (*workday.person.repositories, *some), rng)
    for workday in today.happening(rng, 1 / 30, today.roles.security):
        yield from cloned(workday, FULL_NAMES, rng)
    for workday in today.happening(rng, 0.002):
        yield from cloned(workday, rng.sample(FULL_NAMES, rng.randint(5, 10)), rng)


def changed(
    workday: Workday, action: str, names: Sequence[str], rng: Random, **fields: Any
) -> Iterator[Timed]:
    """The same done to each of the repositories, some minutes apart at most."""
    at = moment(workday, rng)
    for name in names:
        yield github_audit.web(at, action, workday.session, rng, name, **fields)
        at += rng.uniform(15, 240)


def cloned(workday: Workday, names: Sequence[str], rng: Random) -> Iterator[Timed]:
    """Each of the repositories cloned from the person's laptop."""
    at, session = moment(workday, rng, 0.2, 5.0), workday.session
    for name in names:
        yield github_audit.git(
            at, "clone", workday.person, name, rng, address=session.address,
            country=session.network.place.code, agent=session.device.git,
        )  # fmt: skip
        at += rng.uniform(3, 90)
