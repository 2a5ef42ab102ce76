"""Chunked reading, exact commits, tables and batches, on a real Kafka.

Run as a program, this file is a worker for the tests that need several processes.
"""

import asyncio
import json
import logging
import struct
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiokafka.codec
import pytest
from aiokafka.errors import CorruptRecordException
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipeline.broker import Broker
from pipeline.faust_adapter import (
    BatchProducer,
    Chunk,
    ChunkApp,
    Chunking,
    FlushTooLargeError,
    ProduceFailedError,
    RecordTooLargeError,
    Undecodable,
    changelog_topic_config,
    create_app,
    partitioned_table,
    store_of,
    write_atomically,
)
from pipeline.faust_adapter.chunk import Merge
from pipeline.faust_adapter.fence import CLAIM_KEY

pytestmark = pytest.mark.broker

PATIENCE = 90.0  # seconds after which a test gives up waiting; none asserts how long it took
PARTITIONS = 4
BATCH_BYTES = 1_000_000
POSITION = b"\x00position"
Names = Callable[[str], str]


def make_app(bootstrap: str, app_id: str, **settings: Any) -> ChunkApp:
    defaults = {
        "session_timeout": 6.0,
        "heartbeat_interval": 1.0,
        "rebalance_timeout": 10.0,
        "commit_interval": 0.2,
        "datadir": "/tmp/unused-by-faust",  # noqa: S108 (nothing is written there)
    }
    return create_app(app_id, [bootstrap], **{**defaults, **settings})


def create_topics(
    broker: Broker, *topics: str, partitions: int = PARTITIONS, config: Any = None
) -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    made = admin.create_topics([NewTopic(t, partitions, 1, config=config or {}) for t in topics])
    for result in made.values():
        result.result(PATIENCE)


def produce(broker: Broker, topic: str, values: list[bytes], **settings: Any) -> None:
    producer = Producer(
        {"bootstrap.servers": broker.bootstrap, "enable.idempotence": True, **settings}
    )
    for at, value in enumerate(values):
        producer.produce(topic, value, b"key-%d" % (at % 40), partition=at % PARTITIONS)
        producer.poll(0)
    assert producer.flush(PATIENCE) == 0


def committed(broker: Broker, group: str, topic: str, partitions: int = PARTITIONS) -> list[int]:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": group})
    try:
        found = consumer.committed([TopicPartition(topic, p) for p in range(partitions)], PATIENCE)
        return [tp.offset for tp in found]
    finally:
        consumer.close()


def end_offsets(broker: Broker, topic: str, partitions: int = PARTITIONS) -> list[int]:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "unused"})
    try:
        return [
            consumer.get_watermark_offsets(TopicPartition(topic, p), PATIENCE)[1]
            for p in range(partitions)
        ]
    finally:
        consumer.close()


def read_all(broker: Broker, topic: str, partitions: int = PARTITIONS) -> list[Any]:
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": "unused",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(topic, p, 0) for p in range(partitions)])
    records, ended = [], 0
    deadline = time.monotonic() + PATIENCE
    while ended < partitions and time.monotonic() < deadline:
        message = consumer.poll(1)
        if message is not None and message.error():
            ended += 1
        elif message is not None:
            records.append(message)
    consumer.close()
    assert ended == partitions
    return records


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (some conditions ask the broker)
            await asyncio.sleep(0.02)


async def run(app: ChunkApp, body: Callable[[], Awaitable[None]]) -> None:
    await app.start()
    try:
        await body()
    finally:
        await app.stop()


def numbered(count: int) -> list[bytes]:
    return [b"%06d" % at for at in range(count)]


class Recorder:
    """A handler that keeps what it was given."""

    def __init__(self) -> None:
        self.chunks: list[Chunk | Merge] = []
        self.offsets: dict[int, list[int]] = defaultdict(list)
        self.values: dict[int, list[bytes]] = defaultdict(list)

    @property
    def total(self) -> int:
        return sum(map(len, self.offsets.values()))

    async def __call__(self, chunk: Chunk | Merge) -> None:
        self.chunks.append(chunk)
        self.offsets[chunk.partition] += [record.offset for record in chunk.records]
        self.values[chunk.partition] += [record.value for record in chunk.records]


