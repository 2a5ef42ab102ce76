"""Rights: newcomers, leavers, teams, outside collaborators, raised roles.

Assumed: newcomers are invited, put into groups and teams by an administrator and their team lead on
their first day, leavers are taken out the day after their last. Chances a person and working day:
put into one more team 0.4 %, an application assigned 1 %, a role raised in a repository 0.2 %. A
team lead brings in an outside collaborator on one working day in forty, an administrator makes
somebody an administrator or owner on one in a hundred, and all that is done by whoever has that
office.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from pipeline.generator import github_audit, okta
from pipeline.generator.life.outsiders import outsider
from pipeline.generator.life.today import Today, moment
from pipeline.generator.people import ORGANISATION, Person
from pipeline.generator.records import Timed, likely
from pipeline.generator.workday import Workday

TEAMS = ("web", "platform", "payments", "data", "mobile", "docs")


def habit(today: Today) -> Iterator[Timed]:
    """Grants of the day."""
    rng = today.rng("membership")
    administrators, leads = today.roles.administrators, today.roles.leads
    for person in today.people:
        helper = today.one(administrators, rng)
        lead = today.one(leads, rng)
        if helper is None or lead is None:
            continue
        if person.life.hired == today.number:
            yield from _hired(person, helper, lead, rng)
        if person.life.left - 1 == today.number:
            yield from _left(person, helper, rng)
        if likely(rng, 0.004):
            yield _team(person, lead, rng)
        if likely(rng, 0.01):
            yield okta.event(
                moment(helper, rng), helper.session, "group.user_membership.add", rng,
                target=[okta.user(person), okta.group(rng.choice(okta.APPLICATIONS))],
            )  # fmt: skip
        if likely(rng, 0.002):
            yield _raised(person, lead, rng)
    for lead in today.happening(rng, 1 / 40, leads):
        yield github_audit.web(
            moment(lead, rng), "repo.add_member", lead.session, rng,
            rng.choice(lead.person.repositories), user=outsider(rng).github, permission="write",
        )  # fmt: skip
    for helper in today.happening(rng, 1 / 100, administrators):
        yield _administrator(rng.choice(today.people), helper, rng)


def _hired(person: Person, helper: Workday, lead: Workday, rng: Random) -> Iterator[Timed]:
    at = min(helper.begin, lead.begin) - 3600
    yield okta.event(at, helper.session, "user.lifecycle.create", rng, target=[okta.user(person)])
    for name in okta.APPLICATIONS[:4]:
        at += rng.uniform(5, 40)
        yield okta.event(
            at, helper.session, "group.user_membership.add", rng,
            target=[okta.user(person), okta.group(name)],
        )  # fmt: skip
    yield github_audit.web(
        at + 90, "org.invite_member", helper.session, rng, user=person.github,
        invitee=person.github,
    )  # fmt: skip
    yield _team(person, lead, rng)


def _left(person: Person, helper: Workday, rng: Random) -> Iterator[Timed]:
    at = moment(helper, rng, 7.0, 9.0)
    yield okta.event(
        at, helper.session, "user.lifecycle.deactivate", rng, target=[okta.user(person)]
    )
    yield github_audit.web(at + 120, "org.remove_member", helper.session, rng, user=person.github)


def _team(person: Person, lead: Workday, rng: Random) -> Timed:
    return github_audit.web(
        moment(lead, rng), "team.add_member", lead.session, rng, user=person.github,
        team=f"{ORGANISATION}/{rng.choice(TEAMS)}",
    )  # fmt: skip


def _raised(person: Person, lead: Workday, rng: Random) -> Timed:
    return github_audit.web(
        moment(lead, rng), "repo.update_member", lead.session, rng,
        rng.choice(person.repositories), user=person.github, old_repo_permission="write",
        new_repo_permission=rng.choice(("maintain", "admin")),
    )  # fmt: skip


def _administrator(person: Person, helper: Workday, rng: Random) -> Timed:
    if likely(rng, 0.5):
        return github_audit.web(
            moment(helper, rng), "org.update_member", helper.session, rng, user=person.github,
            old_permission="member", permission="admin",
        )  # fmt: skip
    role = {"id": "roleexample", "type": "ROLE", "alternateId": "unknown",
            "displayName": "Help Desk Administrator"}  # fmt: skip
    return okta.event(
        moment(helper, rng), helper.session, "user.account.privilege.grant", rng,
        target=[okta.user(person), role],
    )  # fmt: skip
