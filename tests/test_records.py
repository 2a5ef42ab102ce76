"""Files of recorded events: envelopes, bare events, gzip, standard input, bad lines."""

import gzip
import io
import json
import sys
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import MAX_LINE, Record, parse_line, read, to_line
from schemas.activity import NOWHERE
from schemas.sources import RejectedError

EVENT = {"action": "git.push", "actor": "mara-k", "@timestamp": 1_757_337_360_000}
HOOK = {"event": "package:publish", "name": "example", "type": "package", "time": 1_757_337_360_000}

PACKED = gzip.compress(b'{"event": {}}\n' * 99)


def record(line: bytes, source: str = "") -> Record:
    found = parse_line(line, source, NOWHERE)
    assert isinstance(found, Record), found
    return found


def rejection(line: bytes) -> RejectedError:
    found = parse_line(line, "", NOWHERE)
    assert isinstance(found, RejectedError), found
    return found


def test_an_envelope_names_source_headers_and_time() -> None:
    found = record(
        to_line(
            {
                "source": "github.webhook",
                "event": EVENT,
                "headers": {"X-GitHub-Event": "push"},
                "time": "2025-09-08T13:16:00Z",
                "generated": True,
            }
        )
    )

    assert found.source == "github.webhook"
    assert json.loads(found.raw.event) == EVENT
    assert found.raw.headers == {"x-github-event": "push"}
    assert found.raw.received == 1_757_337_360.0


@pytest.mark.parametrize(
    ("time", "received"),
    [
        ("2025-09-08T15:16:00+02:00", 1_757_337_360.0),
        (1_757_337_360, 1_757_337_360.0),
        (1_757_337_360.5, 1_757_337_360.5),
        (None, 0.0),
    ],
)
def test_the_time_is_text_or_seconds(time: Any, received: float) -> None:
    assert record(to_line({"event": EVENT, "time": time})).raw.received == received


def test_an_envelope_without_a_source_leaves_it_to_the_shape() -> None:
    assert record(to_line({"event": EVENT})).source == ""


def test_a_bare_event_stays_as_it_is() -> None:
    line = json.dumps(EVENT).encode()

    found = record(line)

    assert (found.raw.event, found.source) == (line, "")
    assert (found.raw.received, found.raw.headers) == (0.0, {})


def test_with_a_source_every_line_is_a_bare_event() -> None:
    line = to_line({"source": "okta.system_log", "event": EVENT})

    found = record(line, "github.audit")

    assert (found.raw.event, found.source) == (line, "github.audit")


def test_a_hook_with_a_field_named_event_is_no_envelope() -> None:
    line = json.dumps(HOOK).encode()

    assert record(line).raw.event == line
    wrapped = record(to_line({"source": "npm.hook", "event": HOOK}))
    assert (json.loads(wrapped.raw.event), wrapped.source) == (HOOK, "npm.hook")


@pytest.mark.parametrize("line", [b"{", b"\xff\xfe", b"not json", b'{"event": {"a": 1}', b"\x00"])
def test_a_line_that_is_no_json_is_rejected_with_its_place(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(to_line({"event": EVENT}) + line + b"\n" + to_line({"event": EVENT}))

    before, bad, after = read([str(path)])

    assert isinstance(before, Record)
    assert isinstance(after, Record)
    assert isinstance(bad, RejectedError)
    assert bad.reason == "not_json"
    assert f"{path}:2" in bad.detail
    assert after.raw.position.offset == 3


@pytest.mark.parametrize("time", ["yesterday", "", "2025-13-45"])
def test_a_time_that_is_none_is_rejected(time: str) -> None:
    assert rejection(to_line({"event": EVENT, "time": time})).reason == "bad_time"


def test_files_are_read_one_after_the_other_packed_or_not(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"
    plain.write_bytes(to_line({"event": {"n": 1}}) + b"\n  \n" + to_line({"event": {"n": 2}}))
    packed.write_bytes(gzip.compress(to_line({"event": {"n": 3}})))

    found = [each for each in read([str(plain), str(packed)]) if isinstance(each, Record)]

    assert [json.loads(each.raw.event)["n"] for each in found] == [1, 2, 3]
    assert [(each.raw.position.topic, each.raw.position.offset) for each in found] == [
        (str(plain), 1),
        (str(plain), 4),
        (str(packed), 1),
    ]


def test_a_last_line_without_its_end_counts(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(to_line({"event": EVENT}).rstrip())

    assert len(list(read([str(path)]))) == 1


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    line = to_line({"event": EVENT})
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(line * 2)))

    assert len(list(read(["-"]))) == 2


def test_a_file_that_is_not_there_raises(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        list(read([str(tmp_path / "nothing")]))


@pytest.mark.parametrize("content", [b"no archive", PACKED[:40], PACKED[:20] + b"\xff" * 20])
def test_a_damaged_archive_raises_an_error_that_commands_report(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(content)

    with pytest.raises(OSError, match=str(path)):
        list(read([str(path)]))


@given(st.binary(max_size=200))
def test_whatever_the_line_says_it_is_a_record_or_rejected(line: bytes) -> None:
    assert isinstance(parse_line(line, "", NOWHERE), Record | RejectedError)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["event", "source", "headers", "time", "other"]), json_values, max_size=5
    )
)
def test_whatever_an_envelope_holds_it_is_a_record_or_rejected(envelope: dict[str, Any]) -> None:
    line = json.dumps(envelope).encode()

    assert isinstance(parse_line(line, "", NOWHERE), Record | RejectedError)


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=9) as packed:
        packed.write(b'{"event": {"a": "')
        for _ in range(40):
            packed.write(b" " * (1 << 20))
        packed.write(b'\n{"event": {}}\n')
    tracemalloc.start()
    first, second = read([str(path)])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(first, RejectedError)
    assert first.reason == "too_large"
    assert isinstance(second, Record)
    assert peak < 4 * MAX_LINE
