"""Signals of one identity in, findings out."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from detectors.base import Metadata, Scope, Stage, Technique
from pipeline.correlate import (
    CorrelationSettings,
    Correlator,
    IncidentState,
    decode_state,
    encode_state,
)
from pipeline.correlate.budget import crossing_rates, threshold_bits
from pipeline.correlate.state import MAX_BYTES, StateVersionError, raw_size
from pipeline.correlate.threshold import Bars
from schemas import ocsf
from schemas.action import Action
from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Origin,
    Position,
    Target,
    TargetKind,
    digest,
)
from schemas.finding import Finding, FindingActivity, Severity
from schemas.reach import Reach
from schemas.signal import Feature, Signal, signal_uid

START = 1_757_336_000.0  # 2025-09-08 12:53:20Z
HOUR = 3600.0
IDENTITY = "qix"


def meta(
    name: str,
    stage: Stage,
    *,
    scope: Scope = Scope.IDENTITY,
    title: str = "",
    technique: Technique = Technique.BEHAVIORAL,
    floor: int = 2,
    phrase: str = "",
) -> Metadata:
    return Metadata(
        id=name,
        title=title or name.replace("_", " "),
        description="",
        scope=scope,
        actions=frozenset(),
        technique=technique,
        stage=stage,
        attack=("T1078", "T1195.002"),
        runbook=(f"Look at {name}.", "Ask the person."),
        severity_floor=floor,
        phrase=phrase,
    )


DETECTORS = {
    m.id: m
    for m in (
        meta("login", Stage.ACCESS, title="Sign-in from an unusual source"),
        meta("session", Stage.ACCESS, scope=Scope.SESSION),
        meta("factor", Stage.PERSISTENCE),
        meta("token", Stage.PERSISTENCE),
        meta("clone", Stage.COLLECTION),
        meta("burst", Stage.PUBLICATION),
        meta("no_code", Stage.PUBLICATION, scope=Scope.REPOSITORY, phrase="without matching code"),
        meta("tags", Stage.TAMPERING),
        meta("unguarded", Stage.PERSISTENCE, technique=Technique.RULE, floor=3),
    )
}
ACTIONS = {
    "login": Action.LOGIN,
    "session": Action.SSO,
    "factor": Action.FACTOR_ENROLL,
    "token": Action.TOKEN_CREATE,
    "clone": Action.CLONE,
    "burst": Action.PACKAGE_PUBLISH,
    "no_code": Action.PACKAGE_PUBLISH,
    "tags": Action.TAG_MOVE,
    "unguarded": Action.AGENT_PERMISSION,
}
NAMES = [name for name in DETECTORS if name != "unguarded"]
THRESHOLD = 16.0  # bits
BARS = Bars(THRESHOLD, 64.0)
SETTINGS = CorrelationSettings(threshold_bits=THRESHOLD)


def signal(
    detector: str,
    at: float,
    bits: float,
    *,
    event: str = "",
    noticed: float | None = None,
    cold: bool = False,
    title: str = "something unusual",
) -> Signal:
    uid = digest("event", event or f"{detector}@{at}")
    publishes = ACTIONS[detector] is Action.PACKAGE_PUBLISH
    activity = Activity(
        uid=uid,
        time=START + at,
        received=START + at,
        source="npm.registry" if publishes else "okta.system_log",
        action=ACTIONS[detector],
        native=f"vendor.{ACTIONS[detector]}",
        actor=Actor("npm:qix", IDENTITY, ActorKind.PERSON, "qix@example.com"),
        target=Target(
            TargetKind.PACKAGE if publishes else TargetKind.ACCOUNT,
            name="qix",
            package=f"npm/example-{event}" if publishes else "",
            version="1.0.1" if publishes else "",
        ),
        origin=Origin("203.0.113.9", "AS64496", "ZZ", "Chrome/139", "macOS"),
        event_id=f"{uid:x}",
        position=Position("audit.registry", 1, int(at)),
    )
    return Signal(
        uid=signal_uid(detector, f"identity:{IDENTITY}", uid),
        detector=detector,
        key=f"identity:{IDENTITY}",
        identity=IDENTITY,
        time=START + (at if noticed is None else noticed),
        p=2.0**-bits,
        title=title,
        features=[
            Feature("network", "AS64496", "AS64500 (412 of 420)", bits - 2),
            Feature("device", "not seen before", "2 devices", 2.0),
        ],
        cold=cold,
        activity=activity,
    )


def incident() -> list[Signal]:
    """The chain of September 2025, generated: sign-in, factor, token, publishes, no code."""
    publishes = [signal("burst", 1400 + 35.0 * n, 11.0 + n, event=f"p{n}") for n in range(7)]
    no_code = [
        signal("no_code", 1400 + 35.0 * n, 12.0, event=f"p{n}", noticed=5000 + 35.0 * n)
        for n in range(7)
    ]
    return [
        signal("login", 0, 12.0),
        signal("factor", 180, 10.0),
        signal("token", 420, 10.0),
        *publishes,
        *no_code,
    ]


def run(
    correlator: Correlator, signals: Iterable[Signal], state: IncidentState | None = None
) -> tuple[IncidentState | None, list[Finding]]:
    findings: list[Finding] = []
    for item in signals:
        state, new = correlator.add(state, item, BARS)
        if state is not None:
            assert decode_state(encode_state(state)) == state
            assert raw_size(state) <= MAX_BYTES
        findings += new
    return state, findings


def test_the_chain_is_one_incident_that_opens_before_the_first_publish() -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    state, findings = run(correlator, incident())
    assert state is not None
    assert findings[0].activity is FindingActivity.CREATE
    assert findings[0].time == START + 180
    assert {f.uid for f in findings} == {findings[0].uid}
    assert {f.activity for f in findings[1:]} == {FindingActivity.UPDATE}
    assert [f.sequence for f in findings] == list(range(1, len(findings) + 1))
    assert [f.severity for f in findings[:3]] == [
        Severity.MEDIUM,
        Severity.HIGH,
        Severity.CRITICAL,
    ]
    assert findings[-1].severity is Severity.CRITICAL
    assert {d.id for d in findings[-1].detections} == {
        "login",
        "factor",
        "token",
        "burst",
        "no_code",
    }
    times = [e.time for e in findings[-1].evidence]
    assert times == sorted(times)


def test_the_title_tells_the_chain_in_plain_words() -> None:
    state, _ = run(Correlator(SETTINGS, DETECTORS), incident())
    assert state is not None
    _, [closing] = Correlator(SETTINGS, DETECTORS).due(state, START + 1000 * HOUR)
    assert closing.title == (
        "qix: signed in from an unusual place and device, changed the second factor, "
        "created a token, published 7 package versions in 4 minutes without matching code"
    )


def test_a_lone_weak_signal_opens_nothing_and_is_forgotten() -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    state, findings = correlator.add(None, signal("login", 0, 9.0), BARS)
    assert state is not None
    assert findings == []
    assert len(encode_state(state)) < 512
    due = correlator.next_due(state)
    assert correlator.due(state, due - 1) == (state, [])
    assert correlator.due(state, due) == (None, [])


def test_what_happens_by_chance_every_day_leaves_no_state() -> None:
    daily = replace(signal("login", 0, 30.0), rate=0.75)
    assert Correlator(SETTINGS, DETECTORS).add(None, daily, BARS) == (None, [])


def test_the_learned_rate_is_what_a_signal_weighs() -> None:
    rare = replace(signal("login", 0, 4.0), rate=2**-17)
    _, [finding] = Correlator(SETTINGS, DETECTORS).add(None, rare, BARS)
    assert finding.risk_bits == 17.0


def test_a_rule_with_a_floor_opens_by_itself_and_another_does_not() -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    _, [finding] = correlator.add(None, signal("unguarded", 0, 7.0), BARS)
    assert finding.severity is Severity.MEDIUM
    assert finding.confidence >= 50
    assert correlator.add(None, signal("factor", 0, 9.0), BARS)[1] == []


def test_one_learned_detector_alone_is_medium_at_most() -> None:
    _, findings = run(
        Correlator(SETTINGS, DETECTORS), [signal("burst", 10.0 * n, 39.0) for n in range(50)]
    )
    assert max(f.severity for f in findings) is Severity.MEDIUM


def test_publication_before_access_is_no_chain() -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    chain = [signal("login", 0, 14.0), signal("burst", 600, 14.0)]
    reverse = [signal("burst", 0, 14.0), signal("login", 600, 14.0)]
    assert run(correlator, chain)[1][-1].severity is Severity.CRITICAL
    assert run(correlator, reverse)[1][-1].severity is Severity.HIGH


def test_old_evidence_does_not_add_up() -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    near = [signal("login", 0, 12.0), signal("burst", HOUR, 12.0)]
    far = [signal("login", 0, 12.0), signal("burst", 12 * HOUR, 12.0)]
    assert run(correlator, near)[1]
    assert not run(correlator, far)[1]


def test_detectors_of_one_stage_count_less_than_detectors_of_two() -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    same = [signal("factor", 0, 12.0), signal("token", 60, 12.0)]
    other = [signal("factor", 0, 12.0), signal("clone", 60, 12.0)]
    assert not run(correlator, same)[1]
    assert run(correlator, other)[1]


def test_repeats_of_one_detector_add_a_bounded_amount() -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    state, findings = run(correlator, [signal("login", float(n), 12.0) for n in range(200)])
    assert findings == []
    assert state is not None
    assert state.peak == pytest.approx(10.0 + 3.0, abs=0.1)


@given(count=st.integers(2, 400))
@settings(max_examples=15, deadline=None)
def test_a_flood_gives_few_updates(count: int) -> None:
    _, findings = run(
        Correlator(SETTINGS, DETECTORS), [signal("burst", float(n), 30.0) for n in range(count)]
    )
    assert 1 <= len(findings) <= 2 + count.bit_length()
    assert findings[-1].count * 2 > count
    assert len(findings[-1].evidence) <= 20


def test_a_signal_seen_before_changes_nothing() -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    signals = incident()
    state, _ = run(correlator, signals)
    again, findings = run(correlator, signals, state)
    assert again == state
    assert findings == []


def test_inputs_are_not_changed_and_a_replay_gives_the_same() -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    state, _ = run(correlator, incident()[:5])
    assert state is not None
    before = encode_state(state)
    first = run(correlator, incident()[5:], state)
    assert encode_state(state) == before
    assert run(Correlator(SETTINGS, DETECTORS), incident()[5:], decode_state(before)) == first


def test_quiet_closes_and_what_follows_is_another_incident() -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    state, opened = run(correlator, incident())
    assert state is not None
    due = correlator.next_due(state)
    assert due == state.latest + 24 * HOUR
    assert correlator.due(state, due - 1) == (state, [])
    closed, [closing] = correlator.due(state, due)
    assert closed is None
    assert closing.activity is FindingActivity.CLOSE
    assert closing.time == due
    assert closing.uid == opened[0].uid
    assert closing.sequence == opened[-1].sequence + 1
    # without a timer the next signal closes first
    _, [late_close, new] = correlator.add(state, signal("unguarded", 40 * HOUR, 9.0), BARS)
    assert late_close == closing
    assert new.activity is FindingActivity.CREATE
    assert new.uid != closing.uid


def test_an_incident_that_never_rests_ends_at_its_greatest_age() -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    daily = [signal("burst", 20 * HOUR * n, 24.0) for n in range(12)]
    _, findings = run(correlator, daily)
    closing = [f for f in findings if f.activity is FindingActivity.CLOSE]
    assert [f.time for f in closing] == [START + 7 * 24 * HOUR]
    assert "7 days" in closing[0].reason


def test_cold_start_lowers_the_confidence() -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    warm = [signal("login", 0, 12.0), signal("burst", 600, 12.0)]
    cold = [signal("login", 0, 12.0, cold=True), signal("burst", 600, 12.0, cold=True)]
    confidences = [run(correlator, s)[1][-1].confidence for s in (warm, cold)]
    assert confidences[1] < confidences[0]


_signals = st.lists(
    st.builds(
        signal,
        st.sampled_from(NAMES),
        st.integers(0, 12 * 3600).map(float),
        st.floats(7.0, 30.0),
    ),
    min_size=1,
    max_size=16,
    unique_by=lambda s: s.uid,
)


@given(signals=_signals, data=st.data())
@settings(max_examples=150, deadline=None)
def test_the_order_of_arrival_does_not_matter(signals: list[Signal], data: st.DataObject) -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    ordered: Sequence[Signal] = sorted(signals, key=lambda s: s.time)
    one, _ = run(correlator, ordered)
    other, _ = run(correlator, data.draw(st.permutations(ordered)))
    if one is None or other is None or not (one.is_open and other.is_open):
        assert (one is not None and one.is_open) == (other is not None and other.is_open)
        return
    assert one.peak == pytest.approx(other.peak)
    assert one.severity == other.severity
    assert one.count == other.count
    assert one.detectors == other.detectors
    assert one.evidence == other.evidence
    assert one.actions == other.actions


@given(signals=_signals)
@settings(max_examples=100, deadline=None)
def test_more_signals_never_make_less_of_an_incident(signals: list[Signal]) -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    _, findings = run(correlator, sorted(signals, key=lambda s: s.time))
    for before, after in pairwise(findings):
        assert after.severity >= before.severity
        assert after.risk_bits >= before.risk_bits
        assert len(after.title) <= 200


def test_hostile_text_keeps_the_state_small_and_the_alert_readable() -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    nasty = "\x1b[2J\u202e\n" + "\U0001f600" * 5000
    state, findings = run(
        correlator,
        [
            signal(NAMES[n % len(NAMES)], 60.0 * n, 20.0, event=f"{n}{nasty}", title=nasty)
            for n in range(64)
        ],
    )
    assert state is not None
    last = findings[-1]
    assert len(last.title) <= 200
    assert last.title.isprintable()
    assert all(line.isprintable() for line in last.description.split("\n"))
    assert len(ocsf.encode(last)) < 128 * 1024


def test_a_newer_state_is_refused_and_a_torn_one_too() -> None:
    data = encode_state(IncidentState(version=99, identity="mara"))
    with pytest.raises(StateVersionError):
        decode_state(data)
    with pytest.raises(ValueError, match="incident state"):
        decode_state(data[:-3])
    with pytest.raises(ValueError, match="incident state"):
        decode_state(b"nonsense")


def test_before_anything_is_learned_the_threshold_follows_from_the_bounds() -> None:
    def at(alerts: float, detectors: int = 8) -> float:
        return threshold_bits(crossing_rates([(4.0, 7.0)] * detectors, 6 * HOUR), alerts)

    assert at(1e-4) > at(1e-3) > at(1e-2)
    assert at(1e-3, detectors=28) > at(1e-3)
    # One detector, little else in memory: the rate of p <= 2^-b itself. 1024 events a day and
    # one alert in 1024 days allow p <= 2^-20; less the 10 bits for the chances is 10.
    alone = crossing_rates([(1024.0, 7.0)], 60.0)
    assert threshold_bits(alone, 1 / 1024) == pytest.approx(10.0, abs=0.5)


def test_doubt_about_somebody_who_reaches_far_is_worth_more_effort() -> None:
    pair = [signal("login", 0, 18.0), signal("session", 60, 14.0)]

    def severity_of(reach: Reach) -> Severity:
        signals = [replace(one, reach=int(reach)) for one in pair]
        return run(Correlator(SETTINGS, DETECTORS), signals)[1][-1].severity

    assert severity_of(Reach.RELEASES) is Severity.MEDIUM
    assert severity_of(Reach.PUBLISHES) is Severity.HIGH
    _, findings = run(Correlator(SETTINGS, DETECTORS), [replace(s, reach=5) for s in pair])
    words = ["publishes packages", "administers rights or protections"]
    assert ocsf.to_ocsf(findings[-1])["unmapped"]["devspm"]["reach"] == words
    assert f"What is known of it: {', '.join(words)}." in findings[-1].description


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match="half_life"):
        CorrelationSettings(half_life=0)
    with pytest.raises(ValueError, match="alerts_per_1000"):
        CorrelationSettings(alerts_per_1000_identities_per_day=0.0)


def test_every_report_has_its_own_uid() -> None:
    correlator = Correlator(SETTINGS, DETECTORS)
    _, findings = run(correlator, incident())
    reports = [orjson.loads(ocsf.encode(f)) for f in findings]
    assert len({r["metadata"]["uid"] for r in reports}) == len(reports)
    assert len({r["finding_info"]["uid"] for r in reports}) == 1
