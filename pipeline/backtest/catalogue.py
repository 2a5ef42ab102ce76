"""The scenarios that ship with the project."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pipeline.backtest.scenario import Label, Scenario, from_events
from pipeline.generator import Organisation, demo_scenario
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


def _benign(seed: int) -> Callable[[], Scenario]:
    def make() -> Scenario:
        organisation = Organisation(seed=seed)
        return from_events(
            Label(
                name=f"benign-{seed}",
                description="30 ordinary days of 120 generated identities; nothing is to be found.",
            ),
            organisation.events,
            list(organisation.identities()),
        )

    return make


SCENARIOS: Mapping[str, Callable[[], Scenario]] = MappingProxyType(
    {
        "npm-qix-2025-09": _npm_qix,
        **{name: _incident(stage) for name, stage in INCIDENTS.items()},
        **{f"benign-{seed}": _benign(seed) for seed in BENIGN_SEEDS},
    }
)
