"""What an Entra audit record was done to: targets, the account concerned, factor, key, scopes."""

import re
from typing import Final

from schemas import facts as f
from schemas.action import Action
from schemas.activity import Fact, Target, TargetKind
from schemas.sources.entra_audit_actions import REPORTS, WEAKENING, plain
from schemas.sources.entra_audit_log import AuditRecord, Change, Resource
from schemas.sources.entra_factor import factor_of
from schemas.sources.fields import lower, text, token_of
from schemas.sources.idp import word

_KINDS: Final = {
    "user": TargetKind.ACCOUNT,
    "group": TargetKind.GROUP,
    "administrativeunit": TargetKind.GROUP,
    "application": TargetKind.APPLICATION,
    "serviceprincipal": TargetKind.APPLICATION,
    "policy": TargetKind.POLICY,
    "namedlocation": TargetKind.POLICY,
}
_TELLING: Final[dict[str, TargetKind]] = {  # of several targets, the one that tells most
    Action.PRIVILEGE_GRANT: TargetKind.ACCOUNT,
    Action.PRIVILEGE_REVOKE: TargetKind.ACCOUNT,
    Action.MEMBER_ADD: TargetKind.GROUP,
    Action.MEMBER_REMOVE: TargetKind.GROUP,
    Action.TOKEN_CREATE: TargetKind.APPLICATION,
    Action.TOKEN_REVOKE: TargetKind.APPLICATION,
}
_FACTORS: Final = frozenset({Action.FACTOR_ENROLL, Action.FACTOR_REMOVE})
_TOKENS: Final = frozenset({Action.TOKEN_CREATE, Action.TOKEN_REVOKE})
_PRIVILEGES: Final = frozenset({Action.PRIVILEGE_GRANT, Action.PRIVILEGE_REVOKE})
_CHANGED: Final = _TOKENS | _PRIVILEGES | {Action.POLICY_CHANGE}
_KEY: Final = re.compile(r"KeyIdentifier=([0-9A-Fa-f-]{8,64})")
_SCOPE: Final = re.compile(r"\bScope: ?([^,;\]\"]+)")
_ENABLED: Final = re.compile(r'\\?"state\\?": ?\\?"enabled\\?"')
_MOST: Final = 32


def account_of(resource: Resource) -> str:
    """Account of a user among the targets; "" for others."""
    kind, name = word(resource.type), lower(resource.user_principal_name)
    if kind == "user":
        name = name or lower(resource.id)
    elif kind:
        return ""
    return f"entra:{name}" if name else ""


def target_of(event: AuditRecord, action: str, organization: str) -> Target | None:
    """The target that tells most of this action."""
    targets = event.target_resources or ()
    if action in _FACTORS and (factor := _factor(event)):
        return Target(TargetKind.FACTOR, factor, organization=organization)
    if not targets:
        return None
    kinds = [_KINDS.get(word(target.type), TargetKind.OTHER) for target in targets]
    wanted = _TELLING.get(action)
    index = kinds.index(wanted) if wanted in kinds else 0
    target, kind = targets[index], kinds[index]
    account = account_of(target) if kind is TargetKind.ACCOUNT else ""
    return Target(
        kind, account or text(target.display_name or target.id), organization=organization
    )


def facts_of(event: AuditRecord, action: str, account: str, failed: bool) -> dict[str, Fact]:
    """Facts of an audit record by that account, keys as in `schemas.facts`."""
    facts: dict[str, Fact] = {}
    for target in event.target_resources or ():
        if subject := account_of(target):
            facts[f.BY_ADMIN] = subject != account
            if subject != account:
                facts[f.SUBJECT] = subject
            break
    if failed and (reason := text(event.result_reason)):
        facts[f.REASON] = reason[:160]
    if action in _FACTORS and (factor := _factor(event)):
        facts[f.FACTOR] = factor
    if action in _CHANGED:
        _of_changes(event, action, facts)
    return facts


def _factor(event: AuditRecord) -> str:
    return factor_of(text(event.result_reason)) or factor_of(text(event.activity_display_name))


def _of_changes(event: AuditRecord, action: str, facts: dict[str, Fact]) -> None:
    changes = {
        word(change.display_name): change
        for target in event.target_resources or ()
        for change in target.modified_properties or ()
    }
    if action == Action.POLICY_CHANGE:
        if _weakens(event, changes):
            facts[f.WEAKENED] = True
        return
    if scopes := _scopes(changes):
        facts[f.SCOPES] = scopes
    if action in _TOKENS and (change := changes.get("keydescription")):
        new, old = set(_keys(change.new_value)), set(_keys(change.old_value))
        if keys := sorted(new - old or old - new):
            facts[f.TOKEN_ID] = token_of(keys[0])


def _weakens(event: AuditRecord, changes: dict[str, Change]) -> bool:
    """A guard deleted, or a conditional access policy that is enforced no more."""
    if plain(text(event.activity_display_name)) in WEAKENING:
        return True
    change = changes.get("conditionalaccesspolicy")
    return change is not None and bool(
        _ENABLED.search(_long(change.old_value)) and not _ENABLED.search(_long(change.new_value))
    )


def _scopes(changes: dict[str, Change]) -> list[str]:
    """Names of the role, or the permissions an application got."""
    for name in ("role.displayname", "approle.value", "delegatedpermissiongrant.scope"):
        if change := changes.get(name):
            told = _long(change.new_value or change.old_value).strip('" ')
            names = [told] if name == "role.displayname" else told.split()
            return sorted({text(n) for n in names if n and n != "null"})[:_MOST]
    if change := changes.get("consentaction.permissions"):
        new = _long(change.new_value)
        return sorted({text(n) for part in _SCOPE.findall(new) for n in part.split()})[:_MOST]
    return []


def _keys(value: object) -> list[str]:
    return [key.lower() for key in _KEY.findall(_long(value))]


def _long(value: object) -> str:
    """Text of a changed property: whole, as the values sought stand deep inside."""
    return value if isinstance(value, str) else text(value)


def reported(event: AuditRecord) -> bool:
    """A user says of a prompt that it was not theirs."""
    return plain(text(event.activity_display_name)) in REPORTS
