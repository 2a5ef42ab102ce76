"""One installation on a broker for a test, and what its topics must hold: the yardstick.

Every stage's output is computed anew, in memory and without faust, from the stage's actual input
log. Whatever died on the way, the output topic without repeats and the folded changelog must say
the same.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import orjson
from confluent_kafka import Consumer, Message, TopicPartition

from detectors.registry import DETECTORS
from pipeline.broker import Broker, EmbeddedBroker
from pipeline.correlate import CorrelationSettings, Correlator
from pipeline.demo.worker_process import WorkerProcess
from pipeline.engine import Engine
from pipeline.engine.handover import ADOPT_KEY, HAND_OVER_KEY, Adoption, adoption_value
from pipeline.faust_adapter import partition_for
from pipeline.faust_adapter.fence import Fence
from pipeline.records import to_line
from pipeline.settings import KafkaSettings
from pipeline.stages.correlate import CorrelateStage
from pipeline.stages.local import apply
from pipeline.stages.normalise import Normaliser
from pipeline.state.partition import INTERNAL, META_KEY, Meta
from pipeline.topics import RECEIVED_HEADER, Topics
from pipeline.worker.clock import TICK_KEY, tick_time
from schemas import activity as activities
from schemas import ocsf, signal
from schemas.activity import Activity, Position
from schemas.identity import IdentityMap
from schemas.sources import Raw

PATIENCE = 120.0  # seconds after which a test gives up waiting; none asserts how long it took
PARTITIONS = 4
FLUSH_EVERY = 700  # records; what a stage says must not depend on it
NO_TICKS = 86400.0

Json = dict[str, Any]
Log = list[Message]
Entries = dict[bytes, bytes]


class Worker(WorkerProcess):
    """A worker that can be killed."""

    def kill(self) -> None:
        """SIGKILL: no last word to anyone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def terminate(self) -> int:
        """SIGTERM; returns the exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(PATIENCE)


def wait_for(condition: Callable[[], bool], what: Callable[[], str] | str) -> None:
    """Until the condition holds; a test that waits in vain says for what."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            said = what if isinstance(what, str) else what()
            raise AssertionError(f"waited {PATIENCE:.0f} s in vain: {said}")
        time.sleep(0.1)


