"""Duo's four logs: challenges and answers, administrators, calls and text messages."""

import json
from typing import Any

import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome, TargetKind
from schemas.sources import RejectedError
from tests.sources.sampled import Sampled

NAME = "duo.log"
_SAMPLED = Sampled(NAME)
sample, parse, one = _SAMPLED.sample, _SAMPLED.parse, _SAMPLED.one


def administered(action: str, details: dict[str, Any] | None = None) -> Activity:
    return one("admin_user_bypassed", action=action, description=json.dumps(details or {}))


def test_a_push_that_is_approved() -> None:
    activity = one("push_approved")
    assert activity.action == Action.MFA_CHALLENGE
    assert activity.native == "authentication.authentication"
    assert activity.outcome is Outcome.SUCCESS
    actor = activity.actor
    assert (actor.account, actor.email) == ("duo:mara", "mara@example.com")
    assert actor.kind is ActorKind.PERSON
    origin = activity.origin
    assert (origin.ip, origin.country) == ("203.0.113.7", "NL")
    assert (origin.client, origin.system) == ("Chrome/139", "macOS")
    assert len(origin.device) == 16
    assert "EPgenerated" not in repr(activity)
    assert activity.facts == {facts.FACTOR: "push"}
    assert activity.target is not None
    assert (activity.target.kind, activity.target.name) == (
        TargetKind.APPLICATION,
        "GitHub Enterprise",
    )
    assert activity.time == pytest.approx(1_788_879_601.351346)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("push_denied", "denied"),
        ("push_reported_as_fraud", "fraud"),
        ("no_response", "no_response"),
    ],
)
def test_a_push_that_is_not_approved(name: str, reason: str) -> None:
    activity = one(name)
    assert (activity.action, activity.outcome) == (Action.MFA_CHALLENGE, Outcome.FAILURE)
    assert activity.facts == {facts.FACTOR: "push", facts.REASON: reason}


def test_a_refusal_and_its_report_as_fraud_are_two_events() -> None:
    denied = one("push_denied")
    fraud = one("push_denied", result="fraud", reason="user_marked_fraud")
    assert denied.uid != fraud.uid
    assert denied.event_id == fraud.event_id


@pytest.mark.parametrize(
    ("told", "factor"),
    [
        ("phone_call", "voice"),
        ("sms_passcode", "sms"),
        ("duo_mobile_passcode", "totp"),
        ("hardware_token", "totp"),
        ("yubikey_code", "totp"),
        ("WebAuthn Security Key", "webauthn"),
        ("webauthn_credential", "webauthn"),
        ("bypass_code", "bypass_code"),
        ("remembered_device", "remembered_device"),
        ("verified_duo_push", "push"),
    ],
)
def test_factors(told: str, factor: str) -> None:
    assert one("push_approved", factor=told).facts[facts.FACTOR] == factor


def test_an_enrolment() -> None:
    assert one("enrollment").action == Action.FACTOR_ENROLL
    assert one("enrollment", event_type="new").action == f"{NAME}/authentication.new"


def test_an_administrator_s_login() -> None:
    activity = one("admin_login")
    assert activity.action == Action.LOGIN
    assert activity.actor.account == "duo:ada@example.com"
    assert activity.origin.ip == "203.0.113.9"
    assert activity.facts == {facts.FACTOR: "push"}
    failed = one("admin_login_error")
    assert (failed.action, failed.outcome) == (Action.LOGIN, Outcome.FAILURE)
    assert failed.facts == {facts.REASON: "SSO login is disabled"}


@pytest.mark.parametrize("name", ["admin_bypass_created", "activity_bypass_created"])
def test_both_logs_tell_a_bypass_code_alike(name: str) -> None:
    activity = one(name)
    assert activity.action == Action.FACTOR_ENROLL
    assert activity.facts == {
        facts.FACTOR: "bypass_code",
        facts.BY_ADMIN: True,
        facts.SUBJECT: "duo:jon",
    }


def test_a_user_who_needs_no_second_factor_any_more() -> None:
    activity = one("admin_user_bypassed")
    assert activity.action == Action.FACTOR_RESET
    assert activity.facts == {facts.BY_ADMIN: True, facts.SUBJECT: "duo:jon"}
    assert administered("user_update", {"realname": "Jon"}).action == f"{NAME}/user_update"
    group = administered("group_update", {"status": "Bypass"})
    assert (group.action, group.facts[facts.WEAKENED]) == (Action.POLICY_CHANGE, True)


