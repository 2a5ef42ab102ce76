"""Google Workspace: one activity for each event, with what its parameters tell."""

from typing import Any

import orjson
import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome, TargetKind
from schemas.sources import SOURCES, Raw, RejectedError
from tests.sources.sampled import RECEIVED, Sampled

NAME = "google_workspace.activity"
_SAMPLED = Sampled(NAME)
sample, parse, one = _SAMPLED.sample, _SAMPLED.parse, _SAMPLED.one


def admin(event: str, **parameters: str) -> Activity:
    told = [{"name": name, "value": value} for name, value in parameters.items()]
    return one("role_assigned", events=[{"name": event, "parameters": told}])


def test_a_login() -> None:
    activity = one("login_success")
    assert (activity.action, activity.native) == (Action.LOGIN, "login.login_success")
    assert activity.outcome is Outcome.SUCCESS
    assert activity.actor.account == "google_workspace:mara@example.com"
    assert activity.actor.kind is ActorKind.PERSON
    origin = activity.origin
    assert (origin.ip, origin.network, origin.country) == ("203.0.113.7", "AS64496", "NL")
    assert activity.facts == {facts.FACTOR: "push"}  # of the challenges the one that decided
    assert activity.time == pytest.approx(1_788_868_801.001)


def test_a_login_that_fails() -> None:
    activity = one("login_failure")
    assert (activity.action, activity.outcome) == (Action.LOGIN, Outcome.FAILURE)
    assert activity.facts[facts.REASON] == "login_failure_invalid_password"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("passed", Outcome.SUCCESS),
        ("Challenge Passed.", Outcome.SUCCESS),
        ("incorrect_answer_entered", Outcome.FAILURE),
        ("", Outcome.UNKNOWN),
    ],
)
def test_a_challenge(status: str, outcome: Outcome) -> None:
    event = sample("login_challenge_failed")
    event["events"][0]["parameters"][1]["value"] = status
    (activity,) = parse(event)
    assert (activity.action, activity.outcome) == (Action.MFA_CHALLENGE, outcome)
    assert activity.facts[facts.FACTOR] == "push"


def test_a_second_factor_and_a_way_to_recover() -> None:
    assert one("login_verification").facts[facts.FACTOR] == "webauthn"
    assert one("two_step_disabled").action == Action.FACTOR_REMOVE
    changed = one("recovery_email_changed")
    assert changed.action == Action.FACTOR_ENROLL
    assert changed.facts == {facts.FACTOR: "recovery_email"}


def test_an_application_is_opened_by_saml() -> None:
    activity = one("saml_login")
    assert (activity.action, activity.native) == (Action.SSO, "saml.login_success")
    assert activity.target is not None
    assert (activity.target.kind, activity.target.name) == (
        TargetKind.APPLICATION,
        "GitHub Enterprise",
    )


def test_a_grant_to_an_application_is_of_one_user() -> None:
    activity = one("token_authorized")
    assert activity.action == Action.TOKEN_CREATE
    assert activity.facts[facts.SCOPES] == [
        "https://mail.google.com/",
        "https://www.googleapis.com/auth/userinfo.email",
    ]
    jon = one("token_authorized", actor={"callerType": "USER", "email": "jon@example.com"})
    assert jon.facts[facts.TOKEN_ID] != activity.facts[facts.TOKEN_ID]
    revoked = sample("token_authorized")
    revoked["events"][0]["name"] = "revoke"
    assert parse(revoked)[0].action == Action.TOKEN_REVOKE
    assert parse(revoked)[0].facts[facts.TOKEN_ID] == activity.facts[facts.TOKEN_ID]


def test_domain_wide_delegation() -> None:
    activity = one("domain_wide_delegation")
    assert activity.action == Action.TOKEN_CREATE
    assert activity.facts[facts.SCOPES] == [
        "https://www.googleapis.com/auth/admin.directory.user",
        "https://www.googleapis.com/auth/drive",
    ]


def test_what_an_administrator_does_to_somebody() -> None:
    activity = one("role_assigned")
    assert activity.action == Action.PRIVILEGE_GRANT
    assert activity.facts == {
        facts.BY_ADMIN: True,
        facts.SUBJECT: "google_workspace:jon@example.com",
        facts.SCOPES: ["_SEED_ADMIN_ROLE"],
    }
    assert one("two_step_turned_off_by_admin").action == Action.FACTOR_RESET


