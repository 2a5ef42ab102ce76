"""Coverage-guided fuzzing of all parsers, the long form of the property tests.

Run it: `python tests/fuzz/parsers.py [inputs] [seed]`, 100,000 inputs if nothing is said. It needs
Atheris (https://github.com/google/atheris), which is not among the project's dependencies:
`pip install atheris`; without it the run is skipped, and says so. Half of the inputs are changed as
JSON, at a place in the tree, the others as bytes; the samples are where it starts from.

A crash is anything but activities or a `RejectedError` with a reason of the closed set, or an
activity that does not survive the wire. Each is printed once with the input that caused it, kept in
a file. The last line is JSON, `{"inputs": …, "crashes": …}`; the exit status is 1 after a crash.
"""

import importlib
import json
import os
import random
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[1] / "sources" / "samples"
INPUTS = 100_000
LONGEST = 1 << 16
RECEIVED = 1_790_000_000.0
_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e300, 2**64 - 1, "", " ", "x", "\x00", "9" * 400, "\u00e9" * 2000,
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "true", "::1",
    "https://a:b@example.com/x", [], [None], [[]], {}, {"": {}}, ["a", 1, {}], {"name": ["x"]},
)  # fmt: skip


class Harness:
    """Feeds parsers, counts, and remembers what went wrong.

    Args:
        inputs: how many to try.
        folder: where inputs that crash a parser are kept.
    """

    def __init__(self, inputs: int, folder: Path) -> None:
        from schemas.sources import SOURCES  # noqa: PLC0415 - only now, instrumented

        self.sources = list(SOURCES.values())
        self.crashes: set[str] = set()
        self.tried = 0
        self._inputs = inputs
        self._folder = folder

    def one(self, data: bytes) -> None:
        """Try one input: the first byte chooses the parser, the rest is its record."""
        self.tried += 1
        if data:
            source = self.sources[data[0] % len(self.sources)]
            try:
                self._parse(source, data[1:])
            except Exception as error:  # noqa: BLE001 - the point of it
                self._crashed(source.name, data[1:], error)
        if self.tried >= self._inputs:
            self.finish()

    def finish(self) -> None:
        """Say what was found and end the process; libFuzzer would end it without a word."""
        _say(json.dumps({"inputs": self.tried, "crashes": len(self.crashes)}))
        sys.stdout.flush()
        os._exit(1 if self.crashes else 0)

    @staticmethod
    def _parse(source: Any, event: bytes) -> None:
        from schemas.activity import decode, encode  # noqa: PLC0415
        from schemas.sources import Raw, RejectedError  # noqa: PLC0415
        from schemas.sources.base import REASONS  # noqa: PLC0415

        try:
            for activity in source.parse(Raw(event, RECEIVED)):
                if decode(encode(activity)) != activity:
                    raise AssertionError("an activity changed on the wire")
        except RejectedError as error:
            if error.reason not in REASONS or error.reason == "parser_error":
                raise AssertionError(f"no reason: {error.reason}") from None

    def _crashed(self, source: str, event: bytes, error: Exception) -> None:
        where = traceback.extract_tb(error.__traceback__)[-1]
        name = f"{source} {type(error).__name__} {Path(where.filename).name}:{where.lineno}"
        if name in self.crashes:
            return
        self.crashes.add(name)
        kept = self._folder / f"crash-{len(self.crashes)}.json"
        kept.write_bytes(event)
        _say(f"{name}: {error} ({kept})")


def mutated(data: bytes, rng: random.Random) -> bytes | None:
    """The input with one value of its JSON changed; None when it is none."""
    try:
        tree = json.loads(data[1:])
    except ValueError:
        return None
    places: list[tuple[Any, Any]] = []
    level: list[Any] = [tree] if isinstance(tree, dict | list) else []
    while level:
        holder = level.pop()
        keys = holder if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            places.append((holder, key))
            if isinstance(holder[key], dict | list):
                level.append(holder[key])
    if not places:
        return None
    holder, key = rng.choice(places)
    value = holder[key]
    other, name = rng.choice(places)
    holder[key] = rng.choice(
        (rng.choice(_ODD), [value], {"value": value}, json.loads(json.dumps(other[name])))
    )
    return data[:1] + json.dumps(tree).encode("utf-8", "surrogatepass")


def corpus(folder: Path, names: list[str]) -> None:
    """Write the samples as inputs."""
    for path in SAMPLES.glob("*/*.json"):
        event = json.loads(path.read_text())["event"]
        index = names.index(path.parent.name)
        (folder / f"{path.parent.name}-{path.stem}").write_bytes(
            bytes([index]) + json.dumps(event).encode()
        )


def main() -> None:
    """Fuzz until the number of inputs is reached."""
    inputs = int(sys.argv[1]) if len(sys.argv) > 1 else INPUTS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        _say("skipped: Atheris is not installed (`pip install atheris`)")
        _say(json.dumps({"inputs": 0, "crashes": 0}))
        return
    with atheris.instrument_imports(include=["schemas"]):
        import schemas.sources  # noqa: F401, PLC0415
    folder = Path(tempfile.mkdtemp(prefix="devspm-fuzz-"))
    harness = Harness(inputs, folder)
    seeds = folder / "corpus"
    seeds.mkdir()
    corpus(seeds, [source.name for source in harness.sources])

    def change(data: bytes, longest: int, dice: int) -> bytes:
        rng = random.Random(dice)  # noqa: S311 - a fuzzer's dice
        told = mutated(data, rng) if rng.random() < 0.5 else None
        if told is None or len(told) > longest:
            told = atheris.Mutate(data, longest)
        return bytes(told)

    arguments = [sys.argv[0], str(seeds), f"-seed={seed}", f"-max_len={LONGEST}", "-verbosity=0"]
    atheris.Setup(arguments, harness.one, custom_mutator=change)
    atheris.Fuzz()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
