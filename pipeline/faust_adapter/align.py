"""Merge partitions in the order of their records' timestamps, as far as they are known.

Topics of different volume are read at different speeds. A worker that catches up would see all
of last week's publishes before the first of last week's pushes, and take every one for a publish
without code. So records of aligned partitions wait for each other, as Kafka Streams' tasks do
(`max.task.idle.ms`): one is handed out when every other partition has a later one, or has none
left at the broker.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from heapq import heapify, heappop, heapreplace
from math import inf
from typing import Any

from pipeline.faust_adapter.chunk import Undecodable


class Aligner:
    """Records fetched and not yet handed out, by partition.

    Within a partition the order of offsets holds, whatever the timestamps say.

    Args:
        max_waiting: records a partition may have waiting before it is not fetched again.
        max_bytes: of the values of these records; and of what is handed out at once, but for one
            record that is larger.
    """

    def __init__(self, max_waiting: int, max_bytes: int) -> None:
        self._max_waiting = max_waiting
        self._max_bytes = max_bytes
        self._waiting: dict[Hashable, deque[Any]] = {}
        self._bytes: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, partition: Hashable, records: Iterable[Any]) -> None:
        """Records just fetched, in order of offset."""
        fetched = list(records)
        self._waiting.setdefault(partition, deque()).extend(fetched)
        self._bytes[partition] = self._bytes.get(partition, 0) + sum(map(_size, fetched))

    def forget(self, partition: Hashable) -> None:
        """The partition is sought elsewhere or belongs to another worker."""
        self._waiting.pop(partition, None)
        self._bytes.pop(partition, None)

    def clear(self) -> None:
        """Forget all."""
        self._waiting.clear()
        self._bytes.clear()

    def is_full(self, partition: Hashable) -> bool:
        """Whether the partition need not be fetched now."""
        return (
            len(self._waiting.get(partition, ())) >= self._max_waiting
            or self._bytes.get(partition, 0) >= self._max_bytes
        )

    def take(
        self,
        partitions: Iterable[Hashable],
        is_at_end: Callable[[Hashable], bool],
        limit: int,
    ) -> list[Any]:
        """Take what may be handed out now, merged in time, at most `limit` records.

        Args:
            partitions: all that are aligned with each other.
            is_at_end: whether the broker has no more of a partition than was added here.
            limit: of records.
        """
        heads: list[tuple[int, int, Hashable]] = []
        for number, partition in enumerate(partitions):
            waiting = self._waiting.get(partition)
            if waiting:
                heads.append((_time(waiting), number, partition))
            elif not is_at_end(partition):
                return []  # its next record may be older than all that wait
        return self._merge(heads, limit, self._frontier(partitions, is_at_end))

    def take_all(self, limit: int) -> list[Any]:
        """Take the oldest, whatever may be missing."""
        heads = [
            (_time(waiting), number, partition)
            for number, (partition, waiting) in enumerate(self._waiting.items())
            if waiting
        ]
        return self._merge(heads, limit, inf)

    def _frontier(
        self, partitions: Iterable[Hashable], is_at_end: Callable[[Hashable], bool]
    ) -> float:
        """Up to which time everything is here: the last record of the partition that is behind."""
        return min(
            (
                float(getattr(self._waiting[partition][-1], "timestamp", inf))
                for partition in partitions
                if self._waiting.get(partition) and not is_at_end(partition)
            ),
            default=inf,
        )

    def _merge(
        self, heads: list[tuple[int, int, Hashable]], limit: int, frontier: float
    ) -> list[Any]:
        heapify(heads)
        merged: list[Any] = []
        room = self._max_bytes
        while heads and len(merged) < limit and room > 0:
            time, number, partition = heads[0]
            if time > frontier:
                break
            waiting = self._waiting[partition]
            record = waiting.popleft()
            merged.append(record)
            size = _size(record)
            room -= size
            self._bytes[partition] -= size
            if waiting:
                heapreplace(heads, (_time(waiting), number, partition))
            else:
                heappop(heads)
                if frontier < inf:
                    break  # if it is not at its end, its next record may be the oldest
        return merged


def _time(waiting: deque[Any]) -> int:
    head = waiting[0]
    # What cannot be read has no time; it goes at once, and holds nothing up.
    return 0 if type(head) is Undecodable else int(head.timestamp)


def _size(record: Any) -> int:
    return 0 if type(record) is Undecodable else len(record.value or b"")