def test_a_telephone_number_stays_outside() -> None:
    associated = one("admin_phone_associated")
    assert associated.action == Action.FACTOR_ENROLL
    assert associated.facts[facts.SUBJECT] == "duo:jon"
    assert "555-0102" not in repr(associated)
    sent = one("telephony_v2")
    assert "5550100" not in repr(sent)
    assert sent.actor.account.startswith("duo:phone-")


def test_a_message_is_a_challenge_not_yet_answered() -> None:
    sent, called = one("telephony_v2"), one("telephony_v1")
    assert sent.action == called.action == Action.MFA_CHALLENGE
    assert sent.outcome is called.outcome is Outcome.UNKNOWN
    assert (sent.facts, called.facts) == ({facts.FACTOR: "sms"}, {facts.FACTOR: "voice"})
    assert one("telephony_v2", context="enrollment").action == f"{NAME}/telephony.enrollment"


def test_a_factor_of_ones_own() -> None:
    added, removed = one("activity_webauthn_created"), one("activity_failed")
    assert added.action == Action.FACTOR_ENROLL
    assert added.facts == {facts.FACTOR: "webauthn", facts.BY_ADMIN: False}
    assert added.actor.account == "duo:mara"
    assert added.origin.country == "NL"
    assert (removed.action, removed.outcome) == (Action.FACTOR_REMOVE, Outcome.FAILURE)


@pytest.mark.parametrize(
    ("action", "expected", "weakened"),
    [
        ("policy_delete", Action.POLICY_CHANGE, True),
        ("policy_update", Action.POLICY_CHANGE, None),
        ("integration_policy_unassign", Action.POLICY_CHANGE, True),
        ("integration_create", Action.APP_INSTALL, None),
        ("user_create", Action.MEMBER_ADD, None),
        ("admin_create", Action.PRIVILEGE_GRANT, None),
        ("admin_delete", Action.PRIVILEGE_REVOKE, None),
        ("hardtoken_delete", Action.FACTOR_REMOVE, None),
        ("integration_skey_view", f"{NAME}/integration_skey_view", None),
        ("new_in_2030", f"{NAME}/new_in_2030", None),
    ],
)
def test_actions(action: str, expected: str, weakened: bool | None) -> None:
    activity = administered(action)
    assert (activity.action, activity.native) == (expected, action)
    assert activity.facts.get(facts.WEAKENED) is weakened


def test_machines_act_too() -> None:
    assert one("admin_policy_deleted").actor.account == "duo:api"
    assert one("admin_policy_deleted").actor.kind is ActorKind.SERVICE
    synced = one("admin_policy_deleted", username="AD Sync: example")
    assert synced.actor.kind is ActorKind.SERVICE


def test_an_answer_of_the_api_holds_several() -> None:
    answer = sample("api_answer")
    logs = answer["response"]["authlogs"]
    expected = [parse(event)[0].uid for event in logs]
    assert [a.uid for a in parse(answer)] == expected
    assert [a.uid for a in parse({"stat": "OK", "response": logs})] == expected
    assert [a.uid for a in parse({"stat": "OK", "response": {"items": logs}})] == expected


def test_an_administrator_record_is_known_by_its_content() -> None:
    first, again = one("admin_created"), one("admin_created")
    assert first.uid == again.uid != one("admin_created", object="Eve").uid


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("push_approved", {"txid": None}, "not_this_source"),
        ("push_approved", {"user": None, "email": None}, "missing_field"),
        ("push_approved", {"access_device": 7}, "wrong_type"),
        ("push_approved", {"isotimestamp": None, "timestamp": None}, "wrong_type"),
        ("activity_failed", {"actor": None}, "not_this_source"),
        ("activity_failed", {"action": {"name": " "}}, "missing_field"),
        ("telephony_v2", {"phone": None}, "not_this_source"),
        ("telephony_v2", {"ts": "x"}, "bad_time"),
    ],
)
def test_what_is_refused(name: str, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as refused:
        one(name, **changes)
    assert refused.value.reason == reason
