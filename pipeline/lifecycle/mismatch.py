"""What may not fit between stored state and topics, and what to do about each."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from pipeline.lifecycle.stored import Table

Place = tuple[str, int]
"""Topic and partition."""


class Kind(Enum):
    """What does not fit."""

    PARTITIONS = auto()
    LAYOUT = auto()
    RECREATED = auto()
    LOST = auto()

    @property
    def fix(self) -> str:
        """What to do about it."""
        return _FIXES[self]


_FIXES: Final = {
    Kind.PARTITIONS: "learn anew from the audit topics: devspm topics reset --yes",
    Kind.LAYOUT: "run the version that wrote it, or learn anew: devspm topics reset --yes",
    Kind.RECREATED: "go on with what was learned: devspm topics mend --yes",
    Kind.LOST: "read again what is left: devspm topics mend --yes",
}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A place where stored state and topics do not belong together.

    Attributes:
        kind: of it.
        table: whose state it is.
        partition: of the table.
        place: what was made anew, or lost.
        detail: what was seen, for people.
    """

    kind: Kind
    table: Table
    partition: int
    place: Place
    detail: str

    @property
    def text(self) -> str:
        """In one line."""
        return f"{self.place[0]}[{self.place[1]}] {self.detail}"
