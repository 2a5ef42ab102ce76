"""`devspm dlq` over letters of every kind, as they stand on a broker."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import orjson
import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Producer, TopicPartition

from pipeline import topics
from pipeline.broker import Broker
from pipeline.broker.base import HOST, free_port
from pipeline.cli import main
from pipeline.dead_letters import headers_of
from pipeline.reread import EVERYTHING, Rereader
from pipeline.settings import KafkaSettings
from pipeline.topics import Topics

pytestmark = pytest.mark.broker

NASTY = "\x1b]0;owned\x07\u202e\u200b"


@dataclass(frozen=True)
class Box:
    """Topics with one partition, and what a test puts on them."""

    settings: KafkaSettings
    topics: Topics

    def dlq(self, command: str, *words: str) -> Result:
        reach = ("--bootstrap", self.settings.bootstrap, "--prefix", self.topics.prefix)
        return CliRunner().invoke(main, ["dlq", command, *words, *reach])

    def send(self, topic: str, value: bytes | None, headers: dict[str, bytes]) -> None:
        producer = Producer(self.settings.confluent(**{"message.max.bytes": 4_000_000}))
        producer.produce(topic, value, headers=dict(headers))
        assert producer.flush(60.0) == 0

    def bury(
        self,
        value: bytes | None,
        *,
        reason: str = "not_json",
        topic: str = "",
        offset: int = 0,
        **more: bytes,
    ) -> None:
        headers = {
            "reason": reason.encode(),
            "detail": b"not to be read",
            "topic": (topic or self.topics.audit["idp"]).encode(),
            "partition": b"0",
            "offset": str(offset).encode(),
            **{name.replace("original_", "original."): data for name, data in more.items()},
        }
        self.send(self.topics.dead_letters, value, headers)

    def audit(self) -> list[tuple[bytes | None, dict[str, bytes]]]:
        topic = self.topics.audit["idp"]
        with Rereader(self.settings) as reader:
            found = reader.read(topic, {0: EVERYTHING})
            return [(one.value(), dict(headers_of(one))) for one in found]


@pytest.fixture
def box(kafka: Broker, unique_name: Callable[[str], str]) -> Box:
    made = Box(KafkaSettings(kafka.bootstrap), Topics(f"{unique_name('box')}."))
    wanted = made.topics.all("unused")
    topics.create(topics.admin(made.settings), wanted, partitions=1, replication=1)
    with Rereader(made.settings) as reader:
        while not reader.partitions(made.topics.dead_letters):
            time.sleep(0.05)  # a topic is created before every broker thread knows it
    return made


def found(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    read: dict[str, object] = orjson.loads(result.stdout_bytes)
    return read


def test_the_list_counts_everything_and_shows_the_newest_first(box: Box) -> None:
    for offset in range(3):
        box.bury(b"{", offset=offset, original_source=b"okta.system_log")
    box.bury(b"{}", reason="unknown_source", offset=3)

    text = box.dlq("list", "--limit", "2")
    told = found(box.dlq("list", "--json"))
    one_reason = found(box.dlq("list", "--json", "--reason", "unknown_source"))

    assert text.exit_code == 0
    head, *lines = text.stdout.splitlines()
    assert head == "4 letters, 0 of them replayed"
    assert [line.split()[0] for line in lines[-2:]] == ["0:3", "0:2"]
    assert told["counts"] == {
        "reason": {"not_json": 3, "unknown_source": 1},
        "topic": {box.topics.audit["idp"]: 4},
        "source": {"okta.system_log": 3, "": 1},
    }
    assert one_reason["letters"] == 1


def test_nothing_of_a_letter_reaches_the_terminal_as_a_control_character(box: Box) -> None:
    nasty = NASTY.encode()
    box.bury(
        nasty + b"\x00\xff\x9b31m",
        reason=NASTY, topic=NASTY, detail=nasty, original_source=nasty, original_x=b"\x9b\xff",
    )  # fmt: skip

    shown = [
        box.dlq("list"), box.dlq("list", "--json"), box.dlq("show", "0:0"), box.dlq("replay"),
    ]  # fmt: skip

    assert [one.exit_code for one in shown] == [0, 0, 0, 1]
    for one in shown:
        assert all(c.isprintable() or c == "\n" for c in one.output), ascii(one.output)
    assert "\\x1b]0;owned\\x07\\u202e\\u200b\\x00\\xff\\x9b31m" in shown[2].stdout
    assert box.dlq("show", "0:0", "--raw").stdout_bytes == nasty + b"\x00\xff\x9b31m"


def test_a_letter_is_found_by_its_own_place_and_by_its_records(box: Box) -> None:
    box.bury(b'{"a": 1}', offset=7, original_source=b"okta.system_log")

    by_place, by_record = box.dlq("show", "0:0"), box.dlq("show", f"{box.topics.audit['idp']}/0/7")

    assert by_place.exit_code == 0
    assert by_place.stdout == by_record.stdout
    for text in ("not_json", "not to be read", "header   source: okta.system_log", '{"a": 1}'):
        assert text in by_place.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "0:99"), "there is no letter 0:99; see `devspm dlq list`"),
        (("show", "x"), "neither PARTITION:OFFSET nor TOPIC/PARTITION/OFFSET"),
        (("replay", "0:99"), "there is no letter 0:99"),
        (("replay", "--since", "soon"), "neither like 2h or 3d nor like"),
        (("replay", "--source", "okta"), "no source is named 'okta'"),
        (("list", "--reason", "none"), "'none' is not one of"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_a_wrong_call_ends_with_status_two_and_says_what_is_wrong(
    box: Box, words: tuple[str, ...], said: str
) -> None:
    done = box.dlq(*words)

    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("command", [("list",), ("show", "0:0"), ("replay",)], ids=" ".join)
def test_without_topics_the_way_to_make_them_is_named(
    kafka: Broker, command: tuple[str, ...]
) -> None:
    nothing = Box(KafkaSettings(kafka.bootstrap), Topics("nothing-is-here."))

    done = nothing.dlq(*command)

    assert done.exit_code == 2
    assert done.stderr.startswith("devspm: no topic nothing-is-here.audit.dlq")
    assert "`devspm topics create`" in done.stderr


def test_without_a_broker_that_is_said_in_one_line() -> None:
    done = Box(KafkaSettings(f"{HOST}:{free_port()}"), Topics()).dlq("list")

    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("devspm: no broker answers")


def test_without_yes_nothing_is_sent(box: Box) -> None:
    box.bury(b"{", original_source=b"a.b")

    done = box.dlq("replay")

    assert done.exit_code == 0
    assert f"{box.topics.audit['idp']}/0/0" in done.stdout
    assert "1 records of 1 letters would be sent" in done.stderr
    assert box.audit() == []


def test_a_replay_sends_bytes_and_headers_as_they_were_and_says_that_it_is_one(box: Box) -> None:
    box.bury(
        b"\xff{", offset=0, original_source=b"a.b", original_received=b"1.5", original_x=b"\xff"
    )
    box.bury(b"{", offset=1, original_replayed=b"1")

    first, second = box.dlq("replay", "--yes"), box.dlq("replay", "--yes")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "nothing to replay" in second.stderr
    (one, its), (other, others) = box.audit()
    assert (one, other) == (b"\xff{", b"{")
    assert its == {"source": b"a.b", "received": b"1.5", "x": b"\xff", "replayed": b"1"}
    assert others.keys() == {"received", "replayed"}
    assert others["replayed"] == b"2"
    assert abs(float(others["received"]) - time.time()) < 600
    assert found(box.dlq("list", "--json"))["replayed"] == 2


def test_a_replayed_record_keeps_the_time_it_was_first_received(box: Box) -> None:
    box.bury(b"{", received=b"1757337360.5")

    box.dlq("replay", "--yes")

    [(_, headers)] = box.audit()
    assert headers["received"] == b"1757337360.5"


def test_what_has_been_replayed_is_replayed_again_only_if_asked(box: Box) -> None:
    box.bury(b"{")
    box.dlq("replay", "--yes")

    again = box.dlq("replay", "--yes", "--again")

    assert again.exit_code == 0
    assert [value for value, _ in box.audit()] == [b"{", b"{"]


def test_the_same_record_buried_twice_is_replayed_once(box: Box) -> None:
    box.bury(b"{", offset=4)
    box.bury(b"{", offset=4)

    box.dlq("replay", "--yes")

    assert len(box.audit()) == 1
    assert found(box.dlq("list", "--json"))["replayed"] == 2


def test_a_replay_takes_what_the_options_let_through(box: Box) -> None:
    box.bury(b"a", offset=0)
    box.bury(b"b", offset=1, reason="parser_error")
    box.bury(b"c", offset=2, reason="parser_error")

    none = box.dlq("replay", "--since", "2099-01-01", "--yes")
    named = box.dlq("replay", "0:2", "--yes")
    reason = box.dlq("replay", "--reason", "parser_error", "--since", "1h", "--yes")

    assert [one.exit_code for one in (none, named, reason)] == [0, 0, 0]
    assert [value for value, _ in box.audit()] == [b"c", b"b"]


@pytest.mark.parametrize("topic", ["", "activity", "alerts", "audit.dlq"])
def test_a_letter_that_names_no_audit_topic_is_refused_and_the_others_are_sent(
    box: Box, topic: str
) -> None:
    box.bury(b"forged", topic=f"{box.topics.prefix}{topic}")
    box.bury(b"{", offset=1)

    done = box.dlq("replay", "--yes")

    assert done.exit_code == 1
    assert "refused: it is of no audit topic" in done.stderr
    assert [value for value, _ in box.audit()] == [b"{"]


def test_what_a_letter_does_not_hold_is_read_back_from_its_topic(box: Box) -> None:
    audit = box.topics.audit["idp"]
    large = b"x" * 3_000_000
    for value in (large, b"first", b"second"):
        box.send(audit, value, {"source": b"a.b", "y": b"\xff"})
    box.bury(large[:1_000_000], truncated=b"true")
    box.bury(None, reason="undecodable_batch", offset=1, last_offset=b"2")

    raw = [box.dlq("show", name, "--raw") for name in ("0:0", "0:1", f"{audit}/0/2")]
    done = box.dlq("replay", "--yes")

    assert [one.exit_code for one in raw] == [0, 2, 0]
    assert raw[0].stdout_bytes == large
    assert f"name one of them, such as `devspm dlq show {audit}/0/1 --raw`" in raw[1].stderr
    assert raw[2].stdout_bytes == b"second"
    assert "3 records of 2 letters sent" in done.stderr
    sent = box.audit()[3:]
    assert [value for value, _ in sent] == [large, b"first", b"second"]
    for _, headers in sent:
        assert headers.keys() == {"source", "y", "received", "replayed"}
        assert headers["y"] == b"\xff"


def test_what_is_gone_or_another_record_now_is_refused(box: Box) -> None:
    audit = box.topics.audit["idp"]
    box.send(audit, b"gone", {})
    box.send(audit, b"another", {})
    box.bury(b"gon", offset=0, truncated=b"true")
    box.bury(b"something else", offset=1, truncated=b"true")
    box.bury(b"far", offset=99, truncated=b"true")
    client = topics.admin(box.settings)
    for future in client.delete_records([TopicPartition(audit, 0, 1)]).values():
        future.result()

    done = box.dlq("replay", "--yes")

    assert done.exit_code == 1
    assert f"{audit}/0/0 is no longer on its topic" in done.stderr
    assert f"{audit}/0/1 is another record now" in done.stderr
    assert "3 letters refused" in done.stderr
    assert len(box.audit()) == 1
    assert box.dlq("show", "0:0", "--raw").exit_code == 2