@pytest.mark.parametrize(
    ("event", "value", "action", "weakened"),
    [
        ("ENFORCE_STRONG_AUTHENTICATION", "false", Action.POLICY_CHANGE, True),
        ("ENFORCE_STRONG_AUTHENTICATION", "true", Action.POLICY_CHANGE, False),
        ("TOGGLE_SSO_ENABLED", "strange", Action.POLICY_CHANGE, None),
        ("ADD_TRUSTED_DOMAINS", "", Action.POLICY_CHANGE, True),
        ("REMOVE_TRUSTED_DOMAINS", "", Action.POLICY_CHANGE, False),
        ("CHANGE_SESSION_LENGTH", "1", Action.POLICY_CHANGE, None),
        ("DELETE_RULE", "", Action.AUDIT_CHANGE, True),
        ("RESET_SIGNIN_COOKIES", "", Action.SESSION_END, None),
        ("REVOKE_ASP", "", Action.TOKEN_REVOKE, None),
        ("CHANGE_FIRST_NAME", "", f"{NAME}/admin.CHANGE_FIRST_NAME", None),
    ],
)
def test_settings(event: str, value: str, action: str, weakened: bool | None) -> None:
    activity = admin(event, NEW_VALUE=value, DOMAIN_NAME="example.com")
    assert (activity.action, activity.native) == (action, f"admin.{event}")
    assert activity.facts.get(facts.WEAKENED) is weakened


def test_access_denied_by_a_policy() -> None:
    denied = sample("login_success")
    denied["id"]["applicationName"] = "context_aware_access"
    denied["events"] = [
        {
            "name": "ACCESS_DENY_EVENT",
            "parameters": [{"name": "CAA_APPLICATION", "value": "Drive"}],
        }
    ]
    (activity,) = parse(denied)
    assert (activity.action, activity.outcome) == (Action.POLICY_EVALUATE, Outcome.FAILURE)
    assert activity.target is not None
    assert (activity.target.kind, activity.target.name) == (TargetKind.APPLICATION, "Drive")


def test_each_event_of_an_activity_is_one() -> None:
    activities = parse(sample("several_events"))
    assert [a.action for a in activities] == [
        Action.MEMBER_ADD,
        Action.PRIVILEGE_GRANT,
        f"{NAME}/admin.CHANGE_APPLICATION_SETTING",
    ]
    assert [a.position.index for a in activities] == [0, 1, 2]
    assert len({a.uid for a in activities}) == 3
    assert len({a.event_id for a in activities}) == 1


def test_a_single_event_where_the_list_was_is_the_same_event() -> None:
    event = sample("split_by_a_collector")
    assert parse(event)[0].uid == parse(event | {"events": [event["events"]]})[0].uid
    assert parse(event)[0].action == Action.SESSION_END


def test_a_page_of_activities() -> None:
    login, warning = parse(sample("page"))
    assert login.action == Action.LOGIN
    assert login.facts[facts.RISK] == warning.facts[facts.RISK] == "high"
    assert warning.action == f"{NAME}/login.suspicious_login"


def test_a_bad_activity_on_a_page_does_not_hide_the_others() -> None:
    page = sample("page")
    page["items"][:0] = [None, {"id": {"applicationName": "login"}}]
    seen: list[object] = []
    with pytest.raises(RejectedError):
        seen.extend(a.action for a in SOURCES[NAME].parse(Raw(orjson.dumps(page), RECEIVED)))
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("actor", "account", "kind"),
    [
        ({"key": "SYSTEM"}, "google_workspace:system", ActorKind.SERVICE),
        ({"email": "x@p.iam.gserviceaccount.com"},
         "google_workspace:x@p.iam.gserviceaccount.com", ActorKind.SERVICE),
        ({"profileId": "1"}, "google_workspace:1", ActorKind.UNKNOWN),
    ],
)  # fmt: skip
def test_actors(actor: dict[str, str], account: str, kind: ActorKind) -> None:
    activity = one("service_account", actor=actor)
    assert (activity.actor.account, activity.actor.kind) == (account, kind)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "not_this_source"),
        ({"id": {"applicationName": "login"}}, "wrong_type"),
        ({"events": []}, "missing_field"),
        ({"actor": {}}, "missing_field"),
        ({"events": [{"parameters": []}]}, "missing_field"),
        ({"events": "x"}, "wrong_type"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as refused:
        one("login_success", **changes)
    assert refused.value.reason == reason
