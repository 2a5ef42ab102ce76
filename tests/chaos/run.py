"""A storm over a fleet under load, and what is left of it: `python -m tests.chaos.run N`.

N is the number of troubles. The last line is one JSON object:

    {"kills":…,"events":…,"lost":…,"double":…,"findings_equal":…,"states_equal":…, …}

Exit status 1 if anything was lost, doubled or differs.
"""

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from signal import SIGTERM
from tempfile import TemporaryDirectory

from pipeline.generator import Scenario, demo_scenario
from tests.chaos.feeder import Feeder
from tests.chaos.fleet import Fleet
from tests.chaos.kafka import ProxiedKafka, proxied_kafka
from tests.chaos.storm import Storm
from tests.chaos.verdict import Verdict, judge
from tests.integration.flow import Installation, wait_for

logger = logging.getLogger(__name__)

PLACES = 4
SECONDS_PER_TROUBLE = 6.0
EVENTS_KEPT_BACK = 8_000  # for what comes after the storm
SLOW_SECONDS = 20.0
SLOW_DELAY = 0.1  # of every 16 KiB that a worker sends


@dataclass(frozen=True)
class Outcome:
    """What happened, and what came of it.

    Attributes:
        rss: highest resident bytes of a worker in the storm, and over slow networks after it.
        lag: records that waited at the end of the slow time, as the metrics say.
    """

    storm: Storm
    fleet: Fleet
    events: int
    verdict: Verdict
    rss: tuple[int, int]
    lag: int

    @property
    def unplanned_exits(self) -> dict[str, int]:
        """Exit status to how many workers ended with it by themselves."""
        return {str(status): count for status, count in sorted(self.fleet.exits.items())}

    def line(self) -> str:
        """The JSON line."""
        verdict = self.verdict
        return json.dumps(
            {
                "kills": self.storm.kills,
                "events": self.events,
                "lost": verdict.lost,
                "double": verdict.double,
                "findings_equal": verdict.findings_equal,
                "states_equal": verdict.states_equal,
                "signals": verdict.signals,
                "findings": verdict.findings,
                "repeated_alerts": verdict.repeats,
                "recognised_reruns": verdict.reruns,
                "troubles": dict(sorted(self.storm.count.items())),
                "exits": self.unplanned_exits,
                "worker_rss_mib": round(self.rss[0] / 2**20),
                "worker_rss_slow_mib": round(self.rss[1] / 2**20),
                "lag_slow": self.lag,
            }
        )

    @property
    def is_clean(self) -> bool:
        """Nothing lost, nothing double, nothing different."""
        verdict = self.verdict
        return (
            not verdict.lost
            and not verdict.double
            and verdict.findings_equal
            and verdict.states_equal
        )


def survive(
    broker: ProxiedKafka,
    directory: Path,
    *,
    name: str,
    seed: int,
    troubles: int | Sequence[str],
    scenario: Scenario,
    workers: int = 2,
    events_per_second: float = 100.0,
    slow: bool = False,
) -> Outcome:
    """Create the topics, start the workers, feed them, bring trouble, wait, compare.

    Args:
        broker: with a proxy for every place where a worker can be.
        directory: for files and logs.
        name: prefix of the topics.
        seed: of the troubles.
        troubles: which, in order, or how many.
        scenario: the events.
        workers: at the beginning.
        events_per_second: load, while there is trouble.
        slow: whether slow networks follow, with more events than they carry.
    """
    rng = Random(seed)  # noqa: S311 - what goes wrong
    count = troubles if isinstance(troubles, int) else len(troubles)
    installation = Installation(broker, name, directory, scenario.identities())
    installation.create_topics()
    fleet = Fleet(broker, installation)
    storm = Storm(fleet, rng)
    feeder = Feeder(
        installation,
        scenario.events(),
        paced=int(count * SECONDS_PER_TROUBLE * events_per_second) + EVENTS_KEPT_BACK * slow,
        per_second=events_per_second,
    )
    lag, storm_rss = 0, 0
    try:
        feeder.start()
        fleet.want(fleet.places[:workers])
        fleet.watch(4.0)
        storm.rage(storm.choose(troubles) if isinstance(troubles, int) else troubles)
        storm_rss, fleet.highest_rss = fleet.highest_rss, 0
        if slow:
            feeder.hurry()
            lag = _crawl(fleet)
        events = feeder.finish()
        _calm(fleet)
        statuses = fleet.stop()
        # SIGTERM ends a worker that has not begun yet.
        assert {*statuses} <= {0, -SIGTERM}, f"workers did not stop in good order: {statuses}"
    finally:
        fleet.kill()
    rss = storm_rss, fleet.highest_rss
    return Outcome(storm, fleet, events, judge(installation), rss, lag)


def _crawl(fleet: Fleet) -> int:
    """Slow down every network for a while; returns the lag at the end of it."""
    for proxy in fleet.broker.proxies:
        proxy.uplink_delay = SLOW_DELAY
    fleet.watch(SLOW_SECONDS)
    lag = fleet.lag()
    for proxy in fleet.broker.proxies:
        proxy.mend()
    return lag


def _calm(fleet: Fleet) -> None:
    """Until everything has gone through all stages; ticks may go on."""
    installation = fleet.installation
    topics = installation.topics
    behind: dict[str, tuple[int, int]] = {}
    for names in (topics.audit.values(), [topics.activity], [topics.signals]):
        ends = {
            f"{topic}[{partition}]": end
            for topic in names
            for partition, end in enumerate(installation.ends(topic))
        }

        def done() -> bool:
            nonlocal behind
            fleet.supervise()
            behind = installation.behind()
            return all(at not in behind or behind[at][0] >= end for at, end in ends.items())  # noqa: B023 - called here

        wait_for(done, lambda: f"commits up to {ends}, but (committed, end) are {behind}")  # noqa: B023 - called here


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("troubles", nargs="?", type=int, default=100, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="an empty directory for logs, which stays")
    arguments = parser.parse_args()
    days = 16 + arguments.troubles // 2  # 40 identities give some 1,400 events a day
    scenario = demo_scenario(seed=arguments.seed, identities=40, days=days, shift_to=time.time())
    logging.basicConfig(level="INFO", format="%(asctime)s %(message)s", stream=sys.stderr)
    with TemporaryDirectory(prefix="devspm-chaos-") as temporary:
        directory = arguments.keep or Path(temporary)
        directory.mkdir(exist_ok=True)
        with proxied_kafka(directory / "kafka", PLACES) as broker:
            outcome = survive(
                broker,
                directory,
                name="chaos",
                seed=arguments.seed,
                troubles=arguments.troubles,
                scenario=scenario,
                workers=3,
                slow=True,
            )
    print(outcome.line())  # noqa: T201 - what the command is for
    sys.exit(0 if outcome.is_clean else 1)


if __name__ == "__main__":
    main()
