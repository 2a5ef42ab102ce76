"""Guards taken down for a while and put up again by those who may.

Assumed, a working day: an administrator lifts the protection of a branch for a migration or a
hot fix on one in thirty and restores it within hours, overrides it on one in twelve; a ruleset is
switched to `evaluate` on one in eighty. A developer bypasses push protection for a false positive
with a chance of 0.15 %. The security engineer changes a dependency alert setting on one in fifty,
the administrator of the identity provider a sign-on rule on one in forty.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from pipeline.generator import github_audit, okta
from pipeline.generator.life.today import FULL_NAMES, Today, moment
from pipeline.generator.records import HOUR, Timed
from pipeline.generator.workday import Workday


def habit(today: Today) -> Iterator[Timed]:
    """Maintenance windows and exceptions of the day."""
    rng = today.rng("protections")
    administrators, security = today.roles.administrators, today.roles.security
    for workday in today.happening(rng, 1 / 30, administrators):
        yield from _lifted(workday, rng)
    for workday in today.happening(rng, 1 / 12, administrators):
        yield github_audit.web(
            moment(workday, rng), "protected_branch.policy_override", workday.session, rng,
            rng.choice(FULL_NAMES), branch="refs/heads/main", overridden_codes=[],
        )  # fmt: skip
    for workday in today.happening(rng, 1 / 80, administrators):
        yield from _ruleset(workday, rng)
    for workday in today.happening(rng, 0.0015):
        yield github_audit.web(
            moment(workday, rng), "secret_scanning_push_protection.bypass", workday.session, rng,
            rng.choice(workday.person.repositories),
        )  # fmt: skip
    for workday in today.happening(rng, 1 / 50, security):
        verb = rng.choice(("disable", "enable", "enable"))
        yield github_audit.web(
            moment(workday, rng), f"dependabot_security_updates.{verb}", workday.session, rng,
            rng.choice(FULL_NAMES), user=workday.person.github,
        )  # fmt: skip
    for workday in today.happening(rng, 1 / 40, administrators):
        yield from _sign_on_rule(workday, rng)


def _lifted(workday: Workday, rng: Random) -> Iterator[Timed]:
    at, repository = moment(workday, rng, 0.5, 5.0), rng.choice(FULL_NAMES)
    yield github_audit.web(
        at, "protected_branch.destroy", workday.session, rng, repository, name="main"
    )
    yield github_audit.web(
        at + rng.uniform(0.2, 2.5) * HOUR, "protected_branch.create", workday.session, rng,
        repository, name="main",
    )  # fmt: skip


def _ruleset(workday: Workday, rng: Random) -> Iterator[Timed]:
    at = moment(workday, rng, 0.5, 5.0)
    for moved, old, new in ((0.0, "enabled", "evaluate"), (1.5 * HOUR, "evaluate", "enabled")):
        yield github_audit.web(
            at + moved, "repository_ruleset.update", workday.session, rng, rng.choice(FULL_NAMES),
            ruleset_name="Default branches", ruleset_old_enforcement=old, ruleset_enforcement=new,
        )  # fmt: skip


def _sign_on_rule(workday: Workday, rng: Random) -> Iterator[Timed]:
    at, rule = moment(workday, rng, 0.5, 5.0), okta.policy(f"Exception {rng.randint(1, 4)}")
    verb = rng.choice(("update", "update", "deactivate"))
    yield okta.event(at, workday.session, f"policy.rule.{verb}", rng, target=[rule])
    if verb == "deactivate":
        yield okta.event(
            at + rng.uniform(0.2, 2) * HOUR, workday.session, "policy.rule.activate", rng,
            target=[rule],
        )  # fmt: skip
