"""What more identities cost: CPU per event, memory, changelog, flushes, recovery.

Run it: `python -m tests.benchmarks.scale`, from the top of the project. Each population is a
process of its own: states of 1,000 to 1,000,000 identities, each two weeks old and of all
detectors, in one partition; then one working day of events, of all identities alike or by Zipf's
law, through the engine in the worker's chunks. The events are those that have the state of an
identity. Recovery: a worker on Apache Kafka that finds such states in its changelog. Prints a
table and, last, one line of JSON.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any, Final

from detectors.registry import DETECTORS
from pipeline.broker import start_broker
from pipeline.engine import Engine
from pipeline.faust_adapter.batch import build_batch
from pipeline.stages.local import apply
from pipeline.worker.settings import MAX_CHUNK, MAX_FLUSH_BYTES
from schemas.activity import encode
from tests.benchmarks.machine import machine
from tests.benchmarks.meter import cpu_seconds
from tests.benchmarks.population import Population
from tests.benchmarks.recovery import recovery

ROOT: Final = Path(__file__).parents[2]
MEBIBYTE: Final = 2**20
WARM: Final = 20  # chunks before the measurement


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def quantile(values: list[float], share: float) -> float:
    """The value below which this share lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def steady(population: Population, identities: int, events: int, *, zipf: bool) -> dict[str, Any]:
    """Events of one working day through an engine that knows so many identities."""
    before = resident()
    stored = dict(population.shared)
    stored.update(population.copies(identities))
    loaded = time.process_time()
    engine = Engine(DETECTORS, stored)
    loaded = time.process_time() - loaded
    stream = population.events(identities, events, zipf=zipf)
    position = engine.position
    judged: list[float] = []
    flushed: list[float] = []
    changelog = count = largest = 0
    for number in range(events // MAX_CHUNK):
        chunk = [(key, encode(event)) for key, event in islice(stream, MAX_CHUNK)]
        began = cpu_seconds()
        for offset, (key, value) in enumerate(chunk, position + 1):
            engine.process(key, value, offset)
        between = cpu_seconds()
        entries = engine.flush()
        build_batch(((None, key, value, []) for key, value in entries), MAX_FLUSH_BYTES)
        apply(entries, stored)
        ended = cpu_seconds()
        position += len(chunk)
        if number >= WARM:
            judged.append(between - began)
            flushed.append(ended - between)
            written = sum(len(key) + len(value or b"") for key, value in entries)
            largest = max(largest, written)
            changelog += written
            count += len(chunk)
    if engine.stats.errors or engine.stats.activities != events // MAX_CHUNK * MAX_CHUNK:
        raise SystemExit(f"not all events were judged: {engine.stats}")
    return {
        "identities": identities,
        "choice": "zipf" if zipf else "uniform",
        "events": count,
        "cpu_us": round((sum(judged) + sum(flushed)) / count * 1e6, 2),
        "flush_share_us": round(sum(flushed) / count * 1e6, 2),
        "flush_ms_p50": round(statistics.median(flushed) * 1e3, 2),
        "flush_ms_p99": round(quantile(flushed, 0.99) * 1e3, 2),
        "changelog_bytes_per_event": round(changelog / count),
        "largest_flush_kib": round(largest / 1024),
        "resident_mib": round(resident() / MEBIBYTE),
        "resident_bytes_per_identity": round((resident() - before) / identities),
        "open_seconds": round(loaded, 2),
        "signals": sum(engine.stats.signals.values()),
    }


def state_bytes(population: Population) -> dict[str, int]:
    """Stored bytes of an identity, of all detectors together."""
    sizes = [float(len(value)) for _, value in population.entries]
    return {
        "state_bytes_mean": round(statistics.mean(sizes)),
        "state_bytes_p50": round(statistics.median(sizes)),
        "state_bytes_p99": round(quantile(sizes, 0.99)),
        "state_bytes_max": round(max(sizes)),
    }


def child(*options: str) -> Any:
    """One reading in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.scale", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    row = json.loads(done.stdout.splitlines()[-1])
    print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    return row


def main() -> None:
    """Take all readings, or the one that a child process is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--identities", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--recover", type=int, default=1_000_000, help="states; 0 for none")
    parser.add_argument("--rounds", type=int, default=3)
    for hidden in ("--population", "--choice", "--bootstrap"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.population:
        population = Population.load(Path(arguments.population))
        if arguments.bootstrap:
            print(json.dumps(recovery(arguments.bootstrap, population, arguments.recover)))
        else:
            (identities,) = arguments.identities
            zipf = arguments.choice == "zipf"
            print(json.dumps(steady(population, identities, arguments.events, zipf=zipf)))
        return
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "population")
        population = Population.grown()
        population.save(path)
        sizes = state_bytes(population)
        print(sizes, flush=True)
        rows = [
            child(
                *("--population", str(path), "--choice", choice),
                *("--identities", str(identities), "--events", str(arguments.events)),
            )
            for _ in range(arguments.rounds)
            for choice in ("uniform", "zipf")
            for identities in arguments.identities
        ]
        recovered = {}
        if arguments.recover:
            with start_broker("kafka", Path(folder, "broker")) as broker:
                recovered = child(
                    *("--population", str(path), "--bootstrap", broker.bootstrap),
                    *("--recover", str(arguments.recover)),
                )
    medians = {
        f"{choice}_{identities}": {
            name: statistics.median(
                row[name]
                for row in rows
                if (row["choice"], row["identities"]) == (choice, identities)
            )
            for name in rows[0]
            if name not in {"choice", "identities"}
        }
        for choice in ("uniform", "zipf")
        for identities in arguments.identities
    }
    print(json.dumps({**sizes, **medians, **recovered, "load_before": round(load, 2), **machine()}))


if __name__ == "__main__":
    main()
