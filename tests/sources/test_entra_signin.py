"""Microsoft Entra ID sign-ins: what comes out of every shape and kind."""

from typing import Any

import orjson
import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import ActorKind, Outcome, TargetKind
from schemas.sources import SOURCES, Raw, RejectedError
from tests.sources.sampled import RECEIVED, Sampled

NAME = "entra.signin"
_SAMPLED = Sampled(NAME)
sample, parse, one = _SAMPLED.sample, _SAMPLED.parse, _SAMPLED.one


def test_a_login() -> None:
    activity = one("graph_beta_login")
    assert (activity.action, activity.native) == (Action.LOGIN, "interactiveUser")
    assert activity.outcome is Outcome.SUCCESS
    actor = activity.actor
    assert (actor.account, actor.email) == ("entra:mara@example.com", "mara@example.com")
    assert actor.kind is ActorKind.PERSON
    origin = activity.origin
    assert (origin.ip, origin.network, origin.country) == ("203.0.113.7", "AS64496", "NL")
    assert (origin.client, origin.system, origin.proxy) == ("Chrome/139", "macOS", False)
    assert activity.target is not None
    assert (activity.target.kind, activity.target.name) == (
        TargetKind.APPLICATION,
        "GitHub Enterprise",
    )
    assert activity.facts == {facts.FACTOR: "push"}
    assert activity.event_id == "00000000-0000-4000-8000-000000000102"


def test_session_and_device_are_told_apart_but_not_told() -> None:
    activity = one("graph_beta_login")
    assert len(activity.session) == len(activity.origin.device) == 16
    assert "000000000300" not in repr(activity)
    assert "000000000070" not in repr(activity)
    assert one("graph_beta_login", sessionId="another").session != activity.session
    assert one("graph_login").session == ""


def test_the_same_session_in_graph_diagnostics_and_log_analytics() -> None:
    seen = [one(name) for name in ("diagnostic_non_interactive", "log_analytics_row")]
    assert {activity.action for activity in seen} == {Action.SSO}
    assert {activity.session for activity in seen} == {one("graph_beta_login").session}
    assert {activity.origin.device for activity in seen} == {one("graph_beta_login").origin.device}
    assert seen[1].facts[facts.FACTOR] == "webauthn"
    assert seen[1].origin.country == "NL"


def test_one_event_is_the_same_within_diagnostic_settings_and_without() -> None:
    inner = sample("diagnostic_legacy_protocol")["properties"]
    assert parse(inner)[0].uid == one("diagnostic_legacy_protocol").uid


@pytest.mark.parametrize(
    ("code", "action", "outcome"),
    [
        (0, Action.LOGIN, Outcome.SUCCESS),
        (50126, Action.LOGIN, Outcome.FAILURE),
        (50053, Action.LOGIN, Outcome.FAILURE),
        (50074, Action.LOGIN, Outcome.UNKNOWN),
        (50140, Action.LOGIN, Outcome.UNKNOWN),
        (65001, Action.LOGIN, Outcome.UNKNOWN),
        (500121, Action.MFA_CHALLENGE, Outcome.FAILURE),
        (None, Action.LOGIN, Outcome.UNKNOWN),
    ],
)
def test_error_codes(code: int | None, action: Action, outcome: Outcome) -> None:
    activity = one("graph_login", status={"errorCode": code})
    assert (activity.action, activity.outcome) == (action, outcome)


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ("MFA denied; user declined the authentication", "denied"),
        ("MFA denied; user did not respond to mobile app notification", "timeout"),
        ("MFA denied; phone app reported fraud", "denied"),
        (None, "500121 Failed."),
    ],
)
def test_how_a_second_factor_failed(details: str | None, reason: str) -> None:
    status = {"errorCode": 500121, "failureReason": "Failed.", "additionalDetails": details}
    assert one("graph_mfa_denied", status=status).facts[facts.REASON] == reason


