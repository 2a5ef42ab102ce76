"""Okta's LogEvent as typed structs: only the fields that are read, the others are skipped.

Reference: https://developer.okta.com/docs/reference/api/system-log/#logevent-object. What Okta
calls no contract (`debugData`, `detailEntry`) is typed as anything and read with care.
"""

from typing import Any

import msgspec

from schemas.sources.base import Raw, RejectedError
from schemas.sources.fields import MAX_BYTES, fold, load, mapping


class Part(msgspec.Struct, rename="camel", gc=False):
    """Common settings: camel case names, no cycles."""


class Entity(Part):
    """Actor or target."""

    id: str | None = None
    type: str | None = None
    alternate_id: str | None = None
    display_name: str | None = None
    detail_entry: Any = None


class UserAgent(Part):
    """User agent; both others derive from the raw text."""

    raw_user_agent: str | None = None
    os: str | None = None


class Geography(Part):
    """Where the address is."""

    country: str | None = None


class Client(Part):
    """Where the request came from."""

    user_agent: UserAgent | None = None
    geographical_context: Geography | None = None
    ip_address: str | None = None


class Device(Part):
    """A device enrolled with Okta Verify."""

    id: str | None = None


class Session(Part):
    """How the actor was authenticated."""

    credential_type: str | None = None
    external_session_id: str | None = None
    root_session_id: str | None = None


class Security(Part):
    """What the address belongs to."""

    as_number: int | str | None = None
    is_proxy: bool | None = None


class Result(Part):
    """Did it work."""

    result: str | None = None
    reason: str | None = None


class DebugData(Part):
    """No contract."""

    factor: Any = None
    dt_hash: Any = None
    device_fingerprint: Any = None
    push_only_response_type: Any = None


class Debug(Part):
    """Holder of the debug data."""

    debug_data: DebugData | None = None


class TransactionDetail(Part):
    """Set when an API token was used."""

    request_api_token_id: str | None = None


class Transaction(Part):
    """The request or job."""

    detail: TransactionDetail | None = None


class Hop(Part):
    """One address of the request's way."""

    ip: str | None = None


class Request(Part):
    """The request's way through proxies."""

    ip_chain: list[Hop] | None = None


class LogEvent(Part):
    """One event."""

    event_type: str
    published: str
    actor: Entity
    uuid: str | None = None
    client: Client | None = None
    device: Device | None = None
    authentication_context: Session | None = None
    security_context: Security | None = None
    outcome: Result | None = None
    debug_context: Debug | None = None
    transaction: Transaction | None = None
    request: Request | None = None
    target: list[Entity] | None = None


_PARTS = (
    LogEvent, Entity, Client, UserAgent, Geography, Session, Security, Debug, DebugData,
    Transaction, TransactionDetail, Request,
)  # fmt: skip
_SPELLED = {name.lower(): name for part in _PARTS for name in part.__struct_encode_fields__}
_KEYS = frozenset({"published", "eventType", "detail", "events", "data"})
_decode = msgspec.json.Decoder(LogEvent).decode


def read(raw: Raw) -> LogEvent | list[object]:
    """The record's LogEvent; of a batch its events, undecoded, for `convert`.

    Takes a LogEvent, `{"events": [...]}`, an event hook's body (`data.events`), and an EventBridge
    event (`detail`).

    Raises:
        RejectedError: as `fields.load`; `missing_field`, `wrong_type`.
    """
    if len(raw.event) <= MAX_BYTES:
        try:
            return _decode(raw.event)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # `load` tells what is wrong
    record = load(raw)
    if _KEYS.isdisjoint(record):
        record = fold(record, _SPELLED)
    if isinstance(record.get("detail"), dict):
        return [record["detail"]]
    batch = record.get("events") or mapping(record.get("data")).get("events")
    return batch if isinstance(batch, list) else [record]


def convert(event: object) -> LogEvent:
    """A decoded JSON object as LogEvent.

    Raises:
        RejectedError: `missing_field`, `wrong_type`.
    """
    try:
        return msgspec.convert(event, LogEvent)
    except msgspec.ValidationError as error:
        reason = "missing_field" if "missing required" in str(error) else "wrong_type"
        raise RejectedError(reason, str(error)) from None
