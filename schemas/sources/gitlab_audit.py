"""GitLab's audit events: streamed, from the API, or lines of `audit_json.log`.

References: "Audit event schema and examples"
(https://docs.gitlab.com/user/compliance/audit_event_schema/), "Audit event types"
(https://docs.gitlab.com/user/compliance/audit_event_types/).

Who acts: all shapes agree on the author's id alone, so the account is `gitlab:<id>`; where a record
proves the user name too, the fact `alias` holds it. Deploy keys, deploy tokens and what is not
signed in have a negative id. No shape names the instance: it is the record header
`x-gitlab-instance` (a streaming destination can send headers of its own), else gitlab.com.

Git's upload-pack serves clones and fetches; where GitLab does not tell which, it is a fetch.
"""

import re
from collections.abc import Iterator

import msgspec
import orjson

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
from schemas.sources.fields import (
    event_time,
    flag,
    header,
    lower,
    mapping,
    origin_of,
    text,
    token_of,
)
from schemas.sources.gitlab import actor_of, instance_of, named, owner_of, role, sank
from schemas.sources.gitlab_audit_event import READER, AuditEvent, Details, type_of
from schemas.sources.gitlab_event_types import CLOSING, EVENT_TYPES, NAME, OPENING, rule_of
from schemas.sources.idp import guarded
from schemas.sources.rules import Rule

