"""OneLogin events: from the Events API or an event webhook.

Reference: https://developers.onelogin.com/api-docs/1/events/event-resource and
https://developers.onelogin.com/api-docs/1/events/webhooks. A webhook sends a JSON array, or one
event a line; its events have a `uuid` and `event_timestamp` where the API has `id` and
`created_at`, so the same event from both is two. Users are told by number and by first and last
name: the account is the number, as names repeat; the address is known only where a user has no
name. Who acts: `actor_user_id`, an API credential, or a system of OneLogin's.
"""

from collections.abc import Iterator
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
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.factor import factor_name
from schemas.sources.fields import check_time, count, epoch, mapping, text, token_of
from schemas.sources.idp import actor_named, origin_told
from schemas.sources.onelogin_event_types import MEANINGS, Meaning, meaning_of
from schemas.sources.typed import Reader

NAME: Final = "onelogin.event"
_FACTORS: Final = frozenset({Action.FACTOR_ENROLL, Action.FACTOR_REMOVE, Action.MFA_CHALLENGE})
_OWN: Final = frozenset({Action.LOGIN, Action.SSO, Action.MFA_CHALLENGE, Action.SESSION_END})
_TOKENS: Final = frozenset({Action.TOKEN_CREATE, Action.TOKEN_REVOKE})
_LONGEST_REASON: Final = 160

_Number = int | str | None


class Event(msgspec.Struct, gc=False):
    """One event: only the fields that are read."""

    id: _Number = None
    uuid: str | None = None
    event_type_id: _Number = None
    created_at: str | int | float | None = None
    event_timestamp: str | int | float | None = None
    account_id: _Number = None
    user_id: _Number = None
    user_name: str | None = None
    actor_user_id: _Number = None
    actor_user_name: str | None = None
    actor_system: str | None = None
    client_id: str | None = None
    api_credential_name: str | None = None
    app_id: _Number = None
    app_name: str | None = None
    role_name: str | None = None
    group_name: str | None = None
    policy_name: str | None = None
    trusted_idp_name: str | None = None
    privilege_name: str | None = None
    otp_device_name: str | None = None
    authentication_factor_description: str | None = None
    ipaddr: str | None = None
    user_agent: str | None = None
    browser_fingerprint: _Number = None
    custom_message: str | None = None
    error_description: str | None = None
    notes: str | None = None


def _holds(event: Event) -> bool:
    return event.event_type_id is not None and (
        event.created_at is not None or event.event_timestamp is not None
    )


def _unwrapped(record: dict[str, object]) -> object:
    return record.get("data")  # a page of the Events API, or a webhook's array (`parse`)


_READER: Final = Reader(Event, (), _holds, _unwrapped)


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One record -> an activity for each event in it.

    Raises:
        RejectedError: as `fields.load`; `not_this_source`, `wrong_type`, `bad_time`; of a batch
            after its good events.
    """
    body = raw.event.strip()
    if body.startswith(b"[") and body[1:-1].strip():  # a webhook's array; an empty one is nothing
        raw = Raw(b'{"data":' + body + b"}", raw.received, raw.headers, raw.position)
    return _READER.activities(raw, _activity)


def _activity(event: Event, raw: Raw, position: Position) -> Activity:
    code = count(event.event_type_id)
    if code is None:
        raise RejectedError("wrong_type", "event_type_id is no number")
    meaning = meaning_of(code)
    actor = _actor(event, meaning)
    identity = text(event.uuid) or text(event.id)
    return Activity(
        digest(NAME, text(event.account_id), identity)
        if identity
        else digest(NAME, "", "", msgspec.json.encode(event)),
        check_time(_time(event), raw.received),
        raw.received,
        NAME,
        meaning.action,
        str(code),
        actor,
        _target(event, meaning.action),
        origin_told(event.ipaddr, None, event.user_agent, None, _device(event)),
        "",
        meaning.outcome,
        _facts(event, meaning, actor.account),
        identity,
        position,
    )


def _device(event: Event) -> str | None:
    told = event.browser_fingerprint
    return told if told is None or isinstance(told, str) else text(told)


def _time(event: Event) -> float:
    told = event.created_at if event.event_timestamp is None else event.event_timestamp
    return epoch(told.removesuffix(" UTC") if isinstance(told, str) else told)


def _actor(event: Event, meaning: Meaning) -> Actor:
    number, name = text(event.actor_user_id), text(event.actor_user_name)
    if not number and not name and meaning.action in _OWN:
        number, name = text(event.user_id), text(event.user_name)
    if login := number or name:
        return actor_named("onelogin", login, ActorKind.PERSON, name if "@" in name else "")
    system = text(event.client_id or event.api_credential_name or event.actor_system)
    return actor_named("onelogin", system or "system", ActorKind.SERVICE)


def _subject(event: Event) -> str:
    login = text(event.user_id) or text(event.user_name).lower()
    return f"onelogin:{login}" if login else ""


def _target(event: Event, action: str) -> Target | None:
    organization = text(event.account_id)
    if action in _FACTORS and (factor := _factor(event)):
        return Target(TargetKind.FACTOR, factor, organization=organization)
    if action in _TOKENS:
        name = text(event.api_credential_name or event.client_id)
        return Target(TargetKind.TOKEN, name, organization=organization)
    for kind, told in (
        (TargetKind.GROUP, event.role_name or event.group_name),
        (TargetKind.APPLICATION, event.app_name),
        (TargetKind.POLICY, event.policy_name or event.trusted_idp_name),
    ):
        if name := text(told):
            return Target(kind, name, organization=organization)
    if action in _OWN or not (subject := _subject(event)):
        return None
    return Target(TargetKind.ACCOUNT, subject, organization=organization)


def _facts(event: Event, meaning: Meaning, account: str) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    action = meaning.action
    if action not in _OWN and (subject := _subject(event)):
        facts[f.BY_ADMIN] = subject != account
        if subject != account:
            facts[f.SUBJECT] = subject
    if action in _FACTORS and (factor := meaning.factor or _factor(event)):
        facts[f.FACTOR] = factor
    if meaning.outcome is Outcome.FAILURE:
        reason = text(event.error_description or event.custom_message or event.notes)
        if reason:
            facts[f.REASON] = reason[:_LONGEST_REASON]
    if meaning.protocol:
        facts[f.PROTOCOL] = meaning.protocol
    if meaning.weakened is not None:
        facts[f.WEAKENED] = meaning.weakened
    if privilege := text(event.privilege_name):
        facts[f.SCOPES] = [privilege]
    if client := text(event.client_id):
        facts[f.TOKEN_ID] = token_of(client)
    return facts


def _factor(event: Event) -> str:
    return factor_name(text(event.authentication_factor_description or event.otp_device_name))


def recognises(record: dict[str, object]) -> bool:
    """An event, or a page of some."""
    batch = _unwrapped(record)
    event = mapping(batch[0]) if isinstance(batch, list) and batch else record
    return "event_type_id" in event and ("created_at" in event or "event_timestamp" in event)


SOURCE: Final = Source(
    name=NAME,
    kind="idp",
    title="OneLogin events",
    reference="https://developers.onelogin.com/api-docs/1/events/event-resource",
    parse=parse,
    actions=frozenset(str(code) for code in MEANINGS),
    recognises=recognises,
)
