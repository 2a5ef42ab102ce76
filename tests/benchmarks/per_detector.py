"""What each detector costs: CPU time per activity that it takes, bytes of state per key.

Each runs alone over the activities of its own scope and actions, beside a detector that does
nothing; the difference is its own. The last line is JSON.

    python tests/benchmarks/per_detector.py [--days 21] [--identities 120] [--repeat 3]
"""

import argparse
import json
import time
from collections.abc import Sequence
from statistics import mean, median
from typing import Any

from detectors.base import Context, Detector, Metadata, NoState, Score
from detectors.registry import DETECTORS
from pipeline.engine import Engine
from pipeline.generator import Organisation
from pipeline.records import parse_line, to_line
from pipeline.stages.local import apply
from pipeline.stages.normalise import Normaliser
from pipeline.state.partition import INTERNAL
from schemas.activity import Activity, Position
from schemas.identity import IdentityMap
from schemas.sources import RejectedError

Keyed = tuple[bytes, Activity]


class Nothing(Detector[NoState, NoState]):
    """Takes what another takes and has no opinion."""

    State = NoState
    Shared = NoState

    def __init__(self, like: Metadata) -> None:
        self.meta = like  # type: ignore[misc]

    def judge(self, activity: Activity, state: NoState, context: Context[NoState]) -> Score | None:
        """Nothing to say."""

    def learn(self, activity: Activity, state: NoState, context: Context[NoState]) -> None:
        """Nothing to learn."""


def stream(identities: int, days: int) -> list[Keyed]:
    """Activities with the keys under which they are judged."""
    organisation = Organisation(seed=5, identities=identities, days=days)
    normaliser = Normaliser(DETECTORS, IdentityMap(organisation.identities()))
    keyed: list[Keyed] = []
    for number, (_, made) in enumerate(organisation.timed()):
        record = parse_line(to_line(made), "", Position("generated", 0, number))
        if isinstance(record, RejectedError):
            raise record
        activities, _ = normaliser.normalise(record.raw, record.source)
        keyed += [(key, a) for a in activities for key in normaliser.keys(a)]
    return keyed


def spent(detector: Detector[Any, Any], keyed: Sequence[Keyed]) -> tuple[float, Engine]:
    """CPU seconds of one pass, and the engine after it."""
    engine = Engine([detector], {})
    started = time.process_time()
    for offset, (key, activity) in enumerate(keyed):
        engine.judge(key, activity, offset)
    return time.process_time() - started, engine


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=21)
    parser.add_argument("--identities", type=int, default=120)
    parser.add_argument("--repeat", type=int, default=3)
    chosen = parser.parse_args()
    keyed = stream(chosen.identities, chosen.days)
    print(f"{'detector':24} {'taken':>8} {'judged':>8} {'us':>7} {'bytes/key':>9}")
    costs: dict[str, float | None] = {}
    for detector in sorted(DETECTORS, key=lambda d: d.meta.id):
        meta = detector.meta
        prefix = f"{meta.scope}:".encode()
        mine = [
            k for k in keyed if k[0].startswith(prefix) and k[1].action in detector.meta.actions
        ]
        if not mine:
            costs[detector.meta.id] = None
            print(f"{detector.meta.id:24} {'0':>8}")
            continue
        runs = [
            (spent(detector, mine), spent(Nothing(detector.meta), mine)[0])
            for _ in range(chosen.repeat)
        ]
        cost = median(own - bare for (own, _), bare in runs) / len(mine) * 1e6
        engine = runs[-1][0][1]
        entries = [len(v) for k, v in engine.flush() if k[:1] != INTERNAL and v is not None]
        costs[detector.meta.id] = round(cost, 2)
        judged = engine.stats.judged[detector.meta.id]
        print(f"{detector.meta.id:24} {len(mine):8} {judged:8} {cost:7.2f} {mean(entries):9.0f}")
    stored: dict[bytes, bytes] = {}
    together = Engine(DETECTORS, stored)
    for offset, (key, activity) in enumerate(keyed):
        together.judge(key, activity, offset)
        if offset % 10_000 == 0:
            apply(together.flush(), stored)
    apply(together.flush(), stored)
    own = {k: len(v) for k, v in stored.items() if k.startswith(b"identity:")}
    every = sum(len(v) for k, v in stored.items() if k[:1] != INTERNAL)
    print(
        json.dumps(
            {
                "detectors_us": costs,
                "identity_state_bytes": round(mean(own.values())),
                "all_state_bytes_per_identity": round(every / len(own)),
                "shared_bytes": sum(len(v) for k, v in stored.items() if k[:1] == INTERNAL),
            }
        )
    )


if __name__ == "__main__":
    main()
