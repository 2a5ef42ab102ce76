"""Commands that go to a broker: what they do, and what they say when it cannot be done."""

import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Consumer, TopicPartition

from pipeline.broker import Broker
from pipeline.broker.base import HOST, free_port
from pipeline.cli import main
from pipeline.generator import Organisation
from pipeline.records import to_line
from pipeline.topics import Topics

PATIENCE = 60.0
Checks = dict[str, dict[str, str]]


def devspm(*words: str | Path, environment: Mapping[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env=environment)


def said_in_one_line(done: Result) -> str:
    assert "Traceback" not in done.output
    (line,) = done.stderr.splitlines()
    assert line.startswith("devspm: ")
    return line


def doctor(*words: str) -> tuple[int, Checks]:
    done = devspm("doctor", "--json", *words)
    checks: Checks = {c["check"]: c for c in map(orjson.loads, done.stdout_bytes.splitlines())}
    return done.exit_code, checks


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    organisation = Organisation(seed=0, identities=24, days=2)
    path.write_bytes(b"".join(to_line(record) for _, record in organisation.timed()))
    return path


# Without a broker


COMMANDS = {
    "topics": ("topics", "create"),
    "worker": ("worker", "--port", "0"),
    "alerts": ("alerts", "--no-follow"),
    "replay": ("replay", "-"),
    "doctor": ("doctor",),
    "doctor for programs": ("doctor", "--json"),
}


@pytest.fixture(scope="module")
def without_a_broker() -> tuple[str, dict[str, "subprocess.CompletedProcess[str]"]]:
    """Every command at once at an address where nobody listens: they wait for an answer."""
    nowhere = f"{HOST}:{free_port()}"

    def run(words: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *words, "--bootstrap", nowhere],
            input="", capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip

    with ThreadPoolExecutor(len(COMMANDS)) as pool:
        return nowhere, dict(zip(COMMANDS, pool.map(run, COMMANDS.values()), strict=True))


@pytest.mark.parametrize("command", ["topics", "worker", "alerts", "replay"])
def test_without_a_broker_the_address_is_named(
    without_a_broker: tuple[str, dict[str, "subprocess.CompletedProcess[str]"]], command: str
) -> None:
    nowhere, done = without_a_broker[0], without_a_broker[1][command]

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("devspm: ")
    assert nowhere in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_the_doctor_without_a_broker_says_what_to_do(
    without_a_broker: tuple[str, dict[str, "subprocess.CompletedProcess[str]"]],
) -> None:
    nowhere, done = without_a_broker[0], without_a_broker[1]["doctor for programs"]
    checks = {c["check"]: c for c in map(orjson.loads, done.stdout.splitlines())}

    assert done.returncode == 1
    assert checks["broker"]["status"] == "bad"
    assert nowhere in checks["broker"]["detail"]
    assert "--bootstrap" in checks["broker"]["fix"]
    assert checks["python"]["status"] == "good"


def test_the_doctor_for_people_marks_what_is_bad(
    without_a_broker: tuple[str, dict[str, "subprocess.CompletedProcess[str]"]],
) -> None:
    done = without_a_broker[1]["doctor"]

    assert done.returncode == 1
    assert "BAD" in done.stdout
    assert "-> " in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"DEVSPM_KAFKA_SECURITY_PROTOCOL": "TLS"}, "DEVSPM_KAFKA_SECURITY_PROTOCOL"),
        (
            {"DEVSPM_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"},
            "DEVSPM_KAFKA_PASSWORD_FILE",
        ),
        (
            {
                "DEVSPM_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
                "DEVSPM_KAFKA_PASSWORD_FILE": "/nothing/here",
            },
            "/nothing/here",
        ),
    ],
)
def test_settings_that_make_no_sense_are_named(environment: dict[str, str], named: str) -> None:
    for words in (("topics", "create"), ("worker",), ("alerts",)):
        done = devspm(*words, environment=environment)

        assert done.exit_code == 2
        assert named in said_in_one_line(done)


def test_topics_list_needs_no_broker() -> None:
    done = devspm("topics", "list", "--prefix", "staging.", "--app-id", "staging")

    assert done.exit_code == 0
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert names == [topic.name for topic in Topics("staging.").all("staging")]
    assert "cleanup.policy=compact" in done.stdout


# With one


