"""What detectors need to know of PyPI's events: the `additional` of a row, per action."""

from typing import Final

from schemas.action import Action
from schemas.activity import Actor, Fact
from schemas.facts import ADDED, BY_ADMIN, FACTOR, REASON, SCOPES, SUBJECT, TOKEN_ID
from schemas.sources.fields import account, items, mapping, repository_of, text, token_of
from schemas.sources.pypi_tags import adds

# Reasons of a failed login that mean the password was right and the second factor was not.
MFA_REASONS: Final = {
    "invalid_totp": "totp",
    "invalid_webauthn": "webauthn",
    "invalid_recovery_code": "recovery_code",
}
_FACTOR_CHANGES = frozenset({Action.FACTOR_ENROLL, Action.FACTOR_REMOVE})
_TOKEN_CHANGES = frozenset({Action.TOKEN_CREATE, Action.TOKEN_REVOKE})
_MAX_SCOPES = 32


def facts_of(
    tag: str, action: str, told: dict[str, object], own: str, actor: Actor
) -> dict[str, Fact]:
    """Facts of an event, keys as in `schemas.facts`.

    Args:
        tag: Warehouse's tag.
        action: what it is in the taxonomy.
        told: the row's `additional`.
        own: the account whose history it stands in, if it is an account's.
        actor: who did it.
    """
    facts: dict[str, Fact] = {}
    if "reason" in told:
        facts[REASON] = text(told["reason"])
    elif tag == "account:api_token:removed_leak":
        facts[REASON] = "leaked"
    if action == Action.PACKAGE_OWNER:
        facts[ADDED] = adds(tag)
    # In an account's own history nobody but the account acts, unless the row says who.
    subject = _subject(told) or (account("pypi", own) if own and "submitted_by" in told else "")
    if subject and subject != actor.account:
        facts[SUBJECT] = subject
    if "role_name" in told:
        facts[SCOPES] = [text(told["role_name"]).lower()]
    if own and (factor := _factor(tag, told)):
        facts[FACTOR] = factor
    if action in _FACTOR_CHANGES:
        facts[BY_ADMIN] = SUBJECT in facts
    elif action in _TOKEN_CHANGES:
        _token(facts, told)
    return facts


def _subject(told: dict[str, object]) -> str:
    """To whom it was done: an account, or the repository that may publish from now on."""
    if "target_user" in told:
        return account("pypi", told["target_user"])
    if "specifier" not in told:
        return ""
    repository = repository_of(told.get("url"))
    if not repository:
        return account("pypi", told.get("publisher"))
    return account("pypi", f"{text(told.get('publisher')) or 'oidc'}@{repository}")


def _factor(tag: str, told: dict[str, object]) -> str:
    if tag.startswith("account:recovery_codes:"):
        return "recovery_code"
    method = told.get("method") or told.get("two_factor_method")
    if method:
        return text(method).lower().replace("-", "_")
    return MFA_REASONS.get(text(told["reason"]), "") if "reason" in told else ""


def _token(facts: dict[str, Fact], told: dict[str, object]) -> None:
    if macaroon := text(told.get("macaroon_id")):
        facts[TOKEN_ID] = token_of(macaroon)
    scopes: set[str] = set()
    for caveat in items(told.get("caveats")):
        permissions = mapping(caveat).get("permissions")
        projects = items(mapping(permissions).get("projects"))
        scopes.update(f"project:{text(project).lower()}" for project in projects)
        if isinstance(permissions, str):
            scopes.add(text(permissions))
    if scopes:
        facts[SCOPES] = sorted(scopes)[:_MAX_SCOPES]
