"""Runs the demo: broker, topics, worker, replay, alerts as they come."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import topics
from pipeline.broker import BrokerKind, EmbeddedBroker, start_broker
from pipeline.demo.outcome import Outcome, judge
from pipeline.demo.worker_process import WorkerProcess
from pipeline.follow import AlertFollower
from pipeline.generator import Scenario, demo_scenario
from pipeline.records import Record, parse_line, to_line
from pipeline.replay import Replay
from pipeline.settings import KafkaSettings
from pipeline.topics import Topics
from schemas.activity import NOWHERE

PARTITIONS = 1  # of 120 identities, each partition should see all: they are each other's peers
PREFIX = "demo."
APP_ID = "devspm-demo"
SLOW_BEFORE = 900.0  # event seconds before the attack at which the replay slows down …
SLOW_AFTER = 900.0  # … until so long after the public noticed
SETTLE_SECONDS = 120.0
# Replayed events wait here at most: history runs ahead of the worker by no more than this.
MAX_LAG = 20_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run.

    Attributes:
        broker: which to start.
        directory: for data, logs and the identities file.
        identities: how many people, bots and agents.
        days: of ordinary activity before the day of the incident.
        seed: of the generator.
        speed: event seconds per second during the attack.
    """

    broker: BrokerKind
    directory: Path
    identities: int = 120
    days: int = 30
    seed: int = 0
    speed: float = 600.0


class Demo:
    """One run. `steps` does the work and yields what is to be shown.

    Args:
        plan: what to run.
        say: told, in a few words, what begins.
        keep: called before everything is stopped, with the addresses.
    """

    def __init__(
        self,
        plan: Plan,
        say: Callable[[str], None],
        keep: Callable[[str, str, str], None] | None = None,
    ) -> None:
        self._plan = plan
        self._say = say
        self._keep = keep
        self.sent = 0
        self.outcome: Outcome | None = None

    def steps(self) -> Iterator[dict[str, Any]]:
        """Findings as they come, OCSF.

        Raises:
            BrokerError: no broker can be started; says what to install.
            WorkerFailedError: the worker ended.
        """
        plan = self._plan
        scenario = demo_scenario(
            seed=plan.seed, identities=plan.identities, days=plan.days, shift_to=time.time()
        )
        with start_broker(
            plan.broker,
            plan.directory / "broker",
            log_dir=plan.directory / "log",
            on_progress=self._say,
        ) as broker:
            self._say(f"{broker.name} runs at {broker.bootstrap}")
            settings = KafkaSettings(broker.bootstrap)
            names = Topics(PREFIX)
            topics.create(
                topics.admin(settings), names.all(APP_ID), partitions=PARTITIONS, replication=1
            )
            self._say("starting a worker")
            with (
                WorkerProcess(
                    broker.bootstrap,
                    prefix=PREFIX,
                    app_id=APP_ID,
                    identities=scenario.identities(),
                    directory=plan.directory,
                    idempotent=not isinstance(broker, EmbeddedBroker),
                ) as worker,
                AlertFollower(settings, names.alerts, "beginning") as follower,
            ):
                replays = Replay(settings, names), Replay(settings, names, speed=plan.speed)
                yield from self._play(scenario, replays, worker, follower, broker=broker.name)
                if self._keep is not None:
                    self._keep(broker.bootstrap, PREFIX, worker.url)

    def _play(
        self,
        scenario: Scenario,
        replays: tuple[Replay, Replay],
        worker: WorkerProcess,
        follower: AlertFollower,
        *,
        broker: str,
    ) -> Iterator[dict[str, Any]]:
        findings: list[dict[str, Any]] = []
        attack_began = scenario.attack_began

        def new() -> Iterator[dict[str, Any]]:
            for finding in follower.poll(0.0):
                findings.append(finding)
                yield finding

        fast, slow = replays
        slow_from = attack_began - SLOW_BEFORE
        slow_until = scenario.incident.public_notice + SLOW_AFTER
        self._say(
            f"replaying {self._plan.days} ordinary days of {self._plan.identities} generated "
            "identities"
        )
        for at, event in scenario.timed():
            replay = slow if slow_from <= at <= slow_until else fast
            if replay is slow and not slow.sent:
                fast.flush()
                yield from self._settle(worker, new)
                self._say(f"the day of the attack, {self._plan.speed:.0f} times as fast as it was")
            if replay is fast and slow.sent:
                slow.flush()
            replay.send(_record(event))
            self.sent += 1
            if replay is slow or self.sent % 500 == 0:
                yield from new()
            if replay is fast and self.sent % 5000 == 0:
                self._hold_back(worker)
        fast.flush()
        yield from self._settle(worker, new)
        self.outcome = judge(
            findings, scenario.incident, attack_began, events=self.sent, broker=broker
        )

    def _hold_back(self, worker: WorkerProcess) -> None:
        while worker.total("devspm_events_total") < self.sent - MAX_LAG:
            worker.check()
            time.sleep(0.05)

    def _settle(
        self, worker: WorkerProcess, new: Callable[[], Iterator[dict[str, Any]]]
    ) -> Iterator[dict[str, Any]]:
        """Wait until everything sent has gone through all stages."""
        deadline = time.monotonic() + SETTLE_SECONDS
        calm = 0
        while calm < 3 and time.monotonic() < deadline:  # noqa: PLR2004 - readings in a row
            worker.check()
            yield from new()
            done = worker.total("devspm_events_total") >= self.sent
            calm = calm + 1 if done and not worker.total("devspm_consumer_lag_records") else 0
            time.sleep(0.2)
        yield from new()


def _record(event: dict[str, Any]) -> Record:
    record = parse_line(to_line(event), "", NOWHERE)
    if not isinstance(record, Record):
        raise record
    return record
