"""A bytewax dataflow over the topic of activities, without or with our detectors.

Runs in the peers' own environment: `python -m tests.benchmarks.peers.bytewax_flow --help`.

The source is bytewax's `KafkaSource` with its default batches of 1,000 messages; steps are those
that take batches. One worker, which is bytewax's default, started as `python -m bytewax.run` does.
Without detectors the messages of a batch are counted, nothing else.

With detectors, the stream is keyed by partition and the engine of that partition is the state of
the key, in `stateful_batch`, the operator that `stateful_map` is made of. Keyed by entity, bytewax
would reorder the messages of a batch, and the engine needs its partition's order. Recovery is on:
bytewax pickles the state at the end of each epoch, of 10 seconds by default, and writes it to
SQLite. Unlike our worker it writes all of a partition's entries each time, which is cheap as long
as they are few and epochs are long. Signals go to a topic through its `KafkaSink`.
"""

import argparse
import tempfile
from collections.abc import Iterable
from datetime import timedelta
from importlib.metadata import version
from typing import Any

# Our own environment must not have bytewax, so its types are not there when mypy runs.
import bytewax.operators as op  # type: ignore[import-not-found]
from bytewax._bytewax import cli_main  # type: ignore[import-not-found]
from bytewax.connectors.kafka import (  # type: ignore[import-not-found]
    KafkaSink,
    KafkaSinkMessage,
    KafkaSource,
)
from bytewax.dataflow import Dataflow  # type: ignore[import-not-found]
from bytewax.outputs import DynamicSink, StatelessSinkPartition  # type: ignore[import-not-found]
from bytewax.recovery import RecoveryConfig, init_db_dir  # type: ignore[import-not-found]

from detectors.registry import DETECTORS
from pipeline.engine import Engine
from schemas.signal import encode
from tests.benchmarks.meter import Meter

METER = Meter()


class Judge(op.StatefulBatchLogic):  # type: ignore[misc]
    """The engine of one partition as the state of its key."""

    def __init__(self, stored: dict[bytes, bytes] | None) -> None:
        self._stored = stored or {}
        self._engine: Engine | None = None

    def on_batch(self, values: list[Any]) -> tuple[Iterable[Any], bool]:
        engine = self._engine
        if engine is None:
            partition = values[0].partition
            engine = self._engine = Engine(DETECTORS, self._stored, partition=partition)
        for message in values:
            engine.process(message.key, message.value, message.offset)
        METER.count(len(values))
        signals = engine.take_signals()
        METER.signalled(signal.uid for signal in signals)
        return signals, op.StatefulBatchLogic.RETAIN

    def snapshot(self) -> dict[bytes, bytes]:
        if self._engine is not None:
            for key, value in self._engine.flush():
                if value is None:
                    self._stored.pop(key, None)
                else:
                    self._stored[key] = value
        return dict(self._stored)


class _Nowhere(StatelessSinkPartition):  # type: ignore[misc]
    def write_batch(self, items: list[Any]) -> None:
        """Drop them."""


class Nowhere(DynamicSink):  # type: ignore[misc]
    """A dataflow must have an output."""

    def build(self, _step_id: str, _worker_index: int, _worker_count: int) -> _Nowhere:
        return _Nowhere()


def count(messages: list[Any]) -> list[Any]:
    """Count a batch."""
    METER.count(sum(1 for message in messages if message.value is not None))
    return []


def dataflow(bootstrap: str, topic: str, signals: str, *, detectors: bool) -> Dataflow:
    """The dataflow."""
    flow = Dataflow("benchmark")
    stream = op.input("activities", flow, KafkaSource([bootstrap], [topic], tail=False))
    if not detectors:
        op.output("nowhere", op.flat_map_batch("count", stream, count), Nowhere())
        return flow
    keyed = op.key_on("partition", stream, lambda message: str(message.partition))
    judged = op.stateful_batch("judge", keyed, Judge)
    encoded = op.map(
        "encode", judged, lambda item: KafkaSinkMessage(item[1].identity.encode(), encode(item[1]))
    )
    op.output("signals", encoded, KafkaSink([bootstrap], signals))
    return flow


def main() -> None:
    """One reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--bootstrap", "--topic", "--group", "--signals"):
        parser.add_argument(name, required=True)
    parser.add_argument("--expected", type=int, required=True)
    parser.add_argument("--detectors", action="store_true")
    parser.add_argument("--epoch", type=float, default=10.0, help="seconds; bytewax's default")
    arguments = parser.parse_args()
    flow = dataflow(
        arguments.bootstrap, arguments.topic, arguments.signals, detectors=arguments.detectors
    )
    with tempfile.TemporaryDirectory() as directory:
        init_db_dir(directory, 1)
        cli_main(
            flow,
            epoch_interval=timedelta(seconds=arguments.epoch),
            recovery_config=RecoveryConfig(directory),
        )
        METER.end()
    METER.report(version=f"bytewax {version('bytewax')}")


if __name__ == "__main__":
    main()
