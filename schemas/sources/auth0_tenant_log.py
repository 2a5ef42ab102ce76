"""A record of Auth0's tenant log as typed structs: only the fields that are read.

Reference: https://auth0.com/docs/deploy-monitor/logs and
https://github.com/auth0/auth0-log-schemas. A log stream wraps it as `{"log_id", "data"}`, Amazon
EventBridge that again as `detail`. What `details` holds depends on the type: read with care.
"""

from typing import Any

import msgspec

from schemas.sources.fields import mapping
from schemas.sources.typed import Reader


class Part(msgspec.Struct, gc=False):
    """Common settings: no cycles."""


class Place(Part):
    """Where the address is."""

    country_code: str | None = None


class Log(Part):
    """One event, alone or as `data` of a log stream's record."""

    log_id: str | None = None
    object_id: str | None = msgspec.field(name="_id", default=None)
    date: str | int | float | None = None
    type: str | None = None
    description: str | None = None
    client_id: str | None = None
    client_name: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    user_id: str | None = None
    user_name: str | None = None
    hostname: str | None = None
    tenant_name: str | None = None
    location_info: Place | None = None
    details: Any = None
    data: "Log | None" = None


def id_of(log: Log, inner: Log) -> str | None:
    """The vendor's id of the event, wherever this shape has it."""
    return inner.log_id or inner.object_id or log.log_id


def _holds(log: Log) -> bool:
    inner = log.data or log
    return inner.type is not None and inner.date is not None and id_of(log, inner) is not None


def _unwrapped(record: dict[str, object]) -> object:
    if isinstance(record.get("detail"), dict):
        return [record["detail"]]
    return record.get("logs")


def recognises(record: dict[str, object]) -> bool:
    """A tenant log event, or a wrapping around some."""
    batch = _unwrapped(record)
    outer = mapping(batch[0]) if isinstance(batch, list) and batch else record
    inner = outer["data"] if isinstance(outer.get("data"), dict) else outer
    keys = mapping(inner).keys()
    return {"type", "date"} <= keys and ("log_id" in keys or "_id" in keys or "log_id" in outer)


READER = Reader(Log, (Place,), _holds, _unwrapped)
