"""CPU per event of the faust worker: without detectors, with all of them, beside stock faust.

Run: ``python tests/benchmarks/worker.py [--days N] [--repeat N]``. Generated events of one
organisation go through the real agents on Apache Kafka. Each reading is a process of its own that
works on the same records; user and system time are counted from the first record to the last.
Readings are interleaved, medians are given. The last line is JSON, in microseconds an event.

stock       a stock faust agent that only counts the activity records
detect_0    our detect stage without detectors: chunks, decoding, duplicates, position
detect_all  our detect stage with all detectors, states written
whole       the whole worker, per raw audit record: normalise, detect, correlate
memory      the same without Kafka, as ``devspm scan`` does it, per raw audit record
"""

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faust
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from detectors.base import Detector
from detectors.registry import DETECTORS
from pipeline import topics
from pipeline.broker import start_broker
from pipeline.correlate import CorrelationSettings, Correlator
from pipeline.faust_adapter.partitioner import partition_for
from pipeline.generator import Organisation
from pipeline.records import Record, parse_line, to_line
from pipeline.replay import Replay
from pipeline.settings import KafkaSettings
from pipeline.stages.local import LocalPipeline
from pipeline.stages.normalise import Normaliser
from pipeline.topics import Topics
from pipeline.worker.app import build
from pipeline.worker.settings import WorkerSettings
from schemas.activity import NOWHERE, encode
from schemas.identity import IdentityMap

PARTITIONS = 4
READINGS = ("stock", "detect_0", "detect_all", "whole", "memory")


