"""Reading vendors' JSON: small, total helpers that every parser shares.

The getters never raise: a value of another type than asked for counts as absent. What must stop
a record (`load`, `epoch`, `check_time`) raises `RejectedError` with a reason of the closed set.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from math import isfinite

import orjson

from schemas.activity import NO_ORIGIN, Origin
from schemas.sources.base import Raw, RejectedError
from schemas.sources.client import client_of
from schemas.sources.repository import repository_of

__all__ = [
    "account",
    "address_of",
    "check_time",
    "client_of",
    "count",
    "epoch",
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
]

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_TEXT = 1024  # an activity stays small whatever a vendor's field holds
DAY = 86_400.0
FLOOR = 631_152_000.0  # 1990-01-01
CEILING = 4_102_444_800.0  # 2100-01-01: the bound when nobody knows when a record was received
CACHED = 65_536
MAX_COUNT = 1 << 53
MAX_ASN = (1 << 32) - 1

_EMPTY: dict[str, object] = {}
_NOTHING: list[object] = []


def text(value: object) -> str:
    """Any scalar as stripped text of at most 1024 characters; "" for null, objects, arrays."""
    if isinstance(value, str):
        return value.strip()[:MAX_TEXT]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""


def lower(value: object) -> str:
    """`text`, lower case."""
    return text(value).lower()


def number(value: object) -> float | None:
    """A finite number, also when a vendor wrote it as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if isfinite(result) else None


def count(value: object) -> int | None:
    """A number of things as an exact integer from 0 to 2**53; None for anything else."""
    result = number(value)
    return int(result) if result is not None and 0 <= result <= MAX_COUNT else None


def flag(value: object) -> bool | None:
    """A truth value, also as text ("true", "false"); None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None


def mapping(value: object) -> dict[str, object]:
    """The JSON object, or an empty one for anything else. Do not change what it returns."""
    return value if isinstance(value, dict) else _EMPTY


def items(value: object) -> list[object]:
    """The JSON array, or an empty one for anything else. Do not change what it returns."""
    return value if isinstance(value, list) else _NOTHING


def account(system: str, login: object) -> str:
    """`<system>:<login>`, lower case; "" without a login."""
    name = lower(login)
    return f"{system}:{name}" if name else ""


def header(raw: Raw, name: str) -> str:
    """A transport header as text that can be stored: characters no encoder takes are replaced."""
    value = raw.headers.get(name, "")
    return value.encode("utf-8", "replace").decode().strip()[:MAX_TEXT] if value else ""


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
    # Fewer openings than the limit cannot nest deeper than it: most records end here.
    if event.count(b"{") + event.count(b"[") > MAX_DEPTH:
        _check_depth(record)
    return record


def _check_depth(record: dict[str, object]) -> None:
    level: list[object] = [record]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _children(outer)]
        if not level:
            return
    raise RejectedError("too_deep", f"nested deeper than {MAX_DEPTH} levels")


def _children(value: object) -> Iterable[object]:
    inner = value.values() if isinstance(value, dict) else items(value)
    return [child for child in inner if isinstance(child, dict | list)]


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
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise RejectedError("wrong_type", f"a time is text or a number, not {type(value).__name__}")
    if isinstance(value, str) and value[4:5] == "-":
        try:
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise RejectedError("bad_time", "not an ISO 8601 time") from None
    seconds = number(value)
    if seconds is None:
        raise RejectedError("bad_time", "neither an ISO 8601 time nor an epoch number")
    size = abs(seconds)
    if size < 1e11:  # noqa: PLR2004 - seconds until the year 5138
        return seconds
    return seconds / (1e3 if size < 1e14 else 1e6 if size < 1e17 else 1e9)  # noqa: PLR2004


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
    latest = received + DAY if received > 0 else CEILING
    if FLOOR <= t <= latest and t != CEILING:
        return t
    raise RejectedError("bad_time", "before 1990 or over a day after the record was received")


@lru_cache(CACHED)
def _address(ip: str) -> IPv4Address | IPv6Address | None:
    bare = ip.strip().partition("%")[0]
    if bare.startswith("["):  # [2001:db8::1]:443
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:  # 192.0.2.1:443
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def address_of(ip: object) -> str:
    """The IP address in canonical text form, without port, zone or IPv4 mapping; "" for others."""
    address = _address(ip) if isinstance(ip, str) else None
    return str(address) if address else ""


def network_of(ip: object, asn: object = None) -> str:
    """`AS64496` where the autonomous system is known, else the address's /24 or /48, else ""."""
    if asn is not None:
        known = number(asn[2:] if isinstance(asn, str) and asn[:2].upper() == "AS" else asn)
        if known is not None and 0 < known <= MAX_ASN:
            return f"AS{int(known)}"
    return _network(ip) if isinstance(ip, str) else ""


@lru_cache(CACHED)
def _network(ip: str) -> str:
    address = _address(ip)
    if address is None:
        return ""
    if isinstance(address, IPv4Address):
        return f"{address}".rpartition(".")[0] + ".0/24"
    prefix = IPv6Address(int(address) >> 80 << 80)
    return f"{prefix}/48"


def origin_of(ip: object = None, agent: object = None, country: object = None) -> Origin:
    """Origin of an address, a user agent string and a country code; each may be absent."""
    return _origin(text(ip), text(agent), text(country))


@lru_cache(CACHED)
def _origin(ip: str, agent: str, country: str) -> Origin:
    if not ip and not agent and not country:
        return NO_ORIGIN
    client, system = client_of(agent)
    code = country.upper() if len(country) == 2 and country.isascii() and country.isalpha() else ""  # noqa: PLR2004 - ISO 3166-1 alpha-2
    return Origin(address_of(ip), network_of(ip), code, client, system)
