"""MCP gateway: calls of the Model Context Protocol with who made them.

MCP has no audit log; what a gateway or proxy sees is a JSON-RPC 2.0 request, and only it knows the
caller. The record is this project's own, for gateways to write, one request a record:

    {"time": "2026-09-08T10:01:00Z",               when the gateway got the request
     "id": "…",                                    the gateway's id of the record, optional
     "caller": {"user": "mara@example.com",        on whose behalf; login or address
                "agent": "claude-code",            which agent; at least one of the two
                "kind": "agent",                   person, service or agent (the default)
                "ip": "192.0.2.7", "user_agent": "claude-code/2.1",
                "token_id": "…"},                  id of the credential, kept as a hash
     "server": "github",                           name of the tool server
     "session": "…",                               Mcp-Session-Id, kept as a hash
     "decision": "reject", "decided_by": "policy", the gateway's own verdict, optional
     "request": {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "…", …}},
     "response": {"jsonrpc": "2.0", "id": 7, "result": {…}}}   optional

A user with an agent is the agent at work on the user's account, as in the Claude Code parser; an
agent without a user is an account of its own, `mcp:agent/<name>`.

Nothing that was asked or answered is kept: of a tool's arguments only their length, of an error
only its code, of a resource's address only scheme and host with a hash of the rest. Of a list of
tools each tool's definition is kept as a hash, so that a definition that changes after it was
approved can be seen.

Reference: https://modelcontextprotocol.io/specification/2025-06-18
"""

from functools import lru_cache

import orjson

from schemas.action import Action
from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Origin,
    Outcome,
    Target,
    TargetKind,
    digest,
    pseudonym,
)
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.fields import (
    address_of,
    client_of,
    event_time,
    fold,
    load,
    lower,
    mapping,
    network_of,
    text,
)
from schemas.sources.mcp_facts import Json, facts_of, failed, resource_of, tool_of

NAME = "mcp.gateway"
_CACHED = 65_536
ACTIONS: dict[str, Action] = {
    "initialize": Action.AGENT_CONNECT,
    "tools/call": Action.AGENT_TOOL,
    "resources/read": Action.AGENT_TOOL,
    "prompts/get": Action.AGENT_TOOL,
}
_KINDS = {
    "person": ActorKind.PERSON,
    "service": ActorKind.SERVICE,
    "bot": ActorKind.BOT,
    "agent": ActorKind.AGENT,
}


def parse(raw: Raw) -> list[Activity]:
    """One record -> one activity.

    Raises:
        RejectedError: as `fields.load`; `not_this_source` without a JSON-RPC 2.0 request;
            `missing_field` without time, caller, server or method; `wrong_type`, `bad_time`.
    """
    record = load(raw)
    if "request" not in record:
        record = fold(record)
    request = mapping(record.get("request"))
    if request.get("jsonrpc") != "2.0":
        raise RejectedError("not_this_source", "no JSON-RPC 2.0 request")
    method, server = text(request.get("method")), text(record.get("server"))
    told, caller = record.get("time"), mapping(record.get("caller"))
    actor = _actor(lower(caller.get("user")), lower(caller.get("agent")), lower(caller.get("kind")))
    if not method or not server or told is None or actor is None:
        raise RejectedError("missing_field", "no time, caller, server or method")
    params, response = mapping(request.get("params")), mapping(record.get("response"))
    tool = tool_of(method, server, params)
    session, event_id = text(record.get("session")), text(record.get("id"))
    return [
        Activity(
            _uid(event_id, f"{actor.account}\n{server}\n{session}\n{text(told)}", request),
            event_time(told, raw.received),
            raw.received,
            NAME,
            ACTIONS.get(method) or f"{NAME}/{method}",
            method,
            actor,
            _target(method, tool or server, params),
            _origin(caller, params),
            _pseudonym(session),
            Outcome.FAILURE if failed(record, response) else Outcome.SUCCESS,
            facts_of(method, tool, record, params, response),
            event_id,
            raw.position,
        )
    ]


def _uid(event_id: str, where: str, request: Json) -> int:
    """From the gateway's id; without one from who, where, when and the request."""
    if event_id:
        return digest(NAME, event_id)
    return digest(NAME, where, orjson.dumps(request, option=orjson.OPT_SORT_KEYS))


def _target(method: str, tool: str, params: Json) -> Target:
    if method == "resources/read":
        return Target(TargetKind.OTHER, resource_of(text(params.get("uri"))))
    return Target(TargetKind.TOOL, tool)


@lru_cache(_CACHED)
def _actor(user: str, agent: str, kind: str) -> Actor | None:
    known = _KINDS.get(kind, ActorKind.AGENT)
    if user:
        login = f"mcp:{user}"
        behalf = login if known is ActorKind.AGENT else ""
        return Actor(login, "", known, user if "@" in user else "", behalf)
    return Actor(f"mcp:agent/{agent}", "", known) if agent else None


def _origin(caller: Json, params: Json) -> Origin:
    info = mapping(params.get("clientInfo"))
    program = text(info.get("name"))
    agent = f"{program}/{text(info.get('version'))}" if program else ""
    return _origin_of(
        text(caller.get("ip")), text(caller.get("user_agent")) or agent or text(caller.get("agent"))
    )


@lru_cache(_CACHED)
def _origin_of(ip: str, agent: str) -> Origin:
    client, system = client_of(agent)
    return Origin(address_of(ip), network_of(ip), "", client, system)


_pseudonym = lru_cache(_CACHED)(pseudonym)


def recognises(record: dict[str, object]) -> bool:
    """A JSON-RPC request beside its caller."""
    request = mapping(record.get("request"))
    return "jsonrpc" in request and "method" in request and "caller" in record


SOURCE = Source(
    name=NAME,
    kind="ai",
    title="MCP gateway: calls with their callers",
    reference="https://modelcontextprotocol.io/specification/2025-06-18",
    parse=parse,
    actions=frozenset(ACTIONS),
    recognises=recognises,
)
