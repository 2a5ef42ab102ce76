"""MCP gateway: who called which tool, and none of what was said."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome, TargetKind
from schemas.sources import SOURCES, Raw, RejectedError

SAMPLES = Path(__file__).parent / "samples" / "mcp.gateway"
RECEIVED = 1_790_000_000.0


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())["event"]
    return event


def one(name: str, **changes: Any) -> Activity:
    raw = Raw(orjson.dumps(sample(name) | changes), RECEIVED)
    (activity,) = SOURCES["mcp.gateway"].parse(raw)
    return activity


def test_a_tool_is_called() -> None:
    activity = one("tool_call")
    assert (activity.action, activity.outcome) == (Action.AGENT_TOOL, Outcome.SUCCESS)
    assert activity.actor.account == "mcp:mara@example.com"
    assert activity.actor.kind is ActorKind.AGENT
    assert activity.actor.on_behalf_of == "mcp:mara@example.com"
    assert (activity.origin.ip, activity.origin.client) == ("203.0.113.7", "claude-code/2")
    assert activity.target is not None
    assert (activity.target.kind, activity.target.name) == (
        TargetKind.TOOL,
        "mcp__github__create_issue",
    )
    assert activity.facts[facts.TOOL] == "mcp__github__create_issue"
    assert activity.facts[facts.SERVER] == "github"
    assert len(activity.session) == 16


def test_nothing_that_was_said_gets_through() -> None:
    told = repr([one(path.stem) for path in sorted(SAMPLES.glob("*.json"))])
    for secret in (
        "generated-argument-text",
        "generated-result-text",
        "generated-error-text",
        "generated-session-1",
        "generated-token-id",
        "private key",
        ".ssh",
    ):
        assert secret not in told


def test_of_arguments_the_length_is_kept() -> None:
    assert one("tool_call").facts[facts.ARGUMENT_BYTES] == len(
        b'{"title":"generated-argument-text"}'
    )
    assert one("tool_call_with_a_protocol_error").facts[facts.ARGUMENT_BYTES] == len(b"{}")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("tool_call_that_failed", None), ("tool_call_with_a_protocol_error", "-32602")],
)
def test_failures(name: str, reason: str | None) -> None:
    activity = one(name)
    assert activity.outcome is Outcome.FAILURE
    assert activity.facts.get(facts.REASON) == reason


def test_the_gateway_refuses() -> None:
    activity = one("tool_call_refused")
    assert activity.outcome is Outcome.FAILURE
    assert activity.facts[facts.DECISION] == "reject"
    assert activity.facts[facts.DECIDED_BY] == "policy/writes"
    assert one("tool_call_refused", decision="allow").facts[facts.DECISION] == "accept"


def test_a_client_connects() -> None:
    activity = one("initialize")
    assert activity.action == Action.AGENT_CONNECT
    assert activity.origin.client == "example-agent/3"
    assert activity.facts == {facts.SERVER: "github"}


def test_a_definition_that_changed_has_another_hash() -> None:
    before, after = one("tools_list"), one("tools_list_changed_definition")
    assert before.action == "mcp.gateway/tools/list"
    old, new = (activity.facts[facts.DEFINITIONS] for activity in (before, after))
    assert isinstance(old, list)
    assert isinstance(new, list)
    assert old[0] == new[0]
    assert [one.partition("=")[0] for one in old] == ["create_issue", "list_issues"]
    assert old[1] != new[1]


def test_the_order_of_keys_is_no_change_of_a_definition() -> None:
    event = sample("tools_list")
    tools = event["response"]["result"]["tools"]
    turned = [dict(reversed(tool.items())) for tool in reversed(tools)]
    response = event["response"] | {"result": {"tools": turned, "nextCursor": "x"}}
    assert one("tools_list", response=response).facts == one("tools_list").facts


def test_resources_and_prompts() -> None:
    resource, prompt = one("resource_read"), one("prompt_fetched")
    assert resource.action == prompt.action == Action.AGENT_TOOL
    assert resource.facts[facts.TOOL] == "mcp__filesystem__resources/read"
    assert resource.target is not None
    assert resource.target.kind is TargetKind.OTHER
    assert resource.target.name.startswith("file://#")
    assert prompt.facts[facts.TOOL] == "mcp__github__prompts/review"


@pytest.mark.parametrize(
    ("caller", "account", "kind", "behalf"),
    [
        ({"agent": "Nightly"}, "mcp:agent/nightly", ActorKind.AGENT, ""),
        ({"user": "jon", "kind": "person"}, "mcp:jon", ActorKind.PERSON, ""),
        ({"user": "jon", "agent": "x"}, "mcp:jon", ActorKind.AGENT, "mcp:jon"),
        ({"user": "build", "kind": "service"}, "mcp:build", ActorKind.SERVICE, ""),
        ({"user": "jon", "kind": "new in 2030"}, "mcp:jon", ActorKind.AGENT, "mcp:jon"),
    ],
)
def test_callers(caller: dict[str, str], account: str, kind: ActorKind, behalf: str) -> None:
    actor = one("tool_call", caller=caller).actor
    assert (actor.account, actor.kind, actor.on_behalf_of) == (account, kind, behalf)


def test_a_call_is_known_by_the_gateways_id_or_by_what_it_is() -> None:
    alone = one("tool_call_by_an_agent_alone")
    assert alone.event_id == "gateway-generated-1"
    assert one("tool_call_by_an_agent_alone", time="2026-09-08T11:00:00Z").uid == alone.uid
    first, answered = one("tool_call", response=None), one("tool_call")
    assert first.uid == answered.uid
    assert one("tool_call", session="another").uid != first.uid


def test_other_methods_keep_their_name() -> None:
    assert one("unknown_method").action == "mcp.gateway/sampling/createMessage"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"request": {"method": "tools/call"}}, "not_this_source"),
        ({"request": [{"jsonrpc": "2.0"}]}, "not_this_source"),
        ({"request": {"jsonrpc": "2.0", "id": 1}}, "missing_field"),
        ({"caller": {"ip": "192.0.2.1"}}, "missing_field"),
        ({"server": ""}, "missing_field"),
        ({"time": None}, "missing_field"),
        ({"time": "later"}, "bad_time"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as refused:
        one("tool_call", **changes)
    assert refused.value.reason == reason
