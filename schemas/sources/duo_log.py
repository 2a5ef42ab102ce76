"""Duo's logs: authentication (v2), administrator (v1), activity (v2), telephony (v1 and v2).

Reference: https://duo.com/docs/adminapi. An authentication is a second factor's challenge with its
answer, not a login: the first factor is another product's. Duo sends a text message or a call for a
phone, not for a user: the phone's hash stands for whoever it belongs to, and how it was answered
comes in another record. Administrator records have no id: their content is one.

Native names are the administrators' actions, or `<log>.<event type or context>`.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec

from schemas import facts as f
from schemas.action import Action
from schemas.activity import (
    Activity,
    ActorKind,
    Fact,
    Origin,
    Outcome,
    Position,
    Target,
    TargetKind,
    digest,
    pseudonym,
)
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.duo_actions import ACTIONS, factor_of
from schemas.sources.duo_administration import administration
from schemas.sources.duo_log_shapes import (
    READER,
    AccessDevice,
    Named,
    Place,
    Record,
    Stream,
    recognises,
    stream_of,
)
from schemas.sources.fields import event_time, text
from schemas.sources.idp import actor_named, origin_told, word

NAME: Final = "duo.log"
EVENTS: Final = {
    "authentication.authentication": Action.MFA_CHALLENGE,
    "authentication.enrollment": Action.FACTOR_ENROLL,
    "telephony.authentication": Action.MFA_CHALLENGE,
    "telephony.administrator login": Action.MFA_CHALLENGE,
}
_OUTCOMES: Final = {
    "success": Outcome.SUCCESS,
    "denied": Outcome.FAILURE,
    "failure": Outcome.FAILURE,
    "fraud": Outcome.FAILURE,
    "error": Outcome.FAILURE,
}
_REFUSALS: Final = frozenset({"user_mistake", "user_cancelled"})  # refused by the person asked
_FACTORS: Final = frozenset({Action.FACTOR_ENROLL, Action.FACTOR_REMOVE, Action.MFA_CHALLENGE})
_NOTHING: Final = Named()
_NO_DEVICE: Final = AccessDevice()
_NO_PLACE: Final = Place()


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One record -> an activity for each log record in it.

    Raises:
        RejectedError: as `fields.load`; `not_this_source`, `wrong_type`, `missing_field` without
            anybody who acts, `bad_time`; of a batch after its good records.
    """
    return READER.activities(raw, _activity)


def _activity(record: Record, raw: Raw, position: Position) -> Activity:
    stream = stream_of(record)
    if stream is Stream.AUTHENTICATION:
        return _authentication(record, raw, position)
    if stream is Stream.TELEPHONY:
        return _telephony(record, raw, position)
    return _administration(record, raw, position)


def _authentication(record: Record, raw: Raw, position: Position) -> Activity:
    user = record.user or _NOTHING
    login = text(user.name or record.email or user.key)
    if not login:
        raise RejectedError("missing_field", "no user")
    native = f"authentication.{word(record.event_type)}"
    action = EVENTS.get(native) or f"{NAME}/{native}"
    result, reason = word(record.result), word(record.reason)
    facts: dict[str, Fact] = {}
    factor = factor_of(word(record.factor))
    if factor and action in _FACTORS:
        facts[f.FACTOR] = factor
    if result != "success" and (reason or result):
        fraud = result == "fraud"
        facts[f.REASON] = (
            "fraud" if fraud else "denied" if reason in _REFUSALS else reason or result
        )
    identity, when = text(record.txid), _when(record)
    application = text((record.application or _NOTHING).name)
    return Activity(
        # A transaction can end more than once: refused, and then reported as fraud.
        digest(NAME, identity, text(when), result, factor),
        event_time(when, raw.received),
        raw.received,
        NAME,
        action,
        native,
        actor_named("duo", login, ActorKind.PERSON, text(record.email)),
        _target(TargetKind.APPLICATION, application) if application else None,
        _origin(record.access_device),
        "",
        _OUTCOMES.get(result, Outcome.UNKNOWN),
        facts,
        identity,
        position,
    )


def _telephony(record: Record, raw: Raw, position: Position) -> Activity:
    native = f"telephony.{word(record.context)}"
    identity, when = text(record.telephony_id), _when(record)
    phone = pseudonym(text(record.phone))
    kind = word(record.type)
    facts: dict[str, Fact] = {f.FACTOR: "voice" if kind == "phone" else kind} if kind else {}
    return Activity(
        digest(NAME, "telephony", identity or f"{text(when)} {native} {kind} {phone}"),
        event_time(when, raw.received),
        raw.received,
        NAME,
        EVENTS.get(native) or f"{NAME}/{native}",
        native,
        actor_named("duo", f"phone-{phone}", ActorKind.UNKNOWN),
        outcome=Outcome.UNKNOWN,
        facts=facts,
        event_id=identity,
        position=position,
    )


def _administration(record: Record, raw: Raw, position: Position) -> Activity:
    told = administration(record)
    identity, when = text(record.activity_id), _when(record)
    return Activity(
        digest(NAME, "activity", identity)
        if identity
        else digest(NAME, "administrator", msgspec.json.encode(record)),
        event_time(when, raw.received),
        raw.received,
        NAME,
        told.action or f"{NAME}/{told.native}",
        told.native,
        told.actor,
        told.target,
        told.origin or _origin(record.access_device),
        "",
        told.outcome,
        told.facts,
        identity,
        position,
    )


def _when(record: Record) -> str | int | float | None:
    """The exact time before the one in whole seconds."""
    iso = record.isotimestamp
    if iso and " " not in iso:
        return iso
    return record.ts if record.timestamp is None else record.timestamp


@lru_cache(4096)
def _target(kind: TargetKind, name: str) -> Target:
    return Target(kind, name)


def _origin(told: AccessDevice | None) -> Origin:
    device = told or _NO_DEVICE
    ip = device.ip
    return origin_told(
        ip if isinstance(ip, str) or ip is None else ip.address,
        (device.location or _NO_PLACE).country,
        _program(device.browser, device.browser_version),
        device.os,
        device.epkey,
    )


@lru_cache(4096)
def _program(browser: str | None, version: str | None) -> str:
    return f"{text(browser)} {text(version)}".strip()


SOURCE: Final = Source(
    name=NAME,
    kind="idp",
    title="Duo authentication, administrator, activity and telephony logs",
    reference="https://duo.com/docs/adminapi#logs",
    parse=parse,
    actions=frozenset(ACTIONS) | frozenset(EVENTS),
    recognises=recognises,
)
