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
    """

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._waiting: dict[Hashable, deque[Any]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, partition: Hashable, records: Iterable[Any]) -> None:
        """Records just fetched, in order of offset."""
        self._waiting.setdefault(partition, deque()).extend(records)

    def forget(self, partition: Hashable) -> None:
        """The partition is sought elsewhere or belongs to another worker."""
        self._waiting.pop(partition, None)

    def clear(self) -> None:
        """Forget all."""
        self._waiting.clear()

    def is_full(self, partition: Hashable) -> bool:
        """Whether the partition need not be fetched now."""
        return len(self._waiting.get(partition, ())) >= self._max_waiting

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
        heads: list[tuple[int, int, deque[Any]]] = []
        for number, partition in enumerate(partitions):
            waiting = self._waiting.get(partition)
            if waiting:
                heads.append((_time(waiting), number, waiting))
            elif not is_at_end(partition):
                return []  # its next record may be older than all that wait
        return _merge(heads, limit, self._frontier(partitions, is_at_end))

    def take_all(self, limit: int) -> list[Any]:
        """Take the oldest, whatever may be missing."""
        heads = [(_time(w), number, w) for number, w in enumerate(self._waiting.values()) if w]
        return _merge(heads, limit, inf)

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


def _time(waiting: deque[Any]) -> int:
    head = waiting[0]
    # What cannot be read has no time; it goes at once, and holds nothing up.
    return 0 if type(head) is Undecodable else int(head.timestamp)


def _merge(heads: list[tuple[int, int, deque[Any]]], limit: int, frontier: float) -> list[Any]:
    heapify(heads)
    merged: list[Any] = []
    while heads and len(merged) < limit:
        time, number, waiting = heads[0]
        if time > frontier:
            break
        merged.append(waiting.popleft())
        if waiting:
            heapreplace(heads, (_time(waiting), number, waiting))
        else:
            heappop(heads)
            if frontier < inf:
                break  # if it is not at its end, its next record may be the oldest
    return merged
