"""Okta System Log: one LogEvent, or several as pollers, event hooks and EventBridge wrap them.

Who acts: `actor.alternateId`. Okta's own principal is the service `okta:system`, but what it sends
in a sign-in (a push, a text message) is counted for the user it goes to. Of a failed sign-in with
a name that Okta does not know, only an address is kept in clear: people type passwords there.

`debugContext.debugData` is no contract, says Okta; what is taken from it (factor, device token)
may be missing. The device is the browser's token (`dtHash`) before an enrolled device's id, because
most events of a session carry the token and few the id.
"""

from collections.abc import Iterator
from functools import lru_cache

import msgspec

from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Origin,
    Outcome,
    Position,
    digest,
    pseudonym,
)
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.batches import each
from schemas.sources.fields import (
    event_time,
    mapping,
    text,
)
from schemas.sources.idp import NOBODY, origin_told, word
from schemas.sources.okta_event_types import DENIED, EVENT_TYPES, SENT_BY, action_of
from schemas.sources.okta_log_event import (
    Client,
    DebugData,
    LogEvent,
    Result,
    UserAgent,
    convert,
    read,
)
from schemas.sources.okta_targets import (
    debug_of,
    facts_of,
    login_of,
    target_of,
    user_of,
)
from schemas.sources.remember import remembered

_NAME = "okta.system_log"
_CACHED = 65_536
_OUTCOMES = {
    "SUCCESS": Outcome.SUCCESS,
    "ALLOW": Outcome.SUCCESS,
    "FAILURE": Outcome.FAILURE,
    "DENY": Outcome.FAILURE,
    "RATE_LIMIT": Outcome.FAILURE,
}
_KINDS = {
    "user": ActorKind.PERSON,
    "appinstance": ActorKind.SERVICE,
    "publicclientapp": ActorKind.SERVICE,
    "publicclientappentity": ActorKind.SERVICE,
}
_NO_CLIENT = Client()
_NO_AGENT = UserAgent()
_SYSTEM = Actor("okta:system", kind=ActorKind.SERVICE)


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One record -> an activity for each LogEvent in it.

    Raises:
        RejectedError: as `fields.load`; `missing_field` without event type, time or actor;
            `wrong_type`, `bad_time`; of a batch with some bad events after the good ones.
    """
    event = read(raw)
    if isinstance(event, LogEvent):
        return [_activity(event, raw, raw.position)]
    return each(event, raw.position, lambda one, where: _activity(convert(one), raw, where))


def _activity(event: LogEvent, raw: Raw, position: Position) -> Activity:
    event_type = text(event.event_type)
    if not event_type:
        raise RejectedError("missing_field", "no eventType")
    action = action_of(event_type)
    actor = _actor(event)
    outcome = _outcome(event_type, event.outcome)
    uuid = text(event.uuid)
    return Activity(
        digest(_NAME, uuid) if uuid else digest(_NAME, "", msgspec.json.encode(event)),
        event_time(event.published, raw.received),
        raw.received,
        _NAME,
        action,
        event_type,
        actor,
        target_of(action, event.target) if event.target else None,
        _origin(event),
        _session(event),
        outcome,
        facts_of(event, action, actor.account, outcome),
        uuid,
        position,
    )


def _actor(event: LogEvent) -> Actor:
    kind = word(event.actor.type)
    if kind == "systemprincipal":
        user = user_of(event.target or []) if event.event_type in SENT_BY else ""
        return _account(user, ActorKind.PERSON) if user else _SYSTEM
    login = login_of(event.actor)
    if not login:
        raise RejectedError("missing_field", "the actor has neither alternateId nor id")
    return _account(login, _KINDS.get(kind, ActorKind.UNKNOWN))


@lru_cache(_CACHED)
def _account(login: str, kind: ActorKind) -> Actor:
    return Actor(login, kind=kind, email=login[5:] if "@" in login else "")


def _outcome(event_type: str, outcome: Result | None) -> Outcome:
    if event_type in DENIED:
        return Outcome.FAILURE
    told = _OUTCOMES.get(outcome.result or "", Outcome.UNKNOWN) if outcome else Outcome.UNKNOWN
    return Outcome.UNKNOWN if event_type in SENT_BY and told is Outcome.SUCCESS else told


def _session(event: LogEvent) -> str:
    context = event.authentication_context
    told = (context.root_session_id or context.external_session_id) if context else None
    return _session_of(told) if told else ""


@remembered
def _session_of(told: str) -> str:
    session = text(told)
    return "" if session.lower() in NOBODY else pseudonym(session)


def _origin(event: LogEvent) -> Origin:
    client = event.client or _NO_CLIENT
    security = event.security_context
    agent = client.user_agent or _NO_AGENT
    geography = client.geographical_context
    debug = debug_of(event)
    device = _token_of_browser(debug) if debug else ""
    return origin_told(
        client.ip_address or _first_address(event),
        geography.country if geography else None,
        agent.raw_user_agent,
        agent.os,
        device or (event.device.id if event.device else None),
        security.as_number if security else None,
        bool(security and security.is_proxy),
    )


def _token_of_browser(debug: DebugData) -> str:
    return text(debug.dt_hash) or text(debug.device_fingerprint)


def _first_address(event: LogEvent) -> str | None:
    chain = event.request.ip_chain if event.request else None
    return chain[0].ip if chain else None


def recognises(record: dict[str, object]) -> bool:
    """A LogEvent, or one of the wrappings around LogEvents."""
    event: object = record.get("detail", record)
    batch = record.get("events") or mapping(record.get("data")).get("events")
    if isinstance(batch, list) and batch:
        event = batch[0]
    return isinstance(event, dict) and {"eventType", "published", "actor"} <= event.keys()


SOURCE = Source(
    name=_NAME,
    kind="idp",
    title="Okta System Log",
    reference="https://developer.okta.com/docs/reference/api/system-log/",
    parse=parse,
    actions=frozenset(EVENT_TYPES),
    recognises=recognises,
)
