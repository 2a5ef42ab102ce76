"""Dead letters of a real worker: replayed, what they are of comes through. And the watchdog."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka import Message, Producer

from pipeline.broker import Broker
from pipeline.generator import demo_scenario
from schemas import activity
from tests.integration.flow import (
    PATIENCE,
    Installation,
    Json,
    devspm,
    header,
    is_internal,
    wait_for,
)

pytestmark = pytest.mark.broker

OKTA = "okta.system_log"


@pytest.fixture
def without_codecs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers started from here on can unpack nothing but gzip."""
    folder = tmp_path / "shadow"
    folder.mkdir()
    (folder / "cramjam.py").write_text("raise ImportError('hidden by a test')\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))


def send(installation: Installation, events: list[Json], source: str, codec: str = "none") -> None:
    producer = Producer(
        installation.settings.confluent(**{"compression.type": codec, "linger.ms": 500})
    )
    headers: Any = [("source", source), ("collector", b"a\xff")]
    for event in events:
        producer.produce(
            installation.topics.audit["idp"], json.dumps(event), partition=0, headers=headers
        )
    assert producer.flush(PATIENCE) == 0


def dlq(installation: Installation, *words: str) -> tuple[int, str]:
    done = devspm("dlq", *words, *installation.reach)
    return done.returncode, (done.stdout + done.stderr).decode()


def listed(installation: Installation) -> Json:
    found: Json = orjson.loads(
        devspm("dlq", "list", "--json", "--limit", "1000", *installation.reach).stdout
    )
    return found


def activities(installation: Installation) -> set[tuple[bytes, bytes]]:
    through = installation.all(installation.topics.activity)
    return {(m.key() or b"", m.value() or b"") for m in through if not is_internal(m)}


def uids(found: set[tuple[bytes, bytes]]) -> set[int]:
    return {activity.decode(value).uid for _, value in found}


def audit(installation: Installation) -> list[Message]:
    return installation.read(installation.topics.audit["idp"])[0]


@pytest.mark.usefixtures("without_codecs")
def test_what_was_rejected_comes_through_once_its_source_is_named(
    kafka: Broker, unique_name: Callable[[str], str], tmp_path: Path
) -> None:
    scenario = demo_scenario(seed=3, identities=24, days=7, shift_to=time.time())
    events = [r["event"] for r in scenario.events() if r["source"] == OKTA]
    misnamed, packed = events[:5], events[5:8]
    installation = Installation(kafka, unique_name("dlq"), tmp_path, scenario.identities())
    installation.create_topics()

    with installation.worker() as worker:
        send(installation, misnamed, "example.audit")
        send(installation, packed, OKTA, "zstd")
        installation.wait_until_calm(worker, 6)  # the batch counts once
        assert activities(installation) == set()
        before = listed(installation)
        sent = audit(installation)

        dry = dlq(installation, "replay", "--source", OKTA)
        untouched = audit(installation)
        status, said = dlq(installation, "replay", "--source", OKTA, "--yes")
        installation.wait_until_calm(worker, 6 + 8)
        came = activities(installation)
        once_more = dlq(installation, "replay", "--source", OKTA, "--yes")
        after = listed(installation)

    assert before["counts"]["reason"] == {"unknown_source": 5, "undecodable_batch": 1}
    assert before["counts"]["source"] == {"example.audit": 5, "": 1}
    assert (before["letters"], before["replayed"]) == (6, 0)
    assert dry[0] == 0
    assert "8 records of 6 letters would be sent" in dry[1]
    assert len(untouched) == len(sent) == 8
    assert (status, said.strip()) == (0, "8 records of 6 letters sent")
    again = audit(installation)[8:]
    assert [m.value() for m in again] == [m.value() for m in sent]
    for one, original in zip(again, sent, strict=True):
        headers = one.headers() or []
        assert [value for name, value in headers if name == "source"] == [OKTA.encode()]
        assert ("collector", b"a\xff") in headers
        assert header(one, "replayed") == "1"
        assert abs(float(header(one, "received")) - original.timestamp()[1] / 1000) < PATIENCE
    assert came <= installation.expected_activities()
    assert uids(came) == uids(installation.expected_activities()) != set()
    assert once_more[0] == 0
    assert "nothing to replay" in once_more[1]
    assert (after["letters"], after["replayed"]) == (6, 6)


def test_a_record_that_keeps_coming_back_is_refused_at_the_fourth_time(
    kafka: Broker, unique_name: Callable[[str], str], tmp_path: Path
) -> None:
    installation = Installation(kafka, unique_name("loop"), tmp_path, [])
    installation.create_topics()

    with installation.worker() as worker:
        send(installation, [{"what": "is this"}], "example.audit")
        done = []
        for times in range(1, 5):
            wait_for(lambda n=times: listed(installation)["letters"] == n, "the letter")  # type: ignore[misc]
            done.append(dlq(installation, "replay", "--yes"))
        worker.check()

    assert [status for status, _ in done] == [0, 0, 0, 1]
    assert "replayed 3 times and comes back" in done[3][1]
    assert [header(m, "replayed") for m in audit(installation)] == ["", "1", "2", "3"]
    found = listed(installation)
    assert [one["replays"] for one in found["newest"]] == [3, 2, 1, 0]
    assert [one["replayed"] for one in found["newest"]] == [False, True, True, True]


# In every Python started with this on its path, the first record is worked on for ever.
NEVER_DONE = """
import threading
from pipeline.stages.normalise import Normaliser
Normaliser.normalise = lambda *_: threading.Event().wait()
"""


def test_a_worker_that_stalls_ends_for_its_supervisor(
    kafka: Broker,
    unique_name: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installation = Installation(kafka, unique_name("stall"), tmp_path, [])
    installation.create_topics()
    send(installation, [{"what": "is this"}], OKTA)
    (tmp_path / "sitecustomize.py").write_text(NEVER_DONE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    done = devspm(
        "worker", *installation.reach, "--app-id", installation.name, "--port", "0",
        "--stalled", "2", "--exit-when-stalled",
    )  # fmt: skip

    said = done.stderr.decode()
    assert done.returncode == 3, said
    (line,) = [line for line in said.splitlines() if " CRITICAL " in line]
    assert f"{installation.topics.audit['idp']}: no progress for" in line
    assert "with 1 records waiting; leaving with status 3" in line
    assert [*tmp_path.glob("devspm-worker-*")] == []
