"""Bitbucket Cloud's audit events: those of the Atlassian organisation that owns the workspace.

Reference: "Get an audit log of events" (https://developer.atlassian.com/cloud/admin/organization/rest/).
"""

from schemas import facts as f
from schemas.activity import Activity, Fact, Position, Target, TargetKind, digest
from schemas.sources.base import Raw, RejectedError
from schemas.sources.bitbucket import actor_of
from schemas.sources.bitbucket_actions import NAME, rule_of
from schemas.sources.bitbucket_event import Attributes, AuditEvent, Item, Person, Place
from schemas.sources.fields import event_time, lower, mapping, origin_of, text
from schemas.sources.rules import Rule

CLOUD = "bitbucket.org"
# Types are written in singular and plural, with and without the product.
_KINDS = (
    ("repositor", "repository"),
    ("workspace", "workspace"),
    ("project", "project"),
    ("group", "group"),
    ("user", "user"),
)
_NO_PERSON = Person()
_NO_PLACE = Place()


def cloud(event: AuditEvent, told: Attributes, raw: Raw, position: Position) -> Activity:
    """One event of Cloud.

    Args:
        event: the event.
        told: its attributes.
        raw: the record it came in.
        position: of the event.

    Raises:
        RejectedError: `missing_field` without a time, `bad_time`.
    """
    native = text(told.action)
    if told.time is None:
        raise RejectedError("missing_field", "no time")
    rule = rule_of(native, "")
    person, place = told.actor or _NO_PERSON, told.location or _NO_PLACE
    event_id = text(event.id)
    email = lower(person.email)
    actor = actor_of(email or text(person.id), email=email)
    time = event_time(told.time, raw.received)
    named = _items(told)
    facts: dict[str, Fact] = {} if rule.weakened is None else {f.WEAKENED: rule.weakened}
    subject = named.get("user", "").lower()
    if subject and f"bitbucket:{subject}" != actor.account:
        facts[f.SUBJECT] = f"bitbucket:{subject}"
    if email and person.id:
        facts[f.ALIAS] = f"bitbucket:{lower(person.id)}"
    return Activity(
        digest(NAME, event_id or f"{native}/{time}/{actor.account}/{named}"),
        time,
        raw.received,
        NAME,
        rule.action,
        native,
        actor,
        _target(rule, named),
        origin_of(place.ip, None, place.country),
        "",
        rule.outcome,
        facts,
        event_id,
        position,
    )


def _items(told: Attributes) -> dict[str, str]:
    """Name of each kind of thing, the things acted upon before those they are in."""
    named: dict[str, str] = {}
    for item in (*(told.context or ()), *(told.container or ())):
        told_kind = lower(item.type)
        kind = next((kind for stem, kind in _KINDS if stem in told_kind), told_kind)
        named.setdefault(kind, _item(item))
    return named


def _item(item: Item) -> str:
    told = mapping(item.attributes)
    for key in ("fullName", "email", "slug", "name", "displayName"):
        if name := text(told.get(key)):
            return name
    return text(item.id)


def _target(rule: Rule, named: dict[str, str]) -> Target:
    workspace, repository = named.get("workspace", "").lower(), named.get("repository", "").lower()
    if "/" in repository:
        workspace = repository.partition("/")[0]
    elif workspace and repository:
        repository = f"{workspace}/{repository}"
    full = f"{CLOUD}/{repository}" if "/" in repository else ""
    if rule.kind is TargetKind.REPOSITORY:
        name = full or repository or workspace
    else:
        name = next((x for key, x in named.items() if key not in {"workspace", "repository"}), "")
    return Target(rule.kind, name or full, full, "", "", workspace)
