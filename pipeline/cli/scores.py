"""What every detector said of every event, as JSON lines: for checks of calibration."""

from collections.abc import Iterator

import orjson

from schemas.activity import Activity, uid_text


class Scores:
    """Gathers the judgements of one record, then gives them as lines."""

    def __init__(self) -> None:
        self._judged: dict[int, tuple[Activity, dict[str, float]]] = {}

    def add(self, detector: str, key: str, activity: Activity, p: float) -> None:
        """A detector judged an activity under a key."""
        _, scores = self._judged.setdefault(activity.uid, (activity, {}))
        name = f"{detector} {key}" if detector in scores else detector
        scores[name] = p

    def take(self) -> Iterator[bytes]:
        """One line an event: when, who, what, where it stood, p-value by detector.

        An absence is judged when its time has come: its line repeats the event that it follows.
        """
        for activity, scores in self._judged.values():
            at = activity.position
            yield orjson.dumps(
                {
                    "time": activity.time,
                    "event": uid_text(activity.uid),
                    "event_id": activity.event_id,
                    "source": activity.source,
                    "action": activity.action,
                    "identity": activity.actor.identity,
                    "record": f"{at.topic}:{at.offset}",
                    "p": scores,
                },
                option=orjson.OPT_APPEND_NEWLINE,
            )
        self._judged.clear()
