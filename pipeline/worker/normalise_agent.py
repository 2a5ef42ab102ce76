"""Audit topics -> activity, or dead letters."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from pipeline.engine.handover import HAND_OVER_KEY, hand_over_value
from pipeline.faust_adapter.chunk import Chunk, Merge, Undecodable
from pipeline.faust_adapter.partitioner import partition_for
from pipeline.faust_adapter.produce import BatchProducer, RecordTooLargeError
from pipeline.identities.entries import encode as encode_entry
from pipeline.identities.entries import key_of
from pipeline.stages.normalise import Normaliser
from pipeline.topics import RECEIVED_HEADER
from pipeline.worker.clock import TICK_KEY, IdleClock, tick_value
from pipeline.worker.progress import Progress
from schemas.activity import Activity, Position, encode
from schemas.sources import Raw, RejectedError

MAX_HEADER_BYTES = 256


class NormaliseAgent:
    """Offsets are committed after the broker has every activity, dead letter and learned link.

    No state but who is who, which the topic `identities` keeps.

    Args:
        normaliser: the stage.
        producer: for activities.
        letters: for dead letters, which may be as large as a record can be.
        activity_topic: where activities go.
        dead_letter_topic: where rejected records go, bytes unchanged.
        identity_topic: where learned links go.
        partitions: of all these topics.
        progress: told of every chunk.
        updates: called before every chunk, and now and then, for what is new on the topic
            `identities`.
    """

    def __init__(
        self,
        normaliser: Normaliser,
        producer: BatchProducer,
        letters: BatchProducer,
        *,
        activity_topic: str,
        dead_letter_topic: str,
        identity_topic: str,
        partitions: int,
        progress: Progress,
        updates: Callable[[], Iterable[tuple[bytes, bytes | None]]],
    ) -> None:
        self._normaliser = normaliser
        self._producer = producer
        self._letters = letters
        self._activity = activity_topic
        self._dead = dead_letter_topic
        self._identities = identity_topic
        self._updates = updates
        self._partitions = partitions
        self._progress = progress
        self._clock = IdleClock()
        self._last_chunk = time.monotonic()

    async def handle(self, chunk: Chunk | Merge) -> None:
        """Normalise a chunk of raw records."""
        self._update()
        for record in chunk.records:
            self._normalise(record)
        started = time.monotonic()
        await self._producer.flush()
        await self._letters.flush()
        self._last_chunk = time.monotonic()
        self._progress.chunk("normalise", chunk, self._last_chunk - started)

    def _normalise(self, record: Any) -> None:
        headers = _headers(record.headers)
        raw = Raw(
            record.value or b"",
            _received(headers, record.timestamp / 1000.0),
            headers,
            Position(record.topic, record.partition, record.offset),
        )
        activities, rejection = self._normaliser.normalise(raw, headers.get("source", ""))
        if rejection is not None:
            self._bury(record, rejection)
        self._send_identities()
        for activity in activities:
            self._clock.saw(min(activity.time, raw.received))
            try:
                self._send(activity)
            except RecordTooLargeError as error:
                self._normaliser.reject(activity.source, "too_large")
                self._bury(record, RejectedError("too_large", f"activity of {error.size} bytes"))

    def _update(self) -> None:
        for key, value in self._updates():
            self._normaliser.directory.apply(key, value)

    def _send_identities(self) -> None:
        for link in self._normaliser.take_learned():
            key = key_of(link)
            partition = partition_for(key, self._partitions)
            self._producer.add(self._identities, partition, key, encode_entry(link))
        for names in self._normaliser.directory.take_moves():
            old, new = (f"identity:{name}".encode("utf-8", "replace") for name in names)
            partition = partition_for(old, self._partitions)
            self._producer.add(self._activity, partition, HAND_OVER_KEY, hand_over_value(old, new))

    def _send(self, activity: Activity) -> None:
        value = encode(activity)
        for key in self._normaliser.keys(activity):
            self._producer.add(self._activity, partition_for(key, self._partitions), key, value)

    def _bury(self, record: Any, error: RejectedError) -> None:
        headers = [
            ("reason", error.reason.encode()),
            ("detail", error.detail[:512].encode("utf-8", "replace")),
            ("topic", record.topic.encode()),
            ("partition", str(record.partition).encode()),
            ("offset", str(record.offset).encode()),
            (RECEIVED_HEADER, repr(record.timestamp / 1000.0).encode()),
            *((f"original.{name}", value or b"") for name, value in record.headers[:16]),
        ]
        key = f"{record.topic}/{record.partition}".encode()
        partition = partition_for(key, self._partitions)
        try:
            self._letters.add(self._dead, partition, key, record.value, headers=headers)
        except RecordTooLargeError:
            kept = (record.value or b"")[: 1024 * 1024]
            headers = [*headers[:6], ("truncated", b"true")]
            self._letters.add(self._dead, partition, key, kept, headers=headers)

    async def undecodable(self, batch: Undecodable) -> None:
        """A batch that cannot be unpacked: its place is kept, its bytes stay where they are."""
        error = RejectedError("undecodable_batch", repr(batch.error))
        self._normaliser.reject("unknown", error.reason)
        key = f"{batch.topic}/{batch.partition}".encode()
        self._letters.add(
            self._dead,
            partition_for(key, self._partitions),
            key,
            None,
            headers=[
                ("reason", error.reason.encode()),
                ("detail", error.detail[:512].encode("utf-8", "replace")),
                ("topic", batch.topic.encode()),
                ("partition", str(batch.partition).encode()),
                ("offset", str(batch.first_offset).encode()),
                ("last_offset", str(batch.last_offset).encode()),
            ],
        )
        await self._letters.flush()

    async def tick(self, idle_seconds: float) -> None:
        """Write event time to every activity partition if no events came for so long."""
        self._update()
        now = self._clock.now()
        if now is None or time.monotonic() - self._last_chunk < idle_seconds:
            return
        for partition in range(self._partitions):
            self._producer.add(self._activity, partition, TICK_KEY, tick_value(now))
        await self._producer.flush()


def _headers(headers: Any) -> dict[str, str]:
    return {
        name.lower(): value.decode("utf-8", "replace")
        for name, value in headers
        if value is not None and len(value) <= MAX_HEADER_BYTES
    }


def _received(headers: dict[str, str], timestamp: float) -> float:
    """When the record was first received; never later than the broker got it."""
    try:
        claimed = float(headers[RECEIVED_HEADER])
    except (KeyError, ValueError):
        return timestamp
    return claimed if 0.0 < claimed < timestamp else timestamp
