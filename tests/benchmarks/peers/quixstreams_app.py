"""A quixstreams application over the topic of activities, without or with our detectors.

Runs in the peers' own environment: `python -m tests.benchmarks.peers.quixstreams_app --help`.

quixstreams hands messages over one by one and has no form of its API that takes a batch. Keys and
values stay bytes. All settings are its defaults: commits every 5 seconds, at-least-once, state in
RocksDB with a changelog topic; only logging is reduced. Without detectors a message is counted,
nothing else.

With detectors, one engine a partition works on the messages, as in our worker. Its entries are
kept as quixstreams keeps state: under the message's key, read from `State` when the engine meets
the key for the first time, written to `State` after each message, since a function sees the state
of its message's key only. quixstreams writes at a commit what was changed since the last one. What
has no place in such a state stays in memory and would be lost with the process: levels of peer
groups, the clock, the memory of duplicates. Our worker writes those too. Signals go to a topic.
"""

import argparse
import tempfile
from collections.abc import Iterator, MutableMapping
from importlib.metadata import version
from typing import Any

# Our own environment must not have quixstreams, so its types are not there when mypy runs.
from quixstreams import Application, State, message_context  # type: ignore[import-not-found]

from detectors.registry import DETECTORS
from pipeline.engine import Engine
from pipeline.engine.keystate import KeyStateCodec
from pipeline.state.partition import _HEADER, _LAYOUT
from schemas.signal import Signal, encode
from tests.benchmarks.meter import Meter

ENTRY = "entry"


class Stored(MutableMapping[bytes, bytes]):
    """The engine's view of stored entries: that of the message at hand."""

    def __init__(self) -> None:
        self.key = b""
        self.state: Any = None

    def __getitem__(self, key: bytes) -> bytes:
        found: bytes | None = self.state.get_bytes(ENTRY) if key == self.key else None
        if found is None:
            raise KeyError(key)
        return found

    def __setitem__(self, key: bytes, value: bytes) -> None:
        raise NotImplementedError

    def __delitem__(self, key: bytes) -> None:
        raise NotImplementedError

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Judge:
    """The stateful function: an activity in, its signals out."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._codec = KeyStateCodec()
        self._stored: dict[int, Stored] = {}
        self._engines: dict[int, Engine] = {}

    def __call__(
        self, value: bytes, key: bytes, _timestamp: int, _headers: Any, state: State
    ) -> list[Signal]:
        context = message_context()
        partition = context.partition
        engine = self._engines.get(partition)
        if engine is None:
            stored = self._stored[partition] = Stored()
            engine = self._engines[partition] = Engine(DETECTORS, stored, partition=partition)
        stored = self._stored[partition]
        stored.key, stored.state = key, state
        engine.process(key, value, context.offset)
        entry = engine.state.get(key)
        if entry is not None:
            due = self._codec.next_due(entry)
            header = _HEADER.pack(_LAYOUT, engine.state.touched(key), due)
            state.set_bytes(ENTRY, header + self._codec.encode(entry))
        signals = engine.take_signals()
        self._meter.signalled(signal.uid for signal in signals)
        return signals


def main() -> None:
    """One reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--bootstrap", "--topic", "--group", "--signals"):
        parser.add_argument(name, required=True)
    parser.add_argument("--expected", type=int, required=True)
    parser.add_argument("--detectors", action="store_true")
    arguments = parser.parse_args()
    meter = Meter()
    with tempfile.TemporaryDirectory() as directory:
        app = Application(
            arguments.bootstrap,
            consumer_group=arguments.group,
            auto_offset_reset="earliest",
            state_dir=directory,
            loglevel="ERROR",
        )
        topic = app.topic(arguments.topic, key_deserializer="bytes", value_deserializer="bytes")
        frame = app.dataframe(topic)

        def count(_value: bytes) -> None:
            meter.count()
            if meter.events == arguments.expected:
                app.stop()

        frame = frame.update(count)
        if arguments.detectors:
            signals = app.topic(arguments.signals, key_serializer="bytes", value_serializer="bytes")
            frame = frame.apply(Judge(meter), stateful=True, metadata=True, expand=True)
            frame = frame.apply(encode)
            frame.to_topic(signals)
        app.run()
        meter.end()
    meter.report(version=f"quixstreams {version('quixstreams')}")


if __name__ == "__main__":
    main()
