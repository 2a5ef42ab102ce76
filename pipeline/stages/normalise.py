"""Raw records in, activities out, each under every key that some detector wants it under."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Any, Protocol

import msgspec

from detectors.base import Detector, Scope
from detectors.keys import keys_of
from schemas.activity import Activity, Origin
from schemas.identity import IdentityMap
from schemas.sources import Raw, RejectedError, recognise, source_named

logger = logging.getLogger(__name__)

UNKNOWN = "unknown"
SOURCE_SAMPLE = 8


@dataclass(slots=True)
class NormaliseStats:
    """Totals. Keys come from closed sets: names of sources, reasons of rejection."""

    events: Counter[tuple[str, str]] = field(default_factory=Counter)  # (source, outcome)
    rejected: Counter[str] = field(default_factory=Counter)  # by reason
    activities: Counter[str] = field(default_factory=Counter)  # by source


class Locator(Protocol):
    """Knows more of an address than the event says."""

    @property
    def locate(self) -> Callable[[Origin], Origin]:
        """The origin with what is known of its address; itself if nothing is."""


class Normaliser:
    """Parses records, resolves identities and places, says under which keys an activity is wanted.

    Args:
        detectors: whose scopes and actions decide the keys.
        identities: account to identity.
        latest: an event later than this is rejected, whatever its record says.
        places: where an address is; without it, what the event says is all there is.
    """

    def __init__(
        self,
        detectors: Iterable[Detector[Any, Any]],
        identities: IdentityMap,
        *,
        latest: float = inf,
        stats: NormaliseStats | None = None,
        places: Locator | None = None,
    ) -> None:
        self._identities = identities
        self._latest = latest
        self._locate = places.locate if places else None
        self.stats = stats or NormaliseStats()
        scopes: dict[str, set[Scope]] = {}
        for detector in detectors:
            for action in detector.meta.actions:
                scopes.setdefault(str(action), set()).add(detector.meta.scope)
        self._scopes = {action: tuple(sorted(wanted)) for action, wanted in scopes.items()}

    def normalise(self, raw: Raw, source: str = "") -> tuple[list[Activity], RejectedError | None]:
        """The activities of a record, identities resolved, and why it is rejected, if it is.

        A record that holds several events can give some activities and be rejected all the same,
        for the one that is no event.

        Args:
            raw: the record.
            source: name of its parser; if empty, the record's shape decides.
        """
        name = UNKNOWN
        found: list[Activity] = []
        try:
            parser = source_named(source) if source else recognise(raw.event)
            name = parser.name
            for activity in parser.parse(raw):
                found.append(self._place(activity, len(found)))
        except RejectedError as error:
            rejection = error
        except Exception as error:
            logger.exception("parser %s failed at %s", name, raw.position)
            rejection = RejectedError("parser_error", f"{name}: {type(error).__name__}")
        else:
            self._accept(name, len(found))
            return found, None
        self.reject(name, rejection.reason)
        self.stats.activities[name] += len(found)
        return found, rejection

    def _accept(self, source: str, activities: int) -> None:
        self.stats.events[source, "accepted"] += 1
        self.stats.activities[source] += activities

    def reject(self, source: str, reason: str) -> None:
        """Count a record that becomes a dead letter."""
        self.stats.events[source, "rejected"] += 1
        self.stats.rejected[reason] += 1

    def _place(self, activity: Activity, index: int) -> Activity:
        if activity.time > self._latest:
            raise RejectedError("bad_time", "the event is in the future")
        activity = self._identities.resolve(activity)
        if self._locate and (origin := self._locate(activity.origin)) != activity.origin:
            activity = msgspec.structs.replace(activity, origin=origin)
        if index == 0:
            return activity
        position = msgspec.structs.replace(activity.position, index=index)
        return msgspec.structs.replace(activity, position=position)

    def keys(self, activity: Activity) -> list[bytes]:
        """State keys under which some detector wants the activity.

        Every event belongs to its source; one in `SOURCE_SAMPLE` is enough to know its rhythm, and
        keeps that one key from being as busy as all others together.
        """
        return [
            key.encode("utf-8", "replace")
            for scope in self._scopes.get(activity.action, ())
            if scope is not Scope.SOURCE or activity.uid % SOURCE_SAMPLE == 0
            for key in keys_of(scope, activity)
        ]
