"""Anthropic's Compliance API: its kinds of actors, and what weakens an organisation."""

from typing import Any

import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import ActorKind, Outcome, TargetKind
from schemas.sources import RejectedError
from tests.sources.sampled import Sampled

_SAMPLED = Sampled("anthropic.compliance")
sample, parse, one = _SAMPLED.sample, _SAMPLED.parse, _SAMPLED.one


def test_a_login() -> None:
    activity = one("login")
    assert (activity.action, activity.outcome) == (Action.LOGIN, Outcome.SUCCESS)
    assert activity.actor.account == "anthropic:mara@example.com"
    assert activity.actor.kind is ActorKind.PERSON
    assert (activity.origin.ip, activity.origin.client) == ("203.0.113.7", "Chrome/139")
    assert activity.target is not None
    assert activity.target.organization == "org_generated"


def test_a_stranger_is_known_by_address_only() -> None:
    activity = one("login_failed")
    assert (activity.action, activity.outcome) == (Action.LOGIN, Outcome.FAILURE)
    assert activity.actor.account == "anthropic:mara@example.com"
    assert activity.actor.kind is ActorKind.UNKNOWN
    typed = one("login_failed_with_no_address")
    assert typed.actor.account.startswith("anthropic:unknown-")
    assert "typed-in-the-wrong-field" not in repr(typed)


@pytest.mark.parametrize(
    ("actor", "account"),
    [
        ({"type": "api_actor", "api_key_id": "apikey_X"}, "anthropic:apikey_x"),
        (
            {"type": "admin_api_key_actor", "admin_api_key_id": "admin_api_key_X"},
            "anthropic:admin_api_key_x",
        ),
        (
            {"type": "scim_directory_sync_actor", "directory_id": "directory_X"},
            "anthropic:directory_x",
        ),
        ({"type": "anthropic_actor", "email_address": None}, "anthropic:anthropic"),
        ({"type": "new_in_2030_actor"}, "anthropic:new_in_2030"),
    ],
)
def test_what_is_no_user_is_a_service(actor: dict[str, Any], account: str) -> None:
    found = one("login", actor=actor).actor
    assert (found.account, found.kind) == (account, ActorKind.SERVICE)


def test_keys() -> None:
    made = one("api_key_created")
    assert made.action == Action.TOKEN_CREATE
    assert made.facts[facts.SCOPES] == ["api:write", "org:read"]
    used = one("compliance_api_read")
    assert used.action == Action.API_REQUEST
    assert used.outcome is Outcome.FAILURE
    assert used.target is not None
    assert used.target.name == "GET /v1/compliance/organizations/:id/users"
    assert one("compliance_api_read", status_code=200).outcome is Outcome.SUCCESS


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("role_raised", Action.PRIVILEGE_GRANT),
        ("role_lowered", Action.PRIVILEGE_REVOKE),
        ("member_left_by_role", Action.MEMBER_REMOVE),
    ],
)
def test_one_type_tells_of_every_change_of_role(name: str, action: Action) -> None:
    activity = one(name)
    assert activity.action == action
    assert activity.facts[facts.SUBJECT] == "anthropic:new@example.net"


def test_a_member_comes_by_role() -> None:
    activity = one("role_raised", previous_role=None, current_role="user")
    assert (activity.action, activity.facts[facts.SCOPES]) == (Action.MEMBER_ADD, ["user"])


def test_a_directory_puts_somebody_into_a_group() -> None:
    activity = one("group_member_by_scim")
    assert (activity.action, activity.actor.kind) == (Action.MEMBER_ADD, ActorKind.SERVICE)
    assert activity.target is not None
    assert (activity.target.kind, activity.target.name) == (TargetKind.GROUP, "engineering")
    assert activity.facts == {facts.SUBJECT: "anthropic:user_generated2"}


def test_a_tool_server_and_a_plugin() -> None:
    server, plugin = one("mcp_server_created"), one("plugin_enabled")
    assert (server.action, server.facts[facts.SERVER]) == (Action.AGENT_CONNECT, "example-tools")
    assert plugin.action == Action.AGENT_EXTEND
    assert plugin.target is not None
    assert plugin.target.name == "example-plugin"


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("ip_restriction_deleted", Action.POLICY_CHANGE),
        ("single_sign_on_toggled", Action.POLICY_CHANGE),
        ("act_without_asking_on", Action.POLICY_CHANGE),
        ("compliance_logging_off", Action.AUDIT_CHANGE),
    ],
)
def test_what_weakens_a_guard(name: str, action: Action) -> None:
    activity = one(name)
    assert (activity.action, activity.facts[facts.WEAKENED]) == (action, True)


def test_a_switch_goes_both_ways() -> None:
    assert one("single_sign_on_toggled", enabled=True).facts[facts.WEAKENED] is False
    assert facts.WEAKENED not in one("single_sign_on_toggled", enabled=None).facts
    assert one(
        "act_without_asking_on", type="org_cowork_act_without_asking_mode_disabled"
    ).facts == {facts.WEAKENED: False}


def test_an_admin_takes_away_all_devices() -> None:
    activity = one("devices_revoked_by_an_admin")
    assert activity.action == Action.FACTOR_RESET
    assert activity.facts[facts.BY_ADMIN] is True
    assert activity.facts[facts.SUBJECT] == "anthropic:user_generated2"


def test_a_result_says_whether_it_worked() -> None:
    activity = one("github_token_import_rejected")
    assert (activity.action, activity.outcome) == (Action.SECRET_CHANGE, Outcome.FAILURE)
    assert one("github_token_import_rejected", result="imported").outcome is Outcome.SUCCESS


def test_chats_and_files_keep_their_type_and_lose_their_names() -> None:
    assert one("chat_created").action == "anthropic.compliance/claude_chat_created"
    assert "generated-file-name" not in repr(parse(sample("page_of_the_api")))


def test_a_page_is_its_activities() -> None:
    page = sample("page_of_the_api")
    alone = [parse(event)[0].uid for event in page["data"]]
    assert [activity.uid for activity in parse(page)] == alone


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": ""}, "missing_field"),
        ({"created_at": None}, "missing_field"),
        ({"actor": {"login": "mara"}}, "not_this_source"),
        ({"created_at": True}, "wrong_type"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as refused:
        one("login", **changes)
    assert refused.value.reason == reason
