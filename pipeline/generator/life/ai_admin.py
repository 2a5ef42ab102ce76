"""The AI vendor's organisation: sign-ins, keys, members, servers, settings.

Assumed: three in ten users sign in on a working day; a platform engineer makes an API key on one
day in thirty, an administrator an Admin API key on one in a hundred, adds a tool server on one in
sixty, raises a role on one in eighty, changes a setting on one in a hundred.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from pipeline.generator.claude_code import ORGANISATION_ID
from pipeline.generator.life.assistants import SERVERS
from pipeline.generator.life.today import Today, moment
from pipeline.generator.okta import Session
from pipeline.generator.records import Timed, hex_id, iso, record


def habit(today: Today) -> Iterator[Timed]:
    """Activities of the day in the vendor's log."""
    rng = today.rng("ai admin")
    for workday in today.happening(rng, 0.3):
        if workday.person.claude:
            yield activity(moment(workday, rng), workday.session, "sso_login_succeeded", rng)
    for workday in today.happening(rng, 1 / 30, today.roles.platform):
        yield activity(
            moment(workday, rng), workday.session, "platform_api_key_created", rng,
            api_key_id=f"apikey_{hex_id(rng, 12)}", scopes=["api:write"],
        )  # fmt: skip
    for workday in today.happening(rng, 1 / 100, today.roles.administrators):
        yield activity(
            moment(workday, rng), workday.session, "admin_api_key_created", rng,
            admin_api_key_id=f"admin_{hex_id(rng, 12)}",
        )  # fmt: skip
    for workday in today.happening(rng, 1 / 60, today.roles.administrators):
        yield activity(
            moment(workday, rng), workday.session, "mcp_server_created", rng,
            mcp_server_name=rng.choice(SERVERS),
        )  # fmt: skip
    for workday in today.happening(rng, 1 / 80, today.roles.administrators):
        yield activity(
            moment(workday, rng), workday.session, "claude_user_role_updated", rng,
            user_email=rng.choice(today.people).okta, previous_role="user", current_role="admin",
        )  # fmt: skip
    for workday in today.happening(rng, 1 / 100, today.roles.administrators):
        yield activity(moment(workday, rng), workday.session, "org_model_default_updated", rng)


def activity(at: float, session: Session, kind: str, rng: Random, **fields: Any) -> Timed:
    """One activity of a user."""
    person = session.person
    return record(
        "anthropic.compliance", at, {
            "id": f"activity_{hex_id(rng, 24)}",
            "created_at": iso(at),
            "organization_uuid": ORGANISATION_ID,
            "actor": {
                "type": "user_actor",
                "email_address": person.okta,
                "user_id": f"user_{person.okta_id}",
                "ip_address": session.address,
                "user_agent": session.device.user_agent,
            },
            "type": kind,
            **fields,
        },
    )  # fmt: skip
