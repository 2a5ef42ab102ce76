"""Prompts for a second factor that Okta sends, and how they are not answered."""

from __future__ import annotations

from random import Random

from pipeline.generator import okta
from pipeline.generator.okta import Session
from pipeline.generator.records import Timed


def prompted(at: float, session: Session, rng: Random) -> Timed:
    """A push is sent to the person's telephone: done by the provider itself."""
    at, made = okta.event(
        at, session, "system.push.send_factor_verify_push", rng, target=[okta.user(session.person)]
    )
    made["event"]["actor"] = {
        "id": "0oaexamplesystem", "type": "SystemPrincipal", "alternateId": "system@example.com",
        "displayName": "Okta System", "detailEntry": None,
    }  # fmt: skip
    return at, made


def unanswered(at: float, session: Session, rng: Random) -> list[Timed]:
    """A push that nobody reacts to within its minutes."""
    return [
        prompted(at, session, rng),
        okta.event(
            at + 300, session, "user.authentication.auth_via_mfa", rng, result="FAILURE",
            target=[okta.user(session.person)], debug={"factor": "OKTA_VERIFY_PUSH"},
        ),
    ]  # fmt: skip


def refused(at: float, session: Session, rng: Random) -> list[Timed]:
    """A push that the person says no to."""
    return [
        prompted(at, session, rng),
        okta.event(
            at + rng.uniform(4, 40), session, "user.mfa.okta_verify.deny_push", rng,
            result="FAILURE", reason="User rejected Okta push verify",
            target=[okta.user(session.person)], debug={"factor": "OKTA_VERIFY_PUSH"},
        ),
    ]  # fmt: skip
