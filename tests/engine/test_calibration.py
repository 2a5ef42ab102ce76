"""The rate that a signal carries: what this detector really does here, in identity-days."""

import random
from collections.abc import Callable
from dataclasses import replace
from math import log2

import pytest

from detectors.base import Context, Score
from pipeline.engine import Engine
from pipeline.stages.local import apply
from schemas.activity import Activity, Fact, Position, encode
from schemas.signal import Signal
from tests.engine.probe import START, Probe, ProbeShared, ProbeState, push

DAY = 86400.0
PEOPLE = 20


class Stated(Probe):
    """Judges what has the fact `p`, with that."""

    meta = replace(Probe.meta, id="stated", judged_per_day=1.0)

    def judge(
        self,
        activity: Activity,
        state: ProbeState,  # noqa: ARG002
        context: Context[ProbeShared],  # noqa: ARG002
    ) -> Score | None:
        p = activity.facts.get("p")
        return None if p is None else Score(float(str(p)))


class Organisation:
    """Twenty people who push once a day."""

    def __init__(self) -> None:
        self.stored: dict[bytes, bytes] = {}
        self.engine = Engine([Stated()], self.stored)
        self.number = -1
        self.today = 0
        self.dice = random.Random(5)  # noqa: S311 - seeded

    def push(self, person: int, p: float | None, seconds: float = 0.0) -> list[Signal]:
        self.number += 1
        facts: dict[str, Fact] = {} if p is None else {"p": p}
        activity = push(
            self.number,
            identity=f"p{person}",
            time=START + self.today * DAY + seconds,
            facts=facts,
            position=Position("audit.vcs", 0, self.number),
        )
        self.engine.process(f"identity:p{person}".encode(), encode(activity), self.number)
        return self.engine.take_signals()

    def live(self, days: int, p: Callable[[], float | None]) -> list[Signal]:
        found = []
        for _ in range(days):
            self.today += 1
            for person in range(PEOPLE):
                found += self.push(person, p(), float(person))
        return found

    def rate(self, p: float) -> float:
        """Of a signal with this p-value, were it to come tomorrow."""
        self.today += 1
        [signal] = self.push(1000, p)
        return signal.rate


def test_before_anything_is_known_the_model_is_believed_for_six_bits_and_then_half() -> None:
    assert Organisation().rate(2.0**-5) == pytest.approx(2.0**-5, rel=0.1)
    assert Organisation().rate(2.0**-12) == pytest.approx(2.0**-9, rel=0.1)
    assert Organisation().rate(2.0**-20) == pytest.approx(2.0**-13, rel=0.1)


def test_honest_p_values_keep_their_weight() -> None:
    organisation = Organisation()
    organisation.live(100, lambda: 1 - organisation.dice.random())
    for bits in (6, 8, 10):
        assert -log2(organisation.rate(2.0**-bits)) == pytest.approx(bits, abs=1.0)


def test_p_values_that_are_too_small_lose_their_weight() -> None:
    organisation = Organisation()
    organisation.live(100, lambda: (1 - organisation.dice.random()) ** 3)  # a third of the bits
    assert -log2(organisation.rate(2.0**-15)) == pytest.approx(5, abs=1.0)


def test_a_detector_that_is_hardly_ever_asked_weighs_more() -> None:
    organisation = Organisation()
    organisation.live(100, lambda: None)
    seldom = organisation.rate(2.0**-5)
    assert 2.0**-5 / seldom > 100  # nobody was judged in 1,400 remembered identity-days


def test_signals_of_one_occasion_count_once() -> None:
    def after(signals: int) -> float:
        organisation = Organisation()
        organisation.live(50, lambda: 0.5)
        for n in range(signals):
            organisation.push(1, 2.0**-10, 100.0 + n)
        return organisation.rate(2.0**-10)

    assert after(1) > 1.9 * after(0)
    assert after(500) == pytest.approx(after(1), rel=1e-2 * 50)
    assert after(500) < 1.5 * after(1)


def test_what_is_reported_follows_how_often_is_judged() -> None:
    organisation = Organisation()
    organisation.live(60, lambda: 0.9)
    assert organisation.push(0, 0.05, 500.0) == []  # once a day: 1 in 32 at most
    seldom = Organisation()
    seldom.live(60, lambda: None)
    assert len(seldom.push(0, 0.05, 500.0)) == 1


def test_rates_survive_a_restart() -> None:
    organisation = Organisation()
    organisation.live(20, lambda: 1 - organisation.dice.random())
    apply(organisation.engine.flush(), organisation.stored)
    copy = Organisation()
    copy.engine = Engine([Stated()], organisation.stored)
    copy.number, copy.today = organisation.number, organisation.today
    assert copy.rate(2.0**-7) == organisation.rate(2.0**-7)


def test_days_are_counted_once_per_identity() -> None:
    organisation = Organisation()
    organisation.today = 1
    for n in range(50):
        organisation.push(0, None, float(n))
    [signal] = organisation.push(1, 2.0**-9, 60.0)
    assert signal.identity_days == 2.0
