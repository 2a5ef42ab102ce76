"""What is publicly documented of an incident, event by event, and how records say so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pipeline.generator.records import Event, Timed, record

Basis = Literal["documented", "generated"]
Precision = Literal["second", "minute", "hour", "day"]
EXACT = frozenset({"second", "minute"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One documented event.

    Attributes:
        ts: when, ISO 8601 in UTC.
        precision: how far to trust `ts`; what is coarser than a minute is a placeholder, and no
            gap may be computed from it.
        system: where it happened.
        actor: who, by the public name.
        action: what.
        what: upon what.
    """

    ts: str
    precision: Precision
    system: str
    actor: str
    action: str
    what: str

    @property
    def at(self) -> float:
        """`ts` in seconds since the epoch."""
        return utc(self.ts)


def utc(ts: str) -> float:
    """An ISO 8601 time in seconds since the epoch."""
    return datetime.fromisoformat(ts).timestamp()


def labelled(
    incident: str, made: Iterable[Timed], fact: Fact | None = None, *, timed: bool = True
) -> Iterator[Timed]:
    """Records with the basis of what they tell and of their time.

    Args:
        incident: its name.
        made: the records.
        fact: the documented event they tell of; None: everything in them is generated.
        timed: whether their times are the fact's.
    """
    basis: Basis = "documented" if fact else "generated"
    exact = fact is not None and timed and fact.precision in EXACT
    time_basis: Basis = "documented" if exact else "generated"
    for at, told in made:
        label: dict[str, Any] = {"incident": incident, "basis": basis, "time_basis": time_basis}
        yield at, {**told, "label": label}


def git_log(at: float, row: Event) -> Timed:
    """A row of a repository's history, as `devspm import git` writes it."""
    return record("git.log", at, row)