def devspm(*arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    """Run the command; its exit status is the test's to judge."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        input=stdin, capture_output=True, check=False, timeout=PATIENCE,
    )  # fmt: skip


@dataclass(frozen=True)
class Installation:
    """Topics of their own on a shared broker, and the workers on them.

    Attributes:
        broker: where.
        name: prefix of the topics; the consumer group too.
        directory: for files and logs.
        identities: who is who.
    """

    broker: Broker
    name: str
    directory: Path
    identities: list[Json]

    @cached_property
    def topics(self) -> Topics:
        return Topics(f"{self.name}.")

    @property
    def reach(self) -> tuple[str, ...]:
        """Options of every command that goes to the broker."""
        return "--bootstrap", self.broker.bootstrap, "--prefix", self.topics.prefix

    @property
    def settings(self) -> KafkaSettings:
        return KafkaSettings(self.broker.bootstrap)

    def create_topics(self) -> None:
        done = devspm(
            "topics", "create", *self.reach, "--app-id", self.name, "--partitions", str(PARTITIONS)
        )
        assert done.returncode == 0, done.stderr.decode()

    def worker(self, name: str = "worker", *, tick_seconds: float = NO_TICKS) -> Worker:
        """A worker of the group, not started yet; each needs a name of its own."""
        directory = self.directory / name
        directory.mkdir()
        return Worker(
            self.broker.bootstrap,
            prefix=self.topics.prefix,
            app_id=self.name,
            identities=self.identities,
            directory=directory,
            idempotent=not isinstance(self.broker, EmbeddedBroker),
            tick_seconds=tick_seconds,
        )

    def replay(self, records: Iterable[Json], *options: str) -> int:
        """Send records with `devspm replay`; returns how many."""
        lines = [to_line(record) for record in records]
        done = devspm("replay", *self.reach, *options, "-", stdin=b"".join(lines))
        assert done.returncode == 0, done.stderr.decode()
        return len(lines)

    # What is on the broker

    def _consumer(self, group: str = "unused") -> Consumer:
        return Consumer(
            self.settings.confluent(
                **{
                    "group.id": group,
                    "enable.auto.commit": False,
                    "enable.partition.eof": True,
                    "fetch.message.max.bytes": 16_000_000,
                    "fetch.wait.max.ms": 10,
                }
            )
        )

    def read(self, topic: str) -> list[Log]:
        """Everything on a topic, by partition."""
        consumer = self._consumer()
        logs: list[Log] = [[] for _ in range(PARTITIONS)]
        consumer.assign([TopicPartition(topic, p, 0) for p in range(PARTITIONS)])
        ended: set[int] = set()
        deadline = time.monotonic() + PATIENCE
        try:
            while len(ended) < PARTITIONS:
                assert time.monotonic() < deadline, f"{topic} cannot be read to its end"
                for message in consumer.consume(1000, timeout=0.2):
                    if message.error():
                        ended.add(message.partition() or 0)
                    else:
                        logs[message.partition() or 0].append(message)
        finally:
            consumer.close()
        return logs

    def all(self, topic: str) -> Log:
        """Everything on a topic; in order within a partition only."""
        return [message for log in self.read(topic) for message in log]

    def ends(self, topic: str) -> list[int]:
        """End offset of every partition."""
        consumer = self._consumer()
        try:
            places = [TopicPartition(topic, p) for p in range(PARTITIONS)]
            return [consumer.get_watermark_offsets(at, timeout=PATIENCE)[1] for at in places]
        finally:
            consumer.close()

    def behind(self) -> dict[str, tuple[int, int]]:
        """Source partitions whose committed offset is not their end: (committed, end)."""
        names = (*self.topics.audit.values(), self.topics.activity, self.topics.signals)
        places = [TopicPartition(topic, p) for topic in names for p in range(PARTITIONS)]
        consumer = self._consumer(self.name)
        try:
            committed = consumer.committed(places, timeout=PATIENCE)
            return {
                f"{at.topic}[{at.partition}]": (at.offset, end)
                for at in committed
                if (end := consumer.get_watermark_offsets(at, timeout=PATIENCE)[1]) != at.offset
                and (end > 0 or at.offset > 0)
            }
        finally:
            consumer.close()

    def wait_until_committed(self, workers: Sequence[Worker] = ()) -> None:
        """Until the group has committed everything there is on its source topics."""
        behind: dict[str, tuple[int, int]] = {}

        def done() -> bool:
            nonlocal behind
            for worker in workers:
                worker.check()
            behind = self.behind()
            return not behind

        wait_for(done, lambda: f"commits up to the end, but (committed, end) are {behind}")

    def wait_until_calm(self, worker: Worker, events: int) -> None:
        """Until so many raw records have gone through all stages; ticks may go on."""
        calm = 0

        def done() -> bool:
            nonlocal calm
            worker.check()
            metrics = worker.metrics()
            through = total(metrics, "devspm_events_total") >= events
            calm = calm + 1 if through and not total(metrics, "devspm_consumer_lag_records") else 0
            return calm >= 5

        wait_for(done, f"{events} events through all stages")

    # What must be there

    def expected_activities(self) -> set[tuple[bytes, bytes]]:
        """(key, value) of what the raw records give."""
        normaliser = Normaliser(DETECTORS, IdentityMap(self.identities))
        found: set[tuple[bytes, bytes]] = set()
        for topic in self.topics.audit.values():
            for message in self.all(topic):
                made, _ = normaliser.normalise(raw_of(message), header(message, "source"))
                for activity in made:
                    value = activities.encode(activity)
                    found.update((key, value) for key in normaliser.keys(activity))
        return found

    def activity_of(self, position: Json, uid: str) -> Activity:
        """The activity of an evidence, parsed from the raw record that its position names."""
        if position["topic"] not in self._raw:
            self._raw[position["topic"]] = self.read(position["topic"])
        message = self._raw[position["topic"]][position["partition"]][position["offset"]]
        assert message.offset() == position["offset"]
        normaliser = Normaliser(DETECTORS, IdentityMap(self.identities))
        made, _ = normaliser.normalise(raw_of(message), header(message, "source"))
        return next(a for a in made if activities.uid_text(a.uid) == uid)

    @cached_property
    def _raw(self) -> dict[str, list[Log]]:
        return {}

    def folded(self, table: str) -> list[Entries]:
        """A table's changelog, by partition, as recovery would read it."""
        folded: list[Entries] = []
        for log in self.read(self.topics.changelog(self.name, table)):
            entries: Entries = {}
            records = ((m.key() or b"", m.value(), m.headers()) for m in log)
            apply(Fence().fold(records), entries)
            folded.append(entries)
        return folded


def total(metrics: dict[str, float], family: str) -> float:
    """Sum over all label values of a metric."""
    return sum(value for name, value in metrics.items() if name.split("{")[0] == family)


def header(message: Message, name: str) -> str:
    """A header as text; empty if there is none."""
    for found, value in message.headers() or []:
        if found == name and value is not None:
            return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return ""


def raw_of(message: Message) -> Raw:
    """A record of an audit topic as the parsers take it."""
    names = [name for name, value in message.headers() or [] if value is not None]
    headers = {name.lower(): header(message, name) for name in names}
    received = float(headers.get(RECEIVED_HEADER) or message.timestamp()[1] / 1000.0)
    place = Position(message.topic() or "", message.partition() or 0, message.offset() or 0)
    return Raw(message.value() or b"", received, headers, place)


def is_tick(message: Message) -> bool:
    """Whether the record says only that time went on."""
    return bool(message.key() == TICK_KEY)


def is_internal(message: Message) -> bool:
    """Whether the record is no activity or signal, but a tick or of a key that is renamed."""
    return (message.key() or b"").startswith(INTERNAL)


@dataclass(frozen=True)
class Expected:
    """A stage's output over a log: (partition, key, value) in order; its entries.

    And the entries that it sends to other keys, as (partition, value).
    """

    records: list[tuple[int, bytes, bytes]]
    entries: Entries
    skipped: dict[str, int]
    adoptions: set[tuple[int, bytes]]


def detect(log: Log, partition: int) -> Expected:
    """What the detect stage makes of a partition of the topic `activity`."""
    entries: Entries = {}
    engine = Engine(DETECTORS, entries, partition=partition)
    records: list[tuple[int, bytes, bytes]] = []
    for count, message in enumerate(log, start=1):
        if is_tick(message):
            engine.tick(tick_time(message.value()) or 0.0, message.offset() or 0)
        else:
            engine.process(message.key() or b"", message.value() or b"", message.offset() or 0)
        if count % FLUSH_EVERY == 0 or count == len(log):
            apply(engine.flush(), entries)
    for found in engine.take_signals():
        key = found.identity.encode()
        records.append((partition_for(key, PARTITIONS), key, signal.encode(found)))
    stats = engine.stats
    return Expected(
        records,
        entries,
        {"rerun": stats.reruns, "duplicate": stats.duplicates, "late": stats.late},
        sent(engine.take_adoptions()),
    )


def correlate(log: Log, partition: int) -> Expected:
    """What the correlate stage makes of a partition of the topic `signals`."""
    entries: Entries = {}
    budget = float(os.environ.get("DEVSPM_ALERT_BUDGET", "1"))  # as the workers read it
    correlator = Correlator(
        CorrelationSettings(alerts_per_1000_identities_per_day=budget),
        {d.meta.id: d.meta for d in DETECTORS},
    )
    stage = CorrelateStage(correlator, entries, partition=partition)
    for count, message in enumerate(log, start=1):
        if is_tick(message):
            stage.tick(tick_time(message.value()) or 0.0, message.offset() or 0)
        elif message.key() == HAND_OVER_KEY:
            stage.hand_over(message.value() or b"", message.offset() or 0)
        elif message.key() == ADOPT_KEY:
            stage.adopt(message.value() or b"", message.offset() or 0)
        else:
            stage.process(message.value() or b"", message.offset() or 0)
        if count % FLUSH_EVERY == 0 or count == len(log):
            apply(stage.flush(), entries)
    records = [
        (partition, finding.identity.encode(), ocsf.encode(finding))
        for finding, _ in stage.take_reports()
    ]
    skipped = {"rerun": stage.stats.reruns}
    return Expected(records, entries, skipped, sent(stage.take_adoptions()))


def sent(adoptions: Iterable[Adoption]) -> set[tuple[int, bytes]]:
    """Partition and value of the records that bring entries to their new keys."""
    return {(partition_for(a.new, PARTITIONS), adoption_value(a)) for a in adoptions}


def adoptions_on(logs: Sequence[Log]) -> set[tuple[int, bytes]]:
    """What `sent` must be, as it stands on a topic."""
    return {
        (partition, m.value() or b"")
        for partition, log in enumerate(logs)
        for m in log
        if m.key() == ADOPT_KEY
    }


def without_repeats(values: Iterable[bytes], uid: Callable[[bytes], object]) -> list[bytes]:
    """Values in order, of each uid the first; a later one must say the same."""
    first: dict[object, bytes] = {}
    for value in values:
        kept = first.setdefault(uid(value), value)
        assert kept == value, f"two records with the uid {uid(value)!r} differ"
    return list(first.values())


def signal_uid(value: bytes) -> int:
    """Id of a signal on the topic."""
    return signal.decode(value).uid


def alert_uid(value: bytes) -> str:
    """Id of one report of a finding."""
    uid: str = orjson.loads(value)["metadata"]["uid"]
    return uid


def assert_same_entries(found: list[Entries], due: list[Entries]) -> None:
    """Entry by entry, so that a failure names the keys."""
    for partition, (there, wanted) in enumerate(zip(found, due, strict=True)):
        differing = sorted(
            key for key in there.keys() | wanted.keys() if there.get(key) != wanted.get(key)
        )
        assert differing == [], (
            f"partition {partition}: {[(there.get(k), wanted.get(k)) for k in differing[:3]]}"
        )


def worked_on(logs: list[Log], folded: list[Entries]) -> list[Log]:
    """Each log up to the position that its stage's entries contain.

    A worker that stops may have written a tick that nobody has read yet; nothing else may be left.
    """
    cut: list[Log] = []
    for log, entries in zip(logs, folded, strict=True):
        meta = entries.get(META_KEY)
        position = msgspec.msgpack.decode(meta, type=Meta).position if meta else -1
        assert all(is_tick(m) for m in log if (m.offset() or 0) > position)
        cut.append([m for m in log if (m.offset() or 0) <= position])
    return cut


def assert_same_adoptions(logs: Sequence[Log], stages: Sequence[Expected]) -> None:
    """What was sent to other keys is what the stages send, one way or another told apart."""
    found = adoptions_on(logs)
    due: set[tuple[int, bytes]] = set().union(*(stage.adoptions for stage in stages))
    assert found == due, f"only on the topic: {found - due}; only due: {due - found}"


def assert_stages_agree(installation: Installation, *, linked: bool = False) -> list[Expected]:
    """Every topic and table holds what its input's log gives; returns the detect stage's parts.

    Where accounts were linked meanwhile, which of two identities an activity near that moment has
    is up to the workers; from the topic `activity` on there is but one truth again.
    """
    topics = installation.topics
    detect_entries, correlate_entries = (
        installation.folded("detect"),
        installation.folded("correlate"),
    )
    activity_log = worked_on(installation.read(topics.activity), detect_entries)
    signal_log = worked_on(installation.read(topics.signals), correlate_entries)
    alert_log = installation.read(topics.alerts)

    found = {(m.key(), m.value()) for log in activity_log for m in log if not is_internal(m)}
    if not linked:
        assert found == installation.expected_activities()

    detected = [detect(log, partition) for partition, log in enumerate(activity_log)]
    for target, log in enumerate(signal_log):
        values = [m.value() or b"" for m in log if not is_internal(m)]
        for partition, stage in enumerate(detected):
            told = [v for v in values if signal.decode(v).origin[0] == partition]
            due = [value for at, _, value in stage.records if at == target]
            assert without_repeats(told, signal_uid) == without_repeats(due, signal_uid)
    assert_same_adoptions(activity_log, detected)
    assert_same_entries(detect_entries, [stage.entries for stage in detected])

    correlated = [correlate(log, partition) for partition, log in enumerate(signal_log)]
    for log, stage in zip(alert_log, correlated, strict=True):
        told = without_repeats((m.value() or b"" for m in log), alert_uid)
        assert told == [value for _, _, value in stage.records]
    assert_same_adoptions(signal_log, correlated)
    assert_same_entries(correlate_entries, [stage.entries for stage in correlated])
    return detected
