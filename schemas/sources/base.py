"""What a parser is, and what it may raise."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from schemas.activity import NOWHERE, Activity, Position

Kind = Literal["vcs", "registry", "idp", "ai", "control"]


class RejectedError(Exception):
    """A record that cannot become an activity; goes to the dead letters.

    Attributes:
        reason: one of the closed set `REASONS`; a label of a metric.
        detail: what exactly, for a person; never contains the record's content.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


REASONS = (
    "not_json",  # undecodable bytes, not a JSON object
    "wrong_type",  # a field has another type than its vendor's reference says
    "missing_field",  # without it there is no event: no time, no action …
    "unknown_source",  # neither header nor shape tells the parser
    "not_this_source",  # the record is of another vendor
    "too_large",
    "too_deep",
    "bad_time",  # before 1990 or too far in the future
    "undecodable_batch",  # unknown compression, corrupt batch
    "parser_error",  # a bug of ours
)


@dataclass(frozen=True, slots=True)
class Raw:
    """One raw record as it came.

    Attributes:
        event: the vendor's JSON, undecoded.
        received: seconds since the epoch, UTC; 0 if nobody noted it.
        headers: lower-case names; for webhooks the vendor's HTTP headers.
        position: where it stands.
    """

    event: bytes
    received: float
    headers: Mapping[str, str] = field(default_factory=dict)
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class Source:
    """A parser with what a person needs to know of it.

    Attributes:
        name: `<product>.<stream>`, the value of the header `source`.
        kind: which audit topic it belongs on: `audit.<kind>`.
        title: product and stream in words.
        reference: the vendor's documentation of the format.
        parse: raw record to its activities; raises `RejectedError`, nothing else.
        actions: the vendor's action names that map to the taxonomy.
        recognises: does this JSON object look like one of ours. Cheap; for records without a name.
    """

    name: str
    kind: Kind
    title: str
    reference: str
    parse: Callable[[Raw], Iterator[Activity] | list[Activity]]
    actions: frozenset[str]
    recognises: Callable[[dict[str, object]], bool]
