"""The readings of the comparison, and how they are shown."""

import statistics
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Reading:
    """A line of the table. `group`: readings that are compared with each other."""

    name: str
    group: str
    what: str
    module: str = ""  # in the peers' environment
    options: tuple[str, ...] = ()


NO_DETECTORS: Final = "per activity record, without detectors"
WITH_DETECTORS: Final = "per activity record, all detectors"
RAW_RECORD: Final = "per raw audit record, all stages, all detectors"
QUIXSTREAMS: Final = "tests.benchmarks.peers.quixstreams_app"
BYTEWAX: Final = "tests.benchmarks.peers.bytewax_flow"

DETECTORS: Final = ("--detectors",)

READINGS: Final = (
    Reading("bare_client", NO_DETECTORS, "confluent-kafka, counts"),
    Reading("bare_aiokafka", NO_DETECTORS, "aiokafka, counts"),
    Reading("transport", NO_DETECTORS, "our transport, counts"),
    Reading("engine_alone", NO_DETECTORS, "our engine: decodes, finds duplicates; no Kafka"),
    Reading("engine", NO_DETECTORS, "our detect stage: transport, engine, position written"),
    Reading("bytewax", NO_DETECTORS, "bytewax, counts", BYTEWAX),
    Reading("quixstreams", NO_DETECTORS, "quixstreams, counts", QUIXSTREAMS),
    Reading("stock_faust", NO_DETECTORS, "a stock faust agent, counts"),
    Reading("engine_in_memory", WITH_DETECTORS, "the engine, no Kafka"),
    Reading("detect", WITH_DETECTORS, "our detect stage"),
    Reading(
        "bytewax_detectors", WITH_DETECTORS, "bytewax with our engine", BYTEWAX, ("--detectors",)
    ),
    Reading(
        "bytewax_detectors_1s",
        WITH_DETECTORS,
        "the same, state kept every second",
        BYTEWAX,
        (*DETECTORS, "--epoch", "1"),
    ),
    Reading(
        "quixstreams_detectors",
        WITH_DETECTORS,
        "quixstreams with our engine",
        QUIXSTREAMS,
        ("--detectors",),
    ),
    Reading("in_memory", RAW_RECORD, "all stages, no Kafka (devspm scan)"),
    Reading("pipeline", RAW_RECORD, "our whole worker"),
)


def summary(rows: list[Any]) -> dict[str, float]:
    """Medians of a reading's rounds, and their range."""
    return {
        "us": statistics.median(row["us"] for row in rows),
        "events_per_second": statistics.median(row["events_per_second"] for row in rows),
        "min": min(row["us"] for row in rows),
        "max": max(row["us"] for row in rows),
    }


def ratios(results: dict[str, list[Any]]) -> dict[str, float]:
    """The aims, as medians of ratios within a round."""

    def median(above: str, below: str, part: str = "us") -> float | None:
        pairs = zip(results[above], results[below], strict=True)
        found = [a[part] / b[part] for a, b in pairs]
        return round(statistics.median(found), 2) if found else None

    rows = {
        "quixstreams_per_transport": median("quixstreams", "transport"),
        "bytewax_per_transport": median("bytewax", "transport"),
        "quixstreams_per_engine": median("quixstreams", "engine"),
        "bytewax_per_engine": median("bytewax", "engine"),
        "quixstreams_per_detect": median("quixstreams_detectors", "detect"),
        "bytewax_per_detect": median("bytewax_detectors", "detect"),
        "bytewax_1s_per_detect": median("bytewax_detectors_1s", "detect"),
        "engine_in_memory_per_detect": median("engine_in_memory", "detect"),
        "in_memory_per_pipeline": median("in_memory", "pipeline"),
    }
    return {name: row for name, row in rows.items() if row is not None}


def table(medians: dict[str, dict[str, float]]) -> None:
    """Print the readings by group."""
    for group in dict.fromkeys(reading.group for reading in READINGS):
        print(f"\n{group:62} {'CPU us':>8} {'events/s':>10} {'min':>8} {'max':>8}")
        for reading in READINGS:
            if reading.group == group and reading.name in medians:
                row = medians[reading.name]
                label = f"  {reading.name:22}{reading.what}"
                print(
                    f"{label:62.62} {row['us']:8.2f} {row['events_per_second']:10,.0f} "
                    f"{row['min']:8.2f} {row['max']:8.2f}"
                )
