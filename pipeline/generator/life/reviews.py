"""People review each other's pull requests, and a reviewing agent comments on some of them.

Assumed: a developer gives one to three reviews on two working days in three, in repositories they
work in; the agent reviews eight pull requests a working day.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.generator import github_discussion
from pipeline.generator.life.today import FULL_NAMES, Today, moment
from pipeline.generator.people import REVIEW_AGENT
from pipeline.generator.records import HOUR, Timed


def habit(today: Today) -> Iterator[Timed]:
    """Reviews of the day."""
    rng = today.rng("reviews")
    for workday in today.happening(rng, 0.66):
        for _ in range(rng.randint(1, 3)):
            colleague = rng.choice(today.people)
            yield github_discussion.review(
                moment(workday, rng), workday.person, colleague,
                rng.choice(workday.person.repositories), rng,
                number=1000 + (today.number + 1) * 150 + colleague.number,
                state=rng.choice(("approved", "approved", "changes_requested")),
            )  # fmt: skip
    if today.weekday and today.people:
        for _ in range(8):
            colleague = rng.choice(today.people)
            yield github_discussion.review(
                today.midnight + rng.uniform(6, 21) * HOUR, REVIEW_AGENT, colleague,
                rng.choice(FULL_NAMES), rng, state="commented",
                number=1000 + (today.number + 1) * 150 + colleague.number,
                text="The new branch has no test.",
            )  # fmt: skip
