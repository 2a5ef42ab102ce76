"""How long a worker needs to take up the states that it finds in its changelog."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Producer
from prometheus_client import CollectorRegistry

from detectors.registry import DETECTORS
from pipeline.engine import EngineSettings, EngineStats
from pipeline.faust_adapter import BatchProducer, create_app, partition_for
from pipeline.faust_adapter.lag import positions
from pipeline.metrics import Metrics, StageStats
from pipeline.topics import MAX_RECORD_BYTES, Topics
from pipeline.worker.detect_agent import DetectAgent
from pipeline.worker.flush import Table
from pipeline.worker.progress import Progress
from tests.benchmarks.events import PARTITIONS, create
from tests.benchmarks.meter import cpu_seconds
from tests.benchmarks.population import Population

APP: Final = "recovery"
FLUSH_EVERY: Final = 10_000


class _Agent(DetectAgent):
    """Says when all partitions are there."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.complete = asyncio.Event()
        self.partitions: set[int] = set()

    def recovered(self, partition: int) -> None:
        super().recovered(partition)
        self.partitions.add(partition)
        if len(self.partitions) == PARTITIONS:
            self.complete.set()


def recovery(bootstrap: str, population: Population, identities: int) -> dict[str, Any]:
    """Write the states of so many identities, then start a worker in a process of its own."""
    create(bootstrap, APP, APP)
    producer = Producer(
        {"bootstrap.servers": bootstrap, "linger.ms": 50, "queue.buffering.max.kbytes": 262_144}
    )
    changelog = Topics(APP).changelog(APP, "detect")
    volume = 0
    for number, (key, value) in enumerate(population.copies(identities)):
        producer.produce(changelog, value, key, partition=partition_for(key, PARTITIONS))
        volume += len(key) + len(value)
        if number % FLUSH_EVERY == 0:
            producer.flush()
    producer.flush()
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.recovery", bootstrap],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if row["recovered_states"] != identities:
        raise SystemExit(f"recovered {row['recovered_states']} of {identities} states")
    return {**row, "recovered_mib": round(volume / 2**20)}


async def start(bootstrap: str) -> dict[str, Any]:
    """A detect stage, from its start to the moment when it could judge the first event."""
    topics = Topics(APP)
    with tempfile.TemporaryDirectory() as directory:
        app = create_app(
            APP,
            [bootstrap],
            session_timeout=10.0,
            rebalance_timeout=30.0,
            max_request_bytes=MAX_RECORD_BYTES,
            datadir=directory,
            topic_partitions=PARTITIONS,
        )
        metrics = Metrics(CollectorRegistry(), StageStats(), sources=(), detectors=())
        table = Table(app, "detect", PARTITIONS)
        agent = _Agent(
            DETECTORS,
            table,
            BatchProducer(app),
            activity_topic=topics.activity,
            signal_topic=topics.signals,
            partitions=PARTITIONS,
            settings=EngineSettings(),
            stats=EngineStats(),
            progress=Progress(metrics, lambda: positions(app), 60.0),
        )
        table.attach(agent)
        app.consume(topics.activity, agent.handle, name="detect")
        cpu, wall = cpu_seconds(), time.perf_counter()
        await app.start()
        await agent.complete.wait()
        cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
        states = sum(entries for entries, _ in table.sizes().values())
        await app.stop()
    return {
        "recovered_states": states,
        "recovery_seconds": round(wall, 2),
        "recovery_cpu_seconds": round(cpu, 2),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(start(sys.argv[1]))))
