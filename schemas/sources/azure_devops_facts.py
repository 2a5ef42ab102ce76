"""What detectors need to know of a change, per action of Azure DevOps' audit log."""

from collections.abc import Callable

from schemas import facts as f
from schemas.action import Action
from schemas.activity import Fact
from schemas.sources.azure_devops_entry import first
from schemas.sources.fields import flag, items, lower, mapping, text, token_of

MAX_SCOPES = 32
Data = dict[str, object]
Facts = dict[str, Fact]
# https://learn.microsoft.com/azure/devops/pipelines/process/runs
_CONCLUSIONS = {
    "canceled": "cancelled",
    "failed": "failure",
    "partiallysucceeded": "failure",
    "rejected": "failure",
    "succeeded": "success",
}
_SWITCHES = {"on": True, "off": False}


def _token(data: Data, facts: Facts) -> None:
    if scopes := sorted({name for scope in items(data.get("Scopes")) if (name := text(scope))}):
        facts[f.SCOPES] = scopes[:MAX_SCOPES]
    if token := lower(data.get("AuthorizationId") or data.get("TokenId")):
        facts[f.TOKEN_ID] = token_of(token)


def _member(data: Data, facts: Facts) -> None:
    if member := lower(data.get("MemberId") or data.get("UserIdentifier")):
        facts[f.SUBJECT] = f"azure_devops:{member}"
    if level := lower(data.get("AccessLevel")):
        facts[f.SCOPES] = [level]


def _privilege(data: Data, facts: Facts) -> str:
    """A permission that was denied or unset is a revocation, whatever the one name for all."""
    summary = first(data, "EventSummary")
    change = lower(data.get("PermissionModifiedTo") or summary.get("change"))
    permission = lower(data.get("ChangedPermission") or summary.get("permissionNames"))
    if granted := permission or lower(data.get("AccessLevel")):
        facts[f.SCOPES] = [granted]
    if change.startswith(("deny", "not set", "notset")):
        return Action.PRIVILEGE_REVOKE
    return Action.PRIVILEGE_GRANT


def _protection(data: Data, facts: Facts) -> None:
    """A policy of a branch is weaker when it was switched off or no longer blocks."""
    if ref := text(data.get("RefName")) or text(data.get("FriendlyName")):
        facts[f.REF] = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
    if f.WEAKENED in facts:
        return
    for part in items(data.get("ConfigProperties")):
        told = mapping(part)
        if lower(told.get("Property")) in {"isenabled", "isblocking"}:
            value = flag(told.get("Value"))
            if value is not None:
                facts[f.WEAKENED] = not value or facts.get(f.WEAKENED) is True


def _policy(data: Data, facts: Facts) -> str | None:
    """A policy of the organisation tells by its name which way it works; or a feed opens up."""
    name = lower(data.get("PolicyName")).rpartition(".")[2]
    if not name:
        if data.get("UpstreamsAdded"):
            facts[f.WEAKENED] = True
        return None
    value = data.get("PolicyValue")
    on = _SWITCHES.get(lower(value), flag(value))
    if on is not None:
        facts[f.WEAKENED] = on if name.startswith("allow") else not on
    return Action.AUDIT_CHANGE if name == "logauditevents" else None


def _visibility(data: Data, facts: Facts) -> None:
    if visibility := lower(data.get("ProjectVisibility")):
        facts[f.VISIBILITY] = "internal" if visibility == "organization" else visibility


def _run(data: Data, facts: Facts) -> None:
    result = lower(data.get("DeploymentResult"))
    facts[f.STATUS] = "completed" if result else "requested"
    if result:
        facts[f.CONCLUSION] = _CONCLUSIONS.get(result, result)


# Sets the facts of an action; may tell a better action.
DETAILS: dict[str, Callable[[Data, Facts], str | None]] = {
    Action.MEMBER_ADD: _member,
    Action.MEMBER_REMOVE: _member,
    Action.POLICY_CHANGE: _policy,
    Action.PRIVILEGE_GRANT: _privilege,
    Action.PROTECTION_CHANGE: _protection,
    Action.TOKEN_CREATE: _token,
    Action.TOKEN_REVOKE: _token,
    Action.VISIBILITY_CHANGE: _visibility,
    Action.WORKFLOW_RUN: _run,
}
