"""Keep reading past a record batch that aiokafka cannot unpack.

aiokafka raises in the middle of a fetch, throws away what other partitions delivered in the
same call, and meets the same batch again at the next. Here the batch takes the place of its
records as one ``Undecodable``, in order, and the position moves behind it.

Of the codecs only gzip works without the package ``cramjam``; snappy, lz4 and zstd need it.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException

from pipeline.faust_adapter.chunk import Undecodable

CHECKSUM_ATTEMPTS = 3


class _SingleBatch:
    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def has_next(self) -> bool:
        return self._batch is not None

    def next_batch(self) -> Any:
        batch, self._batch = self._batch, None
        return batch


class TolerantPartitionRecords(PartitionRecords):  # type: ignore[misc]
    """Iterates over records, with an ``Undecodable`` in the place of each unreadable batch.

    A wrong checksum may come from the wire: the batch is fetched again, and given up only at
    the third attempt.
    """

    _records: Any
    next_fetch_offset: int

    def __init__(self, plain: Any, failures: dict[Any, tuple[int, int]]) -> None:
        super().__init__(
            plain._tp,  # noqa: SLF001 (a subclass taking over its parent's state)
            plain._records,  # noqa: SLF001
            plain._aborted_transactions,  # noqa: SLF001
            plain.next_fetch_offset,
            None,
            None,
            plain._check_crcs,  # noqa: SLF001
            plain._isolation_level,  # noqa: SLF001
        )
        self._failures = failures

    def _unpack_records(self) -> Iterator[Any]:
        batches = self._records
        while batches.has_next():
            batch = batches.next_batch()
            self._records = _SingleBatch(batch)
            try:
                yield from super()._unpack_records()
            except Exception as error:  # noqa: BLE001 (a damaged batch may raise anything)
                if self._worth_refetching(error):
                    return
                first = self.next_fetch_offset
                self.next_fetch_offset = batch.next_offset
                yield Undecodable(
                    self._tp.topic, self._tp.partition, first, batch.next_offset - 1, error
                )

    def _worth_refetching(self, error: Exception) -> bool:
        if not isinstance(error, CorruptRecordException):
            return False
        offset, attempts = self._failures.get(self._tp, (-1, 0))
        attempts = attempts + 1 if offset == self.next_fetch_offset else 1
        self._failures[self._tp] = (self.next_fetch_offset, attempts)
        return attempts < CHECKSUM_ATTEMPTS


class TolerantBuffer(OrderedDict[Any, Any]):
    """The fetcher's buffer of fetched batches by partition; makes each one tolerant."""

    def __init__(self) -> None:
        super().__init__()
        self._failures: dict[Any, tuple[int, int]] = {}

    def __setitem__(self, tp: Any, fetched: Any) -> None:
        if type(fetched) is FetchResult:
            fetched._partition_records = TolerantPartitionRecords(  # noqa: SLF001
                fetched._partition_records,  # noqa: SLF001
                self._failures,
            )
        super().__setitem__(tp, fetched)
