"""What was learned and the topics must belong together: a worker refuses, and there is a way on."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Consumer, Message, Producer
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from pipeline import topics as kafka_topics
from pipeline.broker import Broker
from pipeline.generator import demo_scenario
from pipeline.state.partition import INTERNAL, META_KEY, Meta
from tests.integration import flow
from tests.integration.flow import (
    PARTITIONS,
    PATIENCE,
    Entries,
    Installation,
    Json,
    devspm,
    is_internal,
    total,
    wait_for,
)

pytestmark = pytest.mark.broker

SIGNAL_RERUNS = 'devspm_signals_correlated_total{outcome="rerun"}'
RERUNS = 'devspm_activities_skipped_total{reason="rerun"}'
FIRST, SECOND = 300, 200  # records; of the first, the workers learn before something changes


@pytest.fixture(scope="module")
def records() -> list[Json]:
    """Records of every kind, generated."""
    scenario = demo_scenario(seed=5, identities=24, days=7, shift_to=time.time())
    return [r for _, r in zip(range(FIRST + SECOND), scenario.events(), strict=False)]


class Learned(Installation):
    """An installation that has learned from some records, and whose workers have stopped."""

    def work(self, records: list[Json]) -> dict[str, float]:
        """Have records sent and worked on; returns what the worker counted."""
        with self.worker(f"worker-{time.monotonic_ns()}") as worker:
            self.replay(records)
            self.wait_until_committed([worker])
            metrics = worker.metrics()
            assert worker.terminate() == 0, worker.log.read_text()
        return metrics

    @property
    def admin(self) -> AdminClient:
        return kafka_topics.admin(self.settings)

    def devspm(self, *arguments: str) -> tuple[int, str]:
        done = devspm(*arguments, *self.reach, "--app-id", self.name)
        return done.returncode, (done.stdout + done.stderr).decode()

    def start_is_refused(self) -> str:
        """What a worker says that does not start; the doctor must see the same."""
        status, said = self.devspm("worker", "--port", "0")
        looked, seen = self.devspm("doctor")
        assert (status, looked) == (2, 1), said + seen
        assert "BAD   state:" in seen
        return said

    def recreate(self, topic: str) -> None:
        """Delete a topic and make it anew, as somebody might who knows no better."""
        client = self.admin
        client.delete_topics([topic])[topic].result()
        wait_for(lambda: topic not in client.list_topics(timeout=PATIENCE).topics, "deletion")
        config = next(t.config for t in self.topics.all(self.name) if t.name == topic)
        client.create_topics([NewTopic(topic, PARTITIONS, 1, config=config)])[topic].result()
        wait_for(lambda: topic in client.list_topics(timeout=PATIENCE).topics, "creation")

    def write(self, topic: str, records: list[tuple[int, bytes, bytes]], at: float = 0.0) -> None:
        """Put records (partition, key, value) on a topic, as written at a time.

        With the headers of the last one there, among which is the epoch of the last owner.
        """
        producer = Producer(self.settings.confluent())
        headers = [log[-1].headers() if log else None for log in self.read(topic)]
        for partition, key, value in records:
            producer.produce(
                topic, value, key, partition,
                timestamp=int(at * 1000), headers=headers[partition] or [],
            )  # fmt: skip
        assert producer.flush(PATIENCE) == 0

    def assert_read_to_the_end(self) -> None:
        """The position that each table says it contains is that of the last record."""
        for stage, topic in (("detect", self.topics.activity), ("correlate", self.topics.signals)):
            for part, end in zip(self.folded(stage), self.ends(topic), strict=True):
                meta = msgspec.msgpack.decode(part[META_KEY], type=Meta) if part else Meta()
                assert meta.position == end - 1, (stage, meta.position, end)

    def activities(self) -> set[tuple[bytes | None, bytes | None]]:
        log = self.all(self.topics.activity)
        return {(m.key(), m.value()) for m in log if not is_internal(m)}


@pytest.fixture
def learned(
    kafka: Broker, unique_name: Callable[[str], str], tmp_path: Path, records: list[Json]
) -> Learned:
    made = Learned(kafka, unique_name("life"), tmp_path, [])
    made.create_topics()
    made.work(records[:FIRST])
    return made


def entries_of(folded: list[Entries]) -> list[Entries]:
    return [{k: v for k, v in part.items() if k[:1] != INTERNAL} for part in folded]


def test_what_fits_is_not_refused(learned: Learned, records: list[Json]) -> None:
    nothing, said = learned.devspm("topics", "mend")
    looked, seen = learned.devspm("doctor")
    metrics = learned.work(records[FIRST:])

    assert (nothing, looked) == (0, 0), said + seen
    assert "nothing to mend" in said
    assert "state: fits the topics" in seen
    assert total(metrics, "devspm_events_total") == SECOND
    assert metrics[RERUNS] == 0


# The number of partitions


def test_one_topic_with_more_partitions_is_refused(learned: Learned) -> None:
    topic = learned.topics.alerts
    client = learned.admin
    client.create_partitions([NewPartitions(topic, PARTITIONS + 1)])[topic].result()

    status, said = learned.devspm("worker", "--port", "0")

    assert status == 2
    assert "numbers of partitions differ" in said


def test_more_partitions_everywhere_are_refused_until_all_is_learned_again(
    learned: Learned, records: list[Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    wider = PARTITIONS + 1
    names = [topic.name for topic in learned.topics.all(learned.name)]
    client = learned.admin
    asked = client.create_partitions([NewPartitions(name, wider) for name in names])
    for future in asked.values():
        future.result()
    before = learned.activities()

    said = learned.start_is_refused()
    mended = learned.devspm("topics", "mend", "--yes")
    would = learned.devspm("topics", "reset")
    again = learned.start_is_refused()
    reset = learned.devspm("topics", "reset", "--yes")
    monkeypatch.setattr(flow, "PARTITIONS", wider)
    metrics = learned.work(records[FIRST:])

    assert f"another number of partitions than {wider}" in said
    assert mended[0] == 2
    assert would[0] == 0
    assert learned.topics.changelog(learned.name, "detect") in would[1]
    assert again == said
    assert reset[0] == 0, reset[1]
    assert total(metrics, "devspm_events_total") == FIRST + SECOND
    assert before <= learned.activities()
    assert learned.activities() == learned.expected_activities()


# Topics made anew


@pytest.mark.parametrize("kind", ["vcs", "activity", "signals"])
def test_a_topic_made_anew_is_refused_until_its_positions_are_forgotten(
    learned: Learned, records: list[Json], kind: str
) -> None:
    topics = learned.topics
    topic = {"vcs": topics.audit["vcs"], "activity": topics.activity, "signals": topics.signals}
    before = entries_of(learned.folded("detect"))
    learned.recreate(topic[kind])

    said = learned.start_is_refused()
    would = learned.devspm("topics", "mend")
    mended = learned.devspm("topics", "mend", "--yes")
    kept = entries_of(learned.folded("detect"))
    metrics = learned.work(records[FIRST:])

    assert f"{topic[kind]}[" in said
    assert "made anew" in said
    assert "devspm topics mend" in said
    assert would[0] == 0
    assert "made anew" in would[1]
    assert mended[0] == 0, mended[1]
    assert kept == before  # nothing that was learned is lost
    assert total(metrics, "devspm_events_total") == SECOND
    assert metrics[RERUNS] == 0
    assert metrics[SIGNAL_RERUNS] == 0
    learned.assert_read_to_the_end()


def test_a_topic_made_anew_is_recognised_when_it_is_longer_than_before(learned: Learned) -> None:
    table = learned.topics.changelog(learned.name, "detect")
    partition, meta = newest_meta(learned.read(table))
    length = msgspec.msgpack.decode(meta, type=Meta).position + 5
    # The flush is made to look two hours old: within the hour clocks may differ.
    learned.write(table, [(partition, META_KEY, meta)], at=time.time() - 7200.0)
    learned.recreate(learned.topics.activity)
    learned.write(learned.topics.activity, [(partition, b"key", b"value")] * length)

    said = learned.start_is_refused()

    assert f"{learned.topics.activity}[{partition}]" in said
    assert "before that record was written" in said


def newest_meta(logs: list[list[Message]]) -> tuple[int, bytes]:
    """Partition and value of a position that some partition of a table holds."""
    for partition, log in enumerate(logs):
        for message in reversed(log):
            if message.key() == META_KEY:
                return partition, message.value() or b""
    raise AssertionError("no position")


# Tables that are lost


@pytest.mark.parametrize("stage", ["detect", "correlate"])
def test_a_lost_table_is_refused_until_it_is_made_again_from_its_input(
    learned: Learned, stage: str
) -> None:
    before = learned.folded(stage)
    learned.recreate(learned.topics.changelog(learned.name, stage))

    said = learned.start_is_refused()
    mended = learned.devspm("topics", "mend", "--yes")
    learned.work([])

    assert "holds no state" in said
    assert mended[0] == 0, mended[1]
    assert learned.folded(stage) == before


# Versions


def test_state_of_another_version_is_refused_and_can_be_learned_again(
    learned: Learned, records: list[Json]
) -> None:
    table = learned.topics.changelog(learned.name, "detect")
    partition, (key, value) = next(
        (number, entry)
        for number, part in enumerate(entries_of(learned.folded("detect")))
        for entry in part.items()
    )
    learned.write(table, [(partition, key, bytes([value[0] + 1]) + value[1:])])

    said = learned.start_is_refused()
    mended = learned.devspm("topics", "mend", "--yes")
    reset = learned.devspm("topics", "reset", "--yes")
    metrics = learned.work(records[FIRST:])

    assert "this version cannot read" in said
    assert key.decode() in said
    assert mended[0] == 2
    assert reset[0] == 0, reset[1]
    assert total(metrics, "devspm_events_total") == FIRST + SECOND


def test_nothing_is_mended_or_forgotten_while_a_worker_runs(learned: Learned) -> None:
    with learned.worker() as worker:
        reset = learned.devspm("topics", "reset", "--yes")
        worker.check()
        assert worker.terminate() == 0
    learned.recreate(learned.topics.signals)
    group = learned.settings.confluent(**{"group.id": learned.name})
    holder = Consumer(group)
    holder.subscribe([learned.topics.alerts])
    wait_for(lambda: holder.poll(0.1) is not None or bool(holder.assignment()), "a member")
    mended = learned.devspm("topics", "mend", "--yes")
    holder.close()

    assert reset[0] == mended[0] == 2
    assert "stop them all first" in reset[1]
    assert "stop them all first" in mended[1]
