"""Facts of Claude Code's events, and the only look at what a command says."""

import re

import orjson

from schemas.activity import Fact, Target
from schemas.facts import (
    COST_USD,
    DECIDED_BY,
    DECISION,
    INTERACTIVE,
    MODE,
    MODEL,
    PREVIOUS_MODE,
    REASON,
    SERVER,
    TOOL,
    UNGUARDED,
)
from schemas.sources.fields import mapping, number, text
from schemas.sources.otlp import Json

_BYPASS = "bypassPermissions"
# The options that switch off permission prompts: Claude Code, Gemini CLI and others, Amazon Q,
# Codex CLI, Copilot CLI.
_UNGUARDED = re.compile(
    r"(?<![\w-])(?:"
    r"--dangerously-skip-permissions|--allow-dangerously-skip-permissions|--yolo"
    r"|--trust-all-tools|--dangerously-bypass-approvals-and-sandbox|--allow-all-tools"
    rf"|--permission-mode[ =\\\"']+{_BYPASS}"
    r")(?![\w-])"
)
_COMMANDS = ("tool_parameters", "tool_input", "full_command", "bash_command")
_SHELLS = frozenset({"Bash", "PowerShell", "Shell"})
_MCP = "mcp__"
_REASONS = ("error_type", "error_code", "status_code", "error_category", "trigger")


def facts_of(event: str, log: Json, target: Target | None) -> dict[str, Fact]:
    """Facts of an event upon a target, keys as in `schemas.facts`."""
    facts: dict[str, Fact] = {}
    match event:
        case "tool_result" | "tool_decision":
            tool = target.name if target else ""
            _decided(facts, tool, log)
            if _starts_unguarded(tool, log):
                facts[UNGUARDED], facts[MODE] = True, _BYPASS
        case "permission_mode_changed":
            facts[MODE] = text(log.get("to_mode"))
            facts[PREVIOUS_MODE] = text(log.get("from_mode"))
            facts[UNGUARDED] = facts[MODE] == _BYPASS
        case "mcp_server_connection":
            facts[SERVER] = target.name if target else server_of(log)
    if log.get("terminal.type") == "non-interactive":
        facts[INTERACTIVE] = False
    if model := text(log.get("model")):
        facts[MODEL] = model
    cost = number(log.get("cost_usd"))
    if cost is not None:
        facts[COST_USD] = cost
    reason = ""
    if not log.keys().isdisjoint(_REASONS):
        reason = next(field for field in _REASONS if field in log)
    if reason or event == "api_refusal":
        facts[REASON] = text(log.get(reason)) or "refusal"
    return facts


def _decided(facts: dict[str, Fact], tool: str, log: Json) -> None:
    facts[TOOL] = tool
    if tool.startswith(_MCP):
        facts[SERVER] = tool[len(_MCP) :].partition("__")[0]
    if decision := text(log.get("decision") or log.get("decision_type")):
        facts[DECISION] = decision
        facts[DECIDED_BY] = text(log.get("source") or log.get("decision_source"))


def _starts_unguarded(tool: str, log: Json) -> bool:
    """Does a command start an AI tool with its permission prompts switched off."""
    if tool in _SHELLS:
        for field in _COMMANDS:
            if isinstance(told := log.get(field), str) and "--" in told and _UNGUARDED.search(told):
                return True
    return False


def tool_of(log: Json) -> str:
    """Name of the tool, of one on a tool server `mcp__<server>__<tool>` where both are told."""
    name = text(log.get("tool_name"))
    if name == "mcp_tool":  # the name is hidden unless the operator logs tool details
        told = _parameters(log)
        server, tool = text(told.get("mcp_server_name")), text(told.get("mcp_tool_name"))
        if server and tool:
            return f"{_MCP}{server}__{tool}"
    return name


def server_of(log: Json) -> str:
    """The tool server's name; where it is hidden, what distinguishes it best."""
    if name := text(log.get("server_name")):
        return name
    if plugin := text(log.get("plugin_id_hash")):
        return f"plugin:{plugin}"
    return f"{text(log.get('server_scope'))}/{text(log.get('transport_type'))}"


def _parameters(log: Json) -> Json:
    told = log.get("tool_parameters")
    if not isinstance(told, str):
        return mapping(told)
    try:
        return mapping(orjson.loads(told))
    except orjson.JSONDecodeError:  # cut off by the exporter
        return {}
