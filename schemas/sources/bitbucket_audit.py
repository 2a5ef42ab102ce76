"""Bitbucket's audit log: Data Center's file and REST form, and Cloud's.

References: "Audit log events" (https://confluence.atlassian.com/bitbucketserver/audit-log-events-776640423.html),
"Get an audit log of events" (https://developer.atlassian.com/cloud/admin/organization/rest/).

Data Center gives events no id: the id is made of what its file and its REST form both tell. Of the
further attributes only the permission and the name of a key or token are read; others hold public
keys and search terms.
"""

from collections.abc import Iterator
from functools import lru_cache

from schemas import facts as f
from schemas.action import Action
from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Fact,
    Outcome,
    Position,
    Target,
    TargetKind,
    digest,
)
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.bitbucket import actor_of
from schemas.sources.bitbucket_actions import ACTIONS, NAME, rule_of, squeezed
from schemas.sources.bitbucket_cloud import cloud
from schemas.sources.bitbucket_event import (
    READER,
    AuditEvent,
    Author,
    Kind,
    Stamp,
    kind_of,
)
from schemas.sources.fields import (
    check_time,
    epoch,
    flag,
    lower,
    mapping,
    origin_of,
    text,
    token_of,
)
from schemas.sources.idp import guarded
from schemas.sources.rules import Rule

_NO_AUTHOR = Author()
_LEVELS = {"off": 0, "base": 1, "advanced": 2, "full": 3}
_PRIVILEGES = frozenset({Action.PRIVILEGE_GRANT, Action.PRIVILEGE_REVOKE})
_TOKENS = frozenset({Action.TOKEN_CREATE, Action.TOKEN_REVOKE})
_PERSONAL = frozenset(
    {Action.PASSWORD_CHANGE, Action.FACTOR_ENROLL, Action.FACTOR_REMOVE, Action.KEY_ADD}
)


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One event, one activity; a page of REST (`entities`) or of Cloud (`data`) holds several.

    Raises:
        RejectedError: `not_this_source` without an action; as `Reader.activities`.
    """
    return READER.activities(raw, _activity)


def _activity(event: AuditEvent, raw: Raw, position: Position) -> Activity:
    kind = kind_of(event)
    if kind is None and event.attributes is not None:
        return cloud(event, event.attributes, raw, position)
    return _data_center(event, kind or Kind(), raw, position)


def _data_center(event: AuditEvent, kind: Kind, raw: Raw, position: Position) -> Activity:
    key, words = text(kind.action_key), text(kind.action)
    rule = rule_of(key, words)
    time = check_time(_time(event.timestamp), raw.received)
    actor = _author(event.author or _NO_AUTHOR)
    named = {lower(thing.type): text(thing.name) for thing in event.affected or ()}
    facts: dict[str, Fact] = {} if rule.weakened is None else {f.WEAKENED: rule.weakened}
    action = _changes(rule, event, facts)
    _facts(action, event, _subject(rule, event, named), actor, facts)
    return Activity(
        _uid(event, key or words, time),
        time,
        raw.received,
        NAME,
        action,
        key or words,
        actor,
        _target(rule, named, event),
        origin_of(text(event.source).partition(",")[0]),
        "",
        rule.outcome,
        facts,
        "",
        position,
    )


def _time(value: object) -> float:
    """Epoch second and nanoseconds in the file, ISO text in REST."""
    if isinstance(value, Stamp):
        if value.seconds is None:
            raise RejectedError("missing_field", "a timestamp without epochSecond")
        return value.seconds + (value.nano or 0) / 1e9
    if value is None:
        raise RejectedError("missing_field", "no timestamp")
    return epoch(value)


def _uid(event: AuditEvent, native: str, time: float) -> int:
    author = event.author or _NO_AUTHOR
    parts = [native, str(round(time * 1000)), text(author.id), text(event.node)]
    if event.affected:
        parts += [text(thing.name) for thing in event.affected]
    for change in event.changed or ():
        parts += (text(change.key_key), text(change.old), text(change.new))
    if event.extra:
        parts += sorted([text(extra.value) for extra in event.extra])
    return digest(NAME, "\n".join(parts))


def _author(author: Author) -> Actor:
    name, kind = text(author.name), lower(author.type)
    if kind == "system" or name == "System":
        return actor_of("system", ActorKind.SERVICE)
    return actor_of(name or text(author.id), _KINDS.get(kind, ActorKind.UNKNOWN))


_KINDS = {"service": ActorKind.SERVICE, "normal": ActorKind.PERSON}


@lru_cache(4096)
def _host(system: str) -> str:
    return system.rpartition("://")[2].partition("/")[0].partition(":")[0].lower()


def _changes(rule: Rule, event: AuditEvent, facts: dict[str, Fact]) -> str:
    """The action, told by what changed where the vendor's name is only «settings changed»."""
    settings = rule.kind is TargetKind.OTHER and not rule.action.endswith("requested")
    for change in event.changed or ():
        key = squeezed(text(change.key_key).rpartition(".")[2] or text(change.key))
        if rule.action == Action.AUDIT_CHANGE and key == "level":
            facts[f.WEAKENED] = facts.get(f.WEAKENED) is True or _lowered(change.old, change.new)
        elif settings and key in {"public", "publicaccess"}:
            if (public := flag(change.new)) is not None:
                facts[f.VISIBILITY] = "public" if public else "private"
                return Action.VISIBILITY_CHANGE
        elif settings and key == "project" and change.old and change.new:
            return Action.REPOSITORY_TRANSFER
    return rule.action


