"""A stage's table: entries by partition, written one flush at a time."""

from collections.abc import MutableMapping, Sequence
from typing import Any

from pipeline.faust_adapter.changelog import write_atomically
from pipeline.faust_adapter.fence import FencedError
from pipeline.faust_adapter.store import store_of
from pipeline.faust_adapter.table import partitioned_table
from pipeline.state.partition import Entry
from pipeline.worker.settings import MAX_FLUSH_BYTES


class Table:
    """A faust table whose flushes are atomic.

    Args:
        app: the faust application.
        name: of the table.
        partitions: as many as the stage's input has.
    """

    def __init__(self, app: Any, name: str, partitions: int) -> None:
        self._app = app
        self._sizes: dict[int, int] = {}
        self._agent: Any = None
        self._table = partitioned_table(
            app,
            name,
            partitions=partitions,
            max_batch_bytes=MAX_FLUSH_BYTES,
            on_recovered=self._recovered,
            on_revoked=self._revoked,
        )

    def attach(self, agent: Any) -> None:
        """Tell this agent of partitions that come and go."""
        self._agent = agent

    def stored(self, partition: int) -> MutableMapping[bytes, bytes]:
        """The partition's entries; read only."""
        return store_of(self._table).partition(partition)

    async def write(self, partition: int, entries: Sequence[Entry]) -> None:
        """Write a flush as one unit, then apply it.

        Raises:
            FencedError: the partition belongs to another worker; the agent has been told.
        """
        stored = self.stored(partition)
        change = sum(
            (len(value) if value is not None else 0) - len(stored.get(key, b""))
            for key, value in entries
        )
        try:
            await write_atomically(
                self._app, self._table, partition, entries, max_batch_bytes=MAX_FLUSH_BYTES
            )
        except FencedError:
            self._revoked(partition)
            raise
        self._sizes[partition] = self._sizes.get(partition, 0) + change

    def sizes(self) -> dict[int, tuple[int, int]]:
        """Partition to (entries, bytes of their values)."""
        return {p: (len(self.stored(p)), size) for p, size in list(self._sizes.items())}

    def _recovered(self, partition: int) -> None:
        self._sizes[partition] = sum(map(len, self.stored(partition).values()))
        self._agent.recovered(partition)

    def _revoked(self, partition: int) -> None:
        self._sizes.pop(partition, None)
        self._agent.revoked(partition)
