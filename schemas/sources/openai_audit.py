"""OpenAI's organisation audit log: one log object, or a page of the API (`data`).

What an event is about stands under a key named after its type, with dots (`api_key.created`) or,
as some clients write it, with underscores; a few newer types use `details`.

A session's user is a person. A request with a key acts for the key's user or is a service
account's; which key it was is told as a hash. Addresses come with the network and the country
that OpenAI looked up; TLS fingerprints (ja3, ja4) name a program and no device, so they are not
kept. Messages of failed logins are free text and are not kept, their codes are.

Switching off the logging of API calls is a change of the audit log (`api_call_logging`).

Reference: https://platform.openai.com/docs/api-reference/audit-logs/object
"""

from collections.abc import Iterator
from functools import lru_cache

import orjson

from schemas.action import Action
from schemas.activity import (
    NO_ORIGIN,
    Activity,
    Actor,
    ActorKind,
    Fact,
    Origin,
    Position,
    Target,
    TargetKind,
    digest,
)
from schemas.facts import REASON, SCOPES, SUBJECT, TOKEN_ID, WEAKENED
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.batches import each
from schemas.sources.countries import country_code
from schemas.sources.fields import (
    account,
    address_of,
    client_of,
    event_time,
    fold,
    items,
    load,
    lower,
    mapping,
    network_of,
    text,
    token_of,
)
from schemas.sources.openai_events import NAME, RULES, rule_of
from schemas.sources.rules import Rule

Json = dict[str, object]

_CACHED = 65_536
_NOBODY = Actor("")
_MAX_SCOPES = 32
_NAMES = ("email", "name", "role_name", "group_name", "connector_name", "principal_id", "id")
_SCOPES = ("scopes", "permissions", "permissions_added")
_LOGGING_OFF = "disabled"


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One record -> an activity for each log object in it.

    Raises:
        RejectedError: as `fields.load`; `missing_field` without type or time, `not_this_source`
            for a type that has no dot, `wrong_type`, `bad_time`; of a page with some bad log
            objects after the good ones.
    """
    record = load(raw)
    if record.keys().isdisjoint(("effective_at", "type", "data")):
        record = fold(record)
    page = record.get("data")
    if isinstance(page, list) and "type" not in record:
        return each(page, raw.position, lambda one, at: _activity(mapping(one), raw, at))
    return [_activity(record, raw, raw.position)]


def _activity(record: Json, raw: Raw, position: Position) -> Activity:
    native, told = text(record.get("type")), record.get("effective_at")
    if not native or told is None:
        raise RejectedError("missing_field", "no type or no effective_at")
    if "." not in native:
        raise RejectedError("not_this_source", "the type is none of OpenAI's")
    rule = rule_of(native)
    data = _details(native, record)
    actor, session, key = _actor(mapping(record.get("actor")))
    event_id = text(record.get("id"))
    action = rule.action
    inner = _inner(data) if data else data
    facts = _facts(rule, data, inner, actor.account, key)
    if native == "organization.updated" and (logging := lower(inner.get("api_call_logging"))):
        action, facts[WEAKENED] = Action.AUDIT_CHANGE, logging == _LOGGING_OFF
    return Activity(
        digest(NAME, event_id or orjson.dumps(record, option=orjson.OPT_SORT_KEYS)),
        event_time(told, raw.received),
        raw.received,
        NAME,
        action,
        native,
        actor,
        _target(rule, record, data, inner),
        _origin(session) if session else NO_ORIGIN,
        "",
        rule.outcome,
        facts,
        event_id,
        position,
    )


def _details(native: str, record: Json) -> Json:
    for key in (native, native.replace(".", "_"), "details"):
        if isinstance(found := record.get(key), dict):
            return found
    return {}


def _inner(data: Json) -> Json:
    """The payload of a creation or a change; what it holds may also stand beside it."""
    return mapping(data.get("data")) or mapping(data.get("changes_requested"))


def _actor(actor: Json) -> tuple[Actor, Json, str]:
    """Who, the session, the key's id."""
    session = mapping(actor.get("session"))
    if session:
        user = mapping(session.get("user"))
        return _named(lower(user.get("email")), text(user.get("id")), ""), session, ""
    key = mapping(actor.get("api_key"))
    service = text(mapping(key.get("service_account")).get("id"))
    user = mapping(key.get("user"))
    who = _named(lower(user.get("email")), text(user.get("id")), service)
    return who, key, text(key.get("id"))


@lru_cache(_CACHED)
def _named(email: str, user: str, service: str) -> Actor:
    if service and not user:
        return Actor(account("openai", service), kind=ActorKind.SERVICE)
    login = account("openai", email or user)
    return Actor(login, kind=ActorKind.PERSON, email=email) if login else _NOBODY


def _facts(rule: Rule, data: Json, inner: Json, actor: str, key: str) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    made = text(data.get("id")) if rule.kind is TargetKind.TOKEN else ""
    if made or key:
        facts[TOKEN_ID] = token_of(made or key)
    if data:
        _allowed(facts, inner, data)
    if "error_code" in data:
        facts[REASON] = text(data["error_code"])
    if rule.weakened is not None:
        facts[WEAKENED] = rule.weakened
    if rule.kind is TargetKind.ACCOUNT:
        who = lower(inner.get("email")) or text(data.get("principal_id")) or text(data.get("id"))
        subject = account("openai", who)
        if subject and subject != actor:
            facts[SUBJECT] = subject
    return facts


def _allowed(facts: dict[str, Fact], inner: Json, data: Json) -> None:
    """Scopes, permissions and role."""
    scopes: set[str] = set()
    for field in _SCOPES:
        if told := inner.get(field) or data.get(field):
            scopes.update(name for one in items(told) if (name := text(one)))
    if role := lower(inner.get("role")):
        scopes.add(role)
    if scopes:
        facts[SCOPES] = sorted(scopes)[:_MAX_SCOPES]


def _target(rule: Rule, record: Json, data: Json, inner: Json) -> Target:
    organization = text(mapping(record["project"]).get("id")) if "project" in record else ""
    if rule.kind is TargetKind.APPLICATION:
        return Target(rule.kind, "platform.openai.com", organization=organization)
    name = ""
    for key in _NAMES:
        if found := inner.get(key) or data.get(key):
            name = lower(found) if rule.kind is TargetKind.ACCOUNT else text(found)
            break
    return Target(
        rule.kind, name or text(record.get("type")).rpartition(".")[0], organization=organization
    )


def _origin(session: Json) -> Origin:
    place = mapping(session.get("ip_address_details"))
    return _origin_of(
        text(session.get("ip_address")),
        text(place.get("asn")),
        text(place.get("country")),
        text(session.get("user_agent")),
    )


@lru_cache(_CACHED)
def _origin_of(ip: str, asn: str, country: str, agent: str) -> Origin:
    client, system = client_of(agent)
    origin = Origin(
        address_of(ip), network_of(ip, asn or None), country_code(country), client, system
    )
    return NO_ORIGIN if origin == NO_ORIGIN else origin


def recognises(record: dict[str, object]) -> bool:
    """A log object, or a page of them."""
    page = items(record.get("data"))
    one = mapping(page[0]) if page else record
    kind = one.get("type")
    return isinstance(kind, str) and "." in kind and "effective_at" in one and "id" in one


SOURCE = Source(
    name=NAME,
    kind="ai",
    title="OpenAI organisation audit log",
    reference="https://platform.openai.com/docs/api-reference/audit-logs/object",
    parse=parse,
    actions=frozenset(RULES),
    recognises=recognises,
)
