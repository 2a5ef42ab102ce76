"""CI workflows: who edits them, runs started by hand, one change carried into many repositories.

Assumed, a working day: a platform engineer edits a workflow on one in six, and carries the same
change into three to eight repositories on one in thirty; any other developer edits one of an own
repository with a chance of 0.8 %; a workflow is switched off or on on one administrator's day in
sixty. The update bots raise the versions of actions once a week.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from pipeline.generator import github_audit, github_discussion, github_webhook
from pipeline.generator.life.today import FULL_NAMES, Today, moment
from pipeline.generator.people import RENOVATE, Actor
from pipeline.generator.records import HOUR, Timed, likely
from pipeline.generator.workday import Workday

FILES = ("ci.yml", "release.yml", "lint.yml", "docs.yml", "codeql.yml")
UPDATES_ON = 0
"""Monday."""


def habit(today: Today) -> Iterator[Timed]:
    """Edits of workflows today."""
    rng = today.rng("workflows")
    platform = today.roles.platform
    for workday in today.happening(rng, 1 / 6, platform):
        yield from edited(moment(workday, rng), workday, rng.choice(FULL_NAMES), rng)
    for workday in today.happening(rng, 1 / 30, platform):
        yield from carried(moment(workday, rng, 0.5, 4.0), workday, rng.randint(3, 8), rng)
    for workday in today.happening(rng, 0.008):
        if workday.day.commits:
            repository = rng.choice(workday.person.repositories)
            yield from edited(moment(workday, rng), workday, repository, rng)
    for workday in today.happening(rng, 1 / 60, today.roles.administrators):
        verb = rng.choice(("disable", "enable"))
        yield github_audit.web(
            moment(workday, rng), f"workflows.{verb}_workflow", workday.session, rng,
            rng.choice(FULL_NAMES), workflow_id=rng.randrange(10**6, 10**7), name="Nightly",
        )  # fmt: skip
    if today.date.weekday() == UPDATES_ON:
        for repository in FULL_NAMES:
            if likely(rng, 0.25):
                at = today.midnight + (2 + rng.random()) * HOUR
                yield from _pushed(
                    at, 0, RENOVATE, repository, rng, branch="renovate/actions", name=FILES[0]
                )


def edited(at: float, workday: Workday, repository: str, rng: Random) -> Iterator[Timed]:
    """A workflow edited: on a branch with a pull request, or straight on the default branch."""
    person, session, name = workday.person, workday.session, rng.choice(FILES)
    yield github_audit.git(
        at, "push", person, repository, rng, address=session.address,
        country=session.network.place.code, agent=session.device.git,
    )  # fmt: skip
    if likely(rng, 0.3):
        yield from _pushed(
            at + 1, workday.day.offset, person, repository, rng, branch="main", name=name
        )
        return
    branch, number = f"{person.github}/ci-{workday.day.number + 1}", rng.randrange(20_000, 30_000)
    yield from _pushed(
        at + 1, workday.day.offset, person, repository, rng, branch=branch, name=name
    )
    yield github_discussion.pull_request(
        at + 60, person, person, repository, rng, action="opened", number=number, branch=branch
    )
    yield github_discussion.pull_request(
        at + rng.uniform(0.5, 4) * HOUR, person, person, repository, rng, action="closed",
        number=number, branch=branch, merged=True,
    )  # fmt: skip


def carried(at: float, workday: Workday, count: int, rng: Random) -> Iterator[Timed]:
    """The same workflow file pushed into so many repositories, one after the other."""
    name = rng.choice(FILES)
    for repository in rng.sample(FULL_NAMES, count):
        yield from _pushed(
            at, workday.day.offset, workday.person, repository, rng,
            branch=f"ci/{name}-{workday.day.number}", name=name,
        )  # fmt: skip
        at += rng.uniform(90, 1500)


def _pushed(
    at: float, offset: int, who: Actor, repository: str, rng: Random, *, branch: str, name: str
) -> Iterator[Timed]:
    commit = github_webhook.commit(
        at - 20, offset, who, "Update workflow", rng, files=[f".github/workflows/{name}"]
    )
    yield github_webhook.push(
        at, who, repository, f"refs/heads/{branch}", rng, commits=[commit],
        before=None if branch == "main" else github_webhook.NOTHING,
    )  # fmt: skip
    yield from github_webhook.workflow_run(
        at + 4, who, repository, rng, name="CI", head=commit["id"], branch=branch, trigger="push",
        seconds=rng.uniform(60, 900),
    )  # fmt: skip
