"""The alert budget: how many incidents chance opens, over a simulated year of an organisation."""

import random
from collections.abc import Iterable
from math import log, log2, sqrt

import pytest
from msgspec.structs import replace

from pipeline.correlate import CorrelationSettings, Correlator
from pipeline.stages.correlate import CorrelateStage
from pipeline.stages.local import apply
from schemas.finding import FindingActivity
from schemas.signal import Signal
from tests.test_correlate import DETECTORS, signal

DAY = 86400.0
QUIET = [name for name in DETECTORS if name != "unguarded"]  # that one opens by itself


class Simulated:
    """Chance signals of independent detectors, as rates per identity and day."""

    def __init__(self, per_thousand: float, seed: int = 1, identities: int = 100) -> None:
        settings = CorrelationSettings(alerts_per_1000_identities_per_day=per_thousand)
        self.correlator = Correlator(settings, DETECTORS)
        self.stored: dict[bytes, bytes] = {}
        self.stage = CorrelateStage(self.correlator, self.stored)
        self.dice = random.Random(seed)  # noqa: S311 - a seeded simulation
        self.identities = identities
        self.seen = 0.0
        self.offset = -1

    def day(self, number: int, rate: float, *, weigh: float = 1.0) -> int:
        """One day; how many incidents opened.

        Args:
            number: of the day.
            rate: signals of a detector per identity, all at least as strong as that says.
            weigh: above 1 the detectors claim more than is true.
        """
        self.seen = self.seen * 2 ** (-1 / 90) + self.identities
        signals = [
            self._signal(name, person, number, rate, weigh)
            for person in range(self.identities)
            for name in QUIET
            if self.dice.random() < rate
        ]
        return self.feed(sorted(signals, key=lambda one: one.time))

    def _signal(self, name: str, person: int, day: int, rate: float, weigh: float) -> Signal:
        at = (day + self.dice.random()) * DAY
        bits = -log2(rate) + self.dice.expovariate(log(2))
        chosen = signal(name, at, bits, event=f"{name}{person}{at}")
        told = 2 ** (-bits * weigh)
        counted = 1 / (self.seen + 64)  # beyond what was counted a bit weighs half
        return replace(
            chosen,
            uid=self.dice.getrandbits(63),
            identity=f"identity-{person}",
            rate=sqrt(told * counted) if told < counted else told,
            identity_days=self.seen,
        )

    def feed(self, signals: Iterable[Signal]) -> int:
        opened = 0
        for one in signals:
            self.offset += 1
            self.stage.accept(replace(one, origin=(0, self.offset, 0)), self.offset)
        for finding, _ in self.stage.take_reports():
            opened += finding.activity is FindingActivity.CREATE
        apply(self.stage.flush(), self.stored)
        return opened

    def restart(self) -> None:
        self.stage = CorrelateStage(self.correlator, self.stored)

    @property
    def threshold(self) -> float:
        """As the next incident would be told."""
        probe = CorrelateStage(self.correlator, dict(self.stored))
        loud = signal("burst", 5000 * DAY, 0.0)
        heavy = replace(loud, rate=2.0**-24, identity_days=self.seen, origin=(0, 10**9, 0))
        probe.accept(heavy, 10**9)
        return probe.take_reports()[-1][0].threshold_bits


@pytest.mark.parametrize("per_thousand", [5.0, 20.0])
@pytest.mark.parametrize("weigh", [0.8, 1.0, 1.25], ids=["shy", "true", "loud"])
def test_a_year_of_chance_costs_what_was_asked(per_thousand: float, weigh: float) -> None:
    """After the first month, in which there is little to learn from."""
    organisation = Simulated(per_thousand)
    for day in range(30):
        organisation.day(day, 1 / 64, weigh=weigh)
    opened = sum(organisation.day(day, 1 / 64, weigh=weigh) for day in range(30, 395))
    asked = per_thousand / 1000 * organisation.identities * 365
    assert opened == pytest.approx(asked, rel=0.2)


def test_the_budget_holds_while_habits_drift() -> None:
    """Twice the signals after a quarter, a tenth of them in two weeks of holidays, new people."""
    organisation = Simulated(10.0, seed=2)
    opened = asked = 0.0
    for day in range(365):
        organisation.identities = 100 + day // 6
        rate = 1 / 128 if day < 90 else 1 / 64
        if 200 <= day < 214:
            rate /= 10
        opened += organisation.day(day, rate)
        asked += 10 / 1000 * organisation.identities
    assert opened == pytest.approx(asked, rel=0.2)


def test_nothing_learned_yet_is_dear_and_quiet_has_a_floor() -> None:
    organisation = Simulated(1.0)
    before = organisation.threshold
    for day in range(60):
        organisation.day(day, 1 / 256)
    half = 0.5 / 1000
    assert organisation.threshold == pytest.approx(-log2(half))
    assert organisation.threshold < before


def test_an_attack_teaches_hardly_anything() -> None:
    organisation = Simulated(5.0)
    for day in range(90):
        organisation.day(day, 1 / 64)
    before = organisation.threshold
    storm = [
        replace(
            signal("burst", 91 * DAY + n, 30.0, event=f"storm{n}"),
            rate=2.0**-24,
            identity_days=organisation.seen,
        )
        for n in range(500)
    ]
    organisation.feed(storm)
    assert organisation.threshold == pytest.approx(before, abs=0.5)


def test_what_was_learned_survives_a_restart() -> None:
    organisation = Simulated(5.0)
    for day in range(30):
        organisation.day(day, 1 / 64)
    before = organisation.threshold
    organisation.restart()
    assert organisation.day(31, 0.0) == 0
    assert organisation.threshold == before
    assert before != Simulated(5.0).threshold


def test_a_fixed_threshold_stays() -> None:
    fixed = Correlator(CorrelationSettings(threshold_bits=12.5), DETECTORS)
    stage = CorrelateStage(fixed, {})
    for n in range(50):
        one = signal("login", n * 2 * DAY, 20.0, event=str(n))
        stage.accept(replace(one, origin=(0, n, 0), rate=2.0**-20, identity_days=100.0), n)
    assert {finding.threshold_bits for finding, _ in stage.take_reports()} == {12.5}
