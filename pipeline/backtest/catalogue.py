"""The scenarios that ship with the project."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from types import MappingProxyType

from pipeline.backtest.scenario import Label, Scenario, from_events
from pipeline.generator import HABITS, Drift, Organisation, attacks, demo_scenario
from pipeline.generator.incidents import INCIDENTS, Staged

BENIGN_SEEDS = (11, 12, 13)


def _npm_qix() -> Scenario:
    made = demo_scenario()
    incident = made.incident
    return from_events(
        Label(
            name=incident.name,
            description=(
                "A phished npm maintainer's account publishes 18 packages with malware. Documented:"
                " packages, versions, first publish, notice. Generated: the organisation around,"
                " sign-in, factor and token, the times between publishes."
            ),
            identity=incident.identity,
            began=made.attack_began,
            damage=incident.first_publish,
            noticed=incident.public_notice,
        ),
        made.events,
        list(made.identities()),
    )


def _incident(stage: Callable[[], Staged]) -> Callable[[], Scenario]:
    def make() -> Scenario:
        staged = stage()
        return from_events(
            Label(
                name=staged.name,
                description=staged.description,
                identity=staged.identity,
                began=staged.began,
                damage=staged.damage,
                noticed=staged.noticed,
                out_of_reach=staged.out_of_reach,
            ),
            staged.events,
            list(staged.identities()),
        )

    return make


def _ordinary(name: str, what: str, organisation: Organisation) -> Scenario:
    label = Label(name=name, description=f"{what}; nothing is to be found.")
    return from_events(label, organisation.events, list(organisation.identities()))


def _benign(seed: int) -> Callable[[], Scenario]:
    def make() -> Scenario:
        organisation = Organisation(seed=seed, habits=HABITS)
        what = "30 ordinary days of 120 generated identities"
        return _ordinary(f"benign-{seed}", what, organisation)

    return make


def _year() -> Scenario:
    drift = Drift(
        reorganisations=(150,),
        laptops=range(100, 128),
        assistants=range(60, 80),
        builder=215,
        interns=range(147, 240),
        intern_count=3,
        leavers=True,
        holidays=True,
    )
    organisation = Organisation(
        seed=21, identities=40, start=date(2025, 1, 6), days=365, habits=HABITS, drift=drift
    )
    return _ordinary(
        "benign-year",
        (
            "A year of 40 generated identities: hires and leavers, a reorganisation, holidays,"
            " daylight saving, new laptops, an AI tool for everybody, another CI system,"
            " interns"
        ),
        organisation,
    )


def _drift() -> Scenario:
    drift = Drift(
        reorganisations=(35,),
        laptops=range(21, 32),
        assistants=range(25, 35),
        builder=42,
        interns=range(28, 60),
        intern_count=8,
        leavers=True,
        holidays=True,
    )
    organisation = Organisation(
        seed=22, identities=120, start=date(2025, 3, 3), days=60, habits=HABITS, drift=drift
    )
    return _ordinary(
        "benign-drift",
        (
            "60 days of 120 generated identities in which much changes after the third week:"
            " new laptops, an AI tool for everybody, interns, daylight saving, a"
            " reorganisation, another CI system"
        ),
        organisation,
    )


GENERATED: Mapping[str, Callable[[], Scenario]] = MappingProxyType(
    {
        f"detector:{detector}:{kind}": _incident(
            partial(attacks.staged, detector, subtle=kind == "subtle")
        )
        for detector in attacks.ATTACKS
        for kind in ("subtle", "blatant")
    }
)
"""Attacks made for one detector each; many, so they run by name or as a group."""

SCENARIOS: Mapping[str, Callable[[], Scenario]] = MappingProxyType(
    {
        "npm-qix-2025-09": _npm_qix,
        **{name: _incident(stage) for name, stage in INCIDENTS.items()},
        **{f"benign-{seed}": _benign(seed) for seed in BENIGN_SEEDS},
        "benign-drift": _drift,
        "benign-year": _year,
        **GENERATED,
    }
)

SLOW = frozenset({"benign-year"})
"""Take minutes: run by name only."""