def test_a_name_the_tenant_does_not_know_is_hashed_as_it_may_be_a_password() -> None:
    activity = one("graph_unknown_user")
    assert activity.actor.account.startswith("entra:unknown-")
    assert "not-a-login" not in repr(activity)
    known = one("graph_unknown_user", userPrincipalName="Eve@example.com")
    assert known.actor.account == "entra:eve@example.com"


def test_a_device_code_from_an_anonymiser() -> None:
    activity = one("graph_device_code")
    assert activity.facts[facts.PROTOCOL] == "deviceCode"
    assert activity.facts[facts.RISK] == "high"
    assert activity.origin.proxy
    transferred = one("graph_device_code", authenticationProtocol="none")
    assert transferred.facts[facts.PROTOCOL] == "deviceCode"


def test_a_legacy_protocol_is_named() -> None:
    activity = one("diagnostic_legacy_protocol")
    assert activity.facts[facts.PROTOCOL] == "imap4"
    assert activity.outcome is Outcome.FAILURE
    assert activity.target is not None
    assert activity.target.organization == "00000000-0000-4000-8000-000000000900"


def test_a_service_principal_uses_the_key_that_the_audit_log_saw_added() -> None:
    used = one("graph_service_principal")
    assert used.action == Action.TOKEN_USE
    assert used.actor.kind is ActorKind.SERVICE
    assert used.actor.account == "entra:00000000-0000-4000-8000-000000000060"
    added = Sampled("entra.audit").one("service_principal_credential_added")
    assert used.facts[facts.TOKEN_ID] == added.facts[facts.TOKEN_ID]


def test_a_managed_identity() -> None:
    activity = one("diagnostic_managed_identity")
    assert (activity.action, activity.native) == (Action.TOKEN_USE, "managedIdentity")


@pytest.mark.parametrize("kind", ["agenticAppInstance", "agenticAppBuilder"])
def test_an_agent_is_an_agent(kind: str) -> None:
    assert one("graph_login", agent={"agentType": kind}).actor.kind is ActorKind.AGENT
    assert one("graph_login", agent={"agentType": "notAgentic"}).actor.kind is ActorKind.PERSON


def test_a_guest_has_no_address() -> None:
    guest = one("graph_login", userPrincipalName="eve_example.org#EXT#@example.com")
    assert guest.actor.account == "entra:eve_example.org#ext#@example.com"
    assert guest.actor.email == ""


def test_a_new_category_keeps_its_name() -> None:
    activity = one("diagnostic_managed_identity", category="NewKindSignInLogs")
    assert activity.action == f"{NAME}/NewKindSignInLogs"


@pytest.mark.parametrize("name", ["graph_page", "event_hub_records"])
def test_wrapped_events_are_the_same_events(name: str) -> None:
    page = sample(name)
    (events,) = [value for value in page.values() if isinstance(value, list)]
    wrapped = parse(page)
    assert [a.uid for a in wrapped] == [parse(event)[0].uid for event in events]
    assert [a.position.index for a in wrapped] == [0, 1]


def test_a_bad_event_in_a_batch_does_not_hide_the_others() -> None:
    raw = Raw(orjson.dumps({"value": [{"id": 1}, None, sample("graph_login")]}), RECEIVED)
    seen: list[object] = []
    with pytest.raises(RejectedError):
        seen.extend(activity.action for activity in SOURCES[NAME].parse(raw))
    assert seen == [Action.LOGIN]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"createdDateTime": None}, "not_this_source"),
        ({"appId": None}, "not_this_source"),
        ({"createdDateTime": "yesterday"}, "bad_time"),
        ({"deviceDetail": 7}, "wrong_type"),
        ({"userPrincipalName": None, "userId": None}, "missing_field"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as refused:
        one("graph_login", **changes)
    assert refused.value.reason == reason


def test_an_event_without_id_is_known_by_its_content() -> None:
    first, again = one("graph_login", id=None), one("graph_login", id=None)
    other = one("graph_login", id=None, ipAddress="192.0.2.1")
    assert first.uid == again.uid != other.uid
