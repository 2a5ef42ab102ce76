"""Records that are no events, between records that are: none stops the flow, none is lost."""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from pipeline.broker import Broker, EmbeddedBroker
from pipeline.generator import demo_scenario
from schemas import activity as activities
from tests.integration.flow import (
    PATIENCE,
    Installation,
    Json,
    header,
    is_internal,
    total,
)

pytestmark = pytest.mark.broker

OKTA = "okta.system_log"
HEADERS: list[tuple[str, str | bytes | None]] = [("source", OKTA)]


@dataclass(frozen=True)
class Bad:
    """A record that must end among the dead letters, and why."""

    reason: str
    value: bytes | None
    headers: list[tuple[str, str | bytes | None]] = field(default_factory=lambda: HEADERS)
    key: bytes | None = None


def nested(levels: int) -> bytes:
    return b'{"debugContext":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"


def bad_records(good: Json, large: int) -> list[Bad]:
    """Variations of a good Okta event; `large` is the size of the largest, in bytes."""

    def event(**changes: Any) -> bytes:
        return json.dumps(good | changes).encode()

    def without(name: str) -> bytes:
        return json.dumps({key: value for key, value in good.items() if key != name}).encode()

    binary: list[tuple[str, str | bytes | None]] = [
        ("source", OKTA),
        ("trace", b"\x00\xff\xfe\x80"),
        ("nothing", None),
        ("empty", b""),
        ("long", b"x" * 5000),
    ]
    return [
        Bad("not_json", b"{"),
        Bad("not_json", b"\xff\xfe\x00\x01 no text"),
        Bad("not_json", b"[1, 2]"),
        Bad("not_json", b'"text"'),
        Bad("not_json", b"null"),
        Bad("not_json", b""),
        Bad("not_json", None),
        Bad("not_json", event(severity="?").replace(b'"?"', b"NaN")),
        Bad("not_json", b'{"severity": -Infinity}'),
        Bad("not_json", b"\xed\xa0\x80", key=b"\x00\xff"),
        Bad("wrong_type", event(published=1)),
        Bad("wrong_type", event(actor=[])),
        Bad("wrong_type", event(client="192.0.2.1")),
        Bad("missing_field", without("published")),
        Bad("missing_field", without("eventType")),
        Bad("missing_field", without("actor")),
        Bad("missing_field", event(), headers=[("source", "github.audit")]),
        Bad("unknown_source", event(), headers=[("source", "example.audit")]),
        Bad("unknown_source", event(), headers=[("source", b"\xff\xfe")]),
        Bad("unknown_source", b'{"what": "is this"}', headers=[]),
        Bad("too_deep", nested(100)),
        Bad("too_deep", nested(100_000)),
        Bad("too_large", event(padding="x" * large)),
        Bad("bad_time", event(published="9999-12-31T23:59:59.999Z")),
        Bad("bad_time", event(published="1969-12-31T23:59:59Z")),
        Bad("bad_time", event(published="yesterday")),
        Bad("not_json", b"{binary headers}", headers=binary),
    ]


def send(
    installation: Installation, records: list[tuple[bytes | None, Any, bytes | None]], codec: str
) -> None:
    producer = Producer(
        installation.settings.confluent(
            **{
                "message.max.bytes": 15_000_000,
                "compression.type": codec,
                "queue.buffering.max.kbytes": 200_000,
            }
        )
    )
    failures: list[object] = []
    for value, headers, key in records:
        producer.produce(
            installation.topics.audit["idp"], value, key, 0, headers=headers,
            on_delivery=lambda error, _: failures.append(error) if error else None,
        )  # fmt: skip
    assert producer.flush(PATIENCE) == 0
    assert failures == []


