"""Side by side: this project, bare clients, stock faust, quixstreams and bytewax.

Run it with `make bench`. One Apache Kafka, one topic with the same events for all: generated, all
sources of an organisation as they mix. Each reading is a process of its own; its CPU time, user
and system of all threads, is counted from the first event to the moment when all are handled and
what comes of them is stored. Readings are interleaved in rounds, each round in another order, and
medians are given. That all did the same work is checked: the number of events, and the ids of the
signals. Prints a table and, last, one line of JSON, in CPU microseconds an event.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from detectors.registry import DETECTORS
from pipeline.broker import start_broker
from pipeline.topics import Topics
from tests.benchmarks import clients, ours
from tests.benchmarks.events import ACTIVITY, Size, create_topic, fill
from tests.benchmarks.machine import machine
from tests.benchmarks.meter import Meter
from tests.benchmarks.readings import (
    NO_DETECTORS,
    RAW_RECORD,
    READINGS,
    WITH_DETECTORS,
    Reading,
    ratios,
    summary,
    table,
)

ROOT: Final = Path(__file__).parents[2]
PEERS: Final = ROOT / ".venv-peers" / "bin" / "python"
TOPIC: Final = Topics(ACTIVITY).activity
PATIENCE: Final = 900.0  # seconds for one reading


def measure(name: str, bootstrap: str, group: str, size: Size, counts: dict[str, int]) -> Meter:
    """Take one reading in this process."""
    activities = counts["activities"]
    take: dict[str, Callable[[], Meter]] = {
        "bare_client": lambda: clients.confluent(bootstrap, TOPIC, group, activities),
        "bare_aiokafka": lambda: asyncio.run(clients.aiokafka(bootstrap, TOPIC, group, activities)),
        "stock_faust": lambda: asyncio.run(
            clients.stock_faust(bootstrap, TOPIC, group, activities)
        ),
        "transport": lambda: ours.transport(bootstrap, group, activities),
        "engine": lambda: ours.detect(bootstrap, group, activities, ()),
        "detect": lambda: ours.detect(bootstrap, group, activities, DETECTORS),
        "engine_in_memory": lambda: ours.engine_in_memory(bootstrap, activities, DETECTORS),
        "engine_alone": lambda: ours.engine_in_memory(bootstrap, activities, ()),
        "pipeline": lambda: ours.worker(bootstrap, group, counts, size.identity_map()),
        "in_memory": lambda: ours.scan(list(size.records()), size.identity_map()),
    }
    return take[name]()


def child(reading: Reading, bootstrap: str, turn: int, arguments: argparse.Namespace) -> Any:
    """Take one reading in a process of its own."""
    group = f"{reading.name}-{turn}"
    if reading.module:
        if reading.options:
            create_topic(bootstrap, f"{group}-signals")
        command = [
            *(str(PEERS), "-m", reading.module, "--bootstrap", bootstrap, "--topic", TOPIC),
            *("--group", group, "--signals", f"{group}-signals"),
            *("--expected", str(arguments.counts["activities"])),
            *reading.options,
        ]
    else:
        command = [
            *(sys.executable, "-m", "tests.benchmarks.compare", "--reading", reading.name),
            *("--bootstrap", bootstrap, "--group", group),
            *("--identities", str(arguments.identities), "--days", str(arguments.days)),
            *("--counts", json.dumps(arguments.counts)),
        ]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    if done.returncode != 0:
        raise SystemExit(f"{reading.name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def check(reading: Reading, result: Any, done: dict[str, Any], expected: int) -> None:
    """All readings that can be compared must have done the same work."""
    if result["events"] != expected:
        raise SystemExit(f"{reading.name} handled {result['events']} of {expected} events")
    if reading.group == NO_DETECTORS or reading.name == "pipeline":
        return  # no signals; or as many as the interleaving of the audit topics gives
    work = (result["signals"], result["fingerprint"])
    like = reading.group if reading.group == WITH_DETECTORS else reading.name
    if done.setdefault(like, work) != work:
        raise SystemExit(f"{reading.name} gave signals {work}, others {done[like]}")


def main() -> None:
    """Take all readings, or the one that a child process is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--identities", type=int, default=400)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", help="names of readings")
    for hidden in ("--reading", "--bootstrap", "--group"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--counts", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    size = Size(arguments.identities, arguments.days)
    if arguments.reading:
        measure(
            arguments.reading, arguments.bootstrap, arguments.group, size, arguments.counts
        ).report()
        return
    readings = [r for r in READINGS if not arguments.only or r.name in arguments.only]
    results: dict[str, list[Any]] = {reading.name: [] for reading in READINGS}
    done: dict[str, Any] = {}
    order = random.Random(0)  # noqa: S311 - nobody has to guess it
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, start_broker("kafka", Path(folder)) as broker:
        arguments.counts = counts = fill(broker.bootstrap, size)
        for turn in range(arguments.rounds):
            for reading in order.sample(readings, len(readings)):
                result = child(reading, broker.bootstrap, turn, arguments)
                expected = counts["raw" if reading.group == RAW_RECORD else "activities"]
                check(reading, result, done, expected)
                results[reading.name].append(result)
                print(
                    f"round {turn + 1} {reading.name:22} {result['us']:8.2f} us",
                    file=sys.stderr,
                    flush=True,
                )
    medians = {name: summary(rows) for name, rows in results.items() if rows}
    table(medians)
    related = ratios(results) if not arguments.only else {}
    print("\nratios of CPU per event")
    for name, value in related.items():
        print(f"  {name:62} {value:8.2f}")
    print(
        json.dumps(
            {
                **{f"{name}_us": round(row["us"], 2) for name, row in medians.items()},
                "events_per_second": {
                    name: round(row["events_per_second"]) for name, row in medians.items()
                },
                "ratios": related,
                **counts,
                "signals": {n: rows[0]["signals"] for n, rows in results.items() if rows},
                "identities": arguments.identities,
                "days": arguments.days,
                "rounds": arguments.rounds,
                "detectors": len(DETECTORS),
                "load_before": round(load, 2),
                "peers": sorted(
                    {r["version"] for rows in results.values() for r in rows if "version" in r}
                ),
                **machine(),
            }
        )
    )


if __name__ == "__main__":
    main()
