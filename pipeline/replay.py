"""Recorded events into the audit topics."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline.records import Record, read
from pipeline.settings import KafkaSettings, SettingsError
from pipeline.topics import MAX_RECORD_BYTES, METADATA_SECONDS, RECEIVED_HEADER, Topics
from schemas.sources import RejectedError, recognise, source_named

REPORT_EVERY = 1000
# A producer sends partition by partition, each as much as it has. Unbounded, one topic's week would
# be on the broker before another's first day, and a worker would take the second for late.
TOGETHER = 500  # records


class Replay:
    """Sends recorded events, in the order of the files, as fast as told.

    Attributes:
        sent: records handed over.
        skipped: lines that name no source and look like none.
        reasons: of the skips.

    Args:
        settings: how to reach the brokers.
        topics: names.
        speed: event seconds per second; 0 is as fast as possible.
    """

    def __init__(self, settings: KafkaSettings, topics: Topics, *, speed: float = 0.0) -> None:
        self._producer = Producer(
            settings.confluent(
                **{
                    "acks": "all",
                    "enable.idempotence": False,  # the embedded broker knows no producer ids
                    "max.in.flight.requests.per.connection": 1,  # keeps the order all the same
                    "linger.ms": 20,
                    "message.max.bytes": MAX_RECORD_BYTES - 64 * 1024,
                    "compression.type": "gzip",
                }
            )
        )
        self._bootstrap = settings.bootstrap
        self._topics = topics.audit
        self._speed = speed
        self._failed: KafkaError | None = None
        self._first: tuple[float, float] | None = None
        self.sent = 0
        self.skipped = 0
        self.reasons: Counter[str] = Counter()

    def run(self, files: Iterable[str], source: str = "") -> Iterator[int]:
        """Send everything; yields the number sent now and then.

        Raises:
            OSError: a file cannot be read.
            SettingsError: there is no broker, or it does not take the records.
        """
        self._look()
        for record in read(files, source):
            if isinstance(record, RejectedError):
                self._skip(record)
                continue
            try:
                self.send(record)
            except RejectedError as error:
                self._skip(error)
            if self.sent % REPORT_EVERY == 0:
                yield self.sent
        self.flush()
        yield self.sent

    def send(self, record: Record) -> None:
        """Send one record. Raises RejectedError if its source is unknown."""
        raw = record.raw
        source = source_named(record.source) if record.source else recognise(raw.event)
        self._pace(raw.received)
        headers: list[tuple[str, str | bytes | None]] = [("source", source.name.encode())]
        headers += [(name, value.encode()) for name, value in raw.headers.items()]
        if raw.received > 0:
            headers.append((RECEIVED_HEADER, repr(raw.received).encode()))
        topic = self._topics[source.kind]
        while True:
            try:
                self._producer.produce(
                    topic,
                    value=raw.event,
                    headers=headers,
                    on_delivery=self._delivered,
                )
                break
            except BufferError:
                self._producer.poll(0.1)
        self._producer.poll(0)
        self.sent += 1
        if self.sent % TOGETHER == 0:
            self.flush()
        self._check()

    def flush(self) -> None:
        """Wait until the broker has everything.

        Raises:
            SettingsError: it does not take it.
        """
        while self._producer.flush(1.0):
            self._check()
        self._check()

    def _look(self) -> None:
        """A producer would try for minutes."""
        try:
            found = self._producer.list_topics(timeout=METADATA_SECONDS).topics
        except KafkaException as error:
            raise SettingsError(
                f"no broker answers at {self._bootstrap}: {error.args[0].str()}"
            ) from None
        missing = sorted(set(self._topics.values()) - found.keys())
        if missing:
            raise SettingsError(
                f"no topic {', '.join(missing)} at {self._bootstrap}: run `devspm topics create`"
            )

    def _skip(self, error: RejectedError) -> None:
        self.skipped += 1
        self.reasons[error.reason] += 1

    def _pace(self, event_time: float) -> None:
        if not self._speed or event_time <= 0:
            return
        now = time.monotonic()
        if self._first is None:
            self._first = (event_time, now)
        due = self._first[1] + (event_time - self._first[0]) / self._speed
        if due > now:
            self._producer.flush(min(due - now, 0.5))
            time.sleep(max(0.0, due - time.monotonic()))

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None and self._failed is None:
            self._failed = error

    def _check(self) -> None:
        if self._failed is not None:
            raise SettingsError(
                f"the broker does not take the records: {self._failed.str()}; "
                "check --bootstrap and `devspm topics create`"
            )
