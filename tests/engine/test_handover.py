"""A key is renamed: its entry goes along, once, whatever is sent again."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engine import Engine
from pipeline.engine.handover import (
    ADOPT_KEY,
    HAND_OVER_KEY,
    Adoption,
    adoption_value,
    hand_over_value,
)
from pipeline.stages.local import apply
from schemas.activity import Activity, encode
from schemas.signal import Signal
from tests.engine.probe import START, Confirmer, Probe, push, pushes

OLD, NEW = b"identity:github:mara-k", b"identity:mara"
NAMES = {OLD: "github:mara-k", NEW: "mara"}
DAY = 86400.0


class Partition:
    """An engine with its store and log."""

    def __init__(self, number: int, *detectors: Probe) -> None:
        self.number = number
        self.detectors = detectors or (Probe(),)
        self.stored: dict[bytes, bytes] = {}
        self.log: list[tuple[bytes, bytes]] = []
        self.adoptions: list[Adoption] = []
        self.signals: list[Signal] = []
        self.restart()

    def restart(self) -> None:
        """As after a crash: what was not flushed is lost, the log is read again."""
        self.engine = Engine(self.detectors, self.stored, partition=self.number)
        for offset, (key, value) in enumerate(self.log):
            self.engine.process(key, value, offset)
        self._collect()

    def append(self, key: bytes, value: bytes) -> None:
        self.log.append((key, value))
        self.engine.process(key, value, len(self.log) - 1)
        self._collect()

    def feed(self, key: bytes, activities: Iterable[Activity]) -> None:
        for activity in activities:
            self.append(key, encode(activity))

    def hand_over(self) -> None:
        self.append(HAND_OVER_KEY, hand_over_value(OLD, NEW))

    def _collect(self) -> None:
        self.adoptions += self.engine.take_adoptions()
        self.signals += self.engine.take_signals()

    def flush(self) -> None:
        apply(self.engine.flush(), self.stored)

    def learned(self, key: bytes) -> int:
        """What the probe had learned under the key before one more alarm."""
        number = 10_000_000 + len(self.log)
        alarm = push(number, identity=NAMES[key], time=START + 9e6, alarm=True)
        self.feed(key, [alarm])
        return int(self.signals[-1].features[0].observed)


def move(source: Partition, target: Partition) -> None:
    source.hand_over()
    for adoption in source.adoptions:
        target.append(ADOPT_KEY, adoption_value(adoption))


def test_an_absent_entry_is_taken_as_it_is() -> None:
    source, target = Partition(0), Partition(1)
    source.feed(OLD, pushes(range(5), NAMES[OLD]))
    move(source, target)
    assert target.learned(NEW) == 5
    assert source.learned(OLD) == 0


def test_both_keys_may_be_of_one_partition() -> None:
    partition = Partition(0)
    partition.feed(OLD, pushes(range(5), NAMES[OLD]))
    move(partition, partition)
    assert (partition.learned(NEW), partition.learned(OLD)) == (5, 0)


@pytest.mark.parametrize(("old", "new"), [(9, 2), (2, 9)])
def test_of_two_histories_the_longer_stays(old: int, new: int) -> None:
    source, target = Partition(0), Partition(1)
    source.feed(OLD, pushes(range(old), NAMES[OLD]))
    target.feed(NEW, pushes(range(100, 100 + new), NAMES[NEW]))
    move(source, target)
    assert target.learned(NEW) == 9


def test_what_only_one_knew_is_kept_of_both() -> None:
    source, target = Partition(0, Probe(), Confirmer()), Partition(1, Confirmer())
    source.feed(OLD, pushes(range(3), NAMES[OLD]))
    target.feed(NEW, pushes(range(100, 109), NAMES[NEW]))
    move(source, target)
    target.flush()
    target.detectors = (Probe(), Confirmer())
    target.restart()
    target.learned(NEW)
    observed = {signal.detector: signal.features[0].observed for signal in target.signals}
    assert observed == {"probe": "3", "confirmer": "9"}


def test_a_long_history_of_one_detector_does_not_outweigh_that_of_another() -> None:
    """Each account has its own: logins here, agent's work there, and both in what arrives last."""
    first, second, target = Partition(0, Probe()), Partition(2, Confirmer()), Partition(1)
    first.feed(OLD, pushes(range(3), NAMES[OLD]))
    second.feed(OLD, pushes(range(9), NAMES[OLD]))
    target.detectors = (Probe(), Confirmer())
    target.restart()
    target.feed(NEW, pushes([100], NAMES[NEW]))
    move(second, target)
    move(first, target)
    target.learned(NEW)
    observed = {signal.detector: signal.features[0].observed for signal in target.signals}
    assert observed == {"probe": "3", "confirmer": "9"}


