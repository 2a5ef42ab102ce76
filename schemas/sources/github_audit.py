"""GitHub's audit log: streamed, from the REST API, or exported as JSON.

Reference: "Audit log events for your organization" and "Get the audit log for an organization"
(https://docs.github.com/rest/orgs/orgs#get-the-audit-log-for-an-organization). The streamed form
is flat; the REST form may nest some fields under `data`. Times are epoch milliseconds. Some events
carry neither `@timestamp` nor `created_at`: then the time is when the record was received.

Of an agent's events `user` is the person who began them, and `agent_session_id` the session
(https://docs.github.com/copilot/reference/agentic-audit-log-events).

A push is in the audit log (`git.push`: address and token, no ref) and in a webhook (`push`: ref
and commits, no address). They are two records of two sources; each is one activity.
"""

from functools import lru_cache

import orjson

from schemas import facts as f
from schemas.action import Action
from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Fact,
    Target,
    TargetKind,
    digest,
)
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.fields import (
    event_time,
    flag,
    fold,
    items,
    load,
    lower,
    mapping,
    origin_of,
    text,
    token_of,
)
from schemas.sources.github import actor_of, package_name
from schemas.sources.github_actions import RULES, Rule
from schemas.sources.github_audit_facts import DETAILS, refined

NAME = "github.audit"
MAX_SCOPES = 32


@lru_cache(4096)
def rule_of(name: str) -> Rule:
    """What an action of the audit log means; an unknown one keeps its name."""
    known = RULES.get(name)
    return known or Rule(f"{NAME}/{name}", TargetKind.OTHER, ("name", "key"))


def parse(raw: Raw) -> list[Activity]:
    """One record of the audit log, one activity."""
    record = load(raw)
    if "action" not in record:
        record = fold(record)
    if "data" in record:
        record = {**mapping(record["data"]), **record}
    native = lower(record.get("action"))
    if not native:
        raise RejectedError("missing_field", "no action")
    rule = rule_of(native)
    event_id = text(record.get("_document_id"))
    login, subject = text(record.get("actor")), text(record.get("user"))
    nameid = lower(record.get("external_identity_nameid"))
    place = record.get("actor_location")
    action = rule.action
    outcome = rule.outcome
    facts: dict[str, Fact] = {}
    agent = flag(record.get("actor_is_agent")) is True
    other = f"github:{subject.lower()}" if subject and subject.lower() != login.lower() else ""
    if other and not agent:
        facts[f.SUBJECT] = other
    if "hashed_token" in record or "token_id" in record:
        facts[f.TOKEN_ID] = token_of(text(record.get("hashed_token") or record.get("token_id")))
    if scopes := record.get("token_scopes"):
        facts[f.SCOPES] = _names(scopes)
    if rule.weakened is not None:
        facts[f.WEAKENED] = rule.weakened
    if detail := DETAILS.get(action):
        outcome, action = detail(native, record, facts) or outcome, refined(action, record)
    return [
        Activity(
            digest(NAME, event_id or orjson.dumps(record, option=orjson.OPT_SORT_KEYS)),
            _time(record, raw.received),
            raw.received,
            NAME,
            action,
            native,
            _agent_of(login, other)
            if agent
            else actor_of(
                login,
                flag(record.get("actor_is_bot")) is True,
                nameid if "@" in nameid else "",
            ),
            _target(rule, record),
            origin_of(
                record.get("actor_ip"),
                record.get("user_agent"),
                place.get("country_code") if isinstance(place, dict) else None,
            ),
            token_of(text(record.get("agent_session_id"))) if agent else "",
            outcome,
            facts,
            event_id,
            raw.position,
        )
    ]


@lru_cache(4096)
def _agent_of(login: str, behalf: str) -> Actor:
    """The actor that the log calls an agent, and whom it acts for."""
    told = actor_of(login)
    return Actor(told.account, kind=ActorKind.AGENT, on_behalf_of=behalf) if login else told


def _time(record: dict[str, object], received: float) -> float:
    value = record.get("@timestamp")
    if value is None:
        value = record.get("created_at")
    if value is None:
        if received > 0:
            return received
        raise RejectedError("missing_field", "no time")
    return event_time(value, received)


def _names(value: object) -> list[str]:
    """A list of names, also when the vendor joined them with commas; sorted, bounded."""
    parts = value.split(",") if isinstance(value, str) else items(value)
    return sorted({name for part in parts if (name := text(part))})[:MAX_SCOPES]


@lru_cache(65_536)
def _repository(name: str) -> tuple[str, str]:
    """`example-org/widget` as the repository's full name and its owner."""
    owner, slash, _ = name.lower().partition("/")
    return (f"github.com/{name.lower()}" if slash else "", owner)


def _target(rule: Rule, record: dict[str, object]) -> Target:
    repository, owner = _repository(text(record.get("repo") or record.get("repository")))
    organization = lower(record.get("org")) or owner or lower(record.get("business"))
    package, version = "", ""
    if rule.kind is TargetKind.PACKAGE:
        ecosystem, name = lower(record.get("ecosystem")), lower(record.get("package"))
        package = package_name(ecosystem or "github", organization, name) if name else ""
        version = text(record.get("version"))
    elif rule.kind is TargetKind.WORKFLOW:
        version = text(record.get("head_sha"))
    name = package
    if rule.action == Action.API_REQUEST:
        route = text(record.get("route")) or text(record.get("url_path")).partition("?")[0]
        name = f"{text(record.get('request_method')).upper()} {route}".strip()
    elif not name:
        for field in rule.named_by:
            if name := text(record.get(field)):
                break
    return Target(
        rule.kind,
        name.lower() if rule.kind is TargetKind.REPOSITORY else name,
        repository,
        package,
        version,
        organization,
    )


def recognises(record: dict[str, object]) -> bool:
    """A dotted action with an actor or an id as only the audit log has them."""
    action = record.get("action")
    return (
        isinstance(action, str)
        and "." in action
        and ("_document_id" in record or ("actor" in record and "created_at" in record))
    )


SOURCE = Source(
    name=NAME,
    kind="vcs",
    title="GitHub audit log",
    reference=(
        "https://docs.github.com/organizations/keeping-your-organization-secure/"
        "managing-security-settings-for-your-organization/audit-log-events-for-your-organization"
    ),
    parse=parse,
    actions=frozenset(RULES),
    recognises=recognises,
)
