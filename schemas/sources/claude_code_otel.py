"""Claude Code's OpenTelemetry events: OTLP/JSON log exports, or records flattened by an exporter.

Claude Code acts with its user's own account, so the account is the person's in every event; what
differs is who is at it: prompts, logins and changes of the permission mode are the person's, calls
of tools and of the model are the agent's, on the person's behalf. Without a Claude account (API
key, cloud providers) the operator names the user with `enduser.id`; failing that, the installation
stands for the user.

Nothing that was typed or run is kept: prompts, commands, tool inputs, error messages and file
paths are dropped here. Only whether a command starts an AI tool with its permission prompts
switched off is kept, as `facts.UNGUARDED`. A decision with source `config` is no such sign: it is
also what every read of a file gets, so it is told as `facts.DECIDED_BY` alone.
"""

from collections.abc import Iterator
from functools import lru_cache

from schemas.action import Action
from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Origin,
    Outcome,
    Position,
    Target,
    TargetKind,
    digest,
    pseudonym,
)
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.batches import each
from schemas.sources.claude_code_facts import facts_of, server_of, tool_of
from schemas.sources.fields import client_of, event_time, lower, text
from schemas.sources.otlp import Json, log_records, read_logs

_NAME = "claude_code.otel"
_PREFIX = "claude_code."
_CACHED = 65_536
_IDS = ("tool_use_id", "request_id", "prompt.id")
_USERS = ("enduser.id", "user.account_uuid", "user.account_id", "user.id")
EVENTS: dict[str, Action] = {
    "user_prompt": Action.AGENT_PROMPT,
    "api_request": Action.AGENT_REQUEST,
    "api_error": Action.AGENT_REQUEST,
    "api_refusal": Action.AGENT_REQUEST,
    "tool_result": Action.AGENT_TOOL,
    "tool_decision": Action.AGENT_DECISION,
    "permission_mode_changed": Action.AGENT_PERMISSION,
    "mcp_server_connection": Action.AGENT_CONNECT,
    "hook_registered": Action.AGENT_EXTEND,
    "plugin_loaded": Action.AGENT_EXTEND,
    "plugin_installed": Action.AGENT_EXTEND,
    "skill_activated": Action.AGENT_EXTEND,
}
_BY_PERSON = frozenset({"user_prompt", "permission_mode_changed", "plugin_installed", "auth"})
_FAILED = frozenset({"api_error", "api_refusal", "api_retries_exhausted", "internal_error"})
_WORKED = {
    "true": Outcome.SUCCESS,
    "connected": Outcome.SUCCESS,
    "accept": Outcome.SUCCESS,
    "false": Outcome.FAILURE,
    "failed": Outcome.FAILURE,
    "reject": Outcome.FAILURE,
}


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One record -> an activity for each Claude Code event in it.

    Log records of other programs in the same export are left out.

    Raises:
        RejectedError: as `fields.load`; `not_this_source` without any event of Claude Code;
            `missing_field` without user or time, `bad_time`, after the good events of the export.
    """
    ours = [(log, event) for log in read_logs(raw) if (event := _event(log))]
    if not ours:
        raise RejectedError("not_this_source", "no event of Claude Code")
    if len(ours) == 1:
        return [_activity(*ours[0], raw, raw.position)]
    return each(ours, raw.position, lambda one, where: _activity(*one, raw, where))


def _event(log: Json) -> str:
    """Name of the event without its prefix; "" when it is not Claude Code's.

    The body carries the prefixed name. Where an exporter dropped the body, the program's name or
    the session tell the short names of `event.name` from those of others.
    """
    body, name = log.get("body"), log.get("event.name")
    if isinstance(body, str) and body.startswith(_PREFIX):
        return text(body.removeprefix(_PREFIX))
    if not isinstance(name, str):
        return ""
    if name.startswith(_PREFIX):
        return text(name.removeprefix(_PREFIX))
    service = text(log.get("service.name"))
    ours = service.startswith("claude-code") or (not service and "session.id" in log)
    return text(name) if ours else ""


def _activity(log: Json, event: str, raw: Raw, position: Position) -> Activity:
    told = log.get("event.timestamp") or log.get("time")
    if told is None:
        raise RejectedError("missing_field", "neither event.timestamp nor timeUnixNano")
    time = event_time(told, raw.received)
    action = _action(event, log)
    session = text(log.get("session.id"))
    actor = _actor(event, log)
    target = _target(action, event, log)
    sequence = text(log.get("event.sequence"))
    if not sequence:
        sequence = " ".join(text(log.get(field)) for field in _IDS) + (
            target.name if target else ""
        )
    # A resumed session may count from the start again, so its sequence alone is no id.
    return Activity(
        digest(_NAME, f"{actor.account}\n{session}\n{event}\n{text(told)}\n{sequence}"),
        time,
        raw.received,
        _NAME,
        action,
        event,
        actor,
        target,
        _origin(log),
        _pseudonym(session),
        _outcome(event, log),
        facts_of(event, log, target),
        text(log.get("tool_use_id")) or text(log.get("request_id")),
        position,
    )


def _action(event: str, log: Json) -> str:
    if event == "auth":
        return Action.SESSION_END if log.get("action") == "logout" else Action.LOGIN
    if event == "mcp_server_connection" and log.get("status") == "disconnected":
        return f"{_NAME}/mcp_server_connection.disconnected"
    return EVENTS.get(event) or f"{_NAME}/{event}"


def _actor(event: str, log: Json) -> Actor:
    login = email = lower(log.get("user.email"))
    if not email:
        login = next((name for field in _USERS if (name := text(log.get(field)))), "")
        if not login:
            raise RejectedError("missing_field", "no user")
    return _actor_of(login, email, event in _BY_PERSON)


@lru_cache(_CACHED)
def _actor_of(login: str, email: str, person: bool) -> Actor:
    name = f"claude_code:{login.lower()}"
    if person:
        return Actor(name, kind=ActorKind.PERSON, email=email)
    return Actor(name, kind=ActorKind.AGENT, email=email, on_behalf_of=name)


def _outcome(event: str, log: Json) -> Outcome:
    if event in _FAILED:
        return Outcome.FAILURE
    told = log.get("success", log.get("status", log.get("decision")))
    return Outcome.SUCCESS if told is None else _WORKED.get(lower(told), Outcome.UNKNOWN)


def _target(action: str, event: str, log: Json) -> Target | None:
    match action:
        case Action.AGENT_TOOL | Action.AGENT_DECISION:
            kind, name = TargetKind.TOOL, tool_of(log)
        case Action.AGENT_REQUEST:
            kind, name = TargetKind.MODEL, text(log.get("model"))
        case Action.AGENT_CONNECT:
            kind, name = TargetKind.TOOL, server_of(log)
        case Action.AGENT_PERMISSION:
            kind, name = TargetKind.POLICY, "permission_mode"
        case Action.AGENT_EXTEND:
            kind, name = TargetKind.OTHER, _extension(event, log)
        case _:
            return None
    return Target(kind, name, "", "", "", text(log.get("organization.id")))


def _extension(event: str, log: Json) -> str:
    """`hook/PreToolUse@projectSettings`, `plugin/<name>@<marketplace>`, `skill/<name>@<source>`."""
    what = event.partition("_")[0]
    name, place = {
        "hook": ("hook_event", "hook_source"),
        "plugin": ("plugin.name", "marketplace.name"),
        "skill": ("skill.name", "skill.source"),
    }.get(what, ("", ""))
    return f"{what}/{text(log.get(name))}@{text(log.get(place))}"


def _origin(log: Json) -> Origin:
    device = "" if log.get("identity.source") else text(log.get("user.id"))
    version = text(log.get("service.version")) or text(log.get("app.version"))
    return _origin_of(version, text(log.get("os.type")), device)


@lru_cache(_CACHED)
def _origin_of(version: str, system: str, device: str) -> Origin:
    major = version.partition(".")[0]
    client = f"claude-code/{major}" if major.isdecimal() else "claude-code"
    return Origin(client=client, system=client_of(system)[1], device=pseudonym(device))


_pseudonym = lru_cache(_CACHED)(pseudonym)


def recognises(record: dict[str, object]) -> bool:
    """An export whose first log record is Claude Code's."""
    log = next(log_records(record), None)
    return bool(log and _event(log))


SOURCE = Source(
    name=_NAME,
    kind="ai",
    title="Claude Code: OpenTelemetry events",
    reference="https://code.claude.com/docs/en/monitoring-usage",
    parse=parse,
    actions=frozenset({*EVENTS, "auth"}),
    recognises=recognises,
)
