"""Okta System Log: who did what to whom, from where, and what stays outside."""

from typing import Any

import orjson
import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import ActorKind, Outcome, TargetKind
from schemas.sources import SOURCES, Raw, RejectedError
from schemas.sources.countries import country_code
from tests.sources.sampled import RECEIVED, Sampled

_SAMPLED = Sampled("okta.system_log")
sample, parse, one = _SAMPLED.sample, _SAMPLED.parse, _SAMPLED.one


def test_a_login() -> None:
    activity = one("login")
    assert activity.action == Action.LOGIN
    assert activity.outcome is Outcome.SUCCESS
    assert activity.actor.account == "okta:mara@example.com"
    assert activity.actor.kind is ActorKind.PERSON
    origin = activity.origin
    assert (origin.ip, origin.network, origin.country) == ("203.0.113.7", "AS64496", "NL")
    assert (origin.client, origin.system, origin.proxy) == ("Chrome/139", "macOS", False)
    assert activity.event_id == "00000000-0000-4000-8000-000000000001"


def test_session_and_device_are_told_apart_but_not_told() -> None:
    event = sample("login")
    activity = one("login")
    assert len(activity.session) == len(activity.origin.device) == 16
    told = repr(activity)
    assert "generated-browser-token" not in told
    assert "102generatedSession" not in told
    event["authenticationContext"]["rootSessionId"] = "another"
    assert parse(event)[0].session != activity.session


def test_the_device_falls_back_from_browser_to_fingerprint_to_enrolled_device() -> None:
    event = sample("login") | {"device": {"id": "guo1"}}
    seen = [one("login").origin.device]
    event["debugContext"]["debugData"] = {"deviceFingerprint": "f"}
    seen.append(parse(event)[0].origin.device)
    event["debugContext"] = None
    seen.append(parse(event)[0].origin.device)
    event["device"] = None
    assert len({*seen, ""}) == 4
    assert parse(event)[0].origin.device == ""


def test_without_client_the_address_comes_from_the_request() -> None:
    origin = one("login", client=None, securityContext=None).origin
    assert (origin.ip, origin.network) == ("203.0.113.7", "203.0.113.0/24")


def test_a_proxy_is_marked() -> None:
    assert one("login", securityContext={"asNumber": 64496, "isProxy": True}).origin.proxy


def test_a_name_okta_does_not_know_is_hashed_as_it_may_be_a_password() -> None:
    activity = one("login_of_an_unknown_name")
    assert activity.outcome is Outcome.FAILURE
    assert activity.facts[facts.REASON] == "VERIFICATION_ERROR"
    assert activity.session == ""
    assert activity.actor.account.startswith("okta:unknown-")
    assert "not-a-login" not in repr(activity)
    actor = {"id": "unknown", "type": "User", "alternateId": "eve@example.com"}
    assert one("login", actor=actor).actor.account == "okta:eve@example.com"


@pytest.mark.parametrize("name", ["Not Available", "unknown", None])
def test_an_actor_without_a_name_is_known_by_its_id(name: str | None) -> None:
    activity = one("login", actor={"id": "00U1", "type": "User", "alternateId": name})
    assert activity.actor.account == "okta:00u1"


def test_kinds_of_actors() -> None:
    system = {"id": "okta.x", "type": "SystemPrincipal", "alternateId": "system@okta.com"}
    client = {"id": "0oa1", "type": "PublicClientApp", "alternateId": "0oa1"}
    assert one("login", actor=system).actor.account == "okta:system"
    assert one("login", actor=system).actor.kind is ActorKind.SERVICE
    assert one("login", actor=client).actor.kind is ActorKind.SERVICE
    strange = {"id": "x1", "type": "Martian"}
    assert one("login", actor=strange).actor.kind is ActorKind.UNKNOWN


def test_a_push_is_counted_for_its_user_and_not_yet_answered() -> None:
    activity = one("mfa_push_sent")
    assert activity.action == Action.MFA_CHALLENGE
    assert activity.actor.account == "okta:mara@example.com"
    assert activity.outcome is Outcome.UNKNOWN
    assert activity.facts == {facts.FACTOR: "push"}


@pytest.mark.parametrize("name", ["mfa_denied_classic", "mfa_denied_identity_engine"])
def test_both_engines_tell_a_denied_push_alike(name: str) -> None:
    activity = one(name)
    assert activity.action == Action.MFA_CHALLENGE
    assert activity.outcome is Outcome.FAILURE
    assert activity.facts == {facts.FACTOR: "push", facts.REASON: "denied"}


def test_a_factor_of_ones_own() -> None:
    enrolled, removed = one("factor_enrolled"), one("factor_removed")
    assert enrolled.action == Action.FACTOR_ENROLL
    assert enrolled.facts == {facts.FACTOR: "fastpass", facts.BY_ADMIN: False}
    assert removed.action == Action.FACTOR_REMOVE
    assert removed.facts == {facts.FACTOR: "webauthn", facts.BY_ADMIN: False}
    assert removed.target is not None
    assert (removed.target.kind, removed.target.name) == (TargetKind.FACTOR, "webauthn")


def test_factors_reset_by_somebody_else() -> None:
    activity = one("factors_reset_by_an_admin")
    assert activity.action == Action.FACTOR_RESET
    assert activity.facts == {facts.BY_ADMIN: True, facts.SUBJECT: "okta:jon@example.com"}


