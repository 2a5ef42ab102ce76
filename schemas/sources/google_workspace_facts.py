"""What a Google Workspace event was done to: the account concerned, group, application, factor."""

from functools import lru_cache
from typing import Final

from schemas import facts as f
from schemas.action import Action
from schemas.activity import Fact, Outcome, Target, TargetKind
from schemas.sources.factor import factor_name
from schemas.sources.fields import text, token_of
from schemas.sources.google_workspace_events import SWITCHES, WEAKENING
from schemas.sources.google_workspace_log import Parameter
from schemas.sources.idp import word

SYSTEM: Final = "google_workspace"
_METHODS: Final = {  # what `factor_name` would call otherwise
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
_FAILED: Final = frozenset(
    {"login_failure", "access_deny_event", "access_deny_internal_error_event"}
)
_CHALLENGES: Final = frozenset({"login_challenge", "login_verification"})
_SUBJECTS: Final = ("user_email", "affected_email_address", "member_id", "target_user")
_TARGETS: Final = {  # the first that is told
    "group_email": TargetKind.GROUP,
    "group_id": TargetKind.GROUP,
    "app_name": TargetKind.APPLICATION,
    "application_name": TargetKind.APPLICATION,
    "oauth2_app_name": TargetKind.APPLICATION,
    "api_client_name": TargetKind.APPLICATION,
    "caa_application": TargetKind.APPLICATION,
    "user_email": TargetKind.ACCOUNT,
    "affected_email_address": TargetKind.ACCOUNT,
    "setting_name": TargetKind.POLICY,
    "domain_name": TargetKind.POLICY,
    "org_unit_name": TargetKind.POLICY,
}
_MOST: Final = 32

Details = dict[str, str | list[str]]


def details_of(parameters: list[Parameter] | None) -> Details:
    """Parameters by their name in lower case; values that are neither text nor texts left out."""
    details: Details = {}
    for parameter in parameters or ():
        name = word(parameter.name)
        if parameter.multi_value is not None:
            details[name] = parameter.multi_value
            continue
        value: object = parameter.value
        if value is None:
            value = parameter.int_value if parameter.bool_value is None else parameter.bool_value
        if told := text(value):
            details[name] = told
    return details


def _one(value: str | list[str] | None) -> str:
    """Of several values the last: of the challenges of a login, the one that decided."""
    return text(value[-1]) if isinstance(value, list) and value else text(value)


@lru_cache(65_536)
def _account(email: str) -> str:
    return f"{SYSTEM}:{email.lower()}" if email else ""


def facts_of(
    event: str, action: str, details: Details, account: str, outcome: Outcome
) -> dict[str, Fact]:
    """Facts of an event by that account, keys as in `schemas.facts`; `event` in lower case."""
    facts: dict[str, Fact] = {}
    if not details.keys().isdisjoint(_SUBJECTS):
        subject = _account(next(_one(details[name]) for name in _SUBJECTS if name in details))
        facts[f.BY_ADMIN] = subject != account
        if subject != account:
            facts[f.SUBJECT] = subject
    if factor := _factor(event, action, details):
        facts[f.FACTOR] = factor
    if outcome is Outcome.FAILURE and (reason := _reason(details)):
        facts[f.REASON] = reason
    if details.get("is_suspicious") == "true" or "suspicious" in event:
        facts[f.RISK] = "high"
    if scopes := details.get("scope") or details.get("api_scopes") or details.get("role_name"):
        facts[f.SCOPES] = _scopes(scopes)
    if client := details.get("client_id") or details.get("api_client_name"):
        # A client of the whole domain has no user.
        facts[f.TOKEN_ID] = token_of(f"{_one(client)} {account if event in _GRANTS else ''}")
    if action in _GUARDED and (weakened := _weakened(event, details)) is not None:
        facts[f.WEAKENED] = weakened
    return facts


def _factor(event: str, action: str, details: Details) -> str:
    if told := details.get("login_challenge_method"):
        method = _one(told)
        return _METHODS.get(method) or factor_name(method.replace("_", " "))
    if action not in _FACTORS:
        return ""
    return next((name for sign, name in _BY_NAME.items() if sign in event), "")


def _reason(details: Details) -> str:
    told = details.get("login_failure_type") or details.get("failure_type")
    return _one(told or details.get("login_challenge_status"))


def _scopes(told: str | list[str]) -> list[str]:
    scopes = told.replace(",", " ").split() if isinstance(told, str) else told
    return sorted({text(scope) for scope in scopes})[:_MOST]


def _weakened(event: str, details: Details) -> bool | None:
    if event in SWITCHES:
        value = _one(details.get("new_value")).lower()
        return True if value in _OFF else False if value in _ON else None
    return WEAKENING.get(event)


def outcome_of(event: str, details: Details) -> Outcome:
    """Did it work: told by the event's name, or by a challenge's status."""
    if event in _FAILED:
        return Outcome.FAILURE
    if event in _CHALLENGES:
        status = _one(details.get("login_challenge_status")).lower()
        if "pass" in status:
            return Outcome.SUCCESS
        return Outcome.FAILURE if status else Outcome.UNKNOWN
    return Outcome.SUCCESS


def target_of(details: Details, organization: str) -> Target | None:
    """Group, application, account or setting, whichever tells most."""
    if details.keys().isdisjoint(_TARGETS):
        return None
    name = next(name for name in _TARGETS if name in details)
    told = _one(details[name])
    kind = _TARGETS[name]
    if kind is TargetKind.ACCOUNT:
        told = _account(told)
    return Target(kind, told, organization=organization) if told else None
