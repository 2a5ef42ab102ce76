"""What detectors need to know of Cursor's audit events."""

from typing import Final

from schemas import facts as f
from schemas.action import Action
from schemas.activity import Fact
from schemas.sources.fields import account, flag, items, lower, mapping, text, token_of

Json = dict[str, object]

_SUBJECTS: Final = (
    "user_email",
    "subject_user_email",
    "recipient_email",
    "target_user_email",
    "principal_display",
)
_CHANGES: Final = frozenset(
    {
        Action.MEMBER_ADD,
        Action.MEMBER_REMOVE,
        Action.PRIVILEGE_GRANT,
        Action.PRIVILEGE_REVOKE,
        Action.TOKEN_CREATE,
    }
)
_TOKENS: Final = frozenset({Action.TOKEN_CREATE, Action.TOKEN_REVOKE})
_ADMINS: Final = frozenset({"owner", "free_owner", "admin"})
_ZERO: Final = "0" * 40  # git's id of what is not there


def facts_of(event: str, action: str, data: Json, actor: str) -> dict[str, Fact]:
    """Facts of an event, keys as in `schemas.facts`.

    Args:
        event: type of the event.
        action: what it is in the taxonomy.
        data: the event's own fields.
        actor: account of who did it.
    """
    facts: dict[str, Fact] = {}
    if action in _CHANGES:
        subject = lower(next((who for field in _SUBJECTS if (who := data.get(field))), ""))
        if "@" in subject and (name := account("cursor", subject)) != actor:
            facts[f.SUBJECT] = name
        if role := lower(data.get("new_role") or data.get("role") or data.get("policy_name")):
            facts[f.SCOPES] = [role]
    if action in _TOKENS and (key := text(data.get("api_key_id"))):
        facts[f.TOKEN_ID] = token_of(key)
    if action == Action.AGENT_CONNECT:
        facts[f.SERVER] = text(data.get("server_name"))
    elif action == Action.PUSH:
        _push(facts, data)
    elif action == Action.POLICY_CHANGE:
        weakened = _weakened(event, data)
        if weakened is not None:
            facts[f.WEAKENED] = weakened
    return facts


def role_sank(data: Json) -> bool:
    """Was an administrator made a member."""
    return lower(data.get("old_role")) in _ADMINS and lower(data.get("new_role")) not in _ADMINS


def _push(facts: dict[str, Fact], data: Json) -> None:
    updates = [mapping(update) for update in items(data.get("ref_updates"))]
    if not updates:
        return
    facts[f.FORCED] = any(flag(update.get("forced")) is True for update in updates)
    facts[f.REF] = text(updates[0].get("ref"))
    if after := lower(updates[0].get("after")):
        facts[f.COMMIT] = after if after != _ZERO else ""


def _weakened(event: str, data: Json) -> bool | None:
    """Whether a guard was taken away, where the event's fields tell it.

    Privacy Mode is off where code may be stored or trained on; single sign-on keeps strangers out,
    joining by e-mail domain lets them in.
    """
    if event == "origin_namespace_ssh_certificate_requirement_changed":
        required = flag(data.get("require_certificates"))
        return None if required is None else not required
    if event == "organization_identity_provider":
        return _identity_provider(data)
    if event == "privacy_mode":
        old, new = (_private(data.get(f"{age}_privacy_mode")) for age in ("old", "new"))
        return None if old is None or new is None or old == new else old
    return None


def _identity_provider(data: Json) -> bool | None:
    verb, on = text(data.get("action")), flag(data.get("new_value"))
    if verb in {"add_domain_join", "remove_domain_join"}:
        return verb == "add_domain_join"
    if on is None:
        return None
    return not on if text(data.get("setting_name")) == "allow_sso" else on


def _private(mode: object) -> bool | None:
    told = lower(mode)
    if told in {"true", "enabled", "on"} or "no_storage" in told or "no_training" in told:
        return True
    if told in {"false", "disabled", "off", "none"} or told.endswith("_allowed"):
        return False
    return None