def test_a_token_made_and_then_used_is_the_same_token() -> None:
    made, used = one("api_token_created"), one("privilege_granted_with_an_api_token")
    assert made.action == Action.TOKEN_CREATE
    assert used.action == Action.PRIVILEGE_GRANT
    assert made.facts[facts.TOKEN_ID] == used.facts[facts.TOKEN_ID]
    assert "00T1generated" not in repr((made, used))


def test_an_application_is_opened() -> None:
    activity = one("sso")
    assert activity.action == Action.SSO
    assert activity.target is not None
    assert (activity.target.kind, activity.target.name) == (
        TargetKind.APPLICATION,
        "GitHub Enterprise",
    )
    assert facts.SUBJECT not in activity.facts


@pytest.mark.parametrize(
    ("event_type", "action", "weakened"),
    [
        ("policy.rule.deactivate", Action.POLICY_CHANGE, True),
        ("policy.lifecycle.update", Action.POLICY_CHANGE, None),
        ("zone.delete", Action.POLICY_CHANGE, True),
        ("system.idp.lifecycle.create", Action.POLICY_CHANGE, True),
        ("system.idp.lifecycle.delete", Action.POLICY_CHANGE, None),
        ("system.log_stream.lifecycle.deactivate", Action.AUDIT_CHANGE, True),
        ("system.log_stream.lifecycle.activate", Action.AUDIT_CHANGE, None),
        ("user.mfa.factor.update", Action.FACTOR_ENROLL, None),
        ("user.session.access_admin_app", Action.SSO, None),
        ("user.account.update_password", Action.PASSWORD_CHANGE, None),
        ("application.user_membership.add", Action.MEMBER_ADD, None),
        ("user.lifecycle.create", Action.MEMBER_ADD, None),
        ("user.lifecycle.deactivate", Action.MEMBER_REMOVE, None),
        ("user.lifecycle.activate", "okta.system_log/user.lifecycle.activate", None),
        ("policy.evaluate_sign_on", Action.POLICY_EVALUATE, None),
        ("application.policy.sign_on.deny_access", Action.POLICY_EVALUATE, None),
        ("application.policy.sign_on.update", Action.POLICY_CHANGE, None),
        ("user.session.context.change", Action.SESSION_CHANGE, None),
        ("user.session.impersonation.initiate", Action.SESSION_IMPERSONATE, None),
        ("user.session.impersonation.end", Action.SESSION_END, None),
        ("new.in.2030", "okta.system_log/new.in.2030", None),
    ],
)
def test_event_types(event_type: str, action: str, weakened: bool | None) -> None:
    activity = one("policy_rule_deactivated", eventType=event_type)
    assert (activity.action, activity.native) == (action, event_type)
    assert activity.facts.get(facts.WEAKENED) is weakened


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ("ALLOW", Outcome.SUCCESS),
        ("DENY", Outcome.FAILURE),
        ("CHALLENGE", Outcome.UNKNOWN),
        (None, Outcome.UNKNOWN),
    ],
)
def test_outcomes(result: str | None, outcome: Outcome) -> None:
    assert one("policy_evaluated", outcome={"result": result}).outcome is outcome


def test_wrapped_events_are_the_same_events() -> None:
    hook = sample("event_hook")
    alone = [parse(event)[0] for event in hook["data"]["events"]]
    wrapped = parse(hook)
    assert [a.uid for a in wrapped] == [a.uid for a in alone]
    assert [a.position.index for a in wrapped] == [0, 1]
    assert [a.uid for a in parse({"events": hook["data"]["events"]})] == [a.uid for a in alone]
    assert one("eventbridge").action == Action.MEMBER_ADD


def test_a_bad_event_in_a_batch_does_not_hide_the_others() -> None:
    good = sample("login")
    raw = Raw(orjson.dumps({"events": [{"eventType": 1}, None, good]}), RECEIVED)
    seen: list[object] = []
    with pytest.raises(RejectedError):
        seen.extend(activity.action for activity in SOURCES["okta.system_log"].parse(raw))
    assert seen == [Action.LOGIN]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"eventType": 7}, "wrong_type"),
        ({"eventType": " "}, "missing_field"),
        ({"actor": None}, "wrong_type"),
        ({"actor": {}}, "missing_field"),
        ({"client": "x"}, "wrong_type"),
        ({"published": "9999-12-31T00:00:00Z"}, "bad_time"),
        ({"published": "yesterday"}, "bad_time"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as refused:
        one("login", **changes)
    assert refused.value.reason == reason


def test_an_event_without_id_is_known_by_its_content() -> None:
    first, again = one("login", uuid=None), one("login", uuid=None)
    other = one("login", uuid=None, eventType="user.session.end")
    assert first.uid == again.uid != other.uid


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("United States", "US"),
        ("The Netherlands", "NL"),
        ("Türkiye", "TR"),
        ("CÔTE D\u2019IVOIRE", "CI"),
        ("Bosnia & Herzegovina", "BA"),
        ("South Korea", "KR"),
        ("Korea, Republic of", "KR"),
        ("gb", "GB"),
        ("Atlantis", ""),
        ("", ""),
    ],
)
def test_countries(name: str, code: str) -> None:
    assert country_code(name) == code
