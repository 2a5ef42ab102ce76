"""What a worker has worked on: for lag, for readiness, for metrics."""

import time
from collections.abc import Callable, Mapping

from pipeline.faust_adapter.chunk import Chunk
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
        self._last = time.monotonic()

    def chunk(self, stage: str, chunk: Chunk, flush_seconds: float) -> None:
        """A stage has finished a chunk: output acknowledged, state written."""
        self._done[chunk.topic, chunk.partition] = chunk.offset + 1
        self._last = time.monotonic()
        metrics = self._metrics
        metrics.chunk.labels(stage).observe(len(chunk))
        metrics.flush.labels(stage).observe(flush_seconds)
        metrics.last_progress.labels(stage).set(time.time())

    def lag(self) -> dict[tuple[str, int], int]:
        """Records yet to be worked on, per partition assigned to this worker."""
        return {
            at: max(0, end - max(committed, self._done.get(at, 0)))
            for at, (committed, end) in self._highwater().items()
        }

    def problem(self) -> str:
        """Why the worker is not ready; empty if it is."""
        lag = self.lag()
        if not lag:
            return "no partitions are assigned yet"
        behind = sum(lag.values())
        idle = time.monotonic() - self._last
        if behind and idle > self._stalled:
            return f"no progress for {idle:.0f} s with {behind} records waiting"
        return ""
