"""What detectors need to know of a call of the Model Context Protocol, and none of its content.

Reference: https://modelcontextprotocol.io/specification/2025-06-18/server/tools
"""

from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import orjson

from schemas.activity import Fact, digest, pseudonym
from schemas.facts import (
    ARGUMENT_BYTES,
    DECIDED_BY,
    DECISION,
    DEFINITIONS,
    REASON,
    SERVER,
    TOKEN_ID,
    TOOL,
)
from schemas.sources.fields import flag, items, lower, mapping, text, token_of

Json = dict[str, object]

_CACHED: Final = 65_536
_MAX_DEFINITIONS: Final = 128
# What a tool is, as far as a model and a person who approves it can tell.
_DEFINING: Final = (
    "name",
    "title",
    "description",
    "inputSchema",
    "inputschema",
    "outputSchema",
    "outputschema",
    "annotations",
)
_REFUSED: Final = frozenset({"reject", "deny", "denied", "block", "blocked"})


def tool_of(method: str, server: str, params: Json) -> str:
    """`mcp__<server>__<tool>`, as Claude Code names it; "" where no tool is used.

    Prompts and resources are what a server offers beside tools: `prompts/<name>`,
    `resources/read`.
    """
    if method == "tools/call":
        return f"mcp__{server}__{text(params.get('name'))}"
    if method == "prompts/get":
        return f"mcp__{server}__prompts/{text(params.get('name'))}"
    if method == "resources/read":
        return f"mcp__{server}__resources/read"
    return ""


@lru_cache(_CACHED)
def resource_of(uri: str) -> str:
    """A resource's scheme and host, and a hash of all of it: `file://#8b55d2d0c39c0f47`."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        return f"#{pseudonym(uri)}"
    return f"{parts.scheme}://{host}#{pseudonym(uri)}"


def failed(record: Json, response: Json) -> bool:
    """Did the gateway refuse, the protocol fail, or the tool say that it failed."""
    result = mapping(response.get("result"))
    return (
        lower(record.get("decision")) in _REFUSED
        or isinstance(response.get("error"), dict)
        or flag(result.get("isError", result.get("iserror"))) is True
    )


def facts_of(method: str, tool: str, record: Json, params: Json, response: Json) -> dict[str, Fact]:
    """Facts of a call, keys as in `schemas.facts`."""
    facts: dict[str, Fact] = {SERVER: text(record.get("server"))}
    if tool:
        facts[TOOL] = tool
    if method == "tools/call":
        facts[ARGUMENT_BYTES] = len(orjson.dumps(params.get("arguments") or {}))
    elif method == "tools/list" and (tools := items(mapping(response.get("result")).get("tools"))):
        facts[DEFINITIONS] = definitions(tools)
    if token := text(mapping(record.get("caller")).get("token_id")):
        facts[TOKEN_ID] = token_of(token)
    if decision := lower(record.get("decision")):
        facts[DECISION] = "reject" if decision in _REFUSED else "accept"
        facts[DECIDED_BY] = text(record.get("decided_by"))
    if code := text(mapping(response.get("error")).get("code")):
        facts[REASON] = code
    return facts


def definitions(tools: list[object]) -> list[str]:
    """`<tool>=<hash of its definition>` of each tool, sorted, at most 128."""
    found: set[str] = set()
    for one in tools:
        tool = mapping(one)
        if name := text(tool.get("name")):
            told = {field: tool[field] for field in _DEFINING if field in tool}
            content = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
            found.add(f"{name}={digest('definition', content):016x}")
    return sorted(found)[:_MAX_DEFINITIONS]
