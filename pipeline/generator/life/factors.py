"""Second factors: security keys set up beside the telephone, help desk resets.

Assumed chances a person and working day: a security key 0.3 %, a reset by an administrator because
the telephone is lost 0.15 %. Of those who come back from a reset most are at home.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.generator import okta
from pipeline.generator.life.today import Today, moment
from pipeline.generator.okta import Session
from pipeline.generator.records import Timed


def habit(today: Today) -> Iterator[Timed]:
    """Security keys and resets."""
    rng = today.rng("factors")
    for workday in today.happening(rng, 0.003):
        yield okta.factor_change(
            moment(workday, rng), workday.session, rng, "activate", "FIDO_WEBAUTHN"
        )
    for workday in today.happening(rng, 0.0015):
        helper = today.one(today.roles.administrators, rng)
        if helper is None:
            continue
        person = workday.person
        at = moment(workday, rng, 1.0)
        yield okta.event(
            at, helper.session, "user.mfa.factor.reset_all", rng, target=[okta.user(person)]
        )
        at += rng.uniform(300, 3000)
        anew = Session.opened(person, person.home, workday.session.device, rng)
        yield okta.event(at, anew, "user.session.start", rng)
        yield okta.factor_change(at + 90, anew, rng, "activate", "OKTA_VERIFY_PUSH")
