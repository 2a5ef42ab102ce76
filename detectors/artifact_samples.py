"""Builders of made-up activities for the examples of detectors of packages and repositories.

Everything here is invented; names and addresses are reserved ones.
"""

from collections.abc import Mapping, Sequence

from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Actor, ActorKind, Fact, Target, TargetKind, digest

MINUTE = 60.0
HOUR = 3_600.0
DAY = 86_400.0
MONDAY = 1_735_808_400.0 - 3 * DAY  # 2024-12-30 09:00 UTC


def activity(
    action: str,
    account: str,
    time: float,
    *,
    target: Target | None = None,
    bot: bool = False,
    session: str = "",
    values: Mapping[str, Fact] | None = None,
) -> Activity:
    """One activity; `time` in seconds after a Monday morning, `values` are its facts."""
    name = f"{target.kind}{target.name}{target.version}" if target else ""
    return Activity(
        uid=digest(action, account, repr(time), name, session),
        time=MONDAY + time,
        received=MONDAY + time + 1,
        source="sample",
        action=action,
        native=action,
        actor=Actor(
            account,
            identity=account,
            kind=ActorKind.BOT if bot else ActorKind.PERSON,
            peers="bots" if bot else "people",
        ),
        target=target,
        session=session,
        facts=dict(values or {}),
    )


def publish(
    account: str,
    time: float,
    package: str,
    version: str = "1.0.0",
    *,
    repository: str = "",
    bot: bool = False,
    values: Mapping[str, Fact] | None = None,
) -> Activity:
    """A package version is published."""
    target = Target(TargetKind.PACKAGE, package, repository, package, version)
    return activity(Action.PACKAGE_PUBLISH, account, time, target=target, bot=bot, values=values)


def rhythm(
    account: str, *, days: float, count: int, package: str, bot: bool = False
) -> list[Activity]:
    """One version of one package every so many days."""
    return [publish(account, i * days * DAY, package, f"1.{i}.0", bot=bot) for i in range(count)]


def train(account: str, time: float, *, packages: int, bot: bool) -> list[Activity]:
    """A release train: many packages, four seconds apart."""
    return [
        publish(account, time + 4.0 * i, f"npm/@example/part-{i}", bot=bot) for i in range(packages)
    ]


def change_ref(
    action: str,
    account: str,
    time: float,
    repository: str,
    ref: str,
    *,
    bot: bool = False,
    values: Mapping[str, Fact] | None = None,
) -> Activity:
    """A push, or a tag, branch or release made, moved or deleted."""
    kind = TargetKind.TAG if "tags/" in ref else TargetKind.BRANCH
    target = Target(kind, ref, repository, version=ref.rpartition("/")[2])
    return activity(
        action, account, time, target=target, bot=bot, values={facts.REF: ref, **(values or {})}
    )


def touch(
    action: str,
    account: str,
    time: float,
    repository: str,
    *,
    bot: bool = False,
    values: Mapping[str, Fact] | None = None,
) -> Activity:
    """Something done to or with a whole repository, `<host>/<owner>/<name>`."""
    target = Target(TargetKind.REPOSITORY, repository, repository)
    return activity(action, account, time, target=target, bot=bot, values=values)


def push(
    account: str,
    time: float,
    repository: str,
    *,
    branch: str = "main",
    workflows: Sequence[str] = (),
    bot: bool = False,
) -> Activity:
    """A push of one commit; to the default branch unless `branch` is another than `main`."""
    values: dict[str, Fact] = {facts.DEFAULT_BRANCH: branch == "main", facts.COMMITS: 1}
    if workflows:
        values[facts.WORKFLOW_FILES] = list(workflows)
    ref = f"refs/heads/{branch}"
    return change_ref(Action.PUSH, account, time, repository, ref, bot=bot, values=values)
