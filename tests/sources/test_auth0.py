"""Auth0 tenant logs: type codes, Management API writes, wrappings."""

from typing import Any

import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome, TargetKind
from schemas.sources import RejectedError
from tests.sources.sampled import Sampled

NAME = "auth0.log"
_SAMPLED = Sampled(NAME)
sample, parse, one = _SAMPLED.sample, _SAMPLED.parse, _SAMPLED.one


def api(method: str, path: str, body: object = None, answer: object = None) -> Activity:
    event = sample("api_log_stream_deleted")
    details = event["data"]["details"]
    details["request"] |= {"method": method, "path": f"/api/v2/{path}", "body": body}
    details["response"]["body"] = answer
    (activity,) = parse(event)
    return activity


def coded(code: str, **changes: Any) -> Activity:
    (activity,) = parse(sample("login") | {"type": code} | changes)
    return activity


def test_a_login() -> None:
    activity = one("login")
    assert (activity.action, activity.native) == (Action.LOGIN, "s")
    assert activity.outcome is Outcome.SUCCESS
    assert activity.actor.account == "auth0:mara@example.com"
    assert activity.actor.email == "mara@example.com"
    assert activity.actor.kind is ActorKind.PERSON
    origin = activity.origin
    assert (origin.ip, origin.country) == ("203.0.113.7", "NL")
    assert (origin.client, origin.system) == ("Chrome/139", "macOS")
    assert activity.target is not None
    assert activity.target.name == "Developer Portal"
    assert activity.target.organization == "example"
    assert len(activity.session) == 16
    assert "generatedSession" not in repr(activity)


def test_one_session_is_one_whatever_wraps_it() -> None:
    names = ("login", "stream_login", "silent_authentication", "eventbridge")
    assert len({one(name).session for name in names}) == 1


def test_wrapped_events_are_the_same_events() -> None:
    stream = sample("stream_login")
    bridged = {"detail-type": "Auth0 log", "detail": stream}
    assert {parse(e)[0].uid for e in (stream, stream["data"], bridged)} == {parse(stream)[0].uid}
    assert parse({"logs": [sample("login"), stream]})[1].uid == parse(stream)[0].uid


def test_a_name_the_tenant_does_not_know_is_hashed_as_it_may_be_a_password() -> None:
    activity = one("unknown_user")
    assert activity.actor.account.startswith("auth0:unknown-")
    assert "not-a-login" not in repr(activity)
    assert coded("fu", user_name="Eve@example.com").actor.account == "auth0:eve@example.com"


@pytest.mark.parametrize(
    ("code", "action", "outcome", "values"),
    [
        ("fp", Action.LOGIN, Outcome.FAILURE, {facts.REASON: "wrong_password"}),
        ("limit_wc", Action.LOGIN, Outcome.FAILURE, {facts.REASON: "blocked_account"}),
        ("pwd_leak", Action.LOGIN, Outcome.FAILURE, {facts.REASON: "leaked_password"}),
        ("sepft", Action.LOGIN, Outcome.SUCCESS, {facts.PROTOCOL: "ropc"}),
        ("sede", Action.LOGIN, Outcome.SUCCESS, {facts.PROTOCOL: "deviceCode"}),
        ("ssa", Action.SSO, Outcome.SUCCESS, {}),
        ("gd_send_pn", Action.MFA_CHALLENGE, Outcome.UNKNOWN, {facts.FACTOR: "push"}),
        ("gd_auth_rejected", Action.MFA_CHALLENGE, Outcome.FAILURE,
         {facts.FACTOR: "push", facts.REASON: "denied"}),
        ("gd_unenroll", Action.FACTOR_REMOVE, Outcome.SUCCESS, {}),
        ("scp", Action.PASSWORD_CHANGE, Outcome.SUCCESS, {}),
        ("srrt", Action.TOKEN_REVOKE, Outcome.SUCCESS, {}),
        ("ss", Action.MEMBER_ADD, Outcome.SUCCESS, {}),
        ("seacft", f"{NAME}/seacft", Outcome.SUCCESS, {}),
        ("new_in_2030", f"{NAME}/new_in_2030", Outcome.SUCCESS, {}),
        ("new_in_2030_failed", f"{NAME}/new_in_2030_failed", Outcome.FAILURE, {}),
    ],
)  # fmt: skip
def test_type_codes(code: str, action: str, outcome: Outcome, values: dict[str, str]) -> None:
    activity = coded(code)
    assert (activity.action, activity.native, activity.outcome) == (action, code, outcome)
    assert activity.facts == values


def test_a_factor_is_told_by_the_authenticator() -> None:
    activity = one("factor_enrolled")
    assert activity.action == Action.FACTOR_ENROLL
    assert activity.facts == {facts.FACTOR: "totp"}


