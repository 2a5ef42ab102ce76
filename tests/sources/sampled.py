"""The samples of a source, and what its parser makes of them."""

import json
from pathlib import Path
from typing import Any

import orjson

from schemas.activity import Activity
from schemas.sources import SOURCES, Raw

RECEIVED = 1_790_000_000.0
_SAMPLES = Path(__file__).parent / "samples"


class Sampled:
    """A source with its samples.

    Args:
        name: of the source.
    """

    def __init__(self, name: str) -> None:
        self._source = SOURCES[name]

    def sample(self, name: str) -> dict[str, Any]:
        """The vendor's event in a sample."""
        path = _SAMPLES / self._source.name / f"{name}.json"
        event: dict[str, Any] = json.loads(path.read_text())["event"]
        return event

    def parse(self, event: object) -> list[Activity]:
        """The activities of an event, received long after it happened."""
        return list(self._source.parse(Raw(orjson.dumps(event), RECEIVED)))

    def one(self, name: str, **changes: Any) -> Activity:
        """The only activity of a sample, with some fields changed."""
        (activity,) = self.parse(self.sample(name) | changes)
        return activity
