"""Records that hold several events: batches of pollers, hooks and collectors."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from msgspec.structs import replace

from schemas.activity import Activity, Position
from schemas.sources.base import RejectedError

Part = TypeVar("Part")


def each(
    parts: Iterable[Part], position: Position, parse: Callable[[Part, Position], Activity]
) -> Iterator[Activity]:
    """The activities of a record's events; a bad event does not hide the good ones.

    All good events come first, then the first bad one's rejection is raised, so that the record
    also goes to the dead letters. Events of a record that comes again keep their uid.

    Args:
        parts: the events, in the record's order.
        position: of the record; each event gets it with its own index.
        parse: event and its position -> its activity.

    Raises:
        RejectedError: of the first event that `parse` rejected, after all the others.
    """
    rejected: RejectedError | None = None
    for index, part in enumerate(parts):
        try:
            yield parse(part, replace(position, index=index))
        except RejectedError as error:
            rejected = rejected or error
    if rejected is not None:
        raise rejected
