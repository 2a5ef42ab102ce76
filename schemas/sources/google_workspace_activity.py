"""Google Workspace's Reports API: activities of login, admin, token, user_accounts, saml, groups.

Reference: https://developers.google.com/workspace/admin/reports/v1/reference/activities. An
activity holds one or more events; each becomes one of ours. Event names repeat among applications,
so the native name is `<application>.<event>`. Who acts: `actor.email`; a caller that is no user has
a `key`. Google gives no session and no user agent.
"""

from collections.abc import Iterator
from typing import Final

from schemas.activity import Activity, Actor, ActorKind, Origin, Position, digest
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.batches import each
from schemas.sources.fields import event_time, lower, text
from schemas.sources.google_workspace_events import EVENTS, named
from schemas.sources.google_workspace_facts import (
    SYSTEM,
    details_of,
    facts_of,
    outcome_of,
    target_of,
)
from schemas.sources.google_workspace_log import READER, Event, Id, Network, Report, recognises
from schemas.sources.idp import actor_named, origin_told

NAME: Final = "google_workspace.activity"
_NO_NETWORK: Final = Network()

_Part = tuple[Report, Event, int] | RejectedError  # an event with its index, or a bad report


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One record -> an activity for each event of each activity in it.

    Raises:
        RejectedError: as `fields.load`; `not_this_source`, `wrong_type`, `missing_field` without
            time, event or actor, `bad_time`; of several events after the good ones.
    """
    report = READER.read(raw)
    if isinstance(report, list):
        return each(_parts(report), raw.position, lambda part, where: _of(part, raw, where))
    events = _events(report)
    if len(events) == 1:
        return [_activity(report, events[0], 0, raw, raw.position)]
    parts: list[_Part] = [(report, event, index) for index, event in enumerate(events)]
    return each(parts, raw.position, lambda part, where: _of(part, raw, where))


def _events(report: Report) -> list[Event]:
    events = [report.events] if isinstance(report.events, Event) else report.events
    if not events:
        raise RejectedError("missing_field", "no events")
    return events


def _parts(reports: list[object]) -> Iterator[_Part]:
    for one in reports:
        try:
            report = READER.convert(one)
            events = _events(report)
        except RejectedError as error:
            yield error
        else:
            yield from ((report, event, index) for index, event in enumerate(events))


def _of(part: _Part, raw: Raw, position: Position) -> Activity:
    if isinstance(part, RejectedError):
        raise part
    return _activity(*part, raw, position)


def _activity(report: Report, event: Event, index: int, raw: Raw, position: Position) -> Activity:
    ident = report.id or Id()
    name = text(event.name)
    if not name:
        raise RejectedError("missing_field", "an event without name")
    application = lower(ident.application_name)
    native, action = named(application, name)
    time, qualifier = text(ident.time), text(ident.unique_qualifier)
    details = details_of(event.parameters)
    lowered = name.lower()
    outcome = outcome_of(lowered, details)
    actor = _actor(report)
    organization = lower(report.owner_domain) or text(ident.customer_id)
    return Activity(
        digest(NAME, f"{application} {time} {qualifier} {index} {lowered} {actor.account}"),
        event_time(ident.time, raw.received),
        raw.received,
        NAME,
        action,
        native,
        actor,
        target_of(details, organization),
        _origin(report),
        "",
        outcome,
        facts_of(lowered, action, details, actor.account, outcome),
        qualifier,
        position,
    )


def _actor(report: Report) -> Actor:
    if (caller := report.actor) is not None:
        if email := text(caller.email):
            robot = email.lower().endswith(".gserviceaccount.com")
            return actor_named(SYSTEM, email, ActorKind.SERVICE if robot else ActorKind.PERSON)
        if key := text(caller.key):
            return actor_named(SYSTEM, key, ActorKind.SERVICE)
        if profile := text(caller.profile_id):
            return actor_named(SYSTEM, profile, ActorKind.UNKNOWN)
    raise RejectedError("missing_field", "the actor has neither email, key nor profileId")


def _origin(report: Report) -> Origin:
    network = report.network_info or _NO_NETWORK
    return origin_told(
        report.ip_address,
        network.region_code,
        None,
        None,
        None,
        network.ip_asn[0] if network.ip_asn else None,
    )


SOURCE: Final = Source(
    name=NAME,
    kind="idp",
    title="Google Workspace activity reports",
    reference="https://developers.google.com/workspace/admin/reports/v1/reference/activities",
    parse=parse,
    actions=frozenset(EVENTS),
    recognises=recognises,
)
