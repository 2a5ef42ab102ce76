"""How long until something is there: `devspm --help`, the first finding of `scan`, a worker.

Run it: `python -m tests.benchmarks.start`, from the top of the project. Wall time, medians.
`python` is Python itself with nothing of ours, for comparison. The worker's state is empty; its
group is new each time. Prints a table and, last, one line of JSON, in milliseconds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import orjson

from pipeline.broker import start_broker
from pipeline.demo.worker_process import WorkerProcess
from pipeline.records import to_line
from tests.benchmarks.events import create
from tests.benchmarks.latency import trigger
from tests.benchmarks.machine import machine

ROOT: Final = Path(__file__).parents[2]
DEVSPM: Final = (sys.executable, "-m", "pipeline.cli")
NOON: Final = 1_757_332_800.0  # a Monday in September 2025


def run(*command: str) -> None:
    """Run a command to its end."""
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)


def first_finding(file: Path) -> None:
    """Run `scan` until its first line is there."""
    with subprocess.Popen(
        [*DEVSPM, "scan", "--format", "ocsf", str(file)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        if not orjson.loads(process.stdout.readline()):
            raise SystemExit("scan found nothing")
        process.terminate()


def milliseconds(action: Callable[[], None]) -> float:
    """Wall time of an action."""
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1e3


def worker_milliseconds(bootstrap: str, name: str, folder: Path) -> float:
    """Wall time from the start of the process to its readiness."""
    folder.mkdir()
    began = time.perf_counter()
    with WorkerProcess(
        bootstrap, prefix="start.", app_id=name, identities=[], directory=folder, idempotent=True
    ):
        return (time.perf_counter() - began) * 1e3


def main() -> None:
    """Take all readings, in turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    times: dict[str, list[float]] = {name: [] for name in ("python", "help", "scan", "worker")}
    with (
        tempfile.TemporaryDirectory() as directory,
        start_broker("kafka", Path(directory, "broker")) as broker,
    ):
        folder = Path(directory)
        file = folder / "events.jsonl"
        event = orjson.loads(trigger(0, NOON))
        file.write_bytes(to_line({"source": "github.audit", "event": event}))
        for number in range(arguments.rounds):
            name = f"start-{number}"
            create(broker.bootstrap, "start.", name)
            times["python"].append(milliseconds(lambda: run(sys.executable, "-c", "pass")))
            times["help"].append(milliseconds(lambda: run(*DEVSPM, "--help")))
            times["scan"].append(milliseconds(lambda: first_finding(file)))
            times["worker"].append(worker_milliseconds(broker.bootstrap, name, folder / name))
    medians = {f"{name}_ms": round(statistics.median(found)) for name, found in times.items()}
    for name, found in times.items():
        print(f"{name:8} {statistics.median(found):8.0f} ms   {min(found):.0f} to {max(found):.0f}")
    print(json.dumps({**medians, "load_before": round(load, 2), **machine()}))


if __name__ == "__main__":
    main()
