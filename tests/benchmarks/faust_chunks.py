"""CPU per event of the chunked consumer, beside a stock faust agent on the same records.

Run: ``python tests/benchmarks/faust_chunks.py [--events N] [--broker kafka|embedded]``. Each
reading is a process of its own; user and system time are counted from the first event to the
last. The last line is JSON, in microseconds an event.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import faust
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipeline.broker import start_broker
from pipeline.faust_adapter import Chunk, changelog_topic_config, create_app, partitioned_table
from pipeline.faust_adapter.batch import build_batch, send_batch
from pipeline.faust_adapter.chunk import Merge

PARTITIONS = 4
EVENT_BYTES = 283
STATE_BYTES = 400
BATCH_BYTES = 1_000_000


def cpu_seconds() -> float:
    """Return the CPU time of this process, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Meter:
    """Counts events, and measures between the first and the last of them."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.seen = 0
        self.done = asyncio.Event()
        self._cpu = self._wall = 0.0

    def count(self, events: int) -> None:
        """Count events that were just handled."""
        if self.seen == 0:
            self._cpu, self._wall = cpu_seconds(), time.perf_counter()
        self.seen += events
        if self.seen >= self.expected and not self.done.is_set():
            self.cpu_us = (cpu_seconds() - self._cpu) / self.seen * 1e6
            self.events_per_second = self.seen / (time.perf_counter() - self._wall)
            self.done.set()


def chunked_app(bootstrap: str, topic: str, meter: Meter, datadir: str, idempotent: bool) -> Any:
    """Make the application whose agent gets chunks."""
    app = create_app(
        f"{topic}-chunked",
        [bootstrap],
        rebalance_timeout=3,
        session_timeout=10,
        datadir=datadir,
        idempotent=idempotent,
    )

    async def handle(chunk: Chunk | Merge) -> None:
        events = 0
        for record in chunk.records:
            if record.value is not None:
                events += 1
        meter.count(events)

    app.consume(topic, handle)
    return app


def stock_app(bootstrap: str, topic: str, meter: Meter, datadir: str) -> Any:
    """Make the application that uses faust as it comes."""
    app = faust.App(
        f"{topic}-stock",
        broker=f"aiokafka://{bootstrap}",
        value_serializer="raw",
        web_enabled=False,
        topic_disable_leader=True,
        broker_session_timeout=10,
        broker_rebalance_timeout=3,
        datadir=datadir,
    )

    async def agent(events: Any) -> None:
        async for value in events:
            if value is not None:
                meter.count(1)

    app.agent(app.topic(topic, value_serializer="raw"))(agent)
    return app


async def measure(arguments: argparse.Namespace) -> None:
    """Run one reading and print it."""
    meter = Meter(arguments.events)
    idempotent = arguments.broker == "kafka"
    with tempfile.TemporaryDirectory() as datadir:
        if arguments.reading == "stock":
            app = stock_app(arguments.bootstrap, arguments.topic, meter, datadir)
        elif arguments.reading == "chunked":
            app = chunked_app(arguments.bootstrap, arguments.topic, meter, datadir, idempotent)
        else:
            await measure_recovery(arguments, datadir, idempotent)
            return
        await app.start()
        await meter.done.wait()
        await app.stop()
    print(
        json.dumps(
            {
                "cpu_us_per_event": round(meter.cpu_us, 2),
                "events_per_second": round(meter.events_per_second),
            }
        )
    )


async def measure_recovery(arguments: argparse.Namespace, datadir: str, idempotent: bool) -> None:
    """Write as many table entries as there are events, then time a worker that recovers them."""
    bootstrap, app_id = arguments.bootstrap, f"{arguments.topic}-recovery"

    def make() -> tuple[Any, asyncio.Event]:
        recovered = asyncio.Event()
        partitions: set[int] = set()

        def on_recovered(partition: int) -> None:
            partitions.add(partition)
            if len(partitions) == PARTITIONS:
                recovered.set()

        app = create_app(
            app_id,
            [bootstrap],
            rebalance_timeout=3,
            session_timeout=10,
            datadir=datadir,
            idempotent=idempotent,
        )
        partitioned_table(
            app,
            "state",
            partitions=PARTITIONS,
            max_batch_bytes=BATCH_BYTES,
            on_recovered=on_recovered,
        )

        async def handle(chunk: Chunk | Merge) -> None:
            del chunk

        app.consume(f"{arguments.topic}-empty", handle)
        return app, recovered

    admin = AdminClient({"bootstrap.servers": bootstrap})
    changelog = f"{app_id}-state-changelog"
    topics = [
        NewTopic(f"{arguments.topic}-empty", PARTITIONS, 1),
        NewTopic(changelog, PARTITIONS, 1, config=changelog_topic_config(BATCH_BYTES)),
    ]
    for made in admin.create_topics(topics).values():
        made.result(30)

    app, recovered = make()
    await app.start()
    await recovered.wait()
    entries: list[tuple[None, bytes, bytes, list[Any]]] = [
        (None, f"key-{at}".encode(), b"s" * STATE_BYTES, [])
        for at in range(arguments.events // PARTITIONS)
    ]
    for partition in range(PARTITIONS):
        at = 0
        while at < len(entries):
            batch, count = build_batch(entries[at:], BATCH_BYTES)
            await send_batch(app, batch, changelog, partition)
            at += count
    await app.stop()

    app, recovered = make()
    cpu = cpu_seconds()
    await app.start()
    await recovered.wait()
    cpu = cpu_seconds() - cpu
    await app.stop()
    total = len(entries) * PARTITIONS
    print(json.dumps({"cpu_us_per_entry": round(cpu / total * 1e6, 2), "entries": total}))


def fill(bootstrap: str, topic: str, events: int) -> None:
    """Write the events, generated: bytes without meaning."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(30)
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20})
    for at in range(events):
        producer.produce(topic, b"x" * EVENT_BYTES, f"key-{at % 1000}", partition=at % PARTITIONS)
        producer.poll(0)
        if at % 10_000 == 0:
            producer.flush()
    producer.flush()


def main() -> None:
    """Run all readings, or the one that a child process is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--broker", choices=["kafka", "embedded"], default="kafka")
    parser.add_argument("--reading", help=argparse.SUPPRESS)
    parser.add_argument("--bootstrap", help=argparse.SUPPRESS)
    parser.add_argument("--topic", default="benchmark", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reading:
        asyncio.run(measure(arguments))
        return
    results: dict[str, Any] = {"events": arguments.events, "broker": arguments.broker}
    with (
        tempfile.TemporaryDirectory() as directory,
        start_broker(arguments.broker, Path(directory)) as broker,
    ):
        fill(broker.bootstrap, arguments.topic, arguments.events)
        for reading in ("chunked", "stock", "recovery"):
            child = subprocess.run(
                [
                    sys.executable,
                    __file__,
                    f"--reading={reading}",
                    f"--bootstrap={broker.bootstrap}",
                    f"--events={arguments.events}",
                    f"--broker={arguments.broker}",
                    f"--topic={arguments.topic}",
                ],
                capture_output=True,
                text=True,
                check=False,
                timeout=600,
            )
            if child.returncode != 0:
                raise SystemExit(child.stderr)
            results[reading] = json.loads(child.stdout.splitlines()[-1])
            print(reading, results[reading], flush=True)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
