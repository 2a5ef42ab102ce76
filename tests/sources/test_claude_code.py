"""Claude Code's events: who is at the account, what was allowed, and nothing that was typed."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome, TargetKind
from schemas.sources import SOURCES, Raw, RejectedError

SAMPLES = Path(__file__).parent / "samples" / "claude_code.otel"
RECEIVED = 1_790_000_000.0
ACCOUNT = "claude_code:mara@example.com"


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())["event"]
    return event


def parse(event: dict[str, Any]) -> list[Activity]:
    return list(SOURCES["claude_code.otel"].parse(Raw(orjson.dumps(event), RECEIVED)))


def flat(**changes: Any) -> Activity:
    """A decision on a tool, flattened, with other attributes; None takes one away."""
    event = sample("flattened") | {key.replace("__", "."): v for key, v in changes.items()}
    (activity,) = parse({key: value for key, value in event.items() if value is not None})
    return activity


def command(text: str, tool: str = "Bash") -> Activity:
    parameters = json.dumps({"bash_command": text.partition(" ")[0], "full_command": text})
    return flat(tool_name=tool, tool_parameters=parameters)


def test_a_script_at_the_terminal_is_told_from_a_person() -> None:
    assert flat(terminal__type="non-interactive").facts[facts.INTERACTIVE] is False
    assert facts.INTERACTIVE not in flat(terminal__type="vscode").facts


def test_a_session() -> None:
    prompt, request, decision, result, error = parse(sample("session"))
    assert [a.action for a in (prompt, request, decision, result, error)] == [
        Action.AGENT_PROMPT,
        Action.AGENT_REQUEST,
        Action.AGENT_DECISION,
        Action.AGENT_TOOL,
        Action.AGENT_REQUEST,
    ]
    assert len({a.session for a in (prompt, request, decision, result, error)}) == 1
    assert request.facts == {facts.MODEL: "claude-sonnet-5", facts.COST_USD: 0.0123}
    assert result.facts == {
        facts.TOOL: "Bash",
        facts.DECISION: "accept",
        facts.DECIDED_BY: "user_temporary",
    }
    assert error.outcome is Outcome.FAILURE
    assert error.facts[facts.REASON] == "529"
    assert result.target is not None
    assert (result.target.kind, result.target.name) == (TargetKind.TOOL, "Bash")


def test_the_person_prompts_and_the_agent_acts_for_the_person() -> None:
    prompt, request, *_ = parse(sample("session"))
    assert prompt.actor.account == request.actor.account == ACCOUNT
    assert (prompt.actor.kind, prompt.actor.on_behalf_of) == (ActorKind.PERSON, "")
    assert (request.actor.kind, request.actor.on_behalf_of) == (ActorKind.AGENT, ACCOUNT)


def test_nothing_that_was_typed_or_run_is_kept() -> None:
    for path in sorted(SAMPLES.glob("*.json")):
        told = repr(parse(json.loads(path.read_text())["event"]))
        for typed in ("prompt text", "generated-path", "skip-permissions", "c0de", "-p generated"):
            assert typed not in told


def test_where_it_ran() -> None:
    origin = parse(sample("session"))[0].origin
    assert (origin.client, origin.system) == ("claude-code/2", "macOS")
    assert len(origin.device) == 16
    assert flat(user__id="another-installation").origin.device != origin.device
    assert flat(identity__source="gateway-oidc").origin.device == ""  # then it is the person's id


@pytest.mark.parametrize(
    ("attributes", "account"),
    [
        ({"user__email": None, "enduser__id": "Jon@example.com"}, "claude_code:jon@example.com"),
        ({"user__email": None}, "claude_code:00000000-0000-4000-8000-000000000001"),
        (
            {"user__email": None, "user__account_uuid": None},
            "claude_code:generated-installation",
        ),
    ],
)
def test_accounts_without_an_address(attributes: dict[str, Any], account: str) -> None:
    assert flat(**attributes).actor.account == account


def test_permission_prompts_are_switched_off() -> None:
    (activity,) = parse(sample("permission_mode_bypassed"))
    assert activity.action == Action.AGENT_PERMISSION
    assert activity.actor.kind is ActorKind.PERSON
    assert activity.facts == {
        facts.MODE: "bypassPermissions",
        facts.PREVIOUS_MODE: "default",
        facts.UNGUARDED: True,
        facts.REASON: "shift_tab",
    }


def test_permission_prompts_are_back() -> None:
    activity = flat(
        event__name="permission_mode_changed", from_mode="bypassPermissions", to_mode="plan"
    )
    assert activity.facts[facts.UNGUARDED] is False


@pytest.mark.parametrize(
    "text",
    [
        "claude --dangerously-skip-permissions -p x",
        "q chat --trust-all-tools --no-interactive",
        "gemini --yolo",
        "codex exec --dangerously-bypass-approvals-and-sandbox x",
        "claude --permission-mode bypassPermissions",
        "claude --permission-mode=bypassPermissions",
        "cd /tmp && gemini --yolo",
    ],
)
def test_a_command_that_starts_an_unguarded_agent(text: str) -> None:
    activity = command(text)
    assert activity.facts[facts.UNGUARDED] is True
    assert activity.facts[facts.MODE] == "bypassPermissions"


@pytest.mark.parametrize("text", ["ls", "tool --yolo-mode", "claude --permission-mode plan"])
def test_other_commands_say_nothing_of_it(text: str) -> None:
    assert facts.UNGUARDED not in command(text).facts


def test_a_file_that_names_the_option_is_no_command() -> None:
    assert facts.UNGUARDED not in command("claude --yolo", tool="Write").facts


def test_a_decision_by_configuration_is_told_but_is_no_bypass() -> None:
    activity = flat()
    assert activity.facts == {
        facts.TOOL: "Read",
        facts.DECISION: "accept",
        facts.DECIDED_BY: "config",
    }


def test_tool_servers() -> None:
    named, hidden, refused = parse(sample("tool_servers"))
    assert named.action == hidden.action == Action.AGENT_CONNECT
    assert named.facts[facts.SERVER] == "issues"
    assert hidden.facts[facts.SERVER] == "user/http"
    assert (named.outcome, hidden.outcome) == (Outcome.SUCCESS, Outcome.FAILURE)
    assert refused.facts[facts.TOOL] == "mcp__issues__close"
    assert refused.facts[facts.SERVER] == "issues"
    assert refused.outcome is Outcome.FAILURE
    gone = flat(event__name="mcp_server_connection", status="disconnected")
    assert gone.action == "claude_code.otel/mcp_server_connection.disconnected"


def test_extensions() -> None:
    hook, plugin, skill, ran = parse(sample("extensions"))
    assert {a.action for a in (hook, plugin, skill)} == {Action.AGENT_EXTEND}
    assert [a.target and a.target.name for a in (hook, plugin, skill)] == [
        "hook/PreToolUse@projectSettings",
        "plugin/third-party@third-party",
        "skill/custom_skill@projectSettings",
    ]
    assert ran.action == "claude_code.otel/hook_execution_complete"


def test_logins() -> None:
    (activity,) = parse(sample("flattened_attributes"))
    assert activity.action == Action.LOGIN
    assert activity.actor.kind is ActorKind.PERSON
    assert flat(event__name="auth", action="logout").action == Action.SESSION_END
    failed = flat(event__name="auth", action="login", success="false", decision=None)
    assert failed.outcome is Outcome.FAILURE


def test_other_programs_in_the_same_export_are_left_out() -> None:
    event = sample("session")
    other: dict[str, Any] = {
        "resource": {"attributes": []},
        "scopeLogs": [{"logRecords": [{"body": {"stringValue": "other"}, "attributes": []}]}],
    }
    event["resourceLogs"].insert(0, other)
    assert len(parse(event)) == 5
    with pytest.raises(RejectedError, match="not_this_source"):
        parse({"resourceLogs": [other]})


def test_an_export_that_does_not_keep_to_its_types_is_read_all_the_same() -> None:
    event = sample("session")
    kept = parse(event)
    first = event["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    first["attributes"] += [None, {"key": 7}, {"key": "x", "value": "bare"}]
    assert parse(event) == kept


def test_a_bad_event_does_not_hide_the_others() -> None:
    event = sample("session")
    first = event["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    first["attributes"] = [a for a in first["attributes"] if not a["key"].startswith("user.")]
    seen: list[object] = []
    with pytest.raises(RejectedError, match="missing_field"):
        seen.extend(
            activity.position.index
            for activity in SOURCES["claude_code.otel"].parse(Raw(orjson.dumps(event), RECEIVED))
        )
    assert seen == [1, 2, 3, 4]


def test_the_record_has_a_time_of_its_own() -> None:
    event = sample("permission_mode_bypassed")
    log = event["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    (kept,) = parse(event)
    log["attributes"] = [a for a in log["attributes"] if a["key"] != "event.timestamp"]
    assert parse(event)[0].time == kept.time
    log["timeUnixNano"] = "0"  # unknown, says OTLP
    assert parse(event)[0].time == kept.time
    del log["observedTimeUnixNano"]
    with pytest.raises(RejectedError, match="missing_field"):
        parse(event)


def test_a_resumed_session_that_counts_anew_repeats_no_event() -> None:
    first = flat()
    assert flat().uid == first.uid
    assert flat(event__timestamp="2026-09-08T13:59:00.000Z").uid != first.uid
    assert flat(event__sequence=100).uid != first.uid
