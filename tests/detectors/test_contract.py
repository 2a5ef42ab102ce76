"""What every detector owes the engine, the analyst and the operator."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.base import Context, Detector, Example
from detectors.keys import keys_of
from detectors.registry import DETECTORS
from pipeline.engine import Engine
from pipeline.engine.guard import check
from schemas import facts
from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Fact,
    Origin,
    Outcome,
    Target,
    TargetKind,
    digest,
)
from schemas.attack import technique
from schemas.signal import Signal

HARD_LIMIT_BYTES = 2048  # of one detector's state under one key, whatever comes
SHARED_LIMIT_BYTES = 64 * 1024
QUIET_P = 2**-7  # weaker signals weigh little and page nobody
START = 1_700_000_000.0

EXAMPLES = [
    pytest.param(detector, example, id=f"{detector.meta.id}: {example.name}")
    for detector in DETECTORS
    for example in detector.examples()
]
each = pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.meta.id)

FACT_KEYS = sorted(
    value for name, value in vars(facts).items() if name.isupper() and isinstance(value, str)
)
WORDS = st.sampled_from(["", "a", "b", "npm/left", "AS64496", "refs/tags/v1", "1.2.3", "x" * 300])
FACTS: st.SearchStrategy[dict[str, Fact]] = st.dictionaries(
    st.sampled_from(FACT_KEYS),
    st.one_of(
        st.booleans(),
        WORDS,
        st.integers(-(2**40), 2**40),
        st.floats(allow_nan=True),
        st.lists(WORDS, max_size=4),
    ),
    max_size=6,
)


def run(detector: Detector[Any, Any], events: Iterable[Activity], advance: float) -> list[Signal]:
    """Signals whose trigger is the last event."""
    engine = Engine([detector], {})
    offset = 0
    last: Activity | None = None
    signals: list[Signal] = []
    for last in events:
        for key in keys_of(detector.meta.scope, last):
            engine.judge(key.encode(), last, offset)
            offset += 1
        signals += engine.take_signals()
    assert last is not None
    engine.advance(last.time + advance)
    signals += engine.take_signals()
    assert not engine.stats.errors
    return [signal for signal in signals if signal.activity.uid == last.uid]


def context_of(detector: Detector[Any, Any]) -> Context[Any]:
    return Context("key:test", detector.Shared(), detector.Shared(), detector.meta.signal_below)


@st.composite
def activities(draw: st.DrawFn, detector: Detector[Any, Any]) -> list[Activity]:
    time = START
    found = []
    for number in range(draw(st.integers(1, 25))):
        time += draw(st.sampled_from([-90000.0, 0.0, 1.0, 60.0, 3600.0, 86400.0, 3e7]))
        origin = draw(st.builds(Origin, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS, st.booleans()))
        target = draw(
            st.one_of(
                st.none(),
                st.builds(Target, st.sampled_from(TargetKind), WORDS, WORDS, WORDS, WORDS, WORDS),
            )
        )
        found.append(
            Activity(
                uid=digest(str(number)),
                time=time,
                received=0.0,
                source="github.audit",
                action=draw(st.sampled_from(sorted(detector.meta.actions))),
                native="x",
                actor=Actor("github:mara", "mara", draw(st.sampled_from(ActorKind))),
                target=target,
                origin=origin,
                session=draw(WORDS),
                outcome=draw(st.sampled_from(Outcome)),
                facts=draw(FACTS),
            )
        )
    return found


@each
def test_metadata_says_what_an_analyst_needs(detector: Detector[Any, Any]) -> None:
    meta = detector.meta
    assert re.fullmatch(r"[a-z][a-z0-9_]*", meta.id)
    assert meta.title
    assert len(meta.description) > 60
    assert len(meta.runbook) >= 2
    assert meta.blind_spots
    assert meta.actions
    assert 1 <= meta.severity_floor <= 5
    assert meta.judged_per_day > 0
    assert meta.attack
    for uid in meta.attack:
        for named in technique(uid).values():
            assert isinstance(named, dict)
            assert named.get("name"), f"{uid} is no technique we know"


def test_ids_are_unique() -> None:
    ids = [detector.meta.id for detector in DETECTORS]
    assert len(ids) == len(set(ids))


@each
def test_there_are_examples_that_fire_and_examples_that_stay_quiet(
    detector: Detector[Any, Any],
) -> None:
    assert {example.fires for example in detector.examples()} == {True, False}


@pytest.mark.parametrize(("detector", "example"), EXAMPLES)
def test_example(detector: Detector[Any, Any], example: Example) -> None:
    signals = run(detector, example.events(), example.advance)
    if example.fires:
        assert signals
    else:
        assert all(signal.p > QUIET_P for signal in signals)
    for signal in signals:
        assert signal.title
        assert signal.features


@pytest.mark.parametrize(("detector", "example"), EXAMPLES)
def test_judging_changes_no_state(detector: Detector[Any, Any], example: Example) -> None:
    state, context = detector.State(), context_of(detector)
    encode = msgspec.msgpack.encode
    for activity in example.events():
        before = encode((state, context.peers, context.organization))
        first = detector.judge(activity, state, context)
        assert encode((state, context.peers, context.organization)) == before
        assert detector.judge(activity, state, context) == first
        detector.observe(activity, state, context)
        detector.learn(activity, state, context)


@pytest.mark.parametrize(("detector", "example"), EXAMPLES)
def test_a_state_read_back_judges_the_same(detector: Detector[Any, Any], example: Example) -> None:
    state, context = detector.State(), context_of(detector)
    encode, decode = msgspec.msgpack.encode, msgspec.msgpack.decode
    for activity in example.events():
        copy = decode(encode(state), type=detector.State)
        other = context_of(detector)
        other.peers = decode(encode(context.peers), type=detector.Shared)
        other.organization = decode(encode(context.organization), type=detector.Shared)
        assert detector.judge(activity, copy, other) == detector.judge(activity, state, context)
        detector.observe(activity, state, context)
        detector.learn(activity, state, context)


@each
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_comes_p_is_a_probability_and_state_is_bounded(
    detector: Detector[Any, Any], data: st.DataObject
) -> None:
    state, context = detector.State(), context_of(detector)
    for activity in data.draw(activities(detector)):
        score = detector.judge(activity, state, context)
        if score is not None:
            check(score)
            if score.p <= detector.meta.signal_below:
                assert score.title
        detector.observe(activity, state, context)
        detector.learn(activity, state, context)
        for _, waiting in context.timers:
            due = detector.due(waiting, state, context)
            if due is not None:
                check(due)
        context.timers.clear()
    assert len(msgspec.msgpack.encode(state)) <= HARD_LIMIT_BYTES
    assert len(msgspec.msgpack.encode(context.organization)) <= SHARED_LIMIT_BYTES


@each
def test_state_stays_bounded_for_one_who_does_something_new_every_time(
    detector: Detector[Any, Any],
) -> None:
    state, context = detector.State(), context_of(detector)
    actions = sorted(detector.meta.actions)
    for n in range(1000):
        activity = Activity(
            uid=n,
            time=START + n * 600.0,
            received=0.0,
            source="github.audit",
            action=actions[n % len(actions)],
            native="x",
            actor=Actor("github:mara", "mara", ActorKind.PERSON),
            target=Target(
                TargetKind.PACKAGE, f"t{n}", f"github.com/e/r{n}", f"npm/p{n}", f"1.0.{n}", "e"
            ),
            origin=Origin(f"192.0.2.{n % 256}", f"AS{n}", f"C{n}", f"Client/{n}", f"S{n}", f"d{n}"),
            session=f"s{n}",
            facts={key: f"value {n}" for key in FACT_KEYS if key != facts.DEPENDENCIES},
        )
        detector.judge(activity, state, context)
        detector.observe(activity, state, context)
        detector.learn(activity, state, context)
    assert len(msgspec.msgpack.encode(state)) <= HARD_LIMIT_BYTES
    assert len(msgspec.msgpack.encode(context.organization)) <= SHARED_LIMIT_BYTES
