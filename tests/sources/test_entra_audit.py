"""Microsoft Entra ID audit log: who changed what of whom."""

import json
from typing import Any

import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import ActorKind, Outcome, TargetKind
from schemas.sources import RejectedError
from tests.sources.sampled import Sampled

NAME = "entra.audit"
_SAMPLED = Sampled(NAME)
sample, parse, one = _SAMPLED.sample, _SAMPLED.parse, _SAMPLED.one


def test_a_factor_of_ones_own() -> None:
    activity = one("security_info_registered")
    assert activity.action == Action.FACTOR_ENROLL
    assert activity.native == "User registered security info"
    assert activity.actor.account == "entra:mara@example.com"
    assert activity.actor.kind is ActorKind.PERSON
    assert activity.facts == {facts.FACTOR: "push", facts.BY_ADMIN: False}
    origin = activity.origin
    assert (origin.ip, origin.client, origin.system) == ("203.0.113.7", "Firefox/142", "Windows")
    assert activity.target is not None
    assert (activity.target.kind, activity.target.name) == (TargetKind.FACTOR, "push")
    assert activity.outcome is Outcome.SUCCESS


def test_a_factor_removed_by_somebody_else() -> None:
    activity = one("security_info_deleted_by_admin")
    assert activity.action == Action.FACTOR_REMOVE
    assert activity.facts == {
        facts.FACTOR: "webauthn",
        facts.BY_ADMIN: True,
        facts.SUBJECT: "entra:jon@example.com",
    }


def test_a_role_is_given() -> None:
    activity = one("role_member_added")
    assert activity.action == Action.PRIVILEGE_GRANT
    assert activity.facts[facts.SCOPES] == ["Global Administrator"]
    assert activity.target is not None
    assert activity.target.name == "entra:jon@example.com"
    row = one("log_analytics_row")
    assert row.action == Action.PRIVILEGE_GRANT
    assert row.facts[facts.SUBJECT] == "entra:jon@example.com"


def test_an_application_gets_permissions() -> None:
    activity = one("consent_granted")
    assert activity.action == Action.TOKEN_CREATE
    assert activity.facts == {facts.SCOPES: ["Mail.Read", "offline_access"]}
    assert activity.target is not None
    assert (activity.target.kind, activity.target.name) == (TargetKind.APPLICATION, "Mail Helper")


def test_of_an_added_credential_the_new_key_is_hashed() -> None:
    activity = one("service_principal_credential_added")
    assert activity.action == Action.TOKEN_CREATE
    assert len(str(activity.facts[facts.TOKEN_ID])) == 16
    assert "000000000061" not in repr(activity)


@pytest.mark.parametrize(
    ("old", "new", "weakened"),
    [("enabled", "disabled", True), ("enabled", "enabledForReportingButNotEnforced", True),
     ("disabled", "enabled", None), ("enabled", "enabled", None)],
)  # fmt: skip
def test_a_conditional_access_policy(old: str, new: str, weakened: bool | None) -> None:
    event = sample("conditional_access_disabled")
    (change,) = event["targetResources"][0]["modifiedProperties"]
    change["oldValue"], change["newValue"] = (json.dumps({"state": s}) for s in (old, new))
    (activity,) = parse(event)
    assert activity.action == Action.POLICY_CHANGE
    assert activity.facts.get(facts.WEAKENED) is weakened


def test_a_prompt_that_nobody_asked_for() -> None:
    activity = one("fraud_reported")
    assert (activity.action, activity.outcome) == (Action.MFA_CHALLENGE, Outcome.FAILURE)
    assert activity.facts[facts.REASON] == "fraud"


def test_a_failure_keeps_its_reason() -> None:
    activity = one("password_reset_failed")
    assert (activity.action, activity.outcome) == (Action.PASSWORD_CHANGE, Outcome.FAILURE)
    assert activity.facts[facts.REASON] == "OnPremisesAdminActionRequired"


def test_applications_and_services_act_too() -> None:
    activity = one("group_member_added_by_app")
    assert activity.action == Action.MEMBER_ADD
    assert activity.actor.kind is ActorKind.SERVICE
    assert activity.actor.account == "entra:00000000-0000-4000-8000-000000000091"
    assert activity.target is not None
    assert (activity.target.kind, activity.target.name) == (TargetKind.GROUP, "maintainers")
    nobody = one("group_member_added_by_app", initiatedBy={"user": None, "app": None})
    assert nobody.actor.account == "entra:core directory"


@pytest.mark.parametrize(
    ("name", "action", "weakened"),
    [
        ("Delete Conditional Access policy", Action.POLICY_CHANGE, True),
        ("Set federation settings on domain", Action.POLICY_CHANGE, True),
        ("Add named location", Action.POLICY_CHANGE, None),
        ("Disable Strong Authentication", Action.FACTOR_RESET, None),
        ("Update StsRefreshTokenValidFrom Timestamp", Action.SESSION_END, None),
        ("Add service principal", Action.APP_INSTALL, None),
        ("Remove member from role", Action.PRIVILEGE_REVOKE, None),
        ("update application \u2014 certificates  and secrets management",
         Action.TOKEN_CREATE, None),
        ("Add member to role requested (PIM activation)",
         "entra.audit/Add member to role requested (PIM activation)", None),
        ("New in 2030", "entra.audit/New in 2030", None),
    ],
)  # fmt: skip
def test_activities(name: str, action: str, weakened: bool | None) -> None:
    activity = one("federation_set", activityDisplayName=name)
    assert (activity.action, activity.native) == (action, name)
    assert activity.facts.get(facts.WEAKENED) is weakened


def test_the_same_event_within_diagnostic_settings_and_without() -> None:
    event = sample("diagnostic_unknown_activity")
    assert parse(event["properties"])[0].uid == parse(event)[0].uid
    assert parse(event)[0].action == f"{NAME}/Update device"
    records = sample("event_hub_records")
    assert [a.action for a in parse(records)] == [Action.POLICY_CHANGE, Action.TOKEN_CREATE]
    assert [a.position.index for a in parse(records)] == [0, 1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"activityDisplayName": None}, "not_this_source"),
        ({"activityDateTime": None}, "not_this_source"),
        ({"activityDateTime": "9999-12-31T00:00:00Z"}, "bad_time"),
        ({"initiatedBy": None, "loggedByService": None}, "missing_field"),
        ({"targetResources": "x"}, "wrong_type"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as refused:
        one("federation_set", **changes)
    assert refused.value.reason == reason
