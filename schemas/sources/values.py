"""Getters over decoded JSON that never raise: another type than asked for counts as absent.

What is read as text is free of credentials (`schemas.sources.secrets`).
"""

from functools import lru_cache
from math import isfinite

from schemas.sources.secrets import SHORTEST, redacted

MAX_TEXT = 1024  # an activity stays small whatever a vendor's field holds
MAX_COUNT = 1 << 53
_CACHED = 65_536
_SHORT = 256  # characters; longer texts are rare, and would fill a cache
_MAX_READ = 2 * MAX_TEXT  # what is looked at, so that no half of a credential is left at the end

_NUMERIC = (int, float)
_READABLE = (int, float, str)
_EMPTY: dict[str, object] = {}
_NOTHING: list[object] = []


def text(value: object) -> str:
    """Any scalar as stripped text of at most 1024 characters; "" for null, objects, arrays."""
    # The exact type first: what a decoder makes, and half the price of `isinstance`.
    if type(value) is str:
        if len(value) < SHORTEST:
            return value.strip()
        return _remembered(value) if len(value) <= _SHORT else _read(value)
    if value is None:
        return ""
    if isinstance(value, str):
        return text(str(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, _NUMERIC) else ""


def lower(value: object) -> str:
    """`text`, lower case."""
    if value is None:
        return ""
    if type(value) is str:
        if len(value) < SHORTEST:
            return value.strip().lower()
        if len(value) <= _SHORT:
            return _remembered_lower(value)
    return text(value).lower()


def ident(value: object) -> str:
    """`text` of what is another with every event: nothing of it is remembered."""
    if type(value) is str and len(value) <= _SHORT:
        return redacted(value.strip())
    return text(value)


def _read(value: str) -> str:
    return redacted(value.strip()[:_MAX_READ])[:MAX_TEXT]


def _read_lower(value: str) -> str:
    return _read(value).lower()


_remembered = lru_cache(_CACHED)(_read)
_remembered_lower = lru_cache(_CACHED)(_read_lower)


def number(value: object) -> float | None:
    """A finite number, also when a vendor wrote it as text; None for anything else."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, _READABLE):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if isfinite(result) else None


def count(value: object) -> int | None:
    """A number of things as an exact integer from 0 to 2**53; None for anything else."""
    if type(value) is int:
        return value if 0 <= value <= MAX_COUNT else None
    result = number(value)
    return int(result) if result is not None and 0 <= result <= MAX_COUNT else None


def flag(value: object) -> bool | None:
    """A truth value, also as text ("true", "false"); None for anything else."""
    if value is None:
        return None
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
