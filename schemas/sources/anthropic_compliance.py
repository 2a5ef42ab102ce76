"""Anthropic's Compliance API: one activity, or a page of them (`data`).

Who acts is told by `actor.type`: a user; an API key or an Admin API key, which is a service of its
own, as no user is named; somebody who has not signed in, known only by the address typed, which
is kept if it is one and hashed if not; a directory's SCIM push; Anthropic itself.

Names and titles that people write (chats, files, artifacts, projects) are not read.

Reference: https://platform.claude.com/docs/en/api/compliance/activities/list
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import orjson

from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Outcome,
    Position,
    Target,
    TargetKind,
    digest,
    pseudonym,
)
from schemas.sources.anthropic_activities import NAME, RULES, rule_of
from schemas.sources.anthropic_facts import SERVERS, action_of, facts_of
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.batches import each
from schemas.sources.fields import (
    account,
    count,
    event_time,
    fold,
    items,
    load,
    lower,
    mapping,
    origin_of,
    text,
)
from schemas.sources.rules import Rule

Json = dict[str, object]

_CACHED = 65_536
_CLIENT_ERROR = 400  # HTTP status (RFC 9110 section 15.5)
_NOBODY = Actor("")
_FAILED = frozenset({"failed", "failure", "rejected", "denied", "error"})
_KEYS = ("api_key_id", "admin_api_key_id")
_ID = re.compile(r"(?<=/)(?!v\d+(?:/|$))[^/]*\d[^/]*")
_NAMED_BY: dict[TargetKind, tuple[str, ...]] = {
    TargetKind.TOKEN: ("api_key_name", "key_name", "api_key_id", "admin_api_key_id"),
    TargetKind.ACCOUNT: (
        "user_email",
        "invited_email",
        "invitee_email",
        "deleted_user_email",
        "principal_id",
        "user_id",
    ),
    TargetKind.GROUP: ("group_name", "group_id", "role_name", "role_id"),
    TargetKind.TOOL: SERVERS,
    TargetKind.OTHER: (
        "plugin_name",
        "plugin_id",
        "skill_id",
        "extension_id",
        "command_name",
        "marketplace_id",
        "agent_id",
        "webhook_id",
        "profile_id",
    ),
}


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One record -> an activity of ours for each of theirs in it.

    Raises:
        RejectedError: as `fields.load`; `missing_field` without type or time; `not_this_source`
            without an actor's type; `wrong_type`, `bad_time`; of a page with some bad ones after
            the good.
    """
    record = load(raw)
    if record.keys().isdisjoint(("actor", "data")):
        record = fold(record)
    page = record.get("data")
    if isinstance(page, list) and "actor" not in record:
        return each(page, raw.position, lambda one, at: _activity(mapping(one), raw, at))
    return [_activity(record, raw, raw.position)]


def _activity(record: Json, raw: Raw, position: Position) -> Activity:
    native, told = text(record.get("type")), record.get("created_at")
    if not native or told is None:
        raise RejectedError("missing_field", "no type or no created_at")
    who = mapping(record.get("actor"))
    kind = text(who.get("type"))
    if not kind:
        raise RejectedError("not_this_source", "no type of actor")
    rule = rule_of(native)
    actor, key = _actor(kind, who)
    event_id = text(record.get("id"))
    return Activity(
        digest(NAME, event_id or orjson.dumps(record, option=orjson.OPT_SORT_KEYS)),
        event_time(told, raw.received),
        raw.received,
        NAME,
        action_of(native, rule, record),
        native,
        actor,
        _target(native, rule, record),
        origin_of(who.get("ip_address"), who.get("user_agent")),
        "",
        _outcome(rule, record),
        facts_of(native, rule, record, actor.account, key),
        event_id,
        position,
    )


def _actor(kind: str, who: Json) -> tuple[Actor, str]:
    """Who, and the API key's id."""
    if kind == "user_actor":
        return _user(lower(who.get("email_address")), text(who.get("user_id"))), ""
    if kind == "unauthenticated_user_actor":
        return _stranger(lower(who.get("unauthenticated_email_address"))), ""
    key = next((found for field in _KEYS if (found := text(who.get(field)))), "")
    login = key or text(who.get("service_account_id")) or text(who.get("directory_id"))
    return _service(login or kind.removesuffix("_actor")), key


@lru_cache(_CACHED)
def _user(email: str, user: str) -> Actor:
    login = account("anthropic", email or user)
    return Actor(login, kind=ActorKind.PERSON, email=email) if login else _NOBODY


@lru_cache(_CACHED)
def _stranger(email: str) -> Actor:
    if not email:
        return _NOBODY
    known = "@" in email[1:]
    login = email if known else f"unknown-{pseudonym(email)}"
    return Actor(f"anthropic:{login}", email=email if known else "")


@lru_cache(_CACHED)
def _service(login: str) -> Actor:
    return Actor(account("anthropic", login), kind=ActorKind.SERVICE)


def _outcome(rule: Rule, record: Json) -> Outcome:
    if "result" in record and lower(record["result"]) in _FAILED:
        return Outcome.FAILURE
    if "status_code" in record:
        status = count(record["status_code"])
        if status is not None and status >= _CLIENT_ERROR:
            return Outcome.FAILURE
    return rule.outcome


def _target(native: str, rule: Rule, record: Json) -> Target:
    organization = text(record.get("organization_id") or record.get("organization_uuid"))
    if native == "compliance_api_accessed":
        name = _route(text(record.get("request_method")), text(record.get("url")))
    elif rule.kind is TargetKind.POLICY:
        name = native
    elif rule.kind is TargetKind.APPLICATION:
        name = "claude.ai"
    else:
        name = ""
        for field in _NAMED_BY.get(rule.kind, ()):
            if found := record.get(field):
                name = lower(found) if rule.kind is TargetKind.ACCOUNT else text(found)
                break
    repository = ""
    if "repo_owner" in record and "repo_name" in record:
        repository = f"github.com/{lower(record['repo_owner'])}/{lower(record['repo_name'])}"
    return Target(rule.kind, name, repository, organization=organization)


@lru_cache(4096)
def _route(method: str, url: str) -> str:
    """Method and path of a request, ids in it left out: `GET /v1/compliance/activities`."""
    path = url.partition("?")[0]
    if "://" in path:
        path = "/" + path.partition("://")[2].partition("/")[2]
    return f"{method.upper()} {_ID.sub(':id', path)}".strip()


def recognises(record: dict[str, object]) -> bool:
    """An activity, or a page of them."""
    page = items(record.get("data"))
    one = mapping(page[0]) if page else record
    kind = mapping(one.get("actor")).get("type")
    return (
        isinstance(kind, str) and kind.endswith("_actor") and {"type", "created_at"} <= one.keys()
    )


SOURCE = Source(
    name=NAME,
    kind="ai",
    title="Anthropic Compliance API",
    reference="https://platform.claude.com/docs/en/api/compliance/activities/list",
    parse=parse,
    actions=frozenset(RULES),
    recognises=recognises,
)