def _lowered(old: object, new: object) -> bool:
    """Is `security : base` less than `security : full`."""
    before, after = (_LEVELS.get(lower(x).rpartition(":")[2].strip(), 0) for x in (old, new))
    return after < before


def _subject(rule: Rule, event: AuditEvent, named: dict[str, str]) -> str:
    """Account that it was done to, or under which a sign-in was tried."""
    name = named.get("user", "").lower()
    if rule.action == Action.LOGIN and rule.outcome is Outcome.FAILURE:
        name = guarded(lower(_extra(event, "target")))
    return f"bitbucket:{name}" if name else ""


def _facts(
    action: str, event: AuditEvent, subject: str, actor: Actor, facts: dict[str, Fact]
) -> None:
    if subject and subject != actor.account:
        facts[f.SUBJECT] = subject
    if subject and action in _PERSONAL:
        facts[f.BY_ADMIN] = subject != actor.account
    if action in _PRIVILEGES and (permission := lower(_extra(event, "permission"))):
        facts[f.SCOPES] = [permission]
    elif action in _TOKENS and (token := _extra(event, "id") or _extra(event, "tokenid")):
        facts[f.TOKEN_ID] = token_of(f"bitbucket/{token}")


def _extra(event: AuditEvent, name: str) -> str:
    """Value of a further attribute by the end of its key, or by its English name."""
    for extra in event.extra or ():
        if _key(text(extra.name_key), text(extra.name)) == name:
            return text(extra.value)
    return ""


@lru_cache(4096)
def _key(name_key: str, name: str) -> str:
    return squeezed(name_key.rpartition(".")[2] or name)


def _target(rule: Rule, named: dict[str, str], event: AuditEvent) -> Target:
    host = _host(text(event.system))
    project, repository = named.get("project", "").lower(), named.get("repository", "").lower()
    full = f"{host}/{project}/{repository}" if host and project and repository else ""
    kind = rule.kind
    if kind is TargetKind.OTHER and repository:
        kind = TargetKind.REPOSITORY
    if kind is TargetKind.REPOSITORY:
        name = full or repository or project
    elif kind is TargetKind.TOKEN:
        name = _extra(event, "label") or _extra(event, "name")
    elif kind is TargetKind.ACCOUNT:
        name = named.get("user", "")
    elif kind is TargetKind.GROUP:
        name = named.get("group", "") or project
    elif kind is TargetKind.POLICY and rule.action in _PRIVILEGES:
        name = lower(_extra(event, "permission"))
    elif kind is TargetKind.APPLICATION:
        name = next(iter(named.values()), "bitbucket")
    else:
        known = (x for key, x in named.items() if key not in {"project", "repository", "user"})
        name = next(known, full or project)
    return Target(kind, name, full, "", "", project)


def recognises(record: dict[str, object]) -> bool:
    """An audit type with its key, an event of an organisation, or a page of either."""
    event: object = record
    for key in ("entities", "data"):
        batch = record.get(key)
        if isinstance(batch, list) and batch:
            event = batch[0]
    event = mapping(event)
    kind = mapping(event.get("auditType") or event.get("type"))
    if "actionI18nKey" in kind or ("action" in kind and "affectedObjects" in event):
        return True
    told = mapping(event.get("attributes"))
    return {"action", "time", "actor"} <= told.keys()


SOURCE = Source(
    name=NAME,
    kind="vcs",
    title="Bitbucket audit log, Data Center and Cloud",
    reference="https://confluence.atlassian.com/bitbucketserver/audit-log-events-776640423.html",
    parse=parse,
    actions=frozenset(ACTIONS),
    recognises=recognises,
)
