"""Send many records as few record batches, in order, and know that they arrived."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka.record.default_records import DefaultRecordBatchBuilder

from pipeline.faust_adapter.batch import BatchRejectedError, build_batch, send_batch

DEFAULT_MAX_BATCH_BYTES = 900_000
Headers = Sequence[tuple[str, bytes]]


class _Record(NamedTuple):
    timestamp_ms: int | None
    key: bytes | None
    value: bytes | None
    headers: Headers


class RecordTooLargeError(Exception):
    """One record exceeds what a batch may hold; it is not sent, all others are."""

    def __init__(self, topic: str, key: bytes | None, size: int, limit: int | None = None) -> None:
        """Name the record by its topic and key; ``limit`` is None where the broker refused it."""
        allowed = "the topic's max.message.bytes" if limit is None else f"{limit} bytes"
        super().__init__(f"record {key!r} for {topic} takes {size} bytes, more than {allowed}")
        self.topic = topic
        self.key = key
        self.size = size
        self.limit = limit


class ProduceFailedError(Exception):
    """Some partitions did not acknowledge everything; what is missing is kept for a retry.

    ``errors`` maps (topic, partition) to the reason.
    """

    def __init__(self, errors: dict[tuple[str, int], Exception]) -> None:
        super().__init__("; ".join(f"{t}[{p}]: {e!r}" for (t, p), e in errors.items()))
        self.errors = errors


class BatchProducer:
    """Collects records by partition; ``flush`` sends them and waits for every acknowledgement.

    Within a partition, records arrive in the order of ``add``: a batch is sent when the one
    before it is acknowledged. After a failed ``flush`` the next one goes on with the first batch
    that is not known to have arrived: a record may arrive twice, but none is lost and none
    overtakes another.
    """

    def __init__(self, app: Any, *, max_batch_bytes: int = DEFAULT_MAX_BATCH_BYTES) -> None:
        """Take the application of ``create_app``, and a limit not above the topics' own."""
        self._app = app
        self._max_batch_bytes = max_batch_bytes
        self._pending: dict[tuple[str, int], list[_Record]] = {}
        self._flushing = asyncio.Lock()

    def __len__(self) -> int:
        return sum(map(len, self._pending.values()))

    def add(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        *,
        headers: Headers = (),
        timestamp_ms: int | None = None,
    ) -> None:
        """Take one record; nothing is sent yet. No timestamp means the time of sending.

        Raises:
            RecordTooLargeError: the record can never be sent, and is not taken.
        """
        # The estimate is aiokafka's upper bound, and wants a list.
        headers = list(headers)
        size = DefaultRecordBatchBuilder.estimate_size_in_bytes(key, value, headers)
        if size > self._max_batch_bytes:
            raise RecordTooLargeError(topic, key, size, self._max_batch_bytes)
        record = _Record(timestamp_ms, key, value, headers)
        self._pending.setdefault((topic, partition), []).append(record)

    async def flush(self) -> None:
        """Send everything added so far and wait until the broker has it.

        Raises:
            ProduceFailedError: something is not acknowledged; ``flush`` again, or stop. A record
                that the broker finds too large is dropped and named by a ``RecordTooLargeError``
                among the ``errors``, so that flushing again sends what was behind it.
        """
        async with self._flushing:
            targets = list(self._pending)
            results = await asyncio.gather(*map(self._send, targets), return_exceptions=True)
        errors: dict[tuple[str, int], Exception] = {}
        for target, result in zip(targets, results, strict=True):
            if isinstance(result, Exception):
                errors[target] = result
            elif isinstance(result, BaseException):
                raise result
        if errors:
            raise ProduceFailedError(errors)

    async def _send(self, target: tuple[str, int]) -> None:
        topic, partition = target
        limit = self._max_batch_bytes
        while pending := self._pending.get(target):
            batch, count = build_batch(pending, limit)
            size = batch.size()
            try:
                await send_batch(self._app, batch, topic, partition)
            except BatchRejectedError as error:
                if count > 1:
                    limit = size // 2
                    continue
                self._drop(target, 1)
                raise RecordTooLargeError(topic, pending[0].key, size) from error
            self._drop(target, count)

    def _drop(self, target: tuple[str, int], count: int) -> None:
        rest = self._pending[target][count:]
        if rest:
            self._pending[target] = rest
        else:
            del self._pending[target]
