"""One thing that the doctor looked at."""

from dataclasses import dataclass
from enum import IntEnum


class Status(IntEnum):
    """How a check ended, best first."""

    GOOD = 0
    NOTE = 1
    BAD = 2


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Attributes:
        name: what.
        status: how it is.
        detail: what was seen.
        fix: what to do; empty if nothing.
    """

    name: str
    status: Status
    detail: str
    fix: str = ""
