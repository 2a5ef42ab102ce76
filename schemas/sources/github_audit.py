"""GitHub's audit log: streamed, from the REST API, or exported as JSON.

Reference: "Audit log events for your organization" and "Get the audit log for an organization"
(https://docs.github.com/rest/orgs/orgs#get-the-audit-log-for-an-organization). The streamed form
is flat; the REST form may nest some fields under `data`. Times are epoch milliseconds. Some events
carry neither `@timestamp` nor `created_at`: then the time is when the record was received.

A push is in the audit log (`git.push`: address and token, no ref) and in a webhook (`push`: ref
and commits, no address). They are two records of two sources; each is one activity.
"""

from collections.abc import Callable
from functools import lru_cache

import orjson

from schemas import facts as f
from schemas.action import Action
from schemas.activity import (
    Activity,
    Fact,
    Outcome,
    Target,
    TargetKind,
    digest,
    pseudonym,
)
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.fields import (
    check_time,
    epoch,
    flag,
    fold,
    items,
    load,
    lower,
    mapping,
    number,
    origin_of,
    text,
)
from schemas.sources.github import actor_of, package_name
from schemas.sources.github_actions import RULES, Rule

NAME = "github.audit"
MAX_SCOPES = 32
CLIENT_ERROR = 400  # HTTP status (RFC 9110 section 15.5)

# Switches that open a branch when they are on; all others close it.
_OPENING = frozenset(
    {
        "allow_deletions_enforcement_level",
        "allow_force_pushes_enforcement_level",
        "lock_allows_fetch_and_merge",
    }
)
_OTHER_FIELD = {"dismiss_stale_reviews": "dismiss_stale_reviews_on_push"}
_VISIBILITIES = frozenset({"public", "private", "internal"})
# How strict a ruleset is: https://docs.github.com/rest/repos/rules
_ENFORCEMENT = {"disabled": 0, "evaluate": 1, "active": 2, "enabled": 2}
_RANKS = {"read": 0, "member": 0, "triage": 1, "write": 2, "maintain": 3, "admin": 4, "owner": 4}


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
    if subject and subject.lower() != login.lower():
        facts[f.SUBJECT] = f"github:{subject.lower()}"
    if "hashed_token" in record or "token_id" in record:
        facts[f.TOKEN_ID] = pseudonym(text(record.get("hashed_token") or record.get("token_id")))
    if scopes := record.get("token_scopes"):
        facts[f.SCOPES] = _names(scopes)
    if rule.weakened is not None:
        facts[f.WEAKENED] = rule.weakened
    if detail := _DETAILS.get(action):
        outcome, action = detail(native, record, facts) or outcome, _refined(action, record)
    return [
        Activity(
            uid=digest(NAME, event_id or orjson.dumps(record, option=orjson.OPT_SORT_KEYS)),
            time=_time(record, raw.received),
            received=raw.received,
            source=NAME,
            action=action,
            native=native,
            actor=actor_of(
                login,
                flag(record.get("actor_is_bot")) is True,
                nameid if "@" in nameid else "",
            ),
            target=_target(rule, record),
            origin=origin_of(
                record.get("actor_ip"),
                record.get("user_agent"),
                place.get("country_code") if isinstance(place, dict) else None,
            ),
            outcome=outcome,
            facts=facts,
            event_id=event_id,
            position=raw.position,
        )
    ]


def _time(record: dict[str, object], received: float) -> float:
    value = record.get("@timestamp")
    if value is None:
        value = record.get("created_at")
    if value is None:
        if received > 0:
            return received
        raise RejectedError("missing_field", "no time")
    return check_time(epoch(value), received)


def _names(value: object) -> list[str]:
    """A list of names, also when the vendor joined them with commas; sorted, bounded."""
    parts = value.split(",") if isinstance(value, str) else items(value)
    return sorted({name for part in parts if (name := text(part))})[:MAX_SCOPES]


def _target(rule: Rule, record: dict[str, object]) -> Target:
    repo = lower(record.get("repo") or record.get("repository"))
    owner, _, rest = repo.partition("/")
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
        f"github.com/{repo}" if rest else "",
        package,
        version,
        organization,
    )


def _refined(action: str, record: dict[str, object]) -> str:
    """A role that sank is a revocation, whatever the vendor's one name for both."""
    if action == Action.PRIVILEGE_GRANT:
        old, new = _role(record, "old"), _role(record, "new")
        if old in _RANKS and new in _RANKS and _RANKS[new] < _RANKS[old]:
            return Action.PRIVILEGE_REVOKE
    return action