def test_low_confidence_is_high_risk() -> None:
    assert one("mfa_required").facts == {facts.RISK: "high"}


def test_an_application_acts_for_itself() -> None:
    activity = one("client_credentials")
    assert activity.action == Action.TOKEN_USE
    assert activity.actor.kind is ActorKind.SERVICE
    assert activity.actor.account == "auth0:generatedclient02"


def test_a_refresh_token_that_was_used_before() -> None:
    activity = one("refresh_token_reused")
    assert (activity.action, activity.outcome) == (Action.TOKEN_USE, Outcome.FAILURE)
    assert activity.facts == {facts.PROTOCOL: "refresh_token", facts.REASON: "reused"}


def test_an_administrator_writes() -> None:
    activity = one("api_log_stream_deleted")
    assert (activity.action, activity.native) == (Action.AUDIT_CHANGE, "sapi")
    assert activity.actor.account == "auth0:ada@example.com"
    assert activity.facts[facts.WEAKENED] is True
    assert "generatedTokenId" not in repr(activity)
    assert activity.target is not None
    assert activity.target.kind is TargetKind.POLICY


def test_a_password_that_was_set_stays_outside() -> None:
    activity = one("api_password_set")
    assert activity.action == Action.PASSWORD_CHANGE
    assert activity.facts[facts.SUBJECT] == "auth0:jon@example.com"
    assert "not-a-password" not in repr(activity)


def test_a_write_that_was_refused() -> None:
    activity = one("api_failed")
    assert (activity.action, activity.outcome) == (Action.PRIVILEGE_GRANT, Outcome.FAILURE)
    assert activity.facts[facts.REASON] == "Insufficient scope"


@pytest.mark.parametrize(
    ("method", "path", "body", "action", "weakened"),
    [
        ("patch", "log-streams/lst_1", {"status": "paused"}, Action.AUDIT_CHANGE, True),
        ("post", "log-streams", {"name": "siem"}, Action.AUDIT_CHANGE, None),
        ("put", "guardian/policies", [], Action.POLICY_CHANGE, True),
        ("put", "guardian/policies", ["all-applications"], Action.POLICY_CHANGE, None),
        ("put", "guardian/factors/sms", {"enabled": False}, Action.POLICY_CHANGE, True),
        ("patch", "attack-protection/brute-force-protection", {"enabled": False},
         Action.POLICY_CHANGE, True),
        ("post", "connections", {"strategy": "oidc"}, Action.POLICY_CHANGE, True),
        ("patch", "connections/con_1", {}, Action.POLICY_CHANGE, None),
        ("delete", "users/auth0%7C1/authenticators", None, Action.FACTOR_RESET, None),
        ("delete", "users/auth0%7C1/authentication-methods/x", None, Action.FACTOR_REMOVE, None),
        ("delete", "guardian/enrollments/dev_1", None, Action.FACTOR_REMOVE, None),
        ("post", "users/auth0%7C1/roles", {}, Action.PRIVILEGE_GRANT, None),
        ("delete", "users/auth0%7C1/roles", {}, Action.PRIVILEGE_REVOKE, None),
        ("post", "organizations/org_1/members", {}, Action.MEMBER_ADD, None),
        ("post", "organizations/org_1/members/x/roles", {}, Action.PRIVILEGE_GRANT, None),
        ("post", "clients", {}, Action.APP_INSTALL, None),
        ("post", "clients/c1/rotate-secret", {}, Action.TOKEN_CREATE, None),
        ("delete", "users/auth0%7C1", None, Action.MEMBER_REMOVE, None),
        ("patch", "users/auth0%7C1", {"nickname": "m"}, Action.API_REQUEST, None),
        ("post", "new-in-2030", {}, Action.API_REQUEST, None),
        ("get", "clients", None, Action.API_REQUEST, None),
    ],
)  # fmt: skip
def test_management_api(
    method: str, path: str, body: object, action: str, weakened: bool | None
) -> None:
    activity = api(method, path, body)
    assert activity.action == action
    assert activity.facts.get(facts.WEAKENED) is weakened


def test_scopes_of_a_client_grant() -> None:
    assert one("api_client_grant").facts[facts.SCOPES] == ["read:users", "update:users"]


def test_without_anybody_the_tenant_acts() -> None:
    nobody = {"user_name": None, "user_id": None, "client_id": None, "client_name": None}
    assert coded("api_limit", **nobody).actor.account == "auth0:system"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": None}, "not_this_source"),
        ({"date": None}, "not_this_source"),
        ({"log_id": None, "_id": None}, "not_this_source"),
        ({"date": "never"}, "bad_time"),
        ({"type": 7}, "wrong_type"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as refused:
        one("login", **changes)
    assert refused.value.reason == reason
