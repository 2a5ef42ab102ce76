"""OneLogin events: from the API and from webhooks."""

from typing import Any

import orjson
import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import ActorKind, Outcome, TargetKind
from schemas.sources import SOURCES, Raw, RejectedError
from tests.sources.sampled import RECEIVED, Sampled

NAME = "onelogin.event"
_SAMPLED = Sampled(NAME)
sample, parse, one = _SAMPLED.sample, _SAMPLED.parse, _SAMPLED.one


def test_a_login() -> None:
    activity = one("login")
    assert (activity.action, activity.native) == (Action.LOGIN, "5")
    assert activity.outcome is Outcome.SUCCESS
    assert activity.actor.account == "onelogin:32000001"
    assert activity.actor.kind is ActorKind.PERSON
    assert activity.actor.email == ""
    assert activity.origin.ip == "203.0.113.7"
    assert activity.facts == {}
    assert activity.event_id == "41000000001"


def test_a_login_from_a_webhook() -> None:
    activity = one("webhook_login")
    assert activity.action == Action.LOGIN
    assert activity.time == 1_788_876_061.0
    assert (activity.origin.client, activity.origin.system) == ("Chrome/139", "macOS")
    assert len(activity.origin.device) == 16
    assert "generatedFingerprint" not in repr(activity)


def test_a_user_without_a_name_is_told_by_address() -> None:
    activity = one("login", actor_user_name="Mara@Example.com")
    assert activity.actor.account == "onelogin:32000001"
    assert activity.actor.email == "mara@example.com"
    unnumbered = one("login", actor_user_id=None, actor_user_name="Mara@Example.com")
    assert unnumbered.actor.account == "onelogin:mara@example.com"


def test_a_login_without_actor_is_of_the_user_concerned() -> None:
    activity = one("login_failed", actor_user_id=None, actor_user_name=None)
    assert activity.actor.account == "onelogin:32000001"
    assert activity.outcome is Outcome.FAILURE
    assert activity.facts == {facts.REASON: "Invalid password"}


def test_an_application_is_opened() -> None:
    activity = one("application_opened")
    assert activity.action == Action.SSO
    assert activity.target is not None
    assert (activity.target.kind, activity.target.name, activity.target.organization) == (
        TargetKind.APPLICATION,
        "GitHub Enterprise",
        "92000",
    )


def test_factors() -> None:
    own, others = one("factor_registered"), one("factor_removed_by_admin")
    assert own.action == Action.FACTOR_ENROLL
    assert own.facts == {facts.FACTOR: "onelogin_protect", facts.BY_ADMIN: False}
    assert others.action == Action.FACTOR_REMOVE
    assert others.facts == {
        facts.FACTOR: "totp",
        facts.BY_ADMIN: True,
        facts.SUBJECT: "onelogin:32000002",
    }


def test_what_an_administrator_does() -> None:
    granted = one("privilege_granted")
    assert granted.action == Action.PRIVILEGE_GRANT
    assert granted.facts[facts.SCOPES] == ["Super user"]
    role = one("role_assigned")
    assert role.action == Action.MEMBER_ADD
    assert role.target is not None
    assert (role.target.kind, role.target.name) == (TargetKind.GROUP, "maintainers")


def test_somebody_assumes_another_user() -> None:
    activity = one("user_assumed")
    assert (activity.action, activity.native) == (Action.SESSION_IMPERSONATE, "3")
    assert activity.facts == {facts.BY_ADMIN: True, facts.SUBJECT: "onelogin:32000002"}


def test_clients_and_systems_act_too() -> None:
    client = one("api_call_by_a_client")
    assert client.actor.account == "onelogin:generatedclient01"
    assert client.actor.kind is ActorKind.SERVICE
    system = one("webhook_directory")
    assert (system.actor.account, system.actor.kind) == ("onelogin:directory", ActorKind.SERVICE)


@pytest.mark.parametrize(
    ("code", "action", "outcome", "weakened"),
    [
        (7, Action.SESSION_END, Outcome.SUCCESS, None),
        (11, Action.PASSWORD_CHANGE, Outcome.SUCCESS, None),
        (13, Action.MEMBER_ADD, Outcome.SUCCESS, None),
        (17, Action.MEMBER_REMOVE, Outcome.SUCCESS, None),
        (69, Action.LOGIN, Outcome.FAILURE, None),
        (74, Action.POLICY_CHANGE, Outcome.SUCCESS, True),
        (75, Action.POLICY_CHANGE, Outcome.SUCCESS, None),
        (158, Action.POLICY_CHANGE, Outcome.SUCCESS, True),
        (179, Action.TOKEN_CREATE, Outcome.SUCCESS, None),
        (182, Action.TOKEN_REVOKE, Outcome.SUCCESS, None),
        (527, Action.MFA_CHALLENGE, Outcome.FAILURE, None),
        (525, f"{NAME}/525", Outcome.FAILURE, None),
        (99999, f"{NAME}/99999", Outcome.SUCCESS, None),
        ("5", Action.LOGIN, Outcome.SUCCESS, None),
    ],
)
def test_event_types(code: int | str, action: str, outcome: Outcome, weakened: bool | None) -> None:
    activity = one("policy_deleted", event_type_id=code)
    assert (activity.action, activity.native) == (action, str(code))
    assert activity.outcome is outcome
    assert activity.facts.get(facts.WEAKENED) is weakened


def test_a_webhook_s_array_and_a_page_of_the_api_hold_several() -> None:
    page = sample("api_page")
    expected = [parse(event)[0].uid for event in page["data"]]
    assert [a.uid for a in parse(page)] == expected
    assert [a.uid for a in parse(page["data"])] == expected
    assert [a.position.index for a in parse(page["data"])] == [0, 1]


def test_a_bad_event_in_an_array_does_not_hide_the_others() -> None:
    raw = Raw(orjson.dumps([{"event_type_id": 5}, 7, sample("login")]), RECEIVED)
    seen: list[object] = []
    with pytest.raises(RejectedError):
        seen.extend(activity.action for activity in SOURCES[NAME].parse(raw))
    assert seen == [Action.LOGIN]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"event_type_id": None}, "not_this_source"),
        ({"created_at": None}, "not_this_source"),
        ({"event_type_id": "login"}, "wrong_type"),
        ({"created_at": "soon"}, "bad_time"),
        ({"ipaddr": 7}, "wrong_type"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as refused:
        one("login", **changes)
    assert refused.value.reason == reason
