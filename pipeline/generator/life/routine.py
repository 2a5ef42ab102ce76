"""All habits, in the order in which a day is made of them."""

from collections.abc import Callable, Iterable

from pipeline.generator.life import (
    ai_admin,
    aliases,
    assistants,
    branches,
    coding_agent,
    contributions,
    factors,
    gateway,
    integrations,
    membership,
    outages,
    packages,
    protections,
    repositories,
    reviews,
    sign_in,
    tokens,
    upheavals,
    workflows,
)
from pipeline.generator.life.today import Today
from pipeline.generator.records import Timed

Habit = Callable[[Today], Iterable[Timed]]
"""What happens besides on one day."""

HABITS: tuple[Habit, ...] = (
    sign_in.habit,
    factors.habit,
    membership.habit,
    protections.habit,
    integrations.habit,
    workflows.habit,
    contributions.habit,
    reviews.habit,
    branches.habit,
    repositories.habit,
    aliases.habit,
    packages.habit,
    coding_agent.habit,
    assistants.habit,
    gateway.habit,
    ai_admin.habit,
    tokens.habit,
    outages.habit,
    upheavals.habit,
)
