"""Okta System Log events (LogEvent of the System Log API, version 0)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from pipeline.generator.people import Device, Person
from pipeline.generator.places import Network
from pipeline.generator.records import Event, Timed, hex_id, iso, record, uuid

Target = dict[str, Any]

MESSAGES = {
    "user.session.start": "User login to Okta",
    "user.authentication.sso": "User single sign on to app",
    "user.authentication.auth_via_mfa": "Authentication of user via MFA",
    "user.mfa.factor.activate": "Activate factor for user",
    "user.mfa.factor.deactivate": "Reset factor for user",
    "user.mfa.factor.update": "Update factor for user",
    "policy.evaluate_sign_on": "Evaluation of sign-on policy",
    "user.mfa.factor.reset_all": "Reset all factors for user",
    "user.mfa.okta_verify.deny_push": "User rejected Okta push verify",
    "user.authentication.auth_via_richclient": "Authentication of user via rich client",
    "user.account.reset_password": "User reset password for Okta",
    "user.account.update_password": "User update password for Okta",
    "user.account.privilege.grant": "Grant user privilege",
    "user.account.lock": "Max sign in attempts exceeded",
    "user.lifecycle.create": "Create Okta user",
    "user.lifecycle.deactivate": "Deactivate Okta user",
    "group.user_membership.add": "Add user to group membership",
    "group.user_membership.remove": "Remove user from group membership",
    "system.api_token.create": "Create API token",
    "system.push.send_factor_verify_push": "Send factor verification push",
    "system.log_stream.lifecycle.activate": "Activate log stream",
    "system.log_stream.lifecycle.deactivate": "Deactivate log stream",
    "policy.rule.update": "Update policy rule",
    "policy.rule.deactivate": "Deactivate policy rule",
    "policy.rule.activate": "Activate policy rule",
    "zone.update": "Update network zone",
}
DONE = {"activate": "set up", "deactivate": "reset", "update": "updated"}
APPLICATIONS = (
    "Source Control", "Tickets", "Wiki", "Chat", "Cloud Console", "Package Registry", "Payroll",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Session:
    """A login: whose, from where, with what. `id` is the provider's session."""

    person: Person
    network: Network
    address: str
    device: Device
    id: str

    @classmethod
    def opened(cls, person: Person, network: Network, device: Device, rng: Random) -> Session:
        """A new session at a fresh address of the network."""
        return cls(person, network, network.address(rng), device, f"102{hex_id(rng, 22)}")


def event(
    at: float,
    session: Session,
    action: str,
    rng: Random,
    *,
    result: str = "SUCCESS",
    reason: str | None = None,
    target: list[Target] | None = None,
    debug: dict[str, str] | None = None,
) -> Timed:
    """One LogEvent of a person in a session.

    Args:
        at: when, seconds since the epoch.
        session: the login it belongs to.
        action: the `eventType`.
        rng: for identifiers.
        result: `SUCCESS`, `FAILURE`, `ALLOW`, `CHALLENGE` …
        reason: the `outcome.reason`.
        target: the objects acted upon.
        debug: more entries of `debugContext.debugData`.
    """
    person, place, device = session.person, session.network.place, session.device
    request = hex_id(rng, 24)
    made: Event = {
        "uuid": uuid(rng),
        "published": iso(at),
        "eventType": action,
        "version": "0",
        "severity": "INFO" if result != "FAILURE" else "WARN",
        "displayMessage": MESSAGES[action],
        "actor": {
            "id": person.okta_id,
            "type": "User",
            "alternateId": person.okta,
            "displayName": person.name,
            "detailEntry": None,
        },
        "client": {
            "userAgent": {
                "rawUserAgent": device.user_agent,
                "os": device.system,
                "browser": device.browser,
            },
            "zone": "OffNetwork" if session.network.domain != "office.example.com" else "Office",
            "device": "Computer",
            "id": None,
            "ipAddress": session.address,
            "geographicalContext": {
                "city": place.city,
                "state": place.state,
                "country": place.country,
                "postalCode": None,
                "geolocation": {"lat": place.latitude, "lon": place.longitude},
            },
        },
        "authenticationContext": {
            "authenticationProvider": None,
            "credentialProvider": None,
            "credentialType": None,
            "issuer": None,
            "interface": None,
            "authenticationStep": 0,
            "externalSessionId": session.id,
            "rootSessionId": session.id,
        },
        "outcome": {"result": result, "reason": reason},
        "securityContext": {
            "asNumber": session.network.asn,
            "asOrg": session.network.name,
            "isp": session.network.name,
            "domain": session.network.domain,
            "isProxy": session.network.proxy,
        },
        "debugContext": {
            "debugData": {
                "requestId": request,
                "dtHash": device.token,
                "deviceFingerprint": device.fingerprint,
                **(debug or {}),
            }
        },
        "transaction": {"type": "WEB", "id": request, "detail": {}},
        "target": target,
    }
    return record("okta.system_log", at, made)


