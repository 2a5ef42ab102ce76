"""Input records as `devspm scan` and `devspm replay` take them, and the stuff they are made of."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from functools import cache, lru_cache
from random import Random
from typing import Any

Record = dict[str, Any]
Event = dict[str, Any]
HOUR, DAY = 3600.0, 86400.0
Timed = tuple[float, Record]
"""Event time in seconds since the epoch, and the record."""


def record(source: str, at: float, event: Event, headers: dict[str, str] | None = None) -> Timed:
    """One generated record; `time` is the event time, received without delay."""
    made: Record = {"source": source, "event": event, "time": iso(at), "generated": True}
    if headers is not None:
        made["headers"] = headers
    return at, made


def seeded(*parts: object) -> Random:
    """A generator of pseudo-random numbers of its own for whatever the parts name."""
    return Random(":".join(map(str, parts)))  # noqa: S311 (reproducible data, no secrets)


def likely(rng: Random, probability: float) -> bool:
    """True with that probability."""
    return rng.random() < probability


def iso(at: float) -> str:
    """An instant as vendors write it: UTC, milliseconds, `Z`."""
    minute, milliseconds = divmod(round(at * 1000), 60_000)
    return f"{_minute(minute)}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}Z"


@lru_cache(maxsize=1 << 16)
def _minute(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).isoformat(timespec="minutes")[:-6]


def local_iso(at: float, offset: int) -> str:
    """An instant to the second in a time zone `offset` minutes east of UTC, as git writes it."""
    text = datetime.fromtimestamp(int(at) + offset * 60, UTC).isoformat()[:-6]
    hours, minutes = divmod(abs(offset), 60)
    return f"{text}{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}"


def hex_id(rng: Random, digits: int) -> str:
    """A random identifier of so many hexadecimal digits."""
    return f"{rng.getrandbits(digits * 4):0{digits}x}"


def uuid(rng: Random) -> str:
    """A random UUID."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def digest(rng: Random, size: int) -> str:
    """A random digest of so many bytes in Base64."""
    return b64encode(rng.randbytes(size)).decode()


@cache
def numeric_id(name: str) -> int:
    """The same nine digits for the same name."""
    return int.from_bytes(name.encode(), "big") % 899_999_999 + 100_000_000
