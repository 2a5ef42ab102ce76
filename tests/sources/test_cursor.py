"""Cursor: both shapes of its audit log, and who stands behind `user_email`."""

from typing import Any

import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import ActorKind, Outcome, TargetKind
from schemas.sources import RejectedError
from tests.sources.sampled import Sampled

_SAMPLED = Sampled("cursor.audit")
sample, parse, one = _SAMPLED.sample, _SAMPLED.parse, _SAMPLED.one


def test_a_login() -> None:
    activity = one("login")
    assert (activity.action, activity.outcome) == (Action.LOGIN, Outcome.SUCCESS)
    assert activity.actor.account == "cursor:mara@example.com"
    assert activity.actor.kind is ActorKind.PERSON
    assert activity.actor.email == "mara@example.com"
    assert activity.origin.ip == "203.0.113.7"


def test_the_stream_also_tells_of_failed_logins() -> None:
    activity = one("login_failed_streamed")
    assert (activity.action, activity.outcome) == (Action.LOGIN, Outcome.FAILURE)
    assert activity.native == "login"


def test_an_event_is_the_same_in_both_shapes() -> None:
    flat = sample("role_raised")
    streamed = {
        "metadata": {"id": flat["event_id"], "timestamp": flat["timestamp"]},
        "ip_address": flat["ip_address"],
        "user_email": flat["user_email"],
        flat["event_type"]: flat["event_data"],
    }
    assert parse(streamed) == parse(flat)


def test_a_member_joins() -> None:
    activity = one("member_added_streamed")
    assert activity.action == Action.MEMBER_ADD
    assert activity.facts == {facts.SUBJECT: "cursor:new@example.net", facts.SCOPES: ["member"]}
    assert activity.target is not None
    assert activity.target.organization == "12345"


def test_roles_rise_and_sink() -> None:
    assert one("role_raised").action == Action.PRIVILEGE_GRANT
    assert one("role_raised").facts[facts.SCOPES] == ["owner"]
    assert one("role_lowered").action == Action.PRIVILEGE_REVOKE


@pytest.mark.parametrize(
    ("told", "account", "kind", "behalf"),
    [
        ("Api Key: nightly", "cursor:api-key/nightly", ActorKind.SERVICE, ""),
        ("Service Account: 7", "cursor:service-account/7", ActorKind.SERVICE, ""),
        ("App: 12", "cursor:app/12", ActorKind.SERVICE, ""),
        (
            "Bot: Mara@example.com",
            "cursor:bot/mara@example.com",
            ActorKind.AGENT,
            "cursor:mara@example.com",
        ),
        ("SCIM", "cursor:scim", ActorKind.SERVICE, ""),
        ("hi@cursor.com", "cursor:hi@cursor.com", ActorKind.SERVICE, ""),
        ("unknown", "", ActorKind.UNKNOWN, ""),
        (None, "", ActorKind.UNKNOWN, ""),
    ],
)
def test_who_acts(told: str | None, account: str, kind: ActorKind, behalf: str) -> None:
    actor = one("login", user_email=told).actor
    assert (actor.account, actor.kind, actor.on_behalf_of) == (account, kind, behalf)


def test_a_key_mints_a_token_for_a_member() -> None:
    made, used = one("api_key_created"), one("sub_token_by_a_key")
    assert made.action == used.action == Action.TOKEN_CREATE
    assert made.facts[facts.TOKEN_ID] == used.facts[facts.TOKEN_ID]
    assert used.facts[facts.SUBJECT] == "cursor:mara@example.com"
    assert "key-generated" not in repr((made.facts, used.facts))


def test_tool_servers() -> None:
    activity = one("mcp_server_configured")
    assert activity.action == Action.AGENT_CONNECT
    assert activity.facts == {facts.SERVER: "example-tools"}
    assert activity.target is not None
    assert (activity.target.kind, activity.target.name) == (TargetKind.TOOL, "example-tools")
    assert one("mcp_disconnected").action == "cursor.audit/mcp_authentication.revoke"
    joined = one("mcp_disconnected", event_data={"server_name": "s", "action": ""})
    assert joined.action == Action.AGENT_CONNECT


def test_a_hook_is_known_by_name_and_its_text_stays_outside() -> None:
    activity = one("team_hook_created")
    assert activity.action == Action.AGENT_EXTEND
    assert activity.target is not None
    assert activity.target.name == "check.sh"
    assert "generated-script-text" not in repr(activity)
    assert "generated prompt text" not in repr(activity)


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("privacy_mode_off", Action.POLICY_CHANGE),
        ("single_sign_on_off", Action.POLICY_CHANGE),
        ("telemetry_destination_deleted", Action.AUDIT_CHANGE),
    ],
)
def test_what_weakens_a_guard(name: str, action: Action) -> None:
    activity = one(name)
    assert (activity.action, activity.facts[facts.WEAKENED]) == (action, True)


@pytest.mark.parametrize(
    ("event", "data", "weakened"),
    [
        (
            "privacy_mode",
            {"old_privacy_mode": "disabled", "new_privacy_mode": "enabled"},
            False,
        ),
        ("privacy_mode", {"old_privacy_mode": "strange", "new_privacy_mode": "enabled"}, None),
        ("organization_identity_provider", {"action": "add_domain_join"}, True),
        (
            "organization_identity_provider",
            {
                "action": "set_allow_domain_join",
                "setting_name": "allow_domain_join",
                "new_value": True,
            },
            True,
        ),
        (
            "origin_namespace_ssh_certificate_requirement_changed",
            {"require_certificates": False},
            True,
        ),
        ("protected_git_scope", {"action": "create"}, False),
        ("team_settings", {"setting_name": "team_name"}, None),
    ],
)
def test_guards(event: str, data: dict[str, Any], weakened: bool | None) -> None:
    activity = one("login", event_type=event, event_data=data)
    assert activity.action == Action.POLICY_CHANGE
    assert activity.facts.get(facts.WEAKENED) is weakened


def test_a_bot_pushes_by_force() -> None:
    activity = one("origin_push_by_a_bot")
    assert activity.action == Action.PUSH
    assert activity.actor.kind is ActorKind.AGENT
    assert activity.target is not None
    assert activity.target.repository == "cursor.com/example/widget"
    assert activity.facts[facts.FORCED] is True
    assert activity.facts[facts.REF] == "refs/heads/main"


def test_unknown_types_keep_their_name() -> None:
    assert one("unknown_type").action == "cursor.audit/bugbot_team_rule.archive"
    assert (
        one("login", event_type="new_in_2030", event_data={}).action == "cursor.audit/new_in_2030"
    )


def test_a_page_is_its_events() -> None:
    page = sample("page_of_the_api")
    alone = [parse(event)[0].uid for event in page["events"]]
    assert [activity.uid for activity in parse(page)] == alone
    assert [activity.position.index for activity in parse(page)] == [0, 1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"event_type": None}, "not_this_source"),
        ({"timestamp": None}, "missing_field"),
        ({"timestamp": "soon"}, "bad_time"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as refused:
        one("login", **changes)
    assert refused.value.reason == reason
