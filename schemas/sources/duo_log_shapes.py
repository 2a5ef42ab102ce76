"""Duo's log records as typed structs: authentication, administrator, activity and telephony.

Reference: https://duo.com/docs/adminapi, the section on logs. Their keys differ; one struct holds
them all, and `Stream` says which it is. An answer of the API wraps them under `response`.
"""

from enum import Enum
from typing import Final

import msgspec

from schemas.sources.fields import mapping
from schemas.sources.typed import Reader


class Part(msgspec.Struct, gc=False):
    """Common settings: no cycles."""


class Place(Part):
    """Where the address is."""

    country: str | None = None


class Address(Part):
    """The address as the activity log has it."""

    address: str | None = None


class AccessDevice(Part):
    """The machine that wants in."""

    ip: Address | str | None = None
    location: Place | None = None
    browser: str | None = None
    browser_version: str | None = None
    os: str | None = None
    epkey: str | None = None


class Named(Part):
    """A user, application, target or action; `details` is JSON within a string."""

    key: str | None = None
    name: str | None = None
    type: str | None = None
    details: str | None = None


class Result(Part):
    """Did it work, in the activity log."""

    result: str | None = None


class Record(Part):
    """One record of any of Duo's logs."""

    # authentication
    txid: str | None = None
    event_type: str | None = None
    factor: str | None = None
    reason: str | None = None
    result: str | None = None
    user: Named | None = None
    email: str | None = None
    application: Named | None = None
    access_device: AccessDevice | None = None
    # administrator (`action` is a text), activity (`action` is an object)
    action: Named | str | None = None
    username: str | None = None
    object: str | None = None
    description: str | None = None
    activity_id: str | None = None
    actor: Named | None = None
    target: Named | None = None
    outcome: Result | None = None
    # telephony
    telephony_id: str | None = None
    context: str | None = None
    phone: str | None = None
    type: str | None = None
    # when
    timestamp: int | float | str | None = None
    isotimestamp: str | None = None
    ts: str | int | float | None = None


class Stream(Enum):
    """Which of Duo's logs a record is of."""

    AUTHENTICATION = "authentication"
    ADMINISTRATOR = "administrator"
    ACTIVITY = "activity"
    TELEPHONY = "telephony"


def stream_of(record: Record) -> Stream | None:
    """The log that the record is of; None for what is none of Duo's."""
    if record.txid is not None and record.event_type is not None:
        return Stream.AUTHENTICATION
    if isinstance(record.action, Named):
        return Stream.ACTIVITY if record.actor is not None and record.ts is not None else None
    if record.action is not None:
        told = record.username is not None or record.isotimestamp is not None
        return Stream.ADMINISTRATOR if told and record.timestamp is not None else None
    return Stream.TELEPHONY if record.context is not None and record.phone is not None else None


_PAGES: Final = ("authlogs", "items")


def _unwrapped(record: dict[str, object]) -> object:
    response = record.get("response")
    if isinstance(response, dict):
        return next((response[page] for page in _PAGES if page in response), None)
    return response


def recognises(record: dict[str, object]) -> bool:
    """A record of one of Duo's logs, or an answer of the API with some."""
    batch = _unwrapped(record)
    event = mapping(batch[0]) if isinstance(batch, list) and batch else record
    return (
        {"txid", "event_type", "result"} <= event.keys()
        or {"activity_id", "action", "ts"} <= event.keys()
        or {"action", "username", "isotimestamp", "object"} <= event.keys()
        or {"context", "phone", "credits"} <= event.keys()
    )


READER: Final = Reader(Record, (Place, Address, AccessDevice, Named, Result), stream_of, _unwrapped)