def cpu_seconds() -> float:
    """CPU time of this process, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def organisation(days: int) -> Organisation:
    """The same events in every process."""
    return Organisation(seed=1, days=days)


def records(days: int) -> Iterator[Record]:
    """Raw audit records, as the replay sends them."""
    for event in organisation(days).events():
        record = parse_line(to_line(event), "", NOWHERE)
        assert isinstance(record, Record)
        yield record


def fill(bootstrap: str, days: int) -> dict[str, int]:
    """Write raw records to the audit topics, activities to a prefix of their own."""
    settings = KafkaSettings(bootstrap)
    client = topics.admin(settings)
    for prefix, app in (("raw.", "whole"), ("act.", "detect_0"), ("act.", "detect_all")):
        topics.create(client, Topics(prefix).all(app), partitions=PARTITIONS, replication=1)
    replay = Replay(settings, Topics("raw."))
    normaliser = Normaliser(DETECTORS, IdentityMap(organisation(days).identities()))
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 50})
    activity = Topics("act.").activity
    count = 0
    for record in records(days):
        replay.send(record)
        found, _ = normaliser.normalise(record.raw, record.source)
        for event in found:
            for key in normaliser.keys(event):
                producer.produce(
                    activity, encode(event), key, partition=partition_for(key, PARTITIONS)
                )
                count += 1
        if count % 1000 == 0:
            producer.poll(0)
            producer.flush()
    producer.flush()
    replay.flush()
    return {"raw": replay.sent, "activities": count}


async def run_worker(app: Any, seen: Callable[[], int], is_done: Callable[[], bool]) -> float:
    """CPU seconds from the first event until everything is done."""
    await app.start()
    while not seen():  # noqa: ASYNC110 - the agents know nothing of benchmarks
        await asyncio.sleep(0.002)
    before = cpu_seconds()
    while not is_done():  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    used = cpu_seconds() - before
    await app.stop()
    return used


def stock(bootstrap: str, expected: int, datadir: str) -> float:
    """Faust as it comes."""
    app = faust.App(
        f"stock-{time.time_ns()}",
        broker=f"aiokafka://{bootstrap}",
        value_serializer="raw",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        datadir=datadir,
    )
    seen = 0

    async def agent(events: Any) -> None:
        nonlocal seen
        async for _ in events:
            seen += 1

    app.agent(app.topic(Topics("act.").activity, value_serializer="raw"))(agent)
    return asyncio.run(run_worker(app, lambda: seen, lambda: seen >= expected))


def ours(
    bootstrap: str, prefix: str, app_id: str, detectors: tuple[Detector[Any, Any], ...], **more: Any
) -> float:
    """Our worker, as `devspm worker` builds it."""
    worker = build(
        WorkerSettings(
            KafkaSettings(bootstrap),
            app_id=app_id,
            topics=Topics(prefix),
            partitions=PARTITIONS,
            tick_seconds=3600.0,
        ),
        detectors,
        IdentityMap(organisation(more["days"]).identities()),
        CollectorRegistry(),
        Path(more["datadir"]),
    )

    source = list(Topics(prefix).audit.values()) if prefix == "raw." else [Topics(prefix).activity]

    def seen() -> int:
        return sum(n for (topic, _), n in worker.progress.done().items() if topic in source)

    def is_done() -> bool:
        return seen() >= more["expected"] and not sum(worker.progress.lag().values())

    return asyncio.run(run_worker(worker.app, seen, is_done))


def memory(days: int) -> float:
    """All stages in one process, no broker."""
    pipeline = LocalPipeline(
        DETECTORS,
        IdentityMap(organisation(days).identities()),
        Correlator(CorrelationSettings(), {d.meta.id: d.meta for d in DETECTORS}),
    )
    prepared = list(records(days))
    before = cpu_seconds()
    for record in prepared:
        found, _ = pipeline.normaliser.normalise(record.raw, record.source)
        pipeline.feed(found)
    return cpu_seconds() - before


def measure(arguments: argparse.Namespace) -> float:
    """One reading, in microseconds an event."""
    reading, days = arguments.reading, arguments.days
    counts: dict[str, int] = json.loads(arguments.counts)
    with tempfile.TemporaryDirectory() as datadir:
        if reading == "memory":
            return memory(days) / counts["raw"] * 1e6
        if reading == "stock":
            used = stock(arguments.bootstrap, counts["activities"], datadir)
            return used / counts["activities"] * 1e6
        more = {"days": days, "datadir": datadir}
        if reading == "whole":
            used = ours(
                arguments.bootstrap, "raw.", "whole", DETECTORS, expected=counts["raw"], **more
            )
            return used / counts["raw"] * 1e6
        detectors = DETECTORS if reading == "detect_all" else ()
        used = ours(
            arguments.bootstrap, "act.", reading, detectors, expected=counts["activities"], **more
        )
        return used / counts["activities"] * 1e6


def main() -> None:
    """Run all readings, or the one that a child process is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--repeat", type=int, default=3)
    for hidden in ("--reading", "--bootstrap", "--counts"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reading:
        print(measure(arguments))
        return
    results: dict[str, list[float]] = {reading: [] for reading in READINGS}
    for _ in range(arguments.repeat):
        with tempfile.TemporaryDirectory() as folder, start_broker("kafka", Path(folder)) as broker:
            counts = fill(broker.bootstrap, arguments.days)
            for reading in READINGS:
                child = subprocess.run(
                    [
                        *(sys.executable, __file__, "--reading", reading),
                        *("--bootstrap", broker.bootstrap, "--days", str(arguments.days)),
                        *("--counts", json.dumps(counts)),
                    ],
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=600,
                )
                if child.returncode != 0:
                    raise SystemExit(child.stderr)
                results[reading].append(float(child.stdout.split()[-1]))
                print(f"{reading:12} {results[reading][-1]:8.2f} us", file=sys.stderr, flush=True)
    medians = {f"{name}_us": round(statistics.median(v), 2) for name, v in results.items()}
    for name, value in medians.items():
        print(f"{name:16} {value:8.2f}")
    print(json.dumps({**medians, **counts, "detectors": len(DETECTORS)}))


if __name__ == "__main__":
    main()
