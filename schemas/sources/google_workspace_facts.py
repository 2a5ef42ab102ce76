"""What a Google Workspace event was done to: the account concerned, group, application, factor."""

from functools import lru_cache
from typing import Final

from schemas import facts as f
from schemas.action import Action
from schemas.activity import Fact, Outcome, Target, TargetKind
from schemas.sources.fields import lower, text, token_of
from schemas.sources.google_workspace_events import SWITCHES, WEAKENING
from schemas.sources.google_workspace_log import Parameter
from schemas.sources.okta_factor import factor_name

SYSTEM: Final = "google_workspace"
_METHODS: Final = {  # what `okta_factor` would call otherwise
    "google_prompt": "push",
    "security_key": "webauthn",
    "security_key_otp": "totp",
    "idv_any_phone": "phone",
    "idv_preregistered_phone": "phone",
    "backup_code": "backup_code",
    "offline_otp": "totp",
}
_BY_NAME: Final = {  # the factor stands in the event's name
    "recovery_email": "recovery_email",
    "recovery_phone": "recovery_phone",
    "recovery_secret": "recovery_question",
    "passkey": "webauthn",
    "security_key": "webauthn",
    "scratch_codes": "backup_code",
}
_OFF: Final = frozenset({"false", "off", "disabled", "not_enforced", "allow"})
_ON: Final = frozenset({"true", "on", "enabled", "enforced", "enforce"})
_FACTORS: Final = frozenset({Action.FACTOR_ENROLL, Action.FACTOR_REMOVE})
_GUARDED: Final = frozenset({Action.POLICY_CHANGE, Action.AUDIT_CHANGE})
_GRANTS: Final = frozenset({"authorize", "revoke", "activity"})  # of one user to one client
_MOST: Final = 32

Details = dict[str, str | list[str]]


def details_of(parameters: list[Parameter] | None) -> Details:
    """Parameters by their name in lower case; values that are neither text nor texts left out."""
    details: Details = {}
    for parameter in parameters or ():
        name = _plain(parameter.name)
        if parameter.multi_value is not None:
            details[name] = parameter.multi_value
            continue
        value: object = parameter.value
        if value is None:
            value = parameter.int_value if parameter.bool_value is None else parameter.bool_value
        if told := text(value):
            details[name] = told
    return details


_plain: Final = lru_cache(4096)(lower)


def first(details: Details, *names: str) -> str:
    """The first of the parameters that is told; of several values the first."""
    for name in names:
        value = details.get(name)
        if value:
            return text(value[0]) if isinstance(value, list) else value
    return ""


def _account(email: str) -> str:
    return f"{SYSTEM}:{email.lower()}" if email else ""


def facts_of(event: str, action: str, details: Details, account: str) -> dict[str, Fact]:
    """Facts of an event by that account, keys as in `schemas.facts`; `event` in lower case."""
    facts: dict[str, Fact] = {}
    if subject := _account(
        first(details, "user_email", "affected_email_address", "member_id", "target_user")
    ):
        facts[f.BY_ADMIN] = subject != account
        if subject != account:
            facts[f.SUBJECT] = subject
    if factor := _factor(event, action, details):
        facts[f.FACTOR] = factor
    if reason := _reason(event, details):
        facts[f.REASON] = reason
    if first(details, "is_suspicious") == "true" or "suspicious" in event:
        facts[f.RISK] = "high"
    if scopes := _scopes(details):
        facts[f.SCOPES] = scopes
    if client := first(details, "client_id", "api_client_name"):
        # A client of the whole domain has no user.
        facts[f.TOKEN_ID] = token_of(f"{client} {account if event in _GRANTS else ''}")
    if action in _GUARDED and (weakened := _weakened(event, details)) is not None:
        facts[f.WEAKENED] = weakened
    return facts


def _factor(event: str, action: str, details: Details) -> str:
    if method := first(details, "login_challenge_method"):
        return _METHODS.get(method) or factor_name(method.replace("_", " "))
    if action not in _FACTORS:
        return ""
    return next((name for sign, name in _BY_NAME.items() if sign in event), "")


def _reason(event: str, details: Details) -> str:
    if reason := first(details, "login_failure_type", "failure_type"):
        return reason
    failed = outcome_of(event, details) is Outcome.FAILURE
    return first(details, "login_challenge_status") if failed else ""


def _scopes(details: Details) -> list[str]:
    told = details.get("scope") or details.get("api_scopes") or details.get("role_name")
    if isinstance(told, str):
        told = told.replace(",", " ").split()
    return sorted({text(scope) for scope in told or ()})[:_MOST]


def _weakened(event: str, details: Details) -> bool | None:
    if event in SWITCHES:
        value = first(details, "new_value").lower()
        return True if value in _OFF else False if value in _ON else None
    return WEAKENING.get(event)


def outcome_of(event: str, details: Details) -> Outcome:
    """Did it work: told by the event's name, or by a challenge's status."""
    if event == "login_failure":
        return Outcome.FAILURE
    if event in ("login_challenge", "login_verification"):
        status = first(details, "login_challenge_status").lower()
        if "pass" in status:
            return Outcome.SUCCESS
        return Outcome.FAILURE if status else Outcome.UNKNOWN
    return Outcome.SUCCESS


def target_of(action: str, details: Details, organization: str) -> Target | None:
    """Group, application, factor or account, whichever tells most."""
    for kind, names in (
        (TargetKind.GROUP, ("group_email", "group_id")),
        (TargetKind.APPLICATION, ("app_name", "application_name", "oauth2_app_name")),
        (TargetKind.APPLICATION, ("api_client_name",)),
        (TargetKind.ACCOUNT, ("user_email", "affected_email_address")),
        (TargetKind.POLICY, ("setting_name", "domain_name", "org_unit_name")),
    ):
        if name := first(details, *names):
            if kind is TargetKind.ACCOUNT:
                name = _account(name)
            elif action == Action.POLICY_CHANGE and kind is TargetKind.GROUP:
                kind = TargetKind.POLICY  # noqa: PLW2901 - a policy for a group
            return Target(kind, name, organization=organization)
    return None
