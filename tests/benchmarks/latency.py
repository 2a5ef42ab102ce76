"""From produce to finding: how long an event takes through a whole worker at several rates.

Run it: `python -m tests.benchmarks.latency`, from the top of the project. A `devspm worker` on
Apache Kafka gets generated audit events at a steady rate. Among them, evenly, are events that give
a finding each: somebody new stops an audit stream. Measured is the time from `produce()` of such
an event to the moment when a consumer of the topic `alerts` has its finding. Producer, consumer
and broker share the machine with the worker. `worker_cpu_us` is what an event costs the worker at
that rate, in CPU microseconds: the fewer events a flush has, the more. Prints a table and, last,
one line of JSON.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from threading import Event, Thread
from typing import Final

import orjson
from confluent_kafka import Consumer, Producer, TopicPartition

from pipeline.broker import Broker, start_broker
from pipeline.demo.worker_process import WorkerProcess
from pipeline.generator import Organisation
from pipeline.topics import Topics
from schemas.sources import source_named
from tests.benchmarks.events import PARTITIONS, create
from tests.benchmarks.machine import machine
from tests.benchmarks.scale import quantile

TRIGGER: Final = "trigger-"
SETTLE: Final = 30.0  # seconds to wait for the last findings
DAYS: Final = 3
PER_IDENTITY: Final = 60  # events in so many days; somewhat fewer than there are
Ready = tuple[str, bytes, list[tuple[str, str | bytes | None]], str]


@dataclass
class Run:
    """One rate: when each trigger was sent, and when its finding came."""

    sent: dict[str, float] = field(default_factory=dict)
    found: dict[str, float] = field(default_factory=dict)


def organisation(events: int) -> Organisation:
    """So many events of the last days, none of the future."""
    start = date.today() - timedelta(days=DAYS + 1)  # noqa: DTZ011 - any day will do
    identities = max(400, events // PER_IDENTITY)
    return Organisation(seed=3, identities=identities, start=start, days=DAYS)


def trigger(number: int, at: float) -> bytes:
    """GitHub's audit log says that somebody whom nobody knows stopped the stream."""
    instant = round(at * 1000)
    return orjson.dumps(
        {
            "@timestamp": instant,
            "_document_id": f"generated-{number}",
            "action": "audit_log_streaming.destroy",
            "actor": f"{TRIGGER}{number}",
            "actor_ip": "192.0.2.17",
            "business": "example-business",
            "created_at": instant,
            "operation_type": "modify",
        }
    )


def stream(made: Organisation, every: int, audit: dict[str, str]) -> Iterator[Ready]:
    """Topic, value, headers; and the name of the actor, if it is a trigger."""
    github: list[tuple[str, str | bytes | None]] = [("source", b"github.audit")]
    for number, (at, record) in enumerate(made.timed()):
        headers = list(github)
        if number % every == every // 2:
            yield audit["vcs"], trigger(number, at), headers, f"{TRIGGER}{number}"
            continue
        source = record["source"]
        headers = [("source", source.encode())]
        headers += [(name, value.encode()) for name, value in record.get("headers", {}).items()]
        yield audit[source_named(source).kind], orjson.dumps(record["event"]), headers, ""


def watch(bootstrap: str, topic: str, run: Run, stop: Event) -> None:
    """Note when findings come."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused"})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    while not stop.is_set():
        message = consumer.poll(0.2)
        if message is not None and not message.error():
            now = time.perf_counter()
            name = (message.key() or b"").decode().rpartition(":")[2]
            if name in run.sent:
                run.found.setdefault(name, now)
    consumer.close()


def send(producer: Producer, events: list[Ready], rate: float, run: Run) -> float:
    """Send events at a steady rate; returns the rate that was reached."""
    began = time.perf_counter()
    for number, (topic, value, headers, name) in enumerate(events):
        due = began + number / rate
        while (left := due - time.perf_counter()) > 0:
            producer.poll(min(left, 0.05))
        if name:
            run.sent[name] = time.perf_counter()
        producer.produce(topic, value, headers=headers)
    producer.flush()
    return len(events) / (time.perf_counter() - began)


def measure(
    broker: Broker, rate: int, seconds: float, every: int, folder: Path
) -> dict[str, float]:
    """Take one rate with a worker of its own."""
    name = f"latency-{rate}"
    topics = Topics(f"{name}.")
    create(broker.bootstrap, topics.prefix, name)
    made = organisation(round(rate * seconds))
    events = list(islice(stream(made, every, topics.audit), round(rate * seconds)))
    run, stop = Run(), Event()
    folder.mkdir()
    with WorkerProcess(
        broker.bootstrap,
        prefix=topics.prefix,
        app_id=name,
        identities=made.identities(),
        directory=folder,
        idempotent=True,
    ) as worker:
        reader = Thread(target=watch, args=(broker.bootstrap, topics.alerts, run, stop))
        reader.start()
        producer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 0})
        used = worker.metrics()["process_cpu_seconds_total"]
        reached = send(producer, events, rate, run)
        deadline = time.monotonic() + SETTLE
        while len(run.found) < len(run.sent) and time.monotonic() < deadline:
            worker.check()
            time.sleep(0.1)
        used = worker.metrics()["process_cpu_seconds_total"] - used
        stop.set()
        reader.join()
    delays = [(run.found[name] - run.sent[name]) * 1e3 for name in run.found]
    if not delays:
        raise SystemExit(f"no finding at {rate} events/s")
    return {
        "rate": rate,
        "rate_reached": round(reached),
        "events": len(events),
        "triggers": len(run.sent),
        "findings": len(delays),
        "worker_cpu_us": round(used / len(events) * 1e6),
        "p50_ms": round(quantile(delays, 0.5), 1),
        "p99_ms": round(quantile(delays, 0.99), 1),
        "p99_9_ms": round(quantile(delays, 0.999), 1),
        "max_ms": round(max(delays), 1),
    }


def main() -> None:
    """Take all rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=int, nargs="+", default=[10, 1_000, 10_000])
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    rows: dict[str, dict[str, float]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        start_broker("kafka", Path(folder, "broker")) as broker,
    ):
        for rate in arguments.rates:
            every = max(2, rate // 40)
            row = measure(broker, rate, arguments.seconds, every, Path(folder, str(rate)))
            rows[f"rate_{rate}"] = row
            print("  ".join(f"{name} {value:g}" for name, value in row.items()), flush=True)
    print(json.dumps({**rows, "load_before": round(load, 2), **machine()}))


if __name__ == "__main__":
    main()
