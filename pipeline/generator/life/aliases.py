"""Refs that are meant to move: aliases of actions, nightly tags, release candidates taken away.

Assumed: a second action is released by a platform engineer every tenth working day, and its aliases
`v1` and `v2` move with it; the tag `nightly` of two repositories moves every night; on one Friday
in four the release bot deletes three to ten candidates of the past weeks.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from pipeline.generator import github_webhook
from pipeline.generator.life.today import Today, moment
from pipeline.generator.people import ACTIONS, ORGANISATION, RELEASER
from pipeline.generator.records import HOUR, Timed, hex_id, likely
from pipeline.generator.workday import Workday

CACHE_ACTION = f"{ORGANISATION}/cache-action"
NIGHTLY = (f"{ORGANISATION}/toolkit", f"{ORGANISATION}/ui-kit")
FRIDAY = 4


def habit(today: Today) -> Iterator[Timed]:
    """Refs that move today."""
    rng = today.rng("aliases")
    for repository in NIGHTLY:
        at = today.midnight + 3 * HOUR + rng.uniform(0, 900)
        yield github_webhook.push(at, ACTIONS, repository, "refs/tags/nightly", rng, forced=True)
    if today.weekday and likely(rng, 0.1):
        workday = today.one(today.roles.platform, rng)
        if workday is not None:
            yield from released(moment(workday, rng), workday, today.number + 1, rng)
    if today.date.weekday() == FRIDAY and likely(rng, 0.25):
        at = today.midnight + 15 * HOUR
        for number in range(rng.randint(3, 10)):
            at += rng.uniform(1, 5)
            yield github_webhook.push(
                at, RELEASER, NIGHTLY[0], f"refs/tags/v2.{today.number + 1}.0-rc.{number}", rng,
                after=github_webhook.NOTHING,
            )  # fmt: skip


def released(at: float, workday: Workday, number: int, rng: Random) -> Iterator[Timed]:
    """A new version of the action, and the aliases on it."""
    person, head, tag = workday.person, hex_id(rng, 40), f"v2.{number}.0"
    yield github_webhook.push(
        at, person, CACHE_ACTION, f"refs/tags/{tag}", rng, before=github_webhook.NOTHING,
        after=head,
    )  # fmt: skip
    yield github_webhook.release(at + 5, person, CACHE_ACTION, tag, rng)
    for moved, alias in ((20.0, "v2"), (rng.uniform(25, 90), "v1")):
        yield github_webhook.push(
            at + moved, person, CACHE_ACTION, f"refs/tags/{alias}", rng, forced=True, after=head
        )
