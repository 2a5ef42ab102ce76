"""AI coding tools at work: models, tool servers, versions, scheduled runs, prompts switched off.

Assumed: a person starts with none to two tool servers and takes up a new one about every forty
days; goes over to a new model within a month of its day; one in five uses the larger model. One
user in twelve works in containers with permission prompts switched off, in 70 % of sessions, and
anybody else tries that with a chance of 0.05 % a day. One in six has the tool run at night by a
script, on one night in three. Whoever was given the tool later uses it on one day in three.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pipeline.generator import claude_code
from pipeline.generator.claude_code import Setup
from pipeline.generator.life.today import Today
from pipeline.generator.people import Person
from pipeline.generator.records import DAY, HOUR, Timed, likely, seeded

SERVERS = (
    "github", "tickets", "browser", "docs-search", "postgres", "errors", "design", "metrics",
    "calendar", "kubernetes", "wiki", "local-notes",
)  # fmt: skip
POPULAR = 5
"""The first servers are what most people have."""
NEW_SERVER_DAYS = 40.0
MODELS = (
    (claude_code.MODEL, "claude-opus-4-1-20250805"),
    ("claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101"),
    ("claude-sonnet-4-6", "claude-opus-4-6"),
)
MODEL_DAYS = (0, 75, 190)
"""Days from the start on which a generation of models comes out; generated, not history."""
VERSION_DAYS = 5
NIGHTLY = 6


def setup(seed: int, person: Person, day: int) -> Setup:
    """With what that person uses the tool on that day."""
    rng = seeded(seed, "assistant setup", person.number)
    large, container = likely(rng, 0.2), likely(rng, 1 / 12)
    waits = [rng.uniform(0, 30) for _ in MODEL_DAYS]
    generation = max(
        number
        for number, (first, wait) in enumerate(zip(MODEL_DAYS, waits, strict=True))
        if number == 0 or day >= first + wait
    )
    servers = rng.sample(SERVERS[:POPULAR], rng.randint(0, 2))
    at = rng.expovariate(1 / NEW_SERVER_DAYS)
    while at <= day and len(servers) < len(SERVERS):
        servers.append(rng.choice([name for name in SERVERS if name not in servers]))
        at += rng.expovariate(1 / NEW_SERVER_DAYS)
    today = seeded(seed, "assistant mode", person.number, day)
    return Setup(
        MODELS[generation][large],
        tuple(servers[-3:]),
        f"2.1.{121 + (max(day, 0) + person.number % VERSION_DAYS) // VERSION_DAYS}",
        likely(today, 0.7 if container else 0.0005),
        used=person.early or likely(today, 0.35),
    )


def habit(today: Today) -> Iterator[Timed]:
    """The scheduled runs of the night."""
    rng = today.rng("assistants")
    for person in today.people:
        if person.claude and person.number % NIGHTLY == 1 and likely(rng, 1 / 3):
            at = today.midnight + DAY - person.place.offset * 60 + rng.uniform(1, 4) * HOUR
            scheduled = replace(
                setup(today.seed, person, today.number), scheduled=True, bypass=False
            )
            _, made = claude_code.conversation(at, person, rng, 1, scheduled)
            yield from made
