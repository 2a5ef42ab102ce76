"""Raw records in, activities out, each under every key that some detector wants it under."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Any

import msgspec

from detectors.base import Detector, Scope
from detectors.keys import keys_of
from schemas.activity import Activity
from schemas.identity import IdentityMap
from schemas.sources import Raw, RejectedError, recognise, source_named

logger = logging.getLogger(__name__)

UNKNOWN = "unknown"


@dataclass(slots=True)
class NormaliseStats:
    """Totals. Keys come from closed sets: names of sources, reasons of rejection."""

    events: Counter[tuple[str, str]] = field(default_factory=Counter)  # (source, outcome)
    rejected: Counter[str] = field(default_factory=Counter)  # by reason
    activities: Counter[str] = field(default_factory=Counter)  # by source


class Normaliser:
    """Parses records, resolves identities, says under which keys an activity is wanted.

    Args:
        detectors: whose scopes and actions decide the keys.
        identities: account to identity.
        latest: an event later than this is rejected, whatever its record says.
    """

    def __init__(
        self,
        detectors: Iterable[Detector[Any, Any]],
        identities: IdentityMap,
        *,
        latest: float = inf,
        stats: NormaliseStats | None = None,
    ) -> None:
        self._identities = identities
        self._latest = latest
        self.stats = stats or NormaliseStats()
        scopes: dict[str, set[Scope]] = {}
        for detector in detectors:
            for action in detector.meta.actions:
                scopes.setdefault(str(action), set()).add(detector.meta.scope)
        self._scopes = {action: tuple(sorted(wanted)) for action, wanted in scopes.items()}

    def activities(self, raw: Raw, source: str = "") -> list[Activity]:
        """The activities of a record, identities resolved.

        Args:
            raw: the record.
            source: name of its parser; if empty, the record's shape decides.

        Raises:
            RejectedError: the record is one for the dead letters.
        """
        name = UNKNOWN
        try:
            parser = source_named(source) if source else recognise(raw.event)
            name = parser.name
            found = [
                self._place(activity, index) for index, activity in enumerate(parser.parse(raw))
            ]
        except RejectedError as error:
            self.reject(name, error.reason)
            raise
        except Exception as error:
            logger.exception("parser %s failed at %s", name, raw.position)
            self.reject(name, "parser_error")
            raise RejectedError("parser_error", f"{name}: {type(error).__name__}") from error
        self.stats.events[name, "accepted"] += 1
        self.stats.activities[name] += len(found)
        return found

    def reject(self, source: str, reason: str) -> None:
        """Count a record that becomes a dead letter."""
        self.stats.events[source, "rejected"] += 1
        self.stats.rejected[reason] += 1

    def _place(self, activity: Activity, index: int) -> Activity:
        if activity.time > self._latest:
            raise RejectedError("bad_time", "the event is in the future")
        activity = self._identities.resolve(activity)
        if index == 0:
            return activity
        position = msgspec.structs.replace(activity.position, index=index)
        return msgspec.structs.replace(activity, position=position)

    def keys(self, activity: Activity) -> list[bytes]:
        """State keys under which some detector wants the activity."""
        return [
            key.encode("utf-8", "replace")
            for scope in self._scopes.get(activity.action, ())
            for key in keys_of(scope, activity)
        ]
