"""What detectors need to know of the Compliance API's activities."""

from typing import Final

from schemas import facts as f
from schemas.action import Action
from schemas.activity import Fact, TargetKind
from schemas.sources.anthropic_activities import NAME
from schemas.sources.fields import account, flag, items, lower, text, token_of
from schemas.sources.rules import Rule

Json = dict[str, object]

_MAX_SCOPES: Final = 32
_ADMINS: Final = frozenset({"owner", "primary_owner", "admin"})
_SUBJECTS: Final = (
    "user_email",
    "invited_email",
    "invitee_email",
    "deleted_user_email",
    "target_user_id",
    "deleted_user_id",
    "new_owner_id",
    "user_id",
    "principal_id",
    "target_id",
)
_TOKENS: Final = (
    "api_key_id",
    "admin_api_key_id",
    "scoped_api_key_id",
    "service_key_id",
    "tunnel_token_id",
    "new_signing_key_id",
)
SERVERS: Final = ("mcp_server_name", "mcp_server_id", "integration_type", "integration_id")
_REASONS: Final = ("reason", "error_type", "error_code", "result")
# Switches whose event has one name for both ways; on is the guarded state.
_GUARDS: Final = {
    "org_sso_toggled": ("enabled", "is_enabled", "sso_enabled"),
    "org_magic_link_second_factor_toggled": ("enabled", "is_enabled", "magic_link_enabled"),
    "org_connector_domain_guard_updated": ("enabled", "is_enabled", "current_value"),
    "org_compliance_api_settings_updated": (
        "compliance_api_enabled",
        "compliance_api_logging_enabled",
    ),
}


def action_of(native: str, rule: Rule, record: Json) -> str:
    """The rule's action; of a change of role, whether somebody rose, fell, came or left."""
    if native == "claude_user_role_updated" and "current_role" in record:
        old, new = lower(record.get("previous_role")), lower(record.get("current_role"))
        if not new:
            return Action.MEMBER_REMOVE
        if not old and "previous_role" in record:
            return Action.MEMBER_ADD
        if old in _ADMINS and new not in _ADMINS:
            return Action.PRIVILEGE_REVOKE
    return rule.action


def facts_of(native: str, rule: Rule, record: Json, actor: str, key: str) -> dict[str, Fact]:
    """Facts of an activity, keys as in `schemas.facts`.

    Args:
        native: the activity's type.
        rule: what it means.
        record: the activity; its own fields stand beside the common ones.
        actor: account of who did it.
        key: id of the API key it was done with, if any.
    """
    if rule.action.startswith(NAME):
        return {f.TOKEN_ID: token_of(key)} if key else {}
    facts: dict[str, Fact] = {}
    made = _first(record, _TOKENS) if rule.kind is TargetKind.TOKEN else ""
    if made or key:
        facts[f.TOKEN_ID] = token_of(made or key)
    _whom(facts, rule, record, actor)
    if rule.action == Action.AGENT_CONNECT:
        facts[f.SERVER] = _first(record, SERVERS) or native
    if rule.kind is TargetKind.FACTOR:
        facts[f.FACTOR] = lower(record.get("mfa_method")) or _factor(native)
        facts[f.BY_ADMIN] = rule.action == Action.FACTOR_RESET
    if reason := _first(record, _REASONS):
        facts[f.REASON] = reason
    weakened = _weakened(native, rule, record)
    if weakened is not None:
        facts[f.WEAKENED] = weakened
    return facts


def _whom(facts: dict[str, Fact], rule: Rule, record: Json, actor: str) -> None:
    """To whom, and what it lets them do."""
    if "scopes" in record:
        scopes = {name for one in items(record["scopes"]) if (name := text(one))}
        facts[f.SCOPES] = sorted(scopes)[:_MAX_SCOPES]
    elif role := record.get("current_role") or record.get("role") or record.get("role_id"):
        facts[f.SCOPES] = [lower(role)]
    if rule.kind in {TargetKind.ACCOUNT, TargetKind.GROUP} or rule.action == Action.FACTOR_RESET:
        members = items(record.get("member_ids"))
        only = members[0] if len(members) == 1 else ""
        subject = account("anthropic", _first(record, _SUBJECTS) or only)
        if subject and subject != actor:
            facts[f.SUBJECT] = subject


def _first(record: Json, fields: tuple[str, ...]) -> str:
    for field in fields:
        if (value := record.get(field)) and (found := text(value)):
            return found
    return ""


def _factor(native: str) -> str:
    if "magic_link" in native:
        return "magic_link"
    if "phone" in native:
        return "sms"
    return "trusted_device" if "device" in native else "passkey"


def _weakened(native: str, rule: Rule, record: Json) -> bool | None:
    switches = _GUARDS.get(native)
    if switches is None:
        return rule.weakened
    states = [on for switch in switches if (on := flag(record.get(switch))) is not None]
    return False in states if states else None
