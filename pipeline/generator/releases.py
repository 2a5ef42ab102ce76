"""Benign releases: trains of many packages from CI, and maintainers who publish by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from pipeline.generator import github_audit, github_webhook, npm
from pipeline.generator.habits import Habits
from pipeline.generator.npm import Package
from pipeline.generator.okta import Session
from pipeline.generator.people import ACTIONS, ORGANISATION, RELEASER, Actor, Machine, Person
from pipeline.generator.records import Timed, hex_id, likely

DAY = 86400.0
LONGEST_GAP_DAYS = 14.0
"""Gaps of the fitted rhythm beyond this are cut: packages nobody works on are not generated."""
FORGOTTEN_TAG = 0.04
SMALLEST_TRAIN = 8
TRUSTED_PUBLISHER = "GitHub Actions"
"""The name the registry shows for whatever workflow a package trusts: nobody's account."""


@dataclass(frozen=True, slots=True)
class Monorepo:
    """A repository whose packages are released together on some weekdays (0 is Monday)."""

    repository: str
    scope: str
    packages: int
    publisher: Machine
    weekdays: tuple[int, ...]
    tags_first: bool

    def package(self, index: int) -> Package:
        """The package with that index."""
        maintainers = (RELEASER.npm,)
        trusted = self.publisher is ACTIONS
        return Package(f"@{self.scope}/part-{index}", self.repository, maintainers, trusted)


MONOREPOS = (
    Monorepo(f"{ORGANISATION}/ui-kit", "example-ui", 14, ACTIONS, (1, 3), tags_first=False),
    Monorepo(f"{ORGANISATION}/toolkit", "example-tools", 25, RELEASER, (2,), tags_first=True),
    Monorepo(f"{ORGANISATION}/cloud-sdk", "example-cloud", 18, ACTIONS, (0, 1, 4), tags_first=True),
)


def train(at: float, monorepo: Monorepo, number: int, rng: Random) -> Iterator[Timed]:
    """One release train: a version commit, a run, and 8 or more packages within minutes."""
    bot, repository = monorepo.publisher, monorepo.repository
    chosen = rng.sample(range(monorepo.packages), rng.randint(SMALLEST_TRAIN, monorepo.packages))
    commits = [github_webhook.commit(at, 0, bot, "Version packages", rng)]
    head = commits[0]["id"]
    yield github_webhook.push(at + 3, bot, repository, "refs/heads/main", rng, commits=commits)
    moment = at + rng.uniform(150, 400)
    last = moment
    for index in chosen:
        package = monorepo.package(index)
        last += rng.uniform(3, 20)
        version = f"2.{number + 1}.0"
        name = f"{package.name}@{version}"
        tagged = last + (rng.uniform(-140, -4) if monorepo.tags_first else rng.uniform(2, 60))
        yield from npm.published(
            last, package, version, bot.npm or TRUSTED_PUBLISHER, rng, head=head
        )
        yield from _tag(tagged, bot, repository, rng, tag=name, head=head)
        yield github_webhook.release(tagged + 1.5, bot, repository, name, rng)
    yield from github_webhook.workflow_run(
        at + 6, bot, repository, rng, name="Release", head=head, branch="main", trigger="push",
        seconds=last + 90 - at,
    )  # fmt: skip


def _tag(
    at: float, who: Actor, repository: str, rng: Random, *, tag: str, head: str
) -> Iterator[Timed]:
    yield github_webhook.push(
        at, who, repository, f"refs/tags/{tag}", rng, before=github_webhook.NOTHING, after=head
    )
    yield github_webhook.reference_event(
        at + 0.3, who, repository, rng, name="create", kind="tag", reference=tag
    )


@dataclass(frozen=True, slots=True)
class Planned:
    """A release to come: when (seconds from the first midnight), what, which version."""

    at: float
    package: Package
    version: str


def own_packages(person: Person, rng: Random) -> list[Package]:
    """One to four packages that the person maintains."""
    names = [f"example-{person.npm}-{kind}" for kind in ("parse", "format", "walk", "lint")]
    return [
        Package(name, f"{person.github}/{name}", (person.npm,), likely(rng, 0.25))
        for name in names[: rng.randint(1, 4)]
    ]


def plan(packages: list[Package], days: int, habits: Habits, rng: Random) -> list[Planned]:
    """Release times by the fitted gaps; now and then several packages on one day."""
    times: dict[str, list[float]] = {package.name: [] for package in packages}
    for package in packages:
        at = -rng.random() * LONGEST_GAP_DAYS
        while at < days:
            if at >= 0:
                times[package.name].append(at * DAY)
                for other in packages[: habits.release_packages.draw(rng) - 1]:
                    times[other.name].append(at * DAY + rng.uniform(120, 2400))
            at += min(habits.release_gap.draw(rng), LONGEST_GAP_DAYS)
    planned = [
        Planned(at, package, f"1.{number}.0")
        for package in packages
        for number, at in enumerate(sorted(times[package.name]), 1)
    ]
    return sorted(planned, key=lambda one: one.at)


def by_hand(
    at: float, offset: int, planned: Planned, session: Session, rng: Random
) -> Iterator[Timed]:
    """A maintainer's release: commit and tag pushed from the own machine, then published.

    A trusted package is published by its workflow; a few are published before anything is pushed
    and never tagged, as it happens.
    """
    person, package = session.person, planned.package
    repository, head = package.repository, hex_id(rng, 40)
    forgotten = not package.trusted and likely(rng, FORGOTTEN_TAG)
    pushed = at + rng.uniform(600, 2400) if forgotten else at - rng.uniform(60, 900)
    commits = [github_webhook.commit(pushed - 30, offset, person, planned.version, rng)]
    commits[0]["id"] = head
    yield github_audit.git(
        pushed, "push", person, repository, rng, address=session.address,
        country=session.network.place.code, agent=session.device.git,
    )  # fmt: skip
    yield github_webhook.push(
        pushed + 1, person, repository, "refs/heads/main", rng, commits=commits
    )
    publisher = TRUSTED_PUBLISHER if package.trusted else person.npm
    yield from npm.published(at, package, planned.version, publisher, rng, head=head)
    if not forgotten:
        yield from _tag(pushed + 8, person, repository, rng, tag=f"v{planned.version}", head=head)
    yield from github_webhook.workflow_run(
        pushed + 12, person, repository, rng, name="Release" if package.trusted else "CI",
        head=head, branch=f"v{planned.version}" if package.trusted else "main", trigger="push",
        seconds=at - pushed + 30 if package.trusted else rng.uniform(40, 300),
    )  # fmt: skip
