"""Records of one typed shape, alone or several in a wrapping, whatever the case of their keys.

A record that comes as its vendor documents it is decoded at once into the typed event. Only one
that does not fit costs more: it is decoded as plain JSON, unwrapped, and its keys are spelled as
the vendor spells them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

import msgspec

from schemas.activity import Activity, Position
from schemas.sources.base import Raw, RejectedError
from schemas.sources.batches import each
from schemas.sources.fields import MAX_BYTES, fold, load

Event = TypeVar("Event", bound=msgspec.Struct)


class Reader(Generic[Event]):
    """Reads one vendor's records.

    Args:
        event: the typed event; fields that a vendor may leave out have a default.
        parts: all structs of the event, for the spelling of their keys.
        holds: does the event hold what makes it one of this vendor's.
        unwrap: the list of events in a wrapping; anything else for what is no wrapping.
    """

    def __init__(
        self,
        event: type[Event],
        parts: Iterable[type[msgspec.Struct]],
        holds: Callable[[Event], object],
        unwrap: Callable[[dict[str, object]], object],
    ) -> None:
        self._event = event
        self._decode = msgspec.json.Decoder(event).decode
        self._holds = holds
        self._unwrap = unwrap
        shapes: list[type[msgspec.Struct]] = [event, *parts]
        self._spelled = {
            name.lower(): name for shape in shapes for name in shape.__struct_encode_fields__
        }

    def activities(
        self, raw: Raw, build: Callable[[Event, Raw, Position], Activity]
    ) -> Iterator[Activity] | list[Activity]:
        """One activity for each event of the record.

        Raises:
            RejectedError: as `read`, `convert` and `build`; of a wrapping after its good events.
        """
        event = self.read(raw)
        if isinstance(event, list):
            return each(
                event, raw.position, lambda one, where: build(self.convert(one), raw, where)
            )
        return [build(event, raw, raw.position)]

    def read(self, raw: Raw) -> Event | list[object]:
        """The record's event, or the events of a wrapping, not yet converted.

        Raises:
            RejectedError: as `fields.load` and `convert`.
        """
        if len(raw.event) <= MAX_BYTES:
            try:
                event = self._decode(raw.event)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                return self._loaded(raw)  # `load` tells what is wrong
            if self._holds(event):
                return event
        return self._loaded(raw)

    def _loaded(self, raw: Raw) -> Event | list[object]:
        record = load(raw)
        batch = self._unwrap(record)
        return batch if isinstance(batch, list) else self.convert(record)

    def convert(self, event: object) -> Event:
        """A decoded JSON object as event.

        Raises:
            RejectedError: `not_this_source` without what makes it one of this vendor's,
                `missing_field`, `wrong_type`.
        """
        if not isinstance(event, dict):
            raise RejectedError("wrong_type", "an event is an object")
        try:
            typed = msgspec.convert(event, self._event)
            if not self._holds(typed):
                typed = msgspec.convert(fold(event, self._spelled), self._event)
        except msgspec.ValidationError as error:
            reason = "missing_field" if "missing required" in str(error) else "wrong_type"
            raise RejectedError(reason, str(error)) from None
        if not self._holds(typed):
            raise RejectedError("not_this_source", "the fields that mark this vendor's are missing")
        return typed