@pytest.fixture
def without_codecs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers started from here on can unpack nothing but gzip."""
    folder = tmp_path / "shadow"
    folder.mkdir()
    (folder / "cramjam.py").write_text("raise ImportError('hidden by a test')\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))


@pytest.mark.usefixtures("without_codecs")
def test_bad_records_become_dead_letters_and_good_ones_come_through(
    broker: Broker, unique_name: Callable[[str], str], tmp_path: Path
) -> None:
    scenario = demo_scenario(seed=3, identities=24, days=7, shift_to=time.time())
    events = [r["event"] for r in scenario.events() if r["source"] == OKTA]
    installation = Installation(broker, unique_name("bad"), tmp_path, scenario.identities())
    installation.create_topics()
    good = iter(events)
    # The embedded broker takes no record of ten megabytes.
    bad = bad_records(next(good), 2_000_000 if isinstance(broker, EmbeddedBroker) else 10_000_000)
    sent: list[tuple[bytes | None, Any, bytes | None]] = []
    for each in bad:
        sent.append((json.dumps(next(good)).encode(), HEADERS, None))
        sent.append((each.value, each.headers, each.key))
    unreadable = [(json.dumps(next(good)).encode(), HEADERS, None) for _ in range(5)]
    after = [(json.dumps(next(good)).encode(), HEADERS, None) for _ in range(5)]

    with installation.worker() as worker:
        send(installation, sent, "none")
        send(installation, unreadable, "zstd")  # type: ignore[arg-type]
        send(installation, after, "none")  # type: ignore[arg-type]
        # An unreadable batch counts once.
        installation.wait_until_calm(worker, len(sent) + 1 + len(after))
        metrics = worker.metrics()
        assert worker.terminate() == 0, worker.log.read_text()

    assert_dead_letters(installation, bad)
    expected = Counter(each.reason for each in bad) + Counter({"undecodable_batch": 1})
    for reason, count in expected.items():
        assert metrics[f'devspm_dead_letters_total{{reason="{reason}"}}'] == count
    assert total(metrics, "devspm_dead_letters_total") == sum(expected.values())
    through = installation.all(installation.topics.activity)
    batch = range(len(sent), len(sent) + len(unreadable))
    assert {(m.key(), m.value()) for m in through if not is_internal(m)} == {
        (key, value)
        for key, value in installation.expected_activities()
        if activities.decode(value).position.offset not in batch
    }


def assert_dead_letters(installation: Installation, bad: list[Bad]) -> None:
    topic = installation.topics.audit["idp"]
    raw = installation.read(topic)[0]
    letters = installation.all(installation.topics.dead_letters)
    assert {letter.key() for letter in letters} == {f"{topic}/0".encode()}
    assert len(letters) == len(bad) + 1
    by_offset = {int(header(letter, "offset")): letter for letter in letters}
    for number, each in enumerate(bad):
        offset = 2 * number + 1
        letter = by_offset[offset]
        assert (header(letter, "reason"), offset) == (each.reason, offset)
        assert header(letter, "detail")
        assert (header(letter, "topic"), header(letter, "partition")) == (topic, "0")
        assert letter.value() == each.value == raw[offset].value()
        kept = dict(letter.headers() or [])
        for name, value in each.headers:
            text = value.encode() if isinstance(value, str) else value
            assert kept[f"original.{name}"] == (text or b"")
    batch = by_offset[2 * len(bad)]
    assert header(batch, "reason") == "undecodable_batch"
    assert header(batch, "last_offset") == str(2 * len(bad) + 4)


def test_all_of_kafkas_codecs_are_read(
    kafka: Broker, unique_name: Callable[[str], str], tmp_path: Path
) -> None:
    scenario = demo_scenario(seed=3, identities=24, days=7, shift_to=time.time())
    events = [r["event"] for r in scenario.events() if r["source"] == OKTA][:20]
    installation = Installation(kafka, unique_name("codecs"), tmp_path, scenario.identities())
    installation.create_topics()
    for number, codec in enumerate(("gzip", "snappy", "lz4", "zstd")):
        part = events[5 * number : 5 * number + 5]
        send(installation, [(json.dumps(event).encode(), HEADERS, None) for event in part], codec)

    with installation.worker() as worker:
        installation.wait_until_committed([worker])
        letters = worker.total("devspm_dead_letters_total")

    assert letters == 0
    through = installation.all(installation.topics.activity)
    assert {m.value() for m in through if not is_internal(m)} == {
        value for _, value in installation.expected_activities()
    }


def test_a_worker_that_finds_bad_records_first_still_starts(
    kafka: Broker, unique_name: Callable[[str], str], tmp_path: Path
) -> None:
    scenario = demo_scenario(seed=3, identities=24, days=7, shift_to=time.time())
    installation = Installation(kafka, unique_name("first"), tmp_path, scenario.identities())
    installation.create_topics()
    send(installation, [(b"{", HEADERS, None)], "lz4")
    send(installation, [(b"{", HEADERS, None)], "snappy")

    with installation.worker() as worker:
        installation.wait_until_committed([worker])
        letters = worker.total("devspm_dead_letters_total")

    assert letters == 2
