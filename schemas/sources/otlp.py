"""OpenTelemetry log records out of OTLP/JSON, and out of what exporters flatten them to.

Reference: https://github.com/open-telemetry/opentelemetry-proto/blob/main/docs/specification.md
(JSON protobuf encoding: 64-bit integers are text, attributes are lists of keys and AnyValues).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from schemas.sources.base import Raw
from schemas.sources.fields import MAX_BYTES, fold, items, load, mapping, text

Json = dict[str, object]


class _Pair(msgspec.Struct, gc=False):
    key: str
    value: dict[str, Any]  # an AnyValue: one field, named after its type


class _Resource(msgspec.Struct, gc=False):
    attributes: list[_Pair] = []


class _Log(msgspec.Struct, rename="camel", gc=False):
    attributes: list[_Pair]
    body: dict[str, Any] | None = None
    time_unix_nano: str | int = ""
    observed_time_unix_nano: str | int = ""


class _Scope(msgspec.Struct, rename="camel", gc=False):
    log_records: list[_Log] = []


class _Group(msgspec.Struct, rename="camel", gc=False):
    resource: _Resource
    scope_logs: list[_Scope] = []


class _Export(msgspec.Struct, rename="camel", gc=False):
    resource_logs: list[_Group]


_decode = msgspec.json.Decoder(_Export).decode
_TIMES = ("timeUnixNano", "observedTimeUnixNano", "timestamp", "@timestamp")
_UNKNOWN_TIMES = frozenset({None, "", 0, "0"})  # zero is OTLP's unknown
_KEYS = frozenset({"resourceLogs", "attributes", "body", "event.name"})
_SPELLED = {
    name.lower(): name
    for name in (
        "resourceLogs", "scopeLogs", "logRecords", "timeUnixNano", "observedTimeUnixNano",
        "stringValue", "intValue", "boolValue", "doubleValue",
    )
}  # fmt: skip


def read_logs(raw: Raw) -> Iterable[Json]:
    """Attributes of each log record over those of its resource, as in `log_records`.

    An export that keeps to its types is read as such, any other record with more care.

    Raises:
        RejectedError: as `fields.load`.
    """
    if b'"resourceLogs"' in raw.event and len(raw.event) <= MAX_BYTES:
        try:
            return _typed(_decode(raw.event))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # `load` tells what is wrong
    record = load(raw)
    return log_records(fold(record, _SPELLED) if _KEYS.isdisjoint(record) else record)


def _typed(export: _Export) -> Iterator[Json]:
    for group in export.resource_logs:
        resource = _flat({}, group.resource.attributes)
        for scope in group.scope_logs:
            for log in scope.log_records:
                merged = _flat(resource.copy(), log.attributes)
                merged["body"] = _value(log.body) if log.body else None
                for moment in (log.time_unix_nano, log.observed_time_unix_nano):
                    if moment not in _UNKNOWN_TIMES:
                        merged.setdefault("time", moment)
                yield merged


def _flat(merged: Json, attributes: list[_Pair]) -> Json:
    for pair in attributes:
        key = pair.key
        for value in pair.value.values():  # `_value`, without a call for each attribute
            merged[key] = value
            break
        else:
            merged[key] = None
    return merged


def _value(any_value: dict[str, Any]) -> object:
    for value in any_value.values():
        return value
    return None


def log_records(record: Json) -> Iterator[Json]:
    """Attributes of each log record over those of its resource, as a flat mapping.

    Three shapes: an export request (`resourceLogs`), one record with `attributes` and `resource`,
    and flat dotted keys. Added are `body` (its text) and `time` (the record's own), where there.
    """
    if "resourceLogs" not in record:
        yield _merged(record, _attributes(mapping(record.get("resource"))))
        return
    for group in items(record["resourceLogs"]):
        resource = _attributes(mapping(mapping(group).get("resource")))
        for scope in items(mapping(group).get("scopeLogs")):
            for log in items(mapping(scope).get("logRecords")):
                yield _merged(mapping(log), resource)


def _attributes(holder: Json) -> Json:
    """`attributes` as a flat mapping; the holder itself where it is one already."""
    held = holder.get("attributes", holder)
    if not isinstance(held, list):
        return mapping(held)
    return {
        text(pair.get("key")): _value(mapping(pair.get("value")))
        for pair in held
        if isinstance(pair, dict)
    }


def _merged(log: Json, resource: Json) -> Json:
    merged = {**resource, **_attributes(log)}
    body = log.get("body")
    merged["body"] = _value(body) if isinstance(body, dict) else body
    for field in _TIMES:
        moment = log.get(field)
        if isinstance(moment, str | int) and moment not in _UNKNOWN_TIMES:
            merged.setdefault("time", moment)
            break
    return merged