def test_every_record_comes_once_in_order_and_a_graceful_stop_commits_to_the_end(
    kafka: Broker, unique_name: Names
) -> None:
    topic, group = unique_name("source"), unique_name("app")
    create_topics(kafka, topic)
    produce(kafka, topic, numbered(10_000))
    recorder = Recorder()

    async def main() -> None:
        app = make_app(kafka.bootstrap, group, chunking=Chunking(max_chunk=170))
        app.consume(topic, recorder)
        await run(app, lambda: until(lambda: recorder.total >= 10_000))

    asyncio.run(main())
    for partition in range(PARTITIONS):
        assert recorder.values[partition] == numbered(10_000)[partition::PARTITIONS]
        assert recorder.offsets[partition] == list(range(2_500))
    assert max(map(len, recorder.chunks)) == 170
    assert committed(kafka, group, topic) == end_offsets(kafka, topic)


def test_the_commit_stands_exactly_behind_the_last_processed_chunk(
    kafka: Broker, unique_name: Names
) -> None:
    topic, group = unique_name("source"), unique_name("app")
    create_topics(kafka, topic, partitions=1)
    values = numbered(100)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for value in values:
        producer.produce(topic, value)
    producer.flush()
    seen: list[int] = []
    released = False

    async def main() -> None:
        gate = asyncio.Event()

        async def handle(chunk: Chunk | Merge) -> None:
            if len(seen) == 3:
                await gate.wait()
            seen.append(chunk.offset)

        async def body() -> None:
            nonlocal released
            await until(lambda: len(seen) == 3)
            # The first chunk ends at offset 9: one chunk behind, or one too far, would show.
            await until(lambda: committed(kafka, group, topic, 1) == [30])
            for _ in range(5):
                await asyncio.sleep(0.2)
                assert committed(kafka, group, topic, 1) == [30]
            released = True
            gate.set()

        app = make_app(kafka.bootstrap, group, chunking=Chunking(max_chunk=10))
        app.consume(topic, handle)
        await run(app, body)

    asyncio.run(main())
    assert released
    # What waited in the buffer when the worker stopped is not committed.
    assert committed(kafka, group, topic, 1) == [seen[-1] + 1]


def test_a_chunk_whose_handler_raises_stops_the_worker_and_comes_again(
    kafka: Broker, unique_name: Names
) -> None:
    topic, group = unique_name("source"), unique_name("app")
    create_topics(kafka, topic)
    produce(kafka, topic, numbered(400))
    first, second = Recorder(), Recorder()

    async def main() -> None:
        async def fail_at_the_third(chunk: Chunk | Merge) -> None:
            if len(first.chunks) == 2:
                raise ValueError("the third chunk")
            await first(chunk)

        app = make_app(kafka.bootstrap, group, chunking=Chunking(max_chunk=25))
        app.consume(topic, fail_at_the_third)
        await run(app, lambda: until(lambda: app.crashed))
        assert isinstance(app.crash_reason, ValueError)

        app = make_app(kafka.bootstrap, group)
        app.consume(topic, second)
        await run(app, lambda: until(lambda: second.total >= 350))

    asyncio.run(main())
    assert first.total == 50
    for partition in range(PARTITIONS):
        both = first.values[partition] + second.values[partition]
        assert sorted(set(both)) == numbered(400)[partition::PARTITIONS]
        assert second.values[partition] == sorted(second.values[partition])


