"""Cursor's audit log: from the Admin API, and as it is streamed.

The API gives one flat object an event (`event_id`, `timestamp`, `event_type`, `event_data`), or a
page of them under `events`; streams give the raw message, where id and time are in `metadata` and
the event's fields are under a key named after its type. One event has the same id in both.

`user_email` also names what is no member: `Api Key: <name>`, `Bot: <owner>`, `App: <id>`,
`Service Account: <id>`, `SCIM`, `System`, `unknown`. A bot acts during its owner's turn, so it is
an agent on the owner's behalf. Repositories of Cursor's own forge are named under `cursor.com`.

The one payload with free text, a team hook's script and prompt, is not read.

Reference: https://cursor.com/docs/enterprise/compliance-and-monitoring#log-format
"""

from collections.abc import Iterator
from functools import lru_cache

import orjson

from schemas.action import Action
from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Outcome,
    Position,
    Target,
    TargetKind,
    digest,
)
from schemas.facts import WEAKENED
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.batches import each
from schemas.sources.cursor_events import NAME, RULES, TYPES, rule_of
from schemas.sources.cursor_facts import facts_of, role_sank
from schemas.sources.fields import (
    event_time,
    flag,
    fold,
    items,
    load,
    lower,
    mapping,
    origin_of,
    repository_of,
    text,
)
from schemas.sources.rules import Rule

Json = dict[str, object]

_CACHED = 65_536
_NOBODY = Actor("")
_SESSIONS = frozenset({Action.LOGIN, Action.SESSION_END})
_KINDS = {
    "api key": ActorKind.SERVICE,
    "app": ActorKind.SERVICE,
    "service account": ActorKind.SERVICE,
    "bot": ActorKind.AGENT,
}
_NAMED_BY: dict[TargetKind, tuple[str, ...]] = {
    TargetKind.ACCOUNT: ("user_email", "recipient_email", "service_account_name", "invite_id"),
    TargetKind.TOKEN: ("api_key_name", "service_account_name", "certificate_authority_name"),
    TargetKind.GROUP: ("directory_group_name", "directory_group_id"),
    TargetKind.POLICY: ("setting_name", "scope", "git_org_owner", "endpoint_url", "action"),
    TargetKind.TOOL: ("server_name",),
    TargetKind.APPLICATION: ("app_display_name", "app_id", "github_hostname"),
    TargetKind.PULL_REQUEST: ("change_number", "change_id"),
    TargetKind.OTHER: (
        "rule_name",
        "command_name",
        "script_name",
        "hook_id",
        "plugin_name",
        "marketplace_name",
        "skill_slug",
        "secret_name",
        "name",
    ),
}
# Envelope fields of a streamed message; the one other key that holds an object is the event's type.
_ENVELOPE = frozenset({"metadata", "context"})


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One record -> an activity for each event in it.

    Raises:
        RejectedError: as `fields.load`; `not_this_source` for neither shape; `missing_field`
            without time, `wrong_type`, `bad_time`; of a page with some bad events after the good.
    """
    record = load(raw)
    if record.keys().isdisjoint(("event_type", "metadata", "events")):
        record = fold(record)
    page = record.get("events")
    if isinstance(page, list) and "event_type" not in record:
        return each(page, raw.position, lambda event, at: _activity(mapping(event), raw, at))
    return [_activity(record, raw, raw.position)]


def _activity(record: Json, raw: Raw, position: Position) -> Activity:
    event, data, event_id, told = _shape(record)
    if told is None:
        raise RejectedError("missing_field", "no timestamp")
    verb = text(data.get("action") or data.get("operation"))
    native = f"{event}.{verb}" if verb else event
    rule = rule_of(native)
    action = rule.action
    if event == "update_user_role" and role_sank(data):
        action = Action.PRIVILEGE_REVOKE
    actor = _actor(text(record.get("user_email")))
    facts = facts_of(event, action, data, actor.account)
    if rule.weakened is not None:
        facts[WEAKENED] = rule.weakened
    return Activity(
        digest(NAME, event_id or orjson.dumps(record, option=orjson.OPT_SORT_KEYS)),
        event_time(told, raw.received),
        raw.received,
        NAME,
        action,
        native,
        actor,
        _target(rule, record, data),
        origin_of(record.get("ip_address")),
        "",
        Outcome.FAILURE if flag(data.get("success")) is False else Outcome.SUCCESS,
        facts,
        event_id,
        position,
    )


def _shape(record: Json) -> tuple[str, Json, str, object]:
    """Type of the event, its own fields, its id, its time: of either shape."""
    if event := text(record.get("event_type")):
        data = mapping(record.get("event_data"))
        return event, data, text(record.get("event_id")), record.get("timestamp")
    metadata = record.get("metadata")
    event = _type_of(record) if isinstance(metadata, dict) else ""
    if not event:
        raise RejectedError("not_this_source", "no event type of Cursor's")
    meta = mapping(metadata)
    return text(event), mapping(record[event]), text(meta.get("id")), meta.get("timestamp")


def _type_of(record: Json) -> str:
    inner = [
        key for key, value in record.items() if isinstance(value, dict) and key not in _ENVELOPE
    ]
    known = next((key for key in inner if key in TYPES), "")
    return known or (inner[0] if len(inner) == 1 and inner[0].strip() else "")


@lru_cache(_CACHED)
def _actor(told: str) -> Actor:
    """Who acts, from `user_email`."""
    name = lower(told)
    if name in {"", "unknown"}:
        return _NOBODY
    what, colon, rest = name.partition(":")
    kind = _KINDS.get(what)
    if colon and kind is not None:
        login = f"cursor:{what.replace(' ', '-')}/{rest.strip()}"
        behalf = f"cursor:{rest.strip()}" if kind is ActorKind.AGENT else ""
        return Actor(login, kind=kind, on_behalf_of=behalf)
    if "@" in name and name != "hi@cursor.com":
        return Actor(f"cursor:{name}", kind=ActorKind.PERSON, email=name)
    return Actor(f"cursor:{name}", kind=ActorKind.SERVICE)


def _target(rule: Rule, record: Json, data: Json) -> Target:
    repository, version = "", ""
    if "repo_namespace" in data and "repo_name" in data:
        repository = f"cursor.com/{lower(data['repo_namespace'])}/{lower(data['repo_name'])}"
        version = text(data.get("merge_commit_sha") or data.get("head_sha"))
    elif "repo_url" in data:
        repository = repository_of(data["repo_url"])
    what = repository.partition("/")[2] or lower(data.get("namespace_slug"))
    if rule.action in _SESSIONS:
        what = "cursor"
    for field in _NAMED_BY.get(rule.kind, ()):
        if found := data.get(field):
            what = lower(found) if rule.kind is TargetKind.ACCOUNT else text(found)
            break
    organization = text(record.get("team_id") or record.get("org_id"))
    return Target(rule.kind, what, repository, "", version, organization)


def recognises(record: dict[str, object]) -> bool:
    """Either shape, or a page of the API."""
    page = items(record.get("events"))
    event = mapping(page[0]) if page else record
    if "event_type" in event:
        return {"event_id", "timestamp", "user_email"} <= event.keys()
    return {"timestamp", "id"} <= mapping(event.get("metadata")).keys() and "user_email" in event


SOURCE = Source(
    name=NAME,
    kind="ai",
    title="Cursor audit log",
    reference="https://cursor.com/docs/enterprise/compliance-and-monitoring",
    parse=parse,
    actions=frozenset(RULES),
    recognises=recognises,
)
