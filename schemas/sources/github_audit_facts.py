"""What detectors need to know of a change, per action of GitHub's audit log."""

from collections.abc import Callable

from schemas import facts as f
from schemas.action import Action
from schemas.activity import Fact, Outcome
from schemas.sources.fields import flag, lower, number, text

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


def refined(action: str, record: dict[str, object]) -> str:
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


DETAILS: dict[str, Callable[[str, dict[str, object], dict[str, Fact]], Outcome | None]] = {
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
