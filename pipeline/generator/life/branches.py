"""Branches by mistake, cleaned up, and rewritten; commits made together.

Assumed chances a person and working day with commits: a branch pushed under a wrong name and
deleted within a minute 0.8 %, a pull request against the wrong base closed within a minute 0.5 %,
five to twenty stale branches deleted 0.4 %, a push with a colleague's commits 1.5 %, a commit made
with a wrongly set up address 0.2 %, the default branch of the playground rewritten 0.1 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from pipeline.generator import github_discussion, github_webhook
from pipeline.generator.life.today import FULL_NAMES, Today, moment
from pipeline.generator.records import Event, Timed
from pipeline.generator.workday import Workday

PLAYGROUND = FULL_NAMES[18]


def habit(today: Today) -> Iterator[Timed]:
    """Mishaps and housekeeping of the day."""
    rng = today.rng("branches")
    for rate, make in ((0.008, _mistaken_branch), (0.005, _mistaken_request), (0.004, _cleaned)):
        for workday in today.happening(rng, rate):
            yield from make(moment(workday, rng), workday, rng)
    for workday in today.happening(rng, 0.015):
        colleague = rng.choice(today.people)
        commits = [
            github_webhook.commit(moment(workday, rng), workday.day.offset, who, "Together", rng)
            for who in (workday.person, colleague)
        ]
        yield _pushed(workday, commits, f"{workday.person.github}/pair-{today.number + 1}", rng)
    for workday in today.happening(rng, 0.002):
        commit = github_webhook.commit(
            moment(workday, rng), workday.day.offset, workday.person, "Change", rng
        )
        wrong = {
            "name": workday.person.name,
            "email": f"{workday.person.github}@laptop.example.net",
        }
        commit |= {"author": wrong, "committer": wrong}
        yield _pushed(workday, [commit], f"{workday.person.github}/fix-{today.number + 1}", rng)
    for workday in today.happening(rng, 0.001):
        yield github_webhook.push(
            moment(workday, rng), workday.person, PLAYGROUND, "refs/heads/main", rng, forced=True
        )


def _pushed(workday: Workday, commits: list[Event], branch: str, rng: Random) -> Timed:
    return github_webhook.push(
        moment(workday, rng), workday.person, rng.choice(workday.person.repositories),
        f"refs/heads/{branch}", rng, commits=commits, before=github_webhook.NOTHING,
    )  # fmt: skip


def _mistaken_branch(at: float, workday: Workday, rng: Random) -> Iterator[Timed]:
    repository, reference = rng.choice(workday.person.repositories), "refs/heads/mian"
    yield github_webhook.push(
        at, workday.person, repository, reference, rng, before=github_webhook.NOTHING
    )
    yield github_webhook.push(
        at + rng.uniform(15, 60), workday.person, repository, reference, rng,
        after=github_webhook.NOTHING,
    )  # fmt: skip


def _mistaken_request(at: float, workday: Workday, rng: Random) -> Iterator[Timed]:
    person, repository = workday.person, rng.choice(workday.person.repositories)
    number = rng.randrange(20_000, 30_000)
    for moved, action in ((0.0, "opened"), (rng.uniform(15, 60), "closed")):
        yield github_discussion.pull_request(
            at + moved, person, person, repository, rng, action=action, number=number,
            branch=f"{person.github}/wrong-base",
        )  # fmt: skip


def _cleaned(at: float, workday: Workday, rng: Random) -> Iterator[Timed]:
    repository = rng.choice(workday.person.repositories)
    for number in range(rng.randint(5, 20)):
        at += rng.uniform(1, 6)
        yield github_webhook.reference_event(
            at, workday.person, repository, rng, name="delete", kind="branch",
            reference=f"old/{workday.person.github}-{number}",
        )  # fmt: skip
