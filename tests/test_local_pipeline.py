"""All stages in one process: what `scan` runs, and what a worker must equal."""

import time
from collections.abc import Iterable
from random import Random

import pytest

from detectors.registry import DETECTORS
from pipeline.correlate import CorrelationSettings, Correlator
from pipeline.demo.outcome import judge
from pipeline.engine import Engine
from pipeline.generator import Organisation, Scenario, demo_scenario
from pipeline.records import Record, parse_line, to_line
from pipeline.stages.correlate import CorrelateStage
from pipeline.stages.local import LocalPipeline, apply
from pipeline.stages.normalise import Normaliser
from schemas import ocsf, signal
from schemas.activity import NOWHERE, Activity, Position
from schemas.finding import Finding, FindingActivity, Severity
from schemas.identity import IdentityMap
from schemas.signal import Signal

DAY = 86400.0
SEED = 1


def correlator() -> Correlator:
    return Correlator(CorrelationSettings(), {d.meta.id: d.meta for d in DETECTORS})


def parsed(records: Iterable[dict[str, object]]) -> list[Record]:
    made = []
    for number, record in enumerate(records):
        line = parse_line(to_line(record), "", Position("recording", 0, number))
        assert isinstance(line, Record)
        made.append(line)
    return made


def run(records: Iterable[Record], identities: IdentityMap) -> list[Finding]:
    pipeline = LocalPipeline(DETECTORS, identities, correlator())
    findings: list[Finding] = []
    for record in records:
        activities, rejection = pipeline.normaliser.normalise(record.raw, record.source)
        assert rejection is None
        findings += pipeline.feed(activities)
    assert not pipeline.engine.stats.errors
    return findings + pipeline.finish(30 * DAY)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return demo_scenario(seed=SEED, identities=24, days=10, shift_to=time.time())


@pytest.fixture(scope="module")
def records(scenario: Scenario) -> list[Record]:
    return parsed(scenario.events())


@pytest.fixture(scope="module")
def findings(scenario: Scenario, records: list[Record]) -> list[Finding]:
    return run(records, IdentityMap(scenario.identities()))


def test_the_incident_is_one_finding_from_its_opening_to_its_close(
    scenario: Scenario, findings: list[Finding]
) -> None:
    outcome = judge(
        [ocsf.to_ocsf(finding) for finding in findings],
        scenario.incident,
        scenario.attack_began,
        events=0,
        broker="",
    )
    assert (outcome.detected, outcome.incidents, outcome.false_alerts_high) == (True, 1, 0)
    assert outcome.publishes_before_alert is not None
    assert outcome.publishes_before_alert <= 3

    theirs = [f for f in findings if f.identity == scenario.incident.identity]
    last_uid = theirs[-1].uid
    reports = [f for f in theirs if f.uid == last_uid]
    assert [f.sequence for f in reports] == list(range(1, len(reports) + 1))
    assert reports[0].activity is FindingActivity.CREATE
    assert {f.activity for f in reports[1:-1]} <= {FindingActivity.UPDATE}
    assert reports[-1].activity is FindingActivity.CLOSE
    assert reports[-1].severity >= Severity.HIGH


@pytest.mark.parametrize("seed", range(3))
def test_ordinary_activity_gives_no_finding_of_severity_high(seed: int) -> None:
    organisation = Organisation(seed=seed, identities=40, days=21)

    findings = run(
        parsed(record for _, record in organisation.timed()),
        IdentityMap(organisation.identities()),
    )

    loud = [(f.identity, f.title) for f in findings if f.severity >= Severity.HIGH]
    assert loud == []


def test_events_sent_twice_change_nothing(
    scenario: Scenario, records: list[Record], findings: list[Finding]
) -> None:
    twice = [record for record in records for _ in range(2)]

    again = run(twice, IdentityMap(scenario.identities()))

    assert [ocsf.encode(f) for f in again] == [ocsf.encode(f) for f in findings]


# Restarts: with the detectors as they are, over what they really see.


def keyed(scenario: Scenario, records: list[Record]) -> list[tuple[bytes, Activity]]:
    normaliser = Normaliser(DETECTORS, IdentityMap(scenario.identities()))
    return [
        (key, activity)
        for record in records
        for activity in normaliser.normalise(record.raw, record.source)[0]
        for key in normaliser.keys(activity)
    ]


def cuts(total: int, rng: Random, longest: int) -> set[int]:
    """Where flushes are: after every so many records, and at the end."""
    found, at = {total}, 0
    while at < total:
        at += rng.randint(1, longest)
        found.add(min(at, total))
    return found


def detect(
    log: list[tuple[bytes, Activity]], rng: Random, crashes: float
) -> tuple[list[bytes], dict[bytes, bytes]]:
    """Signals and entries; after some flushes the process dies, with the flush kept or lost."""
    stored: dict[bytes, bytes] = {}
    signals: dict[int, bytes] = {}
    engine = Engine(DETECTORS, stored)
    ends = cuts(len(log), rng, 700)
    offset = 0
    while offset < len(log):
        engine.judge(*log[offset], offset)
        offset += 1
        if offset not in ends:
            continue
        for found in engine.take_signals():
            value = signals.setdefault(found.uid, signal.encode(found))
            assert value == signal.encode(found)
        entries = engine.flush()
        crash = offset < len(log) and rng.random() < crashes
        if not crash or rng.random() < 0.5:
            apply(entries, stored)
        if crash:
            engine = Engine(DETECTORS, stored)
            offset = engine.position + 1
    return list(signals.values()), stored


def correlate(
    log: list[Signal], rng: Random, crashes: float
) -> tuple[list[bytes], dict[bytes, bytes]]:
    stored: dict[bytes, bytes] = {}
    reports: list[bytes] = []
    stage = CorrelateStage(correlator(), stored)
    ends = cuts(len(log), rng, 20)
    offset = 0
    while offset < len(log):
        stage.accept(log[offset], offset)
        offset += 1
        if offset not in ends:
            continue
        reports += [ocsf.encode(finding) for finding, _ in stage.take_reports()]
        entries = stage.flush()
        crash = offset < len(log) and rng.random() < crashes
        if not crash or rng.random() < 0.5:
            apply(entries, stored)
        if crash:
            stage = CorrelateStage(correlator(), stored)
            offset = stage.position + 1
    return list(dict.fromkeys(reports)), stored


@pytest.mark.parametrize("seed", range(3))
def test_restarts_at_any_flush_change_neither_signals_nor_findings_nor_states(
    scenario: Scenario, records: list[Record], seed: int
) -> None:
    log = keyed(scenario, records)
    rng = Random(seed)  # noqa: S311 - moments to die at

    signals, entries = detect(log, rng, crashes=0.0)
    assert signals
    assert detect(log, rng, crashes=0.3) == (signals, entries)

    decoded = [signal.decode(value) for value in signals]
    reports, incidents = correlate(decoded, rng, crashes=0.0)
    assert reports
    assert correlate(decoded, rng, crashes=0.3) == (reports, incidents)


def test_an_event_of_the_future_is_rejected() -> None:
    (_, record), *_ = Organisation(seed=0, identities=24, days=2).timed()
    line = parse_line(to_line(record), "", NOWHERE)
    assert isinstance(line, Record)
    pipeline = LocalPipeline(DETECTORS, IdentityMap(), correlator(), latest=1_000_000_000.0)

    activities, rejection = pipeline.normaliser.normalise(line.raw, line.source)

    assert activities == []
    assert rejection is not None
    assert rejection.reason == "bad_time"
