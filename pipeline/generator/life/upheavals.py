"""The days on which an organisation changes: another CI system, a reorganisation.

Assumed: the new CI system's app is installed first; then platform engineers carry its workflow file
into three to eight repositories a day for a week, with runners, webhooks and deploy keys. After a
reorganisation everybody who moved clones the new repositories in the first days, and leads and
administrators put them into teams.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.generator import github_audit
from pipeline.generator.life import integrations, repositories, workflows
from pipeline.generator.life.today import FULL_NAMES, Today, moment
from pipeline.generator.people import NEXT_BUILDER
from pipeline.generator.records import Timed, likely

MOVING_DAYS = 5


def habit(today: Today) -> Iterator[Timed]:
    """What a change of the whole organisation brings about today."""
    rng = today.rng("upheavals")
    builder = today.drift.builder
    if builder is not None and builder - MOVING_DAYS <= today.number < builder + MOVING_DAYS:
        helper = today.one(today.roles.administrators, rng)
        if today.number == builder - MOVING_DAYS and helper is not None:
            yield github_audit.web(
                moment(helper, rng), "integration_installation.create", helper.session, rng,
                name=NEXT_BUILDER.github.removesuffix("[bot]"),
            )  # fmt: skip
        for workday in today.happening(rng, 0.5, today.roles.platform):
            at = moment(workday, rng, 0.5, 4.0)
            yield from workflows.carried(at, workday, rng.randint(3, 8), rng)
            for make in (integrations.hook, integrations.deploy_key, integrations.runner):
                yield make(at + 600, workday.session, rng.choice(FULL_NAMES), rng)
    for day in today.drift.reorganisations:
        if 0 <= today.number - day < MOVING_DAYS:
            for workday in today.at_work():
                moved = today.moved(workday.person, day)
                if moved and likely(rng, 0.5):
                    yield from repositories.cloned(workday, moved, rng)
                    lead = today.one(today.roles.leads, rng)
                    if lead is not None:
                        yield github_audit.web(
                            moment(lead, rng), "team.add_member", lead.session, rng,
                            user=workday.person.github, team="example-org/new-team",
                        )  # fmt: skip
