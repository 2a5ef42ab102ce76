"""A day of the bots and agents: update bots, nightly builds, mirrors, a moving major tag."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from pipeline.generator import claude_code, github_audit, github_discussion, github_webhook
from pipeline.generator.people import (
    BUILDER,
    DEPENDABOT,
    DOCS,
    MIRROR,
    ORGANISATION,
    RELEASER,
    RENOVATE,
    REPOSITORIES,
    REVIEW_AGENT,
    SATURDAY,
    TRANSLATOR,
    TRIAGE_AGENT,
    Machine,
)
from pipeline.generator.places import CLOUD
from pipeline.generator.records import Timed

HOUR = 3600.0
FULL_NAMES = tuple(f"{ORGANISATION}/{name}" for name in REPOSITORIES)
ACTION_REPOSITORY = f"{ORGANISATION}/setup-action"
TAG_DAY = 2
"""The action is released on Wednesdays."""


def machine_day(
    midnight: float, number: int, weekday: int, rng: Random, builder: Machine = BUILDER
) -> Iterator[Timed]:
    """What machines do on a UTC day.

    Args:
        midnight: its beginning, seconds since the epoch.
        number: counts the days.
        weekday: 0 is Monday.
        rng: for everything drawn.
        builder: the CI system of that day.
    """
    yield from _updates(midnight, number, rng)
    yield from _nightly_clones(midnight, rng, builder)
    for hour in range(0, 24, 6):
        for index, repository in enumerate(FULL_NAMES):
            at = midnight + hour * HOUR + 120 + index * rng.uniform(1.5, 2.0)
            yield github_audit.git_by_token(
                at, "fetch", MIRROR, repository, rng, address=CLOUD.address(rng)
            )
    if weekday < SATURDAY:
        yield from _publications(midnight, rng)
        yield from _agents(midnight, rng)
    if weekday == TAG_DAY:
        yield from _action_release(midnight + rng.uniform(9, 15) * HOUR, number, rng)


def _updates(midnight: float, number: int, rng: Random) -> Iterator[Timed]:
    for bot, share, hour in ((DEPENDABOT, 0.3, 5.0), (RENOVATE, 0.45, 2.0)):
        for repository in FULL_NAMES:
            if rng.random() < share:
                at = midnight + hour * HOUR + rng.random() * HOUR
                branch = f"{bot.github.removesuffix('[bot]')}/npm/library-{number}"
                commits = [github_webhook.commit(at, 0, bot, "Bump library", rng)]
                reference = f"refs/heads/{branch}"
                yield github_webhook.push(
                    at + 2,
                    bot,
                    repository,
                    reference,
                    rng,
                    commits=commits,
                    before=github_webhook.NOTHING,
                )
                yield github_discussion.pull_request(
                    at + 5, bot, bot, repository, rng, action="opened", number=5000 + number,
                    branch=branch,
                )  # fmt: skip
                yield from github_webhook.workflow_run(
                    at + 8, bot, repository, rng, name="CI", head=commits[0]["id"], branch=branch,
                    trigger="pull_request", seconds=rng.uniform(60, 900),
                )  # fmt: skip


def _nightly_clones(midnight: float, rng: Random, builder: Machine) -> Iterator[Timed]:
    at = midnight + 3 * HOUR + rng.uniform(0, 60)
    for repository in FULL_NAMES * 2:
        at += rng.uniform(1, 6)
        yield github_audit.git_by_token(
            at, "clone", builder, repository, rng, address=CLOUD.address(rng)
        )
    for hour in range(24):
        for _ in range(rng.randint(2, 8)):
            at = midnight + hour * HOUR + rng.random() * HOUR
            repository = rng.choice(FULL_NAMES)
            yield github_audit.git_by_token(
                at, "fetch", builder, repository, rng, address=CLOUD.address(rng)
            )


def _publications(midnight: float, rng: Random) -> Iterator[Timed]:
    jobs: tuple[tuple[Machine, str, bool, int], ...] = (
        (DOCS, "refs/heads/gh-pages", True, 3),
        (TRANSLATOR, "refs/heads/translations", False, 1),
    )
    for bot, reference, forced, times in jobs:
        for _ in range(times):
            at = midnight + rng.uniform(7, 20) * HOUR
            commits = [github_webhook.commit(at, 0, bot, "Update", rng)]
            yield github_webhook.push(
                at + 1, bot, FULL_NAMES[13], reference, rng, commits=commits, forced=forced
            )


def _agents(midnight: float, rng: Random) -> Iterator[Timed]:
    for agent, sessions in ((REVIEW_AGENT, 10), (TRIAGE_AGENT, 6)):
        for _ in range(sessions):
            at = midnight + rng.uniform(6, 21) * HOUR
            _, made = claude_code.conversation(at, agent, rng, 2)
            yield from made


def _action_release(at: float, number: int, rng: Random) -> Iterator[Timed]:
    """A release of the organisation's action: a new tag, and the alias `v4` moved onto it."""
    commits = [github_webhook.commit(at - 60, 0, RELEASER, f"Release v4.{number}.0", rng)]
    head, tag = commits[0]["id"], f"v4.{number}.0"
    repository = ACTION_REPOSITORY
    yield github_webhook.push(at, RELEASER, repository, "refs/heads/main", rng, commits=commits)
    yield github_webhook.push(
        at + 4,
        RELEASER,
        repository,
        f"refs/tags/{tag}",
        rng,
        before=github_webhook.NOTHING,
        after=head,
    )
    yield github_webhook.reference_event(
        at + 4.2, RELEASER, repository, rng, name="create", kind="tag", reference=tag
    )
    yield github_webhook.release(at + 9, RELEASER, repository, tag, rng)
    yield github_webhook.push(
        at + 12, RELEASER, repository, "refs/tags/v4", rng, forced=True, after=head
    )