def test_what_waits_for_its_time_goes_along_under_the_new_name() -> None:
    source, target = Partition(0), Partition(1)
    source.feed(OLD, [push(0, identity=NAMES[OLD], wake=3600.0)])
    move(source, target)
    target.feed(NEW, [push(1, identity=NAMES[NEW], time=START + DAY)])
    source.feed(OLD, [push(2, identity=NAMES[OLD], time=START + DAY)])
    [absent] = target.signals
    assert (absent.identity, absent.key) == ("mara", "identity:mara")
    assert source.signals == []


def test_an_adoption_that_comes_again_is_recognised() -> None:
    source, target = Partition(0), Partition(1)
    source.feed(OLD, pushes(range(5), NAMES[OLD]))
    move(source, target)
    target.flush()
    entry = target.stored[NEW]
    target.append(ADOPT_KEY, adoption_value(source.adoptions[0]))
    target.flush()
    assert target.stored[NEW] == entry
    assert target.engine.stats.duplicates == 1


def test_a_handover_of_what_is_not_there_is_nothing() -> None:
    partition = Partition(0)
    partition.hand_over()
    partition.feed(OLD, pushes(range(2), NAMES[OLD]))
    partition.append(HAND_OVER_KEY, hand_over_value(OLD, OLD))
    partition.append(HAND_OVER_KEY, b"nonsense")
    partition.append(ADOPT_KEY, b"nonsense")
    assert partition.adoptions == []
    assert partition.engine.stats.undecodable == 2
    assert partition.learned(OLD) == 2


def test_what_comes_late_under_the_old_name_follows_with_the_next_handover() -> None:
    """Another worker learns of the link a little later, and asks for the move then."""
    source, target = Partition(0), Partition(1)
    source.feed(OLD, pushes(range(5), NAMES[OLD]))
    move(source, target)
    source.feed(OLD, pushes(range(5, 7), NAMES[OLD]))
    move(source, target)
    assert source.learned(OLD) == 0
    assert target.learned(NEW) == 5  # the longer history


@settings(deadline=None)
@given(st.lists(st.sampled_from(["old", "new", "move", "flush", "crash"]), max_size=30))
def test_crashes_change_nothing(steps: list[str]) -> None:
    def run(*, crashing: bool) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
        source, target = Partition(0), Partition(1)
        sent = 0
        for number, step in enumerate(steps):
            match step:
                case "old":
                    source.feed(OLD, pushes([number], NAMES[OLD]))
                case "new":
                    target.feed(NEW, pushes([number], NAMES[NEW]))
                case "move":
                    source.hand_over()
                case "flush" if crashing:
                    source.flush()
                    target.flush()
                case "crash" if crashing:
                    source.restart()
                    target.restart()
            for adoption in source.adoptions[sent:]:
                target.append(ADOPT_KEY, adoption_value(adoption))
            sent = len(source.adoptions)
        source.flush()
        target.flush()
        return entries(source), entries(target)

    assert run(crashing=True) == run(crashing=False)


def entries(partition: Partition) -> dict[bytes, bytes]:
    return {key: value for key, value in partition.stored.items() if key[:1] != b"\x00"}
