"""Regular expressions over text that others wrote: none can be made to search for long.

Backtracking costs more than the length of a text when a repetition can end in many places and what
follows can still fit: repetitions within a repetition (exponential), two in a row over the same
characters (a power), or one that every place of a long text can start (a square). The parsed
expressions are looked at for these; nothing is timed.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from types import FunctionType
from typing import Any

import pytest

import schemas
from schemas.sources.artifactory_lines import read_line
from schemas.sources.client import client_of
from schemas.sources.repository import repository_of

ALPHABET = frozenset([*map(chr, range(128)), "\u00e9"])
LONG = 64  # repetitions to at most so many are a constant
_CLASSES: dict[str, Callable[[str], bool]] = {
    "CATEGORY_DIGIT": str.isdigit,
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_WORD": lambda c: c.isalnum() or c == "_",
}
# Seen only with texts that are cut before: the square of a small number.
ANCHORED = (  # not searched for: a text has to begin with it
    "schemas.ocsf_evidence._EMAIL",
    "schemas.sources.auth0_management_api._COMPILED",
    "schemas.sources.client._PRODUCT",
    "schemas.sources.client._SPACED",
)
BOUNDED = {
    "schemas.sources.artifactory_lines._WHO",  # 256 characters
}


def patterns() -> dict[str, re.Pattern[str]]:
    found: dict[str, re.Pattern[str]] = {}

    def look(name: str, value: object) -> None:
        if isinstance(value, re.Pattern):
            found[name] = value
        elif isinstance(value, tuple | list):
            for index, inner in enumerate(value):
                look(f"{name}[{index}]", inner)
        elif isinstance(bound := getattr(value, "__self__", None), re.Pattern):
            found[name] = bound

    for module in pkgutil.walk_packages(schemas.__path__, "schemas."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if not isinstance(value, FunctionType):
                look(f"{module.name}.{name}", value)
    return found


def _category(value: object) -> frozenset[str]:
    name = str(value)
    fits = _CLASSES[name.replace("_NOT", "")]
    return frozenset(c for c in ALPHABET if fits(c) is ("_NOT" not in name))


def _set(value: list[tuple[Any, Any]]) -> frozenset[str]:
    union = {c for inner in value if inner[0] is not codes.NEGATE for c in chars(inner)}
    return ALPHABET - union if value[0][0] is codes.NEGATE else frozenset(union)


_FITS: dict[Any, Callable[[Any], frozenset[str]]] = {
    codes.LITERAL: lambda value: frozenset({chr(value), chr(value).swapcase()}),
    codes.NOT_LITERAL: lambda value: ALPHABET - {chr(value)},
    codes.ANY: lambda _: ALPHABET,
    codes.RANGE: lambda value: frozenset(c for c in ALPHABET if value[0] <= ord(c) <= value[1]),
    codes.CATEGORY: _category,
    codes.IN: _set,
}


def chars(item: tuple[Any, Any]) -> frozenset[str]:
    """Characters that an item of one character fits; of others, those it can start with."""
    code, value = item
    return _FITS[code](value) if code in _FITS else first(inside(item))


def inside(item: tuple[Any, Any]) -> list[tuple[Any, Any]]:
    """The items of a group or a repetition; of alternatives all of them."""
    code, value = item
    if code in {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}:
        return list(value[2])
    if code is codes.SUBPATTERN:
        return list(value[3])
    if code is codes.ATOMIC_GROUP:
        return list(value)
    return []


def branches(item: tuple[Any, Any]) -> list[list[tuple[Any, Any]]]:
    return [list(one) for one in item[1][1]] if item[0] is codes.BRANCH else [inside(item)]


def optional(item: tuple[Any, Any]) -> bool:
    code, value = item
    if code in {codes.MAX_REPEAT, codes.MIN_REPEAT}:
        return value[0] == 0 or all(map(optional, inside(item)))
    if code in {codes.AT, codes.ASSERT, codes.ASSERT_NOT}:
        return True
    if code is codes.BRANCH:
        return any(all(map(optional, one)) for one in branches(item))
    return code is codes.SUBPATTERN and all(map(optional, inside(item)))


def first(items: Iterable[tuple[Any, Any]]) -> frozenset[str]:
    """Characters that the items can start with."""
    found: frozenset[str] = frozenset()
    for item in items:
        if item[0] is codes.BRANCH:
            found = found.union(*(first(one) for one in branches(item)))
        elif item[0] not in {codes.AT, codes.ASSERT, codes.ASSERT_NOT}:
            found |= chars(item)
        if not optional(item):
            break
    return found


def is_long(item: tuple[Any, Any]) -> bool:
    return item[0] in {codes.MAX_REPEAT, codes.MIN_REPEAT} and int(item[1][1]) > LONG


def rows(items: list[tuple[Any, Any]]) -> Iterator[tuple[frozenset[str], int]]:
    """Long repetitions of one character: which, and where in the sequence."""
    for index, item in enumerate(items):
        if is_long(item) and len(inside(item)) == 1:
            yield chars(inside(item)[0]), index


def troubles(items: list[tuple[Any, Any]], again: frozenset[str] = frozenset()) -> Iterator[str]:
    """What can go wrong in a sequence, after which those characters start it again."""
    for item in items:
        start = first(inside(item)) if is_long(item) else frozenset()
        for one in branches(item):
            yield from troubles(one, start)
    found = list(rows(items))
    for fits, index in found:
        if all(map(optional, items[index + 1 :])) and fits & again:
            yield "a repetition within a repetition"
        for other, later in found:
            between = items[index + 1 : later]
            if later > index and fits & other and all(map(optional, between)):
                yield "two repetitions of the same characters in a row"


def starts_anywhere(items: list[tuple[Any, Any]]) -> bool:
    """Would a search begin a long repetition at every character, and could it fail each time."""
    return bool(items) and is_long(items[0]) and not all(map(optional, items[1:]))


@pytest.mark.parametrize("name", sorted(patterns()))
def test_no_expression_can_be_made_to_search_for_long(name: str) -> None:
    parsed = list(_parser.parse(patterns()[name].pattern, patterns()[name].flags & ~re.DEBUG))
    found = set(troubles(parsed))
    if starts_anywhere(parsed) and not name.startswith(ANCHORED):
        found.add("a search can begin it anywhere")
    assert not found or name in BOUNDED, found


@pytest.mark.parametrize(
    ("pattern", "bad"),
    [
        (r"(?:a+)+b", True),
        (r"(?:a+b?)+c", True),
        (r"\s*\s+x", True),
        (r"[ab]*[bc]*d", True),
        (r"(?:\.[a-z]+)+/", False),
        (r"[^/]*/[^:]*:", False),
        (r"\w{1,20} \w{1,20}", False),
    ],
)
def test_the_look_sees_what_it_should(pattern: str, bad: bool) -> None:
    assert bool(set(troubles(list(_parser.parse(pattern))))) is bad


def test_what_the_square_is_of_is_cut_before() -> None:
    spaces = " " * (1 << 20)
    line = f"2025-09-08T10:00:00.000Z [t] [ACCEPTED LOGIN] for client : mara{spaces}x"
    assert read_line(line) is None
    assert client_of("x" * (1 << 20)) == ("x" * 64, "")
    assert repository_of(f"https://example.com/{'a/' * 600}") == ""