def user(person: Person) -> Target:
    """A person as a target."""
    return {
        "id": person.okta_id,
        "type": "User",
        "alternateId": person.okta,
        "displayName": person.name,
    }


def application(name: str) -> Target:
    """An application as a target."""
    key = name.lower().replace(" ", "-")
    return {"id": f"0oa{key}", "type": "AppInstance", "alternateId": name, "displayName": name}


def login(
    at: float, session: Session, rng: Random, factor: str = "OKTA_VERIFY_PUSH"
) -> list[Timed]:
    """The policy's challenge, the second factor, the session: what a login leaves behind."""
    person = session.person
    rule = {"id": "00pexamplesignon", "type": "PolicyEntity", "displayName": "Staff sign-on"}
    return [
        event(
            at, session, "policy.evaluate_sign_on", rng,
            result="CHALLENGE", reason="Sign-on policy evaluation resulted in CHALLENGE",
            target=[{**rule, "alternateId": "unknown"}],
        ),
        event(
            at + rng.uniform(4, 25), session, "user.authentication.auth_via_mfa", rng,
            target=[user(person)], debug={"factor": factor},
        ),
        event(at + 26, session, "user.session.start", rng),
    ]  # fmt: skip


def group(name: str) -> Target:
    """A group as a target."""
    key = name.lower().replace(" ", "-")
    return {"id": f"00g{key}", "type": "UserGroup", "alternateId": "unknown", "displayName": name}


def policy(name: str) -> Target:
    """A policy rule as a target."""
    key = name.lower().replace(" ", "-")
    return {"id": f"0pr{key}", "type": "PolicyRule", "alternateId": "unknown", "displayName": name}


def mistyped(at: float, session: Session, rng: Random) -> Timed:
    """A wrong password."""
    return event(
        at, session, "user.session.start", rng, result="FAILURE", reason="INVALID_CREDENTIALS"
    )


def factor_change(at: float, session: Session, rng: Random, change: str, factor: str) -> Timed:
    """A second factor activated, deactivated or updated by its owner."""
    return event(
        at, session, f"user.mfa.factor.{change}", rng,
        reason=f"User {DONE[change]} {factor} factor", target=[user(session.person)],
        debug={"factor": factor},
    )  # fmt: skip


def sign_on(at: float, session: Session, rng: Random, name: str) -> Timed:
    """Single sign-on to an application."""
    return event(
        at, session, "user.authentication.sso", rng,
        target=[application(name), user(session.person)],
        debug={"initiationType": "SP_INITIATED", "signOnMode": "SAML_2_0"},
    )  # fmt: skip


def token_created(at: float, session: Session, rng: Random, name: str) -> Timed:
    """An API token created."""
    token = {"id": f"00T{hex_id(rng, 17)}", "type": "Token", "alternateId": "unknown"}
    return event(
        at, session, "system.api_token.create", rng,
        target=[{**token, "displayName": name}, user(session.person)],
    )  # fmt: skip
