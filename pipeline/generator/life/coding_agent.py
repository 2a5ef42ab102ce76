"""A coding agent that works on tasks: branches, commits, pull requests, people who review them.

Assumed: six tasks a working day in all; nine in ten are reviewed and merged by a person, the others
merged by the agent itself. In the repositories of documents and of its own notes it pushes to the
default branch every day, as it is meant to; elsewhere one task in a hundred ends so.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from pipeline.generator import github_audit, github_discussion, github_webhook
from pipeline.generator.life.today import FULL_NAMES, Today, moment
from pipeline.generator.people import CODING_AGENT, ORGANISATION
from pipeline.generator.places import CLOUD
from pipeline.generator.records import HOUR, Timed, likely

TASKS = 6
UNGUARDED = (FULL_NAMES[14], f"{ORGANISATION}/agent-notes")
HOME = FULL_NAMES[:12]
"""Where the agent is used."""


def habit(today: Today) -> Iterator[Timed]:
    """Tasks of the day."""
    rng = today.rng("coding agent")
    for repository in UNGUARDED:
        yield from pushed(today.midnight + rng.uniform(8, 16) * HOUR, repository, "main", rng)
    if not today.weekday:
        return
    for task in range(TASKS):
        workday = today.one(today.people, rng)
        if workday is None:
            continue
        repository = rng.choice(FULL_NAMES if likely(rng, 0.05) else HOME)
        at = moment(workday, rng)
        if likely(rng, 0.01):
            yield from pushed(at, repository, "main", rng)
            continue
        number = 40_000 + (today.number + 1) * 10 + task
        branch = f"agent/task-{number}"
        yield from pushed(at, repository, branch, rng)
        yield github_discussion.pull_request(
            at + 30, CODING_AGENT, CODING_AGENT, repository, rng, action="opened", number=number,
            branch=branch,
        )  # fmt: skip
        at += rng.uniform(0.2, 5) * HOUR
        person = workday.person
        merger = CODING_AGENT if likely(rng, 0.1) else person
        if merger is person:
            yield github_discussion.review(at, person, CODING_AGENT, repository, rng, number=number)
        yield github_discussion.pull_request(
            at + 60, merger, CODING_AGENT, repository, rng, action="closed", number=number,
            branch=branch, merged=True,
        )  # fmt: skip


def pushed(at: float, repository: str, branch: str, rng: Random) -> Iterator[Timed]:
    """The agent takes the repository, and pushes a commit."""
    for moved, verb in ((-rng.uniform(120, 900), "clone"), (0.0, "push")):
        yield github_audit.git_by_token(
            at + moved, verb, CODING_AGENT, repository, rng, address=CLOUD.address(rng)
        )
    commit = github_webhook.commit(at - 20, 0, CODING_AGENT, "Do the task", rng)
    yield github_webhook.push(
        at + 1, CODING_AGENT, repository, f"refs/heads/{branch}", rng, commits=[commit],
        before=None if branch == "main" else github_webhook.NOTHING,
    )  # fmt: skip
