"""Microsoft Entra ID audit log: from Graph, diagnostic settings (Event Hub), or Log Analytics rows.

Reference: https://learn.microsoft.com/graph/api/resources/directoryaudit. Who acts: the user or the
application in `initiatedBy`; where neither is told, the service that logged it. A prompt that its
user reports as fraud is a challenge that failed. The key id of an added credential is hashed as
`entra.signin` hashes the one that a service principal signs in with.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec

from schemas import facts as f
from schemas.activity import (
    NO_ORIGIN,
    Activity,
    Actor,
    ActorKind,
    Origin,
    Outcome,
    Position,
    digest,
)
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.entra_audit_actions import ACTIONS, plain
from schemas.sources.entra_audit_facts import facts_of, reported, target_of
from schemas.sources.entra_audit_log import READER, AuditRecord, recognises
from schemas.sources.fields import event_time, text
from schemas.sources.idp import actor_named, origin_told, word

NAME: Final = "entra.audit"
_OUTCOMES: Final = {
    "success": Outcome.SUCCESS,
    "failure": Outcome.FAILURE,
    "timeout": Outcome.FAILURE,
    "clienterror": Outcome.FAILURE,
}


@lru_cache(4096)
def action_of(name: str) -> str:
    """The `Action`, or `entra.audit/<activity>` when the taxonomy has none."""
    return ACTIONS.get(plain(name)) or f"{NAME}/{name}"


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One record -> an activity for each audit event in it.

    Raises:
        RejectedError: as `fields.load`; `not_this_source`, `wrong_type`, `missing_field` without
            anybody who acts, `bad_time`; of a batch after its good events.
    """
    return READER.activities(raw, _activity)


def _activity(record: AuditRecord, raw: Raw, position: Position) -> Activity:
    event = record.properties or record
    native = text(event.activity_display_name or record.operation_name)
    if not native:
        raise RejectedError("missing_field", "no activityDisplayName")
    action = action_of(native)
    actor = _actor(event)
    outcome = _OUTCOMES.get(word(event.result), Outcome.UNKNOWN)
    facts = facts_of(event, action, actor.account, outcome is Outcome.FAILURE)
    if reported(event):
        outcome = Outcome.FAILURE
        facts[f.REASON] = "fraud"
    identity = text(event.id)
    return Activity(
        digest(NAME, identity) if identity else digest(NAME, "", msgspec.json.encode(event)),
        event_time(event.activity_date_time or record.time, raw.received),
        raw.received,
        NAME,
        action,
        native,
        actor,
        target_of(event, action, text(record.tenant_id)),
        _origin(event),
        "",
        outcome,
        facts,
        identity,
        position,
    )


def _actor(event: AuditRecord) -> Actor:
    who = event.initiated_by
    if who and who.user and (login := text(who.user.user_principal_name or who.user.id)):
        return actor_named("entra", login, ActorKind.PERSON)
    login = ""
    if who and (app := who.app):
        login = text(app.service_principal_id or app.app_id or app.display_name)
    login = login or text(event.logged_by_service)
    if not login:
        raise RejectedError("missing_field", "nobody who acts")
    return actor_named("entra", login, ActorKind.SERVICE)


def _origin(event: AuditRecord) -> Origin:
    user = event.initiated_by and event.initiated_by.user
    agent = ""
    for detail in event.additional_details or ():
        if word(detail.key) == "user-agent":
            agent = text(detail.value)
            break
    ip = text(user.ip_address) if user else ""
    return origin_told(ip, agent=agent) if ip or agent else NO_ORIGIN


SOURCE: Final = Source(
    name=NAME,
    kind="idp",
    title="Microsoft Entra ID audit log",
    reference="https://learn.microsoft.com/graph/api/resources/directoryaudit",
    parse=parse,
    actions=frozenset(ACTIONS),
    recognises=recognises,
)
