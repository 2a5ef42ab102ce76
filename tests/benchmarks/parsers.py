"""What parsing costs: median CPU time an event of every source, over its samples.

Run it: `python tests/benchmarks/parsers.py [seconds a source]`. It prints a table and, last, one
line of JSON. Decoding alone (`orjson`) stands beside it: the floor under any parser. A record can
hold several events: `median_us` is of records, `event_us` of the events in them.
"""

import json
import platform
import statistics
import sys
from collections.abc import Callable, Iterable
from operator import truediv
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import orjson

from schemas.activity import Activity, Position
from schemas.sources import SOURCES, Raw

SAMPLES = Path(__file__).parents[1] / "sources" / "samples"
MICROSECONDS = 1e6
INNER = 50


def main() -> None:
    """Measures every source and prints what it found."""
    budget = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    rows: dict[str, dict[str, float]] = {}
    heads = ("source", "samples", "bytes", "activities", "decode_us", "median_us", "worst_us",
             "event_us")  # fmt: skip
    _say(" ".join(f"{head:>16}" for head in heads))
    for name, source in SOURCES.items():
        raws = [
            Raw(
                orjson.dumps(sample["event"]),
                sample["received"],
                sample["headers"],
                Position("audit.bench", 0, index),
            )
            for index, sample in enumerate(_samples(name))
        ]
        if not raws:
            continue
        share = budget / len(raws) / 2
        parsed = [_median(source.parse, raw, share) for raw in raws]
        decoded = [_median(_decode, raw, share) for raw in raws]
        events = [max(1, len(list(source.parse(raw)))) for raw in raws]
        rows[name] = {
            "samples": len(raws),
            "bytes": statistics.median(len(raw.event) for raw in raws),
            "activities": sum(len(list(source.parse(raw))) for raw in raws),
            "decode_us": round(statistics.median(decoded), 2),
            "median_us": round(statistics.median(parsed), 2),
            "worst_us": round(max(parsed), 2),
            "event_us": round(statistics.median(map(truediv, parsed, events)), 2),
        }
        _say(" ".join(f"{value:>16}" for value in (name, *rows[name].values())))
    _say(json.dumps({"benchmark": "parsers", "python": platform.python_version(), "rows": rows}))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _decode(raw: Raw) -> list[Activity]:
    orjson.loads(raw.event)
    return []


def _samples(name: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((SAMPLES / name).glob("*.json"))]


def _median(call: Callable[[Raw], Iterable[Activity]], raw: Raw, seconds: float) -> float:
    """Median microseconds of CPU time a record."""
    times: list[float] = []
    end = perf_counter() + seconds
    while perf_counter() < end or not times:
        start = process_time()
        for _ in range(INNER):
            list(call(raw))
        times.append((process_time() - start) / INNER * MICROSECONDS)
    return statistics.median(times)


if __name__ == "__main__":
    main()
