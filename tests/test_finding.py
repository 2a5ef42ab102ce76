"""Findings on the wire: valid OCSF, safe to show, bounded."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from detectors.base import Metadata, Scope, Stage, Technique
from pipeline.correlate import CorrelationSettings, Correlator
from pipeline.correlate.threshold import Bars
from schemas import ocsf
from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Origin,
    Outcome,
    Position,
    Target,
    TargetKind,
)
from schemas.finding import Finding
from schemas.signal import Feature, Signal
from schemas.text import visible

DETECTORS = {
    stage.value: Metadata(
        id=stage.value,
        title=f"Something about {stage.value}",
        description="",
        scope=Scope.IDENTITY,
        actions=frozenset(),
        technique=technique,
        stage=stage,
        attack=("T1098", "T1195.002", "T9999.999"),
        runbook=("Ask the person.", f"Undo the {stage.value}."),
        severity_floor=4,
    )
    for stage, technique in zip(Stage, (*Technique, Technique.RULE), strict=True)
}
CORRELATOR = Correlator(CorrelationSettings(), DETECTORS)


def _validator(version: str) -> Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
    return Draft202012Validator(schema.get_class_schema(class_name="detection_finding"))


VALIDATORS = {version: _validator(version) for version in ("1.7.0", ocsf.VERSION)}

# Signals come off the wire as UTF-8, which has no lone surrogates.
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
_ips = st.one_of(st.ip_addresses().map(str), st.just(""), _text)
_numbers = st.floats(-1e9, 4e9)
_activities = st.builds(
    Activity,
    uid=st.integers(0, 2**64 - 1),
    time=_numbers,
    received=_numbers,
    source=_text,
    action=_text,
    native=_text,
    actor=st.builds(Actor, _text, _text, st.sampled_from(ActorKind), st.emails() | _text),
    target=st.none()
    | st.builds(Target, st.sampled_from(TargetKind), _text, _text, _text, _text, _text),
    origin=st.builds(Origin, _ips, st.just("AS64496") | _text, _text, _text, _text, _text),
    session=_text,
    outcome=st.sampled_from(Outcome),
    event_id=_text,
    position=st.builds(Position, _text, st.integers(0, 99), st.integers(-1, 2**40)),
)
_all_signals = st.builds(
    Signal,
    uid=st.integers(0, 2**64 - 1),
    detector=st.sampled_from([*DETECTORS, "gone"]),
    key=_text,
    identity=st.just("\x1b[1mmara") | _text,
    time=_numbers,
    p=st.floats(1e-15, 2**-7),
    title=_text,
    features=st.lists(st.builds(Feature, _text, _text, _text, st.floats(0, 40)), max_size=6),
    cold=st.booleans(),
    activity=_activities,
)


def reports(signals: list[Signal]) -> list[Finding]:
    state, findings = None, []
    for signal in signals:
        state, new = CORRELATOR.add(state, signal, Bars(8.0, 64.0))
        findings += new
    if state is not None:
        findings += CORRELATOR.due(state, CORRELATOR.next_due(state))[1]
    return findings


@given(signals=st.lists(_all_signals, min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_every_report_is_a_valid_detection_finding(signals: list[Signal]) -> None:
    for finding in reports(signals):
        document = orjson.loads(ocsf.encode(finding))
        for version, validator in VALIDATORS.items():
            problems = [
                (version, list(e.absolute_path), e.message) for e in validator.iter_errors(document)
            ]
            assert not problems
        assert len(document["message"]) <= 200
        assert _shown(document)


def _shown(value: Any) -> bool:
    """No text in the document holds anything that a terminal would act upon."""
    match value:
        case str():
            return value.replace("\n", "").isprintable()
        case dict():
            return all(map(_shown, value.values()))
        case list():
            return all(map(_shown, value))
        case _:
            return True


def _signal(stage: Stage, number: int, time: float, p: float = 2.0**-20) -> Signal:
    return Signal(
        uid=number + 1,
        detector=stage.value,
        key="identity:mara",
        identity="mara",
        time=time,
        p=p,
        title="signed in from AS64496",
        features=[Feature("network", "AS64496", "AS64500 (40 of 41)", 9.0)],
        cold=number == 0,
        activity=Activity(
            uid=number,
            time=time,
            received=time,
            source="okta.system_log",
            action="login",
            native="user.session.start",
            actor=Actor(
                "okta:mara@example.com", "mara", ActorKind.PERSON, email="mara@example.com"
            ),
            target=Target(
                TargetKind.PACKAGE,
                "npm/@example/a",
                "github.com/example/a",
                "npm/@example/a",
                f"1.0.{number}",
            ),
            origin=Origin("2001:db8::7", "AS64496", "DE", "Chrome/139"),
            session="0011223344556677",
            event_id=f"event-{number}",
            position=Position("audit.idp", 3, 100 + number),
        ),
    )


def test_an_action_that_no_parser_knows_is_only_quoted() -> None:
    signals = [_signal(Stage.ACCESS, n, 1e9 + n) for n in range(4)]
    strange = [
        replace(s, activity=replace(s.activity, action="vendor/{n.__class__}{0}")) for s in signals
    ]
    assert reports(strange)[-1].title == "mara: did vendor/{n.__class__}{0} 4 times in a minute"


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    signals = [_signal(Stage.ACCESS, n, 1e9 + n) for n in range(30)]
    signals.append(_signal(Stage.PUBLICATION, 30, 1e9 + 40))
    return [orjson.loads(ocsf.encode(f)) for f in reports(signals)]


def test_create_update_close_are_told_apart(documents: list[dict[str, Any]]) -> None:
    assert [d["activity_id"] for d in documents] == [1, *([2] * (len(documents) - 2)), 3]
    assert [d["type_uid"] for d in documents] == [200400 + d["activity_id"] for d in documents]
    assert [d["metadata"]["sequence"] for d in documents] == list(range(1, len(documents) + 1))
    assert {d["finding_info"]["uid"] for d in documents} == {
        documents[0]["metadata"]["correlation_uid"]
    }
    assert documents[-1]["status_id"] == 99
    assert documents[0]["status_id"] == 1


def test_the_evidence_leads_back_to_the_raw_records(documents: list[dict[str, Any]]) -> None:
    first = documents[0]["evidences"][0]
    assert first["data"]["position"] == {"topic": "audit.idp", "partition": 3, "offset": 100}
    assert first["data"]["event_id"] == "event-0"
    assert first["actor"]["user"] == {
        "uid": "mara",
        "name": "okta:mara@example.com",
        "email_addr": "mara@example.com",
        "type_id": 1,
    }
    assert first["src_endpoint"] == {
        "ip": "2001:db8::7",
        "location": {"country": "DE"},
        "autonomous_system": {"number": 64496},
    }
    assert first["api"] == {"operation": "user.session.start"}
    assert {r["uid"] for r in first["resources"]} == {
        "pkg:npm/%40example/a@1.0.0",
        "github.com/example/a",
    }


def test_evidence_is_bounded_and_the_counts_say_how_many_there_were(
    documents: list[dict[str, Any]],
) -> None:
    last = documents[-1]
    assert len(last["evidences"]) == 20
    assert last["count"] == 31
    assert last["finding_info"]["related_events_count"] == 31
    assert {e["data"]["detector"] for e in last["evidences"]} == {"access", "publication"}
    newest = {e["data"]["event_id"] for e in last["evidences"]}
    assert {"event-29", "event-30"} <= newest


def test_each_detector_says_what_it_saw_and_expected(documents: list[dict[str, Any]]) -> None:
    detectors = {d["id"]: d for d in documents[-1]["unmapped"]["devspm"]["detectors"]}
    access = detectors["access"]
    assert access["stage"] == "access"
    assert access["count"] == 30
    assert access["p"] == 2.0**-20
    assert access["bits"] == 20.0
    assert access["evidence_bits"] == 18.0
    assert access["features"] == [
        {"name": "network", "observed": "AS64496", "expected": "AS64500 (40 of 41)", "bits": 9.0}
    ]
    assert access["runbook"] == ["Ask the person.", "Undo the access."]
    assert {"topic": "audit.idp", "partition": 3, "offset": 129} in access["evidence"]
    attacks = documents[-1]["finding_info"]["attacks"]
    assert attacks[1]["sub_technique"] == {
        "uid": "T1195.002",
        "name": "Compromise Software Supply Chain",
    }
    assert documents[-1]["remediation"]["desc"].startswith("1. ")


@given(text=st.text(st.characters(exclude_categories=())), limit=st.integers(4, 100))
def test_shown_text_prints_and_fits(text: str, limit: int) -> None:
    shown = visible(text, limit)
    assert shown.isprintable()
    assert len(shown.encode()) <= limit


def test_terminal_escapes_show_as_text() -> None:
    assert visible("a\x1b]0;b\x07\u202ec\ud800", 99) == r"a\x1b]0;b\x07\u202ec\ud800"
