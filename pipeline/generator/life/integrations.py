"""Webhooks, apps, deploy keys and runners.

Assumed, a working day: a platform engineer changes a webhook on one in fifteen, adds a deploy key
on one in twenty, registers a runner on one in forty; any other developer does one of these with a
chance of 0.15 %. An administrator installs an app on one in forty, or gives an installed one more
repositories on one in twenty. The CI system registers two short-lived runners a night by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from pipeline.generator import github_audit
from pipeline.generator.life.today import FULL_NAMES, Today, moment
from pipeline.generator.okta import Session
from pipeline.generator.people import BUILDER, NEXT_BUILDER, ORGANISATION
from pipeline.generator.places import CLOUD
from pipeline.generator.records import HOUR, Timed

APPS = ("example-coverage", "example-tracker", "example-chat", "example-scanner", "example-boards")


def habit(today: Today) -> Iterator[Timed]:
    """Integrations of the day."""
    rng = today.rng("integrations")
    platform, administrators = today.roles.platform, today.roles.administrators
    for rate, make in ((1 / 15, hook), (1 / 20, deploy_key), (1 / 40, runner)):
        for workday in today.happening(rng, rate, platform):
            yield make(moment(workday, rng), workday.session, rng.choice(FULL_NAMES), rng)
    for workday in today.happening(rng, 0.0015):
        make = rng.choice((hook, deploy_key, deploy_key, runner))
        yield make(
            moment(workday, rng), workday.session, rng.choice(workday.person.repositories), rng
        )
    for workday in today.happening(rng, 1 / 40, administrators):
        yield github_audit.web(
            moment(workday, rng), "integration_installation.create", workday.session, rng,
            name=rng.choice(APPS),
        )  # fmt: skip
    for workday in today.happening(rng, 1 / 20, administrators):
        yield github_audit.web(
            moment(workday, rng), "integration_installation.repositories_added", workday.session,
            rng, name=rng.choice(APPS), repository_selection="selected",
        )  # fmt: skip
    if today.drift.builder is not None and today.number >= today.drift.builder:
        builder = NEXT_BUILDER
    else:
        builder = BUILDER
    for number in range(2):
        yield github_audit.audit(
            today.midnight + (2 + number) * HOUR + rng.uniform(0, 600),
            "org.register_self_hosted_runner", builder, ORGANISATION, rng,
            address=CLOUD.address(rng), country="US", agent="GitHubActionsRunner-linux-x64/2.321.0",
            runner_name=f"build-{today.number}-{number}",
        )  # fmt: skip


def hook(at: float, session: Session, repository: str, rng: Random) -> Timed:
    """A webhook made or changed."""
    action = rng.choice(("hook.create", "hook.config_changed", "hook.events_changed"))
    return github_audit.web(
        at, action, session, rng, repository, hook_id=rng.randrange(10**8, 10**9),
        events=["push"],
    )  # fmt: skip


def deploy_key(at: float, session: Session, repository: str, rng: Random) -> Timed:
    """A deploy key added."""
    return github_audit.web(
        at, "deploy_key.create", session, rng, repository, title="deploy", read_only=True
    )


def runner(at: float, session: Session, repository: str, rng: Random) -> Timed:
    """A self-hosted runner registered by hand."""
    return github_audit.web(
        at, "repo.register_self_hosted_runner", session, rng, repository,
        runner_name=f"bench-{rng.randint(1, 40)}",
    )  # fmt: skip