def test_gaps_of_transaction_markers_do_not_hold_the_commit_back(
    kafka: Broker, unique_name: Names
) -> None:
    topic, group = unique_name("source"), unique_name("app")
    create_topics(kafka, topic, partitions=1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": group})
    producer.init_transactions(PATIENCE)
    for transaction in range(5):
        producer.begin_transaction()
        for at in range(10):
            producer.produce(topic, b"%d-%d" % (transaction, at))
        producer.commit_transaction(PATIENCE)
    recorder = Recorder()
    again = Recorder()

    async def main() -> None:
        app = make_app(kafka.bootstrap, group, chunking=Chunking(max_chunk=7))
        app.consume(topic, recorder)
        await run(app, lambda: until(lambda: recorder.total >= 50))
        assert committed(kafka, group, topic, 1) == [recorder.offsets[0][-1] + 1]

        producer.begin_transaction()
        producer.produce(topic, b"new")
        producer.commit_transaction(PATIENCE)
        app = make_app(kafka.bootstrap, group)
        app.consume(topic, again)
        await run(app, lambda: until(lambda: again.total >= 1))

    asyncio.run(main())
    assert recorder.offsets[0] == [t * 11 + at for t in range(5) for at in range(10)]
    assert again.values[0] == [b"new"]


@pytest.fixture
def only_gzip(monkeypatch: pytest.MonkeyPatch) -> None:
    """As aiokafka is without the package that brings the other codecs."""
    monkeypatch.setattr(aiokafka.codec, "cramjam", None)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_compressed_batches_are_read(kafka: Broker, unique_name: Names, codec: str) -> None:
    topic, group = unique_name("source"), unique_name("app")
    create_topics(kafka, topic)
    produce(kafka, topic, [b"long enough to be worth it" * 20] * 400, **{"compression.type": codec})
    recorder = Recorder()

    async def main() -> None:
        app = make_app(kafka.bootstrap, group)
        app.consume(topic, recorder)
        await run(app, lambda: until(lambda: recorder.total >= 400))

    asyncio.run(main())
    assert set(recorder.values[0]) == {b"long enough to be worth it" * 20}


@pytest.mark.usefixtures("only_gzip")
def test_a_batch_in_an_unknown_codec_is_reported_and_passed(
    kafka: Broker, unique_name: Names
) -> None:
    topic, group = unique_name("source"), unique_name("app")
    create_topics(kafka, topic)
    produce(kafka, topic, numbered(40))
    produce(kafka, topic, [b"unreadable" * 50] * 40, **{"compression.type": "lz4"})
    produce(kafka, topic, numbered(40), **{"compression.type": "gzip"})
    recorder = Recorder()
    reported: list[Undecodable] = []

    async def report(batch: Undecodable) -> None:
        reported.append(batch)

    async def main() -> None:
        app = make_app(kafka.bootstrap, group, chunking=Chunking(on_undecodable=report))
        app.consume(topic, recorder)
        await run(app, lambda: until(lambda: recorder.total >= 80))

    asyncio.run(main())
    assert recorder.total == 80
    for partition in range(PARTITIONS):
        mine = [batch for batch in reported if batch.partition == partition]
        lost = [at for b in mine for at in range(b.first_offset, b.last_offset + 1)]
        assert sorted(lost + recorder.offsets[partition]) == list(range(30))
        assert lost == list(range(10, 20))
        assert recorder.values[partition] == numbered(40)[partition::PARTITIONS] * 2
    assert committed(kafka, group, topic) == end_offsets(kafka, topic)


def test_a_batch_damaged_on_the_disk_is_reported_and_passed(
    kafka: Broker, unique_name: Names
) -> None:
    topic, group = unique_name("source"), unique_name("app")
    create_topics(kafka, topic, partitions=1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 50})
    for batch in range(3):
        for at in range(10):
            producer.produce(topic, b"%d-%d" % (batch, at))
        assert producer.flush(PATIENCE) == 0
    assert batches_on_disk(kafka, topic) == [(0, 10), (10, 10), (20, 10)]
    (segment,) = (kafka.data_dir / "data" / f"{topic}-0").glob("*.log")
    written = segment.read_bytes()
    with segment.open("r+b") as log:
        log.seek(written.index(b"1-5"))
        log.write(b"?")
    recorder = Recorder()
    reported: list[Undecodable] = []

    async def report(batch: Undecodable) -> None:
        reported.append(batch)

    async def main() -> None:
        app = make_app(kafka.bootstrap, group, chunking=Chunking(on_undecodable=report))
        app.consume(topic, recorder)
        await run(app, lambda: until(lambda: recorder.total >= 20))

    asyncio.run(main())
    assert recorder.offsets[0] == [*range(10), *range(20, 30)]
    assert [(b.first_offset, b.last_offset) for b in reported] == [(10, 19)]
    assert isinstance(reported[0].error, CorruptRecordException)
    assert committed(kafka, group, topic, 1) == [30]