@pytest.mark.broker
def test_topics_are_created_once_as_the_list_says(
    broker: Broker, unique_name: Callable[[str], str]
) -> None:
    app = unique_name("app")
    words = ("--bootstrap", broker.bootstrap, "--prefix", f"{app}.", "--app-id", app)

    before = doctor(*words)
    first = devspm("topics", "create", *words, "--partitions", "3")
    second = devspm("topics", "create", *words, "--partitions", "3")
    after = doctor(*words)

    names = {topic.name for topic in Topics(f"{app}.").all(app)}
    assert before[0] == 1
    assert {c["check"] for c in before[1].values() if c["status"] == "bad"} == {
        f"topic {name}" for name in names
    }
    assert all(
        "devspm topics create" in c["fix"] for c in before[1].values() if c["status"] == "bad"
    )
    assert (first.exit_code, second.exit_code, after[0]) == (0, 0, 0)
    assert {line.split()[1] for line in first.stdout.splitlines()} == names
    assert {line.split()[0] for line in first.stdout.splitlines()} == {"created"}
    assert {line.split()[0] for line in second.stdout.splitlines()} == {"exists"}
    assert "3 partitions" in after[1]["topics"]["detail"]


@pytest.mark.broker
def test_without_topics_every_command_names_the_one_that_creates_them(
    kafka: Broker, unique_name: Callable[[str], str], recording: Path
) -> None:
    words = ("--bootstrap", kafka.bootstrap, "--prefix", f"{unique_name('none')}.")
    for command in (
        ("worker", *words, "--port", "0"),
        ("alerts", *words, "--no-follow"),
        ("replay", *words, str(recording)),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *command],
            capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip

        assert done.returncode == 2, command
        assert "devspm topics create" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.broker
def test_replay_sends_what_it_can_and_counts_the_rest(
    broker: Broker, unique_name: Callable[[str], str], recording: Path
) -> None:
    app = unique_name("app")
    words = ("--bootstrap", broker.bootstrap, "--prefix", f"{app}.")
    assert devspm("topics", "create", *words, "--app-id", app).exit_code == 0
    good = len(recording.read_bytes().splitlines())
    with recording.open("ab") as file:
        file.write(b"{\n" + to_line({"event": {"no": "shape"}}))

    done = devspm("replay", *words, recording)

    assert done.exit_code == 1
    assert done.stderr.splitlines()[0] == f"{good} records sent, 2 skipped"
    assert "1 not_json" in done.stderr
    assert "1 unknown_source" in done.stderr
    assert "\x1b" not in done.stderr
    sent = {topic: count(broker, topic) for topic in Topics(f"{app}.").audit.values()}
    assert sum(sent.values()) == good
    assert sent[f"{app}.audit.vcs"] > 0


def count(broker: Broker, topic: str) -> int:
    """Records on a topic, read one by one."""
    consumer = Consumer(
        {"bootstrap.servers": broker.bootstrap, "group.id": "unused",
         "enable.partition.eof": True, "enable.auto.commit": False, "fetch.wait.max.ms": 10}
    )  # fmt: skip
    partitions = len(consumer.list_topics(topic, timeout=PATIENCE).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, p, 0) for p in range(partitions)])
    found, ended = 0, 0
    while ended < partitions:
        message = consumer.poll(PATIENCE)
        assert message is not None, f"{topic} cannot be read to its end"
        if message.error():
            ended += 1
        else:
            found += 1
    consumer.close()
    return found


@pytest.mark.broker
def test_alerts_of_an_empty_topic_end_at_once(
    broker: Broker, unique_name: Callable[[str], str]
) -> None:
    app = unique_name("app")
    words = ("--bootstrap", broker.bootstrap, "--prefix", f"{app}.")
    assert devspm("topics", "create", *words, "--app-id", app).exit_code == 0

    done = devspm("alerts", *words, "--no-follow", "--from-beginning")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.broker
def test_a_worker_whose_port_is_taken_says_so(
    kafka: Broker, unique_name: Callable[[str], str]
) -> None:
    app = unique_name("app")
    words = ("--bootstrap", kafka.bootstrap, "--prefix", f"{app}.", "--app-id", app)
    assert devspm("topics", "create", *words).exit_code == 0
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", "worker", *words, "--port", str(port)],
            capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip

    assert done.returncode == 2
    assert f"cannot listen on {HOST}:{port}" in done.stderr
    assert "another --port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.broker
@pytest.mark.usefixtures("need_embedded")
def test_the_demo_ends_with_one_line_of_json() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "demo", "--broker", "embedded", "--json",
         "--identities", "24", "--days", "10", "--seed", "1", "--speed", "1800"],
        capture_output=True, check=False, timeout=2 * PATIENCE,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr.decode()
    (line,) = done.stdout.splitlines()
    outcome = orjson.loads(line)
    assert outcome["incident"] == "npm-qix-2025-09"
    assert outcome["detected"] is True
    assert outcome["incidents"] == 1
    assert outcome["publishes_before_alert"] <= 3
    assert outcome["lead_seconds"] > 3600
    assert outcome["false_alerts"] == 0
    assert {"alerts", "events", "broker"} <= outcome.keys()
    assert b"\x1b" not in done.stderr
