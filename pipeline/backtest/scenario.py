"""A labelled scenario: raw events, and what is to be found in them.

As a file it is JSON lines, plain or gzip: the first line is `{"scenario": {…}}` with the fields of
`Label` and the list of identities, every further line a record as `devspm scan` takes it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from pipeline.records import Record, open_lines, parse_line, to_line
from schemas.activity import NOWHERE, Position
from schemas.sources import RejectedError


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be found. Times in seconds since the epoch.

    Attributes:
        name: of the scenario.
        description: what happens, and what of it is documented.
        identity: whom the findings must concern; empty if nothing is to be found.
        began: when the attack's first event happens.
        damage: when it begins to hurt.
        noticed: when others noticed.
        out_of_reach: why nothing can be found, if audit events do not show the attack.
    """

    name: str
    description: str
    identity: str = ""
    began: float = 0.0
    damage: float = 0.0
    noticed: float = 0.0
    out_of_reach: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A label with its events.

    Attributes:
        label: what is to be found.
        records: raw records in time order, anew at each call.
        identities: who is who, as `IdentityMap` takes it.
    """

    label: Label
    records: Callable[[], Iterator[Record | RejectedError]]
    identities: list[Mapping[str, Any]] = field(default_factory=list)


class ScenarioError(Exception):
    """A scenario cannot be read; the message says why."""


class _Header(msgspec.Struct):
    scenario: Label
    identities: list[dict[str, Any]] = []


def from_events(
    label: Label,
    events: Callable[[], Iterator[Mapping[str, Any]]],
    identities: list[Mapping[str, Any]],
) -> Scenario:
    """A scenario whose events are made by code."""

    def records() -> Iterator[Record | RejectedError]:
        for event in events():
            yield parse_line(to_line(event), "", NOWHERE)

    return Scenario(label, records, identities)


def from_file(path: Path) -> Scenario:
    """A scenario of a file.

    Raises:
        ScenarioError: the first line is no label.
        OSError: the file cannot be read.
    """
    with open_lines(str(path)) as lines:
        first = next(iter(lines), b"")
    try:
        header = msgspec.json.decode(first, type=_Header)
    except msgspec.MsgspecError as error:
        raise ScenarioError(f"{path}: the first line is no scenario: {error}") from None

    def records() -> Iterator[Record | RejectedError]:
        with open_lines(str(path)) as lines:
            for number, line in enumerate(lines, start=1):
                if number > 1 and not line.isspace():
                    yield parse_line(line, "", Position(str(path), 0, number))

    return Scenario(header.scenario, records, list(header.identities))
