"""Tokens and keys on a rhythm: those that expire are made anew, a new laptop gets its own.

Assumed: one developer in four has a token that expires every thirty days, and makes the next one
within a working day; the CI system's is renewed on the first of the month.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.generator import github_audit
from pipeline.generator.life.today import Today, moment
from pipeline.generator.people import BUILDER, ORGANISATION
from pipeline.generator.places import CLOUD
from pipeline.generator.records import HOUR, Timed

LIFETIME_DAYS = 30


def habit(today: Today) -> Iterator[Timed]:
    """Tokens and keys made today."""
    rng = today.rng("tokens")
    for workday in today.at_work():
        person, session = workday.person, workday.session
        if person.number % 4 == 0 and (today.number + person.number) % LIFETIME_DAYS == 0:
            yield github_audit.web(
                moment(workday, rng, 0.1, 3.0), "personal_access_token.access_granted", session,
                rng, person.repositories[0], user=person.github, operation_type="create",
                user_programmatic_access_name="scripts", repository_selection="subset",
            )  # fmt: skip
        if today.number in person.life.laptops or today.number == person.life.hired:
            yield github_audit.web(
                moment(workday, rng, 0.2, 1.5), "public_key.create", session, rng,
                title="laptop", user=person.github,
            )  # fmt: skip
    if today.date.day == 1:
        yield github_audit.audit(
            today.midnight + 4 * HOUR, "personal_access_token.access_granted", BUILDER,
            ORGANISATION, rng, address=CLOUD.address(rng), country="US", agent="curl/8.5.0",
            user=BUILDER.github, user_programmatic_access_name="builds", operation_type="create",
        )  # fmt: skip
