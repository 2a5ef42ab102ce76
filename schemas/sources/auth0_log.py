"""Auth0 tenant logs: from the Management API, log streams, EventBridge or Event Grid.

Reference: https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes. Who acts: the user by
name or address, of a Management API call the user in `details.request.auth`; an application when it
acts for itself. Of a user that the tenant does not know (`fu`) only an address is kept in clear:
people type passwords there. Type codes are the native names.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec

from schemas import facts as f
from schemas.action import Action
from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Fact,
    Outcome,
    Position,
    Target,
    TargetKind,
    digest,
)
from schemas.sources import auth0_management_api as management
from schemas.sources.auth0_event_types import MEANINGS, Meaning, meaning_of
from schemas.sources.auth0_tenant_log import READER, Log, id_of, recognises
from schemas.sources.base import Raw, Source
from schemas.sources.factor import factor_name
from schemas.sources.fields import (
    event_time,
    items,
    lower,
    mapping,
    text,
    token_of,
)
from schemas.sources.idp import actor_named, guarded, origin_told

NAME: Final = "auth0.log"
_MANAGEMENT: Final = frozenset({"sapi", "fapi", "mgmt_api_read"})
_FACTORS: Final = frozenset({Action.MFA_CHALLENGE, Action.FACTOR_ENROLL, Action.FACTOR_REMOVE})
_RISKS: Final = {"low": "high", "medium": "medium", "high": "low"}  # of Auth0's confidence
_LONGEST_REASON: Final = 160


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One record -> an activity for each log event in it.

    Raises:
        RejectedError: as `fields.load`; `not_this_source`, `wrong_type`, `bad_time`; of a batch
            after its good events.
    """
    return READER.activities(raw, _activity)


def _activity(record: Log, raw: Raw, position: Position) -> Activity:
    log = record.data or record
    code = text(log.type)
    meaning = meaning_of(code)
    details = mapping(log.details)
    request = mapping(details.get("request")) if code in _MANAGEMENT else {}
    actor = _actor(log, code, meaning, request)
    action, target, facts = meaning.action, _application(log), _facts(log, meaning, details)
    if request:
        action, target = _managed(action, request, details, actor.account, facts)
    identity = text(id_of(record, log))
    place = log.location_info
    session = details.get("session_id")
    return Activity(
        digest(NAME, identity) if identity else digest(NAME, "", msgspec.json.encode(log)),
        event_time(log.date, raw.received),
        raw.received,
        NAME,
        action,
        code,
        actor,
        target,
        origin_told(log.ip, place.country_code if place else None, log.user_agent),
        token_of(text(session)) if session else "",
        meaning.outcome,
        facts,
        identity,
        position,
    )


def _actor(log: Log, code: str, meaning: Meaning, request: dict[str, object]) -> Actor:
    user = mapping(mapping(request.get("auth")).get("user"))
    name = text(user.get("email") or user.get("name") or log.user_name)
    if code == "fu":
        name = guarded(name)
    login = "" if meaning.service else name or text(log.user_id or user.get("user_id"))
    if login:
        return actor_named("auth0", login, ActorKind.PERSON)
    application = text(log.client_id or log.client_name)
    return actor_named("auth0", application or "system", ActorKind.SERVICE)


def _application(log: Log) -> Target | None:
    name = text(log.client_name or log.client_id)
    return _target(TargetKind.APPLICATION, name, text(log.tenant_name)) if name else None


@lru_cache(4096)
def _target(kind: TargetKind, name: str, tenant: str = "") -> Target:
    return Target(kind, name, organization=tenant)


def _managed(
    fallback: str,
    request: dict[str, object],
    details: dict[str, object],
    account: str,
    facts: dict[str, Fact],
) -> tuple[str, Target]:
    """Action and target of a Management API call; adds to the facts."""
    token = mapping(mapping(request.get("auth")).get("credentials")).get("jti")
    if token:
        facts[f.TOKEN_ID] = token_of(text(token))
    method, path, body = text(request.get("method")), text(request.get("path")), request.get("body")
    meaning = None if method.lower() == "get" else management.meaning_of(method, path)
    resource = management.resource_of(path)
    if meaning is None:
        return fallback, _target(TargetKind.OTHER, resource)
    action, kind, user = meaning
    if action == Action.API_REQUEST and "password" in mapping(body):
        action = Action.PASSWORD_CHANGE
    subject = _subject(user, body, details) if user or kind is TargetKind.ACCOUNT else ""
    if subject:
        facts[f.BY_ADMIN] = subject != account
        if subject != account:
            facts[f.SUBJECT] = subject
    facts.update(management.facts_of(method, path, body))
    return action, _target(kind, subject if subject and kind is TargetKind.ACCOUNT else resource)


def _subject(user: str, body: object, details: dict[str, object]) -> str:
    """Account that a call was about: by its address where the answer has it, as logins are."""
    answer = mapping(mapping(details.get("response")).get("body"))
    users = items(mapping(body).get("users"))
    name = lower(answer.get("email")) or user or lower(answer.get("user_id"))
    name = name or (lower(users[0]) if users else "")
    return f"auth0:{name}" if name else ""


def _facts(log: Log, meaning: Meaning, details: dict[str, object]) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    if meaning.action in _FACTORS and (factor := meaning.factor or _factor(details)):
        facts[f.FACTOR] = factor
    if meaning.protocol:
        facts[f.PROTOCOL] = meaning.protocol
    if meaning.outcome is Outcome.FAILURE and (reason := meaning.reason or text(log.description)):
        facts[f.REASON] = reason[:_LONGEST_REASON]
    assessed = lower(mapping(details.get("riskAssessment")).get("confidence"))
    if risk := _RISKS.get(assessed):
        facts[f.RISK] = risk
    return facts


def _factor(details: dict[str, object]) -> str:
    told = mapping(details.get("authenticator")).get("type") or details.get("authenticator")
    told = told or details.get("authenticator_type") or mapping(details.get("factor")).get("name")
    return factor_name(text(told or details.get("factor")).replace("-", " "))


SOURCE: Final = Source(
    name=NAME,
    kind="idp",
    title="Auth0 tenant logs",
    reference="https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes",
    parse=parse,
    actions=frozenset(MEANINGS),
    recognises=recognises,
)