@pytest.mark.usefixtures("only_gzip")
def test_an_unknown_codec_without_a_hook_stops_the_worker_before_the_batch(
    kafka: Broker, unique_name: Names
) -> None:
    topic, group = unique_name("source"), unique_name("app")
    create_topics(kafka, topic)
    produce(kafka, topic, numbered(40))
    produce(kafka, topic, [b"unreadable" * 50] * 40, **{"compression.type": "lz4"})
    recorder = Recorder()

    async def main() -> None:
        app = make_app(kafka.bootstrap, group)
        app.consume(topic, recorder)
        await run(app, lambda: until(lambda: app.crashed))

    asyncio.run(main())
    assert all(offset <= 10 for offset in committed(kafka, group, topic))


def test_full_buffers_are_waited_for_and_not_slept_over(kafka: Broker, unique_name: Names) -> None:
    topic, group = unique_name("source"), unique_name("app")
    create_topics(kafka, topic, partitions=1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for value in numbered(5_000):
        producer.produce(topic, value)
    producer.flush()
    recorder = Recorder()
    counters: list[int] = []

    async def main() -> None:
        async def slow(chunk: Chunk | Merge) -> None:
            await asyncio.sleep(0.005)
            await recorder(chunk)

        app = make_app(
            kafka.bootstrap,
            group,
            chunking=Chunking(max_chunk=50),
            buffered_chunks=4,
            broker_max_poll_records=50,
        )
        app.consume(topic, slow)
        await run(app, lambda: until(lambda: recorder.total >= 5_000))
        counters.extend([app.consumer.pressure_waits, app.consumer.pressure_timeouts])

    asyncio.run(main())
    assert counters[0] > 0
    assert counters[1] == 0


def test_a_fetch_that_outlives_a_rebalance_loses_nothing(kafka: Broker, unique_name: Names) -> None:
    topic, group = unique_name("source"), unique_name("app")
    create_topics(kafka, topic)
    recorder = Recorder()

    async def main() -> None:
        app = make_app(kafka.bootstrap, group)
        app.consume(topic, recorder)

        async def body() -> None:
            for round_ in range(1, 6):
                # The fetch under way began in the generation before this one.
                app.consumer_generation_id += 1
                await asyncio.to_thread(produce, kafka, topic, numbered(400))
                await until(lambda expected=round_ * 400: recorder.total >= expected)  # type: ignore[misc]
                await asyncio.sleep(0.1)

        await run(app, body)

    asyncio.run(main())
    for partition in range(PARTITIONS):
        assert recorder.offsets[partition] == list(range(500))


def batches_on_disk(broker: Broker, topic: str) -> list[tuple[int, int]]:
    """Return (first offset, number of records) of every record batch in partition 0's log."""
    found = []
    for segment in sorted((broker.data_dir / "data" / f"{topic}-0").glob("*.log")):
        data, at = segment.read_bytes(), 0
        while at + 61 <= len(data):
            base, length = struct.unpack_from(">qi", data, at)
            (records,) = struct.unpack_from(">i", data, at + 57)
            if length == 0:
                break
            found.append((base, records))
            at += 12 + length
    return found


def test_a_flush_is_one_record_batch_and_one_that_does_not_fit_writes_nothing(
    kafka: Broker, unique_name: Names
) -> None:
    topic, group = unique_name("source"), unique_name("app")
    changelog = f"{group}-state-changelog"
    limit = 200_000
    create_topics(kafka, topic, partitions=1)
    create_topics(kafka, changelog, partitions=1, config=changelog_topic_config(limit))

    async def main() -> None:
        app = make_app(kafka.bootstrap, group)
        table = partitioned_table(app, "state", partitions=1, max_batch_bytes=limit)
        app.consume(topic, Recorder())

        async def body() -> None:
            await until(lambda: store_of(table).ready == {0})
            many = [(b"key-%d" % at, b"v" * 100) for at in range(1_000)]
            await write_atomically(app, table, 0, many, max_batch_bytes=limit)
            with pytest.raises(FlushTooLargeError):
                await write_atomically(app, table, 0, many * 2, max_batch_bytes=limit)
            with pytest.raises(FlushTooLargeError, match=r"max\.message\.bytes"):
                await write_atomically(app, table, 0, many * 2)
            with pytest.raises(FlushTooLargeError):
                await write_atomically(app, table, 0, [(b"k", b"v" * limit)], max_batch_bytes=limit)
            await write_atomically(app, table, 0, [(b"key-1", None), (b"key-2", b"new")])
            await write_atomically(app, table, 0, [])
            held = store_of(table).partition(0)
            assert len(held) == 999
            assert held[b"key-2"] == b"new"

        await run(app, body)

    asyncio.run(main())
    claim = (0, 1)
    assert batches_on_disk(kafka, changelog) == [claim, (1, 1_000), (1_001, 2)]


def test_a_store_is_recovered_before_the_first_chunk(kafka: Broker, unique_name: Names) -> None:
    topic, group = unique_name("source"), unique_name("app")
    changelog = f"{group}-state-changelog"
    create_topics(kafka, topic)
    create_topics(kafka, changelog, config=changelog_topic_config(BATCH_BYTES))
    events: list[tuple[str, int, dict[bytes, bytes]]] = []

    async def session(writes: list[tuple[bytes, bytes | None]]) -> None:
        app = make_app(kafka.bootstrap, group)

        def on_recovered(partition: int) -> None:
            events.append(("recovered", partition, dict(store_of(table).partition(partition))))

        async def handle(chunk: Chunk | Merge) -> None:
            held = dict(store_of(table).partition(chunk.partition))
            events.append(("chunk", chunk.partition, held))
            await write_atomically(app, table, chunk.partition, writes)

        table = partitioned_table(
            app,
            "state",
            partitions=PARTITIONS,
            max_batch_bytes=BATCH_BYTES,
            on_recovered=on_recovered,
        )
        app.consume(topic, handle)
        before = sum(1 for name, *_ in events if name == "chunk")
        await run(
            app,
            lambda: until(
                lambda: sum(1 for name, *_ in events if name == "chunk") >= before + PARTITIONS
            ),
        )

    produce(kafka, topic, numbered(PARTITIONS))
    asyncio.run(session([(b"a", b"1"), (b"b", b"2")]))
    produce(kafka, topic, numbered(PARTITIONS))
    asyncio.run(session([(b"a", None), (b"c", b"3")]))
    produce(kafka, topic, numbered(PARTITIONS))
    asyncio.run(session([]))

    for partition in range(PARTITIONS):
        mine = [(name, held) for name, p, held in events if p == partition]
        assert mine == [
            ("recovered", {}),
            ("chunk", {}),
            ("recovered", {b"a": b"1", b"b": b"2"}),
            ("chunk", {b"a": b"1", b"b": b"2"}),
            ("recovered", {b"b": b"2", b"c": b"3"}),
            ("chunk", {b"b": b"2", b"c": b"3"}),
        ]


def test_batches_arrive_in_order_and_one_bad_record_or_partition_loses_no_other(
    kafka: Broker, unique_name: Names
) -> None:
    source, target, group = unique_name("source"), unique_name("target"), unique_name("app")
    create_topics(kafka, source)
    create_topics(kafka, target, partitions=2)
    payload = b"x" * 500

    async def main() -> None:
        app = make_app(kafka.bootstrap, group)
        app.consume(source, Recorder())

        async def body() -> None:
            out = BatchProducer(app, max_batch_bytes=10_000)
            for at in range(200):
                out.add(
                    target,
                    at % 3,
                    b"%d" % at,
                    payload,
                    headers=[("source", b"test")],
                    timestamp_ms=1_700_000_000_000 + at,
                )
            with pytest.raises(RecordTooLargeError) as too_large:
                out.add(target, 0, b"huge", b"x" * 20_000)
            assert too_large.value.key == b"huge"
            with pytest.raises(ProduceFailedError) as failed:
                await out.flush()
            assert failed.value.errors.keys() == {(target, 2)}
            assert len(out) == 66

            admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
            grown = admin.create_partitions([NewPartitions(target, 3)])
            await asyncio.to_thread(grown[target].result, PATIENCE)
            async with asyncio.timeout(PATIENCE):
                while len(out):
                    try:
                        await out.flush()
                    except ProduceFailedError:
                        await asyncio.sleep(0.1)

        await run(app, body)

    asyncio.run(main())
    records = read_all(kafka, target, 3)
    for partition in range(3):
        mine = [record for record in records if record.partition() == partition]
        assert [int(record.key()) for record in mine] == list(range(partition, 200, 3))
        assert {record.value() for record in mine} == {payload}
        assert [r.timestamp()[1] for r in mine] == [1_700_000_000_000 + int(r.key()) for r in mine]
        assert all(record.headers() == [("source", b"test")] for record in mine)


def test_a_record_the_broker_refuses_is_named_and_the_rest_arrives(
    kafka: Broker, unique_name: Names
) -> None:
    source, target, group = unique_name("source"), unique_name("target"), unique_name("app")
    create_topics(kafka, source)
    create_topics(kafka, target, partitions=1, config={"max.message.bytes": "5000"})

    async def main() -> None:
        app = make_app(kafka.bootstrap, group)
        app.consume(source, Recorder())

        async def body() -> None:
            out = BatchProducer(app, max_batch_bytes=50_000)
            for at in range(100):
                out.add(target, 0, b"%d" % at, b"x" * (9_000 if at == 50 else 200))
            with pytest.raises(ProduceFailedError) as failed:
                await out.flush()
            (error,) = failed.value.errors.values()
            assert isinstance(error, RecordTooLargeError)
            assert error.key == b"50"
            await out.flush()

        await run(app, body)

    asyncio.run(main())
    keys = [int(record.key()) for record in read_all(kafka, target, 1)]
    assert keys == [at for at in range(100) if at != 50]


# Several processes


async def work(bootstrap: str, app_id: str, topic: str) -> None:
    """Count events by key; the position goes into the same flush as the counts."""
    app = make_app(bootstrap, app_id, chunking=Chunking(max_chunk=200))

    def say(event: str, partition: int) -> None:
        held = sum(1 for p in range(PARTITIONS) if p in store._partitions)
        print(json.dumps({"event": event, "partition": partition, "held": held}), flush=True)  # noqa: T201

    table = partitioned_table(
        app,
        "counts",
        partitions=PARTITIONS,
        max_batch_bytes=BATCH_BYTES,
        on_recovered=lambda p: say("recovered", p),
        on_revoked=lambda p: say("revoked", p),
    )
    store = store_of(table)

    async def handle(chunk: Chunk | Merge) -> None:
        held = store.partition(chunk.partition)
        position = int(held.get(POSITION, b"-1"))
        counts: dict[bytes, int] = {}
        for record in chunk.records:
            if record.offset > position:
                counts[record.key] = counts.get(record.key, 0) + 1
        if not counts:
            return
        entries = [(key, b"%d" % (int(held.get(key, b"0")) + n)) for key, n in counts.items()]
        entries.append((POSITION, b"%d" % chunk.offset))
        await asyncio.sleep(0.002)  # so that a kill finds work in flight
        await write_atomically(app, table, chunk.partition, entries, max_batch_bytes=BATCH_BYTES)

    app.consume(topic, handle)
    await app.start()
    await app.wait_until_stopped()


class Worker:
    """A worker process, and what it said."""

    def __init__(self, broker: Broker, app_id: str, topic: str, log: Path) -> None:
        self._log = log
        self._output = log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, __file__, broker.bootstrap, app_id, topic],
            stdout=self._output,
            stderr=log.with_suffix(".err").open("wb"),
        )

    def events(self, name: str) -> list[dict[str, Any]]:
        said = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [event for event in said if event["event"] == name]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start_worker(kafka: Broker, tmp_path: Path) -> Iterator[Callable[[str, str], Worker]]:
    workers: list[Worker] = []

    def start(app_id: str, topic: str) -> Worker:
        worker = Worker(kafka, app_id, topic, tmp_path / f"worker-{len(workers)}.log")
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.kill()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "gave up waiting"
        time.sleep(0.05)


