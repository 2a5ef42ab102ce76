"""Reading vendors' JSON: the helpers that every parser shares, in one place to import from.

The getters (`schemas.sources.values`) never raise. What must stop a record (`load`, `epoch`,
`check_time`) raises `RejectedError` with a reason of the closed set.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from math import nextafter

import orjson

from schemas.activity import pseudonym
from schemas.sources.base import Raw, RejectedError
from schemas.sources.client import client_of
from schemas.sources.origin import address_of, network_of, origin_of
from schemas.sources.repository import repository_of
from schemas.sources.values import count, flag, items, lower, mapping, number, text

__all__ = [
    "account",
    "address_of",
    "check_time",
    "client_of",
    "count",
    "epoch",
    "event_time",
    "flag",
    "fold",
    "header",
    "items",
    "load",
    "lower",
    "mapping",
    "moment",
    "network_of",
    "number",
    "origin_of",
    "repository_of",
    "text",
    "token_of",
]

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
DAY = 86_400.0
FLOOR = 631_152_000.0  # 1990-01-01
CEILING = 4_102_444_800.0  # 2100-01-01: the bound when nobody knows when a record was received
LATEST = nextafter(CEILING, 0.0)
CACHED = 65_536
_IMPOSSIBLE = "before 1990 or over a day after the record was received"

_NUMERIC = (int, float)


def account(system: str, login: object) -> str:
    """`<system>:<login>`, lower case; "" without a login."""
    name = lower(login)
    return f"{system}:{name}" if name else ""


@lru_cache(CACHED)
def token_of(value: str) -> str:
    """`pseudonym` of a token's hash or id, remembered: a token is used again and again."""
    return pseudonym(value)


def header(raw: Raw, name: str) -> str:
    """A transport header as text that can be stored: characters no encoder takes are replaced."""
    value = raw.headers.get(name, "")
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode()
    return text(value)


def load(raw: Raw, limit: int = MAX_BYTES) -> dict[str, object]:
    """The record's JSON object.

    Raises:
        RejectedError: `too_large` (bytes over `limit`), `too_deep` (nested over 64 levels),
            `not_json` (undecodable, NaN or infinity, not an object).
    """
    event = raw.event
    if len(event) > limit:
        raise RejectedError("too_large", f"{len(event)} bytes, at most {limit} are read")
    try:
        record = orjson.loads(event)
    except orjson.JSONDecodeError as error:
        reason = "too_deep" if "depth limit" in error.msg else "not_json"
        raise RejectedError(reason, str(error)) from None
    if not isinstance(record, dict):
        raise RejectedError("not_json", "the record is no JSON object")
    # Fewer openings than the limit cannot nest deeper than it: most records end here. Taking them
    # out finds them several times faster than `bytes.count`, which looks at each byte in turn.
    openings = 2 * len(event) - len(event.replace(b"{", b"")) - len(event.replace(b"[", b""))
    if openings > MAX_DEPTH:
        _check_depth(record, openings)
    return record


def _check_depth(record: dict[str, object], openings: int) -> None:
    """Go down level by level until what is left could not be too deep, even one within the other.

    Args:
        record: decoded JSON object.
        openings: how many objects and arrays it holds at most.
    """
    level: list[dict[str, object] | list[object]] = [record]
    for depth in range(MAX_DEPTH):
        openings -= len(level)
        if not level or depth + 1 + openings <= MAX_DEPTH:
            return
        level = [
            child
            for outer in level
            for child in (outer.values() if type(outer) is dict else outer)
            if type(child) is dict or type(child) is list
        ]
    if level:
        raise RejectedError("too_deep", f"nested deeper than {MAX_DEPTH} levels")


def fold(value: object, names: Mapping[str, str] = {}) -> dict[str, object]:
    """The object with all keys in lower case, at every depth, for case-tolerant access.

    It costs as much as decoding; parsers call it only when the key they need first is missing.

    Args:
        value: a decoded JSON object; anything else gives an empty one.
        names: lower-case name -> the vendor's spelling, for vendors that write `eventType`.
    """
    return {
        names.get(key := name.lower(), key): _folded(inner, names)
        for name, inner in mapping(value).items()
    }


def _folded(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, dict):
        return fold(value, names)
    if isinstance(value, list):
        return [_folded(inner, names) for inner in value]
    return value


def epoch(value: object) -> float:
    """A time as seconds since the epoch, UTC.

    Takes ISO 8601 / RFC 3339 text (without an offset: UTC) and epoch numbers, also as text, in
    seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude.

    Raises:
        RejectedError: `wrong_type` for anything but text and numbers, `bad_time` for others.
    """
    if isinstance(value, str):
        if value[4:5] == "-":
            try:
                moment = datetime.fromisoformat(value)
                return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
            except (ValueError, OverflowError):
                raise RejectedError("bad_time", "not an ISO 8601 time") from None
    elif isinstance(value, bool) or not isinstance(value, _NUMERIC):
        raise RejectedError("wrong_type", f"a time is text or a number, not {type(value).__name__}")
    seconds = number(value)
    if seconds is None:
        raise RejectedError("bad_time", "neither an ISO 8601 time nor an epoch number")
    size = abs(seconds)
    if size < 1e11:  # noqa: PLR2004 - seconds until the year 5138
        return seconds
    return seconds / (1e3 if size < 1e14 else 1e6 if size < 1e17 else 1e9)  # noqa: PLR2004


def event_time(value: object, received: float) -> float:
    """When an event happened: `check_time` of its `epoch`.

    Raises:
        RejectedError: as both.
    """
    if type(value) is str and value[4:5] == "-":  # most are written like this
        try:
            told = datetime.fromisoformat(value)
            seconds = (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise RejectedError("bad_time", "not an ISO 8601 time") from None
        if FLOOR <= seconds <= (received + DAY if received > 0 else LATEST):
            return seconds
        raise RejectedError("bad_time", _IMPOSSIBLE)
    return check_time(epoch(value), received)


def moment(value: object) -> float | None:
    """`epoch` for a time that the event can do without: None where it raises."""
    try:
        return None if value is None else epoch(value)
    except RejectedError:
        return None


def check_time(t: float, received: float) -> float:
    """The time itself, when it can be one.

    Raises:
        RejectedError: `bad_time` before 1990, more than a day after the record was received (in
            or after 2100 when that is unknown), or not finite.
    """
    if FLOOR <= t <= (received + DAY if received > 0 else LATEST):
        return t
    raise RejectedError("bad_time", _IMPOSSIBLE)