def _role(record: dict[str, object], age: str) -> str:
    plain = "old_permission" if age == "old" else "permission"
    return lower(record.get(f"{age}_repo_permission") or record.get(plain))


def _privilege(_native: str, record: dict[str, object], facts: dict[str, Fact]) -> None:
    if role := _role(record, "new") or lower(record.get("organization_role_name")):
        facts[f.SCOPES] = [role]


def _protection(native: str, record: dict[str, object], facts: dict[str, Fact]) -> None:
    family, _, verb = native.partition(".")
    weakened: bool | None = None
    if family == "protected_branch":
        weakened = _branch_weakened(verb, record)
        if name := text(record.get("name") or record.get("branch")):
            facts[f.REF] = name if name.startswith("refs/") else f"refs/heads/{name}"
    elif native == "repository_ruleset.update":
        weakened = _ruleset_weakened(record)
    elif native == "repository_ruleset.create" and lower(record.get("ruleset_enforcement")) in {
        "disabled",
        "evaluate",
    }:
        facts.pop(f.WEAKENED)  # a ruleset that enforces nothing strengthens nothing
    if weakened is not None:
        facts[f.WEAKENED] = weakened


def _branch_weakened(verb: str, record: dict[str, object]) -> bool | None:
    switch = verb.removeprefix("update_")
    value = record.get(_OTHER_FIELD.get(switch, switch))
    on, level = flag(value), number(value)
    if on is None and level is not None:
        on = level > 0
    return None if on is None else on if switch in _OPENING else not on


def _ruleset_weakened(record: dict[str, object]) -> bool | None:
    old = _ENFORCEMENT.get(lower(record.get("ruleset_old_enforcement")))
    new = _ENFORCEMENT.get(lower(record.get("ruleset_enforcement")))
    if old is not None and new is not None and old != new:
        return new < old
    if record.get("ruleset_bypass_actors_added") or record.get("ruleset_rules_deleted"):
        return True
    return False if record.get("ruleset_rules_added") else None


def _visibility(_native: str, record: dict[str, object], facts: dict[str, Fact]) -> None:
    value = lower(record.get("visibility"))
    if value not in _VISIBILITIES:
        public = flag(record.get("public_repo"))
        value = "" if public is None else "public" if public else "private"
    if value:
        facts[f.VISIBILITY] = value


def _workflow(native: str, record: dict[str, object], facts: dict[str, Fact]) -> Outcome | None:
    facts[f.STATUS] = "completed" if native == "workflows.completed_workflow_run" else "requested"
    conclusion = lower(record.get("conclusion"))
    if conclusion:
        facts[f.CONCLUSION] = conclusion
    if trigger := lower(record.get("event")):
        facts[f.TRIGGER] = trigger
    return Outcome.FAILURE if conclusion == "failure" else None


def _request(_native: str, record: dict[str, object], _facts: dict[str, Fact]) -> Outcome | None:
    status = number(record.get("status_code"))
    return Outcome.FAILURE if status is not None and status >= CLIENT_ERROR else None


def _factor(_native: str, record: dict[str, object], facts: dict[str, Fact]) -> None:
    if factor := lower(record.get("factor_type") or record.get("type")):
        facts[f.FACTOR] = factor
    if record.get("user") and record.get("actor"):
        facts[f.BY_ADMIN] = f.SUBJECT in facts


def _alert(_native: str, record: dict[str, object], facts: dict[str, Fact]) -> None:
    if reason := lower(record.get("dismiss_reason") or record.get("resolution")):
        facts[f.REASON] = reason


_DETAILS: dict[str, Callable[[str, dict[str, object], dict[str, Fact]], Outcome | None]] = {
    Action.PROTECTION_CHANGE: _protection,
    Action.PRIVILEGE_GRANT: _privilege,
    Action.VISIBILITY_CHANGE: _visibility,
    Action.REPOSITORY_CREATE: _visibility,
    Action.WORKFLOW_RUN: _workflow,
    Action.API_REQUEST: _request,
    Action.FACTOR_ENROLL: _factor,
    Action.FACTOR_REMOVE: _factor,
    Action.FACTOR_RESET: _factor,
    Action.ALERT_CHANGE: _alert,
}


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
