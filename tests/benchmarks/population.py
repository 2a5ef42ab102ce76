"""Many identities out of few: a generated organisation after two weeks, copied under new names."""

import pickle
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from detectors.registry import DETECTORS
from pipeline.engine import Engine
from pipeline.stages.local import apply
from pipeline.stages.normalise import Normaliser
from pipeline.state.partition import INTERNAL
from schemas.activity import NOWHERE, Activity
from tests.benchmarks.events import Size

SIZE: Final = Size(identities=250, days=14)
PREFIX: Final = b"identity:"
FLUSH_EVERY: Final = 2000
HOURS: Final = 8.0  # the events of a measurement are spread over a working day


@dataclass(frozen=True)
class Population:
    """What all sizes are made of.

    Attributes:
        entries: key and stored entry of every identity, of its detectors' states together.
        shared: entries of no single identity: levels, clock, memory of duplicates.
        activities: of every identity, those of the last days, in order.
        clock: event time at the end, seconds since the epoch.
    """

    entries: list[tuple[bytes, bytes]]
    shared: dict[bytes, bytes]
    activities: list[list[Activity]]
    clock: float

    @classmethod
    def grown(cls) -> "Population":
        """Let an organisation work for two weeks; everything in it is generated."""
        normaliser = Normaliser(DETECTORS, SIZE.identity_map())
        stored: dict[bytes, bytes] = {}
        engine = Engine(DETECTORS, stored)
        activities: dict[bytes, list[Activity]] = defaultdict(list)
        offset = 0
        for record in SIZE.records():
            for activity in normaliser.normalise(record.raw, record.source)[0]:
                for key in normaliser.keys(activity):
                    if key.startswith(PREFIX):
                        engine.judge(key, activity, offset)
                        activities[key].append(activity)
                        offset += 1
                        if offset % FLUSH_EVERY == 0:
                            apply(engine.flush(), stored)
        apply(engine.flush(), stored)
        entries = [(key, value) for key, value in stored.items() if key[:1] != INTERNAL]
        return cls(
            entries,
            {key: value for key, value in stored.items() if key[:1] == INTERNAL},
            [activities[key][-200:] for key, _ in entries],
            engine.state.meta.clock,
        )

    def save(self, path: Path) -> None:
        """Keep it for other processes of this benchmark."""
        path.write_bytes(pickle.dumps(self))

    @classmethod
    def load(cls, path: Path) -> "Population":
        """What `save` wrote, by this program, a moment ago."""
        found: Population = pickle.loads(path.read_bytes())  # noqa: S301
        return found

    def copies(self, identities: int) -> Iterator[tuple[bytes, bytes]]:
        """Stored entries of so many identities."""
        for number in range(identities):
            copy, base = divmod(number, len(self.entries))
            key, value = self.entries[base]
            yield b"%b~%d" % (key, copy), value[:1] + value[1:]  # bytes of their own

    def events(
        self, identities: int, count: int, *, zipf: bool
    ) -> Iterator[tuple[bytes, Activity]]:
        """State keys and activities of so many identities, on the working day that follows.

        Args:
            identities: how many there are.
            count: how many events.
            zipf: identity number k acts in proportion to 1 / k; else all alike.
        """
        rng = Random(1)  # noqa: S311 - reproducible, nobody has to guess it
        weights = list(accumulate(1 / rank for rank in range(1, identities + 1))) if zipf else []
        ranks = list(range(identities))
        rng.shuffle(ranks)
        turns = [0] * len(self.entries)
        start = self.clock + 60.0
        for number in range(count):
            if zipf:
                drawn = ranks[bisect(weights, rng.random() * weights[-1], 0, identities - 1)]
            else:
                drawn = rng.randrange(identities)
            copy, base = divmod(drawn, len(self.entries))
            own = self.activities[base]
            activity = own[turns[base] % len(own)]
            turns[base] += 1
            time = start + number * HOURS * 3600 / count
            name = f"{activity.actor.identity}~{copy}"
            yield (
                b"%b~%d" % (self.entries[base][0], copy),
                msgspec.structs.replace(
                    activity,
                    uid=rng.getrandbits(64),
                    time=time,
                    received=time,
                    actor=msgspec.structs.replace(activity.actor, identity=name),
                    position=NOWHERE,
                ),
            )