MAX_SCOPES = 32
_SCOPES = re.compile(r"scopes: \[([^\]]*)\]")
_GIT = {
    "clone": Action.CLONE,
    "git-receive-pack": Action.PUSH,
    "git-upload-archive": Action.DOWNLOAD,
    "git-upload-pack": Action.FETCH,
    "pull": Action.FETCH,
    "push": Action.PUSH,
}
_PERSONAL = frozenset(
    {Action.FACTOR_ENROLL, Action.FACTOR_REMOVE, Action.PASSWORD_CHANGE, Action.KEY_ADD}
)
_CONTROLS = frozenset({Action.PROTECTION_CHANGE, Action.POLICY_CHANGE, Action.AUDIT_CHANGE})
_TOKENS = frozenset({Action.TOKEN_CREATE, Action.TOKEN_REVOKE, Action.TOKEN_USE})
_MEMBERS = frozenset(
    {Action.MEMBER_ADD, Action.MEMBER_REMOVE, Action.PRIVILEGE_GRANT, Action.PRIVILEGE_REVOKE}
)


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One event, one activity; `{"events": [...]}` holds several.

    Raises:
        RejectedError: `not_this_source` without an entity and an author, `missing_field` without a
            type or a time; as `Reader.activities`.
    """
    return READER.activities(raw, _activity)


def _activity(event: AuditEvent, raw: Raw, position: Position) -> Activity:
    details = event.details or event
    native = (
        lower(event.event_type or event.event_name or details.event_name)
        or header(raw, "x-gitlab-audit-event-type").lower()
        or type_of(details)
    )
    if not native:
        raise RejectedError("missing_field", "no event type, and no change that tells it")
    when = event.created_at if event.created_at is not None else event.time
    if when is None:
        raise RejectedError("missing_field", "no time")
    rule = rule_of(native)
    actor = _actor(event, details)
    facts = _facts(rule, native, event, details, actor)
    event_id = text(event.id)
    return Activity(
        digest(NAME, f"{event.entity_type} {event_id}")  # ids count within a type of entity
        if event_id
        else digest(NAME, "", msgspec.json.encode(event)),
        event_time(when, raw.received),
        raw.received,
        NAME,
        _action(rule, details, facts),
        native,
        actor,
        _target(rule, event, details, instance_of(raw)),
        origin_of(event.ip_address or details.ip_address or event.remote_ip),
        "",
        rule.outcome,
        facts,
        event_id,
        position,
    )


def _actor(event: AuditEvent, details: Details) -> Actor:
    author = text(event.author_id)
    if not author.startswith("-"):
        return actor_of(author, text(details.author_email))
    kind = lower(details.author_class)
    if kind.startswith("deploy") and (name := lower(event.author_name or details.author_name)):
        return Actor(f"gitlab:{kind}/{name}", kind=ActorKind.SERVICE)
    return Actor(f"gitlab:author{author}")


def _action(rule: Rule, details: Details, facts: dict[str, Fact]) -> str:
    if rule.action == Action.FETCH:
        return _git(details.custom_message)
    if rule.action == Action.PRIVILEGE_GRANT:
        before, after = role(details.old), role(details.new)
        if after and flag(after) is None:
            facts[f.SCOPES] = [after]
        if sank(before, after) or flag(after) is False:
            return Action.PRIVILEGE_REVOKE
    elif rule.action == Action.MEMBER_ADD and (granted := role(details.granted)):
        facts[f.SCOPES] = [granted]
    return rule.action


def _git(message: object) -> str:
    if isinstance(message, str) and message.startswith("{"):
        try:
            message = orjson.loads(message)
        except orjson.JSONDecodeError:
            return Action.FETCH
    told = mapping(message)
    return _GIT.get(text(told.get("verb"))) or _GIT.get(text(told.get("action")), Action.FETCH)


def _facts(
    rule: Rule, native: str, event: AuditEvent, details: Details, actor: Actor
) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    if subject := _subject(rule, event, details):
        if subject != actor.account:
            facts[f.SUBJECT] = subject
        if rule.action in _PERSONAL:
            facts[f.BY_ADMIN] = subject != actor.account
    if event.user and event.user_id == event.author_id:
        facts[f.ALIAS] = f"gitlab:{lower(event.user)}"
    if rule.action in _TOKENS:
        _token(event, details, facts)
    elif rule.action == Action.VISIBILITY_CHANGE:
        if visibility := lower(details.new):
            facts[f.VISIBILITY] = visibility
    elif rule.action in _CONTROLS:
        _control(rule, native, event, details, facts)
    return facts


def _token(event: AuditEvent, details: Details, facts: dict[str, Fact]) -> None:
    if token := text(_either(event.target_id, details.target_id)):
        facts[f.TOKEN_ID] = token_of(f"gitlab/{token}")
    if scopes := _SCOPES.search(text(details.custom_message)):
        facts[f.SCOPES] = sorted(set(re.findall(r"\w+", scopes[1])))[:MAX_SCOPES]


def _control(
    rule: Rule, native: str, event: AuditEvent, details: Details, facts: dict[str, Fact]
) -> None:
    weakened, switched = rule.weakened, flag(details.new)
    if switched is not None and (native in OPENING or native in CLOSING):
        weakened = switched if native in OPENING else not switched
    if weakened is not None:
        facts[f.WEAKENED] = weakened
    if native.startswith("protected_branch") and (name := _name(event, details)):
        facts[f.REF] = f"refs/heads/{name}"


def _either(first: object, second: object) -> object:
    return second if first is None else first


def _name(event: AuditEvent, details: Details) -> str:
    return text(event.target_details or details.target_details)


def _subject(rule: Rule, event: AuditEvent, details: Details) -> str:
    """Account that it was done to: a member of the entity, or the entity where that is a user."""
    if rule.outcome is Outcome.FAILURE and rule.action == Action.LOGIN:
        tried = lower(_name(event, details))
        return f"gitlab:{guarded(tried)}" if tried and text(event.author_id)[:1] == "-" else ""
    if lower(event.entity_type) == "user":
        return f"gitlab:{text(event.entity_id)}" if text(event.entity_id) else ""
    if rule.action in _MEMBERS and lower(event.target_type or details.target_type) == "user":
        target = text(_either(event.target_id, details.target_id))
        return f"gitlab:{target}" if target else ""
    return ""


def _target(rule: Rule, event: AuditEvent, details: Details, host: str) -> Target:
    entity, name = lower(event.entity_type), _name(event, details)
    path = text(event.entity_path or details.entity_path)
    if not path and entity == "project" and "/" in name:  # older lines of the log
        path = name
    repository = named(host, path) if entity == "project" else ""
    owner = owner_of(path) if entity in {"project", "group"} else ""
    package = ""
    if rule.kind is TargetKind.REPOSITORY:
        name = path.lower() or name.lower()
    elif rule.kind is TargetKind.GROUP and entity == "group" and path:
        name = path.lower()
    elif rule.kind is TargetKind.PACKAGE:
        package = f"{_ecosystem(details.custom_message)}/{name.lower()}" if name else ""
        name = package
    elif rule.kind is TargetKind.FACTOR:
        name = ""  # GitLab names the person
    elif rule.action == Action.LOGIN:
        name = "gitlab"
    return Target(rule.kind, name, repository, package, "", owner)


def _ecosystem(message: object) -> str:
    """`Npm package published` -> `npm`."""
    first, _, rest = text(message).lower().partition(" ")
    return first if rest.startswith("package ") else "gitlab"


def recognises(record: dict[str, object]) -> bool:
    """An author and an entity by their ids, as only GitLab has them."""
    return (
        "author_id" in record
        and "entity_type" in record
        and ("details" in record or "target_details" in record or "target_type" in record)
    )


SOURCE = Source(
    name=NAME,
    kind="vcs",
    title="GitLab audit events",
    reference="https://docs.gitlab.com/user/compliance/audit_event_types/",
    parse=parse,
    actions=frozenset(EVENT_TYPES),
    recognises=recognises,
)
