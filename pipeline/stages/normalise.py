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
from pipeline.identities.directory import Directory, DirectoryStats
from schemas.activity import Activity, Origin
from schemas.identity import IdentityMap
from schemas.link import Link, proven
from schemas.sources import Raw, RejectedError, recognise, source_named

logger = logging.getLogger(__name__)

UNKNOWN = "unknown"


@dataclass(slots=True)
class NormaliseStats:
    """Totals. Keys come from closed sets: names of sources, reasons of rejection."""

    events: Counter[tuple[str, str]] = field(default_factory=Counter)  # (source, outcome)
    rejected: Counter[str] = field(default_factory=Counter)  # by reason
    activities: Counter[str] = field(default_factory=Counter)  # by source
    identities: DirectoryStats = field(default_factory=DirectoryStats)


class Locator(Protocol):
    """Knows more of an address than the event says."""

    @property
    def locate(self) -> Callable[[Origin], Origin]:
        """The origin with what is known of its address; itself if nothing is."""


class Normaliser:
    """Parses records, resolves identities and places, says under which keys an activity is wanted.

    A link that an event proves takes effect for the events after it.

    Attributes:
        directory: who is who.

    Args:
        detectors: whose scopes and actions decide the keys.
        identities: account to identity, as an operator's file says.
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
        self._latest = latest
        self._locate = places.locate if places else None
        self.stats = stats or NormaliseStats()
        self.directory = Directory(identities, self.stats.identities)
        self._learned: list[Link] = []
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
        told, activity = activity, self.directory.resolve(activity)
        self._learned += filter(self.directory.learn, proven(told))
        if self._locate and (origin := self._locate(activity.origin)) != activity.origin:
            activity = msgspec.structs.replace(activity, origin=origin)
        if index == 0:
            return activity
        position = msgspec.structs.replace(activity.position, index=index)
        return msgspec.structs.replace(activity, position=position)

    def take_learned(self) -> list[Link]:
        """Links that were proven since the last call."""
        learned, self._learned = self._learned, []
        return learned

    def keys(self, activity: Activity) -> list[bytes]:
        """State keys under which some detector wants the activity."""
        return [
            key.encode("utf-8", "replace")
            for scope in self._scopes.get(activity.action, ())
            for key in keys_of(scope, activity)
        ]