def counts(broker: Broker, changelog: str) -> dict[tuple[int, bytes], int]:
    return {
        (record.partition(), record.key()): int(record.value())
        for record in read_all(broker, changelog)
        if record.key() not in {POSITION, CLAIM_KEY}
    }


def test_sums_are_exact_after_a_worker_is_killed_under_load(
    kafka: Broker, unique_name: Names, start_worker: Callable[[str, str], Worker]
) -> None:
    topic, group = unique_name("source"), unique_name("app")
    changelog = f"{group}-counts-changelog"
    create_topics(kafka, topic)
    create_topics(kafka, changelog, config=changelog_topic_config(BATCH_BYTES))
    total = 0

    def load(count: int) -> None:
        nonlocal total
        produce(kafka, topic, [b"event"] * count)
        total += count

    load(20_000)
    victim = start_worker(group, topic)
    survivor = start_worker(group, topic)
    wait_for(lambda: bool(victim.events("recovered")) and bool(survivor.events("recovered")))
    load(40_000)
    wait_for(lambda: sum(counts(kafka, changelog).values()) > total // 4)
    victim.kill()
    load(20_000)
    wait_for(lambda: sum(counts(kafka, changelog).values()) >= total)
    wait_for(lambda: committed(kafka, group, topic) == end_offsets(kafka, topic))
    result = counts(kafka, changelog)
    assert sum(result.values()) == total
    assert len(result) == 40
    assert set(result.values()) == {total // 40}
    assert {event["partition"] for event in survivor.events("recovered")} == set(range(PARTITIONS))


def test_a_partition_that_moves_is_dropped_here_and_recovered_there(
    kafka: Broker, unique_name: Names, start_worker: Callable[[str, str], Worker]
) -> None:
    topic, group = unique_name("source"), unique_name("app")
    changelog = f"{group}-counts-changelog"
    create_topics(kafka, topic)
    create_topics(kafka, changelog, config=changelog_topic_config(BATCH_BYTES))
    produce(kafka, topic, [b"event"] * 4_000)
    first = start_worker(group, topic)
    wait_for(lambda: sum(counts(kafka, changelog).values()) == 4_000)
    assert len(first.events("recovered")) == PARTITIONS
    second = start_worker(group, topic)
    wait_for(lambda: len(second.events("recovered")) == PARTITIONS // 2)
    wait_for(lambda: len(first.events("revoked")) == PARTITIONS // 2)
    moved = {event["partition"] for event in first.events("revoked")}
    assert moved == {event["partition"] for event in second.events("recovered")}
    assert first.events("revoked")[-1]["held"] == PARTITIONS // 2
    produce(kafka, topic, [b"event"] * 4_000)
    wait_for(lambda: sum(counts(kafka, changelog).values()) >= 8_000)
    assert set(counts(kafka, changelog).values()) == {8_000 // 40}
    # What stayed was neither dropped nor announced again.
    assert len(first.events("recovered")) == PARTITIONS


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(work(*sys.argv[1:4]))
