"""The engine through its public face: activities in, signals and state entries out."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Detector
from pipeline.engine import Engine, EngineSettings
from pipeline.stages.local import apply
from schemas.activity import Activity, Position, encode
from schemas.reach import Reach
from schemas.signal import Signal
from tests.engine.probe import START, Confirmer, Probe, push, pushes

KEY = b"identity:mara"
DAY = 86400.0


class Partition:
    """An engine with its store and log, that can crash and start again."""

    def __init__(self, *detectors: Detector, settings: EngineSettings | None = None) -> None:  # type: ignore[type-arg]
        self.detectors = detectors or (Probe(),)
        self.settings = settings
        self.stored: dict[bytes, bytes] = {}
        self.offset = -1
        self.restart()

    def restart(self) -> None:
        self.engine = Engine(self.detectors, self.stored, settings=self.settings)

    def feed(self, activities: Iterable[Activity], key: bytes = KEY) -> list[Signal]:
        for activity in activities:
            self.offset += 1
            self.engine.process(key, encode(activity), self.offset)
        return self.engine.take_signals()

    def flush(self) -> None:
        apply(self.engine.flush(), self.stored)

    def learned(self) -> int:
        """What the probe had learned before one more alarm."""
        [signal] = self.feed([push(10_000_000 + self.offset, time=START + 9e6, alarm=True)])
        return int(signal.features[0].observed)


def test_a_detector_judges_before_it_learns() -> None:
    [signal] = Partition().feed([push(0), push(1), push(2, alarm=True)])
    assert signal.title == "after 2"
    assert signal.identity == "mara"
    assert signal.p == 1e-6


def test_the_organisation_is_learned_across_keys() -> None:
    partition = Partition()
    partition.feed(pushes(range(3), "mara"), b"identity:mara")
    [signal] = partition.feed([push(9, identity="noor", alarm=True)], b"identity:noor")
    assert signal.features[0].observed == "0"
    assert signal.features[0].expected == "(3, 3)"


def test_a_signalled_activity_is_learned_a_day_later() -> None:
    partition = Partition()
    partition.feed([push(0, alarm=True), push(1)])
    assert partition.learned() == 2  # the alarm's day has passed by then


def test_a_signalled_activity_is_not_learned_within_the_day() -> None:
    partition = Partition()
    [_, second] = partition.feed([push(0, alarm=True), push(1), push(2, alarm=True)])
    assert second.title == "after 1"


def test_an_attack_confirmed_by_another_detector_is_never_learned() -> None:
    partition = Partition(Probe(), Confirmer())
    partition.feed([push(0, alarm=True)])
    signals = partition.feed([push(1, time=START + 3 * DAY), push(2, time=START + 3 * DAY + 60)])
    assert not signals
    alone, _ = partition.feed([push(3, time=START + 3 * DAY + 120, alarm=True)])
    assert alone.title == "after 2"


def test_absence_is_judged_when_event_time_has_passed() -> None:
    partition = Partition()
    assert partition.feed([push(0, wake=600)]) == []
    assert partition.feed([push(1)]) == []
    [signal] = partition.feed([push(30)])
    assert signal.title == "absent after 2"
    assert signal.time == START + 600
    assert signal.activity.uid == push(0).uid


def test_a_tick_lets_time_pass_without_an_event() -> None:
    partition = Partition()
    partition.feed([push(0, wake=600)])
    partition.engine.tick(START + 700, 1)
    assert [signal.title for signal in partition.engine.take_signals()] == ["absent after 1"]


def test_timers_survive_a_restart() -> None:
    partition = Partition()
    partition.feed([push(0, wake=600)])
    partition.flush()
    partition.restart()
    assert len(partition.feed([push(30)])) == 1


def test_the_same_event_delivered_twice_counts_once() -> None:
    partition = Partition()
    again = push(0, position=Position("audit.vcs", 0, 77))
    partition.feed([push(0), again])
    assert partition.engine.stats.duplicates == 1
    assert partition.learned() == 1


def test_what_a_normaliser_sends_again_after_a_crash_counts_once() -> None:
    partition = Partition()
    first = pushes(range(100))
    partition.feed(first)
    partition.feed(first[40:] + pushes(range(100, 110)))
    assert partition.learned() == 110


def test_records_below_the_position_are_skipped() -> None:
    partition = Partition()
    partition.feed(pushes(range(5)))
    partition.flush()
    partition.restart()
    partition.offset = -1  # the broker gives everything again
    partition.feed(pushes(range(5)))
    partition.feed(pushes(range(5, 7)))
    assert partition.learned() == 7


def test_late_events_are_counted_not_judged() -> None:
    partition = Partition()
    partition.feed([push(0, time=START + 30 * DAY), push(1, time=START, alarm=True)])
    assert partition.engine.stats.late == 1
    assert partition.engine.stats.signals["probe"] == 0


def test_the_clock_of_one_sender_cannot_run_ahead_of_the_receipt() -> None:
    partition = Partition()
    partition.feed([push(0, time=START + 3600, received=START, wake=60), push(1, time=START + 5)])
    assert partition.engine.state.meta.clock <= START


def test_garbage_on_the_activity_topic_is_passed_over() -> None:
    partition = Partition()
    partition.engine.process(KEY, b"\xff\x00garbage", 0)
    partition.engine.process(b"", b"", 1)
    partition.offset = 1
    assert partition.engine.stats.undecodable == 2
    assert len(partition.feed([push(0, alarm=True)])) == 1


@pytest.mark.parametrize("trouble", ["raise", "nonsense"])
def test_a_detector_in_trouble_does_not_change_what_others_say(trouble: str) -> None:
    class Healthy(Confirmer):
        def judge(self, activity, state, context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            calm = {k: v for k, v in activity.facts.items() if k != trouble}
            return super().judge(push(0, facts=calm), state, context)

    events = [push(n, facts={"alarm": n % 7 == 0, trouble: n % 3 == 0}) for n in range(40)]
    sick, well = Partition(Probe(), Healthy()), Partition(Healthy())
    theirs = [s.uid for s in sick.feed(events) if s.detector == "confirmer"]
    assert theirs == [s.uid for s in well.feed(events)]
    assert sick.engine.stats.errors["probe"] == 14


def test_a_detector_that_keeps_raising_rests_and_is_tried_again() -> None:
    partition = Partition()
    broken: list[Activity] = [push(n, facts={"raise": True}) for n in range(25)]
    partition.feed(broken)
    assert partition.engine.stats.errors["probe"] == 20
    assert partition.engine.stats.disabled == {"probe"}
    partition.feed([push(200)])
    [signal] = partition.feed([push(201, alarm=True)])
    assert signal.title == "after 1"
    assert not partition.engine.stats.disabled


def test_a_detector_with_another_layout_starts_anew_and_leaves_the_others() -> None:
    class Newer(Probe):
        meta = replace(Probe.meta, version=2)

    partition = Partition(Probe(), Confirmer())
    partition.feed(pushes(range(3)))
    partition.flush()
    partition.detectors = (Newer(), Confirmer())
    partition.restart()
    signals = partition.feed([push(9, alarm=True)])
    assert [(s.detector, s.title) for s in signals] == [
        ("probe", "after 0"),
        ("confirmer", "after 3"),
    ]


@given(
    cuts=st.lists(st.integers(1, 30), min_size=1, max_size=8),
    crashes=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_wherever_it_crashes_signals_and_state_are_those_of_an_undisturbed_run(
    cuts: list[int], crashes: list[bool]
) -> None:
    events = [push(n, alarm=n % 11 == 0, wake=300.0 if n % 13 == 0 else 0.0) for n in range(120)]
    calm = Partition()
    expected = calm.feed(events)
    calm.flush()

    partition = Partition()
    got: dict[int, Signal] = {}
    bounds = sorted({0, 120, *(sum(cuts[: i + 1]) % 120 for i in range(len(cuts)))})
    for (start, end), crash in zip(pairwise(bounds), [*crashes, *crashes], strict=False):
        partition.offset = start - 1
        before = partition.feed(events[start:end])
        if crash:  # after the signals were sent, before the state was written
            got.update({s.uid: s for s in before})
            partition.restart()
            partition.offset = start - 1
            again = partition.feed(events[start:end])
            assert again == before
        got.update({s.uid: s for s in partition.engine.take_signals() or before})
        partition.flush()
    assert list(got.values()) == expected
    assert partition.stored == calm.stored or _same_but_for_sweep(partition, calm)


def _same_but_for_sweep(left: Partition, right: Partition) -> bool:
    return {k: v for k, v in left.stored.items() if k[:5] != b"\x00seen"} == {
        k: v for k, v in right.stored.items() if k[:5] != b"\x00seen"
    }


def test_a_signal_tells_what_the_identity_can_do() -> None:
    partition = Partition()
    partition.feed([push(0, facts={"default_branch": True})])
    partition.flush()
    partition.restart()
    [signal] = partition.feed([push(1, alarm=True)])
    assert Reach(signal.reach) is Reach.MERGES


def test_timers_that_are_due_together_fire_a_few_at_a_time() -> None:
    partition = Partition()
    people = 300
    for n in range(people):
        sleeper = push(n, identity=f"p{n}", time=START + n, wake=6000)
        partition.feed([sleeper], f"identity:p{n}".encode())
    absent = []
    for n in range(people):
        later = push(1000 + n, time=START + 10 * DAY + n)
        signals = partition.feed([later])
        assert len(signals) <= 128
        absent += signals
    assert len(absent) == people
