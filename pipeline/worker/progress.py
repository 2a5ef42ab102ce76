"""What a worker has worked on: for lag, for readiness, for metrics."""

import time
from collections import Counter
from collections.abc import Callable, Mapping

from pipeline.faust_adapter.chunk import Chunk, Merge
from pipeline.metrics import Metrics


class Progress:
    """Remembers the last offset done per partition and when that was.

    Args:
        metrics: gets a reading per chunk.
        highwater: (topic, partition) to the end offset, for the partitions assigned here.
        stalled_seconds: no progress for so long while there is lag is a stall.
    """

    def __init__(
        self,
        metrics: Metrics,
        highwater: Callable[[], Mapping[tuple[str, int], tuple[int, int]]],
        stalled_seconds: float,
    ) -> None:
        self._metrics = metrics
        self._highwater = highwater
        self._stalled = stalled_seconds
        self._done: dict[tuple[str, int], int] = {}
        self._behind_since: dict[str, float] = {}

    def chunk(self, stage: str, chunk: Chunk | Merge, flush_seconds: float) -> None:
        """A stage has finished a chunk: output acknowledged, state written."""
        for part in chunk.parts:
            self._done[part.topic, part.partition] = part.offset + 1
            self._behind_since.pop(part.topic, None)
        metrics = self._metrics
        metrics.chunk.labels(stage).observe(len(chunk))
        metrics.flush.labels(stage).observe(flush_seconds)
        metrics.last_progress.labels(stage).set(time.time())

    def done(self) -> dict[tuple[str, int], int]:
        """Offset up to which this process has worked, per partition."""
        return dict(self._done)

    def lag(self) -> dict[tuple[str, int], int]:
        """Records yet to be worked on, per partition assigned to this worker."""
        return {
            at: max(0, end - max(committed, self._done.get(at, 0)))
            for at, (committed, end) in self._highwater().items()
        }

    def problem(self) -> str:
        """Why the worker is not ready; empty if it is."""
        lag = self.lag()
        return self._stall(lag) if lag else "no partitions are assigned yet"

    def stall(self) -> str:
        """What does not get on, and since when; empty if all does, or nothing is to be done."""
        return self._stall(self.lag())

    def _stall(self, lag: Mapping[tuple[str, int], int]) -> str:
        now = time.monotonic()
        behind: Counter[str] = Counter()
        for (topic, _), records in lag.items():
            behind[topic] += records
        for topic, records in behind.items():
            if not records:
                self._behind_since.pop(topic, None)
                continue
            idle = now - self._behind_since.setdefault(topic, now)
            if idle > self._stalled:
                return f"{topic}: no progress for {idle:.0f} s with {records} records waiting"
        return ""
