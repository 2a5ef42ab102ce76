"""What Duo's administrator (v1) and activity (v2) records say: who did what to whom.

Reference: https://duo.com/docs/adminapi#administrator-logs and #activity-logs. Both have a part
that is JSON within a string: `description`, and `details` of actor and target.
"""

from typing import Final, NamedTuple

import orjson

from schemas import facts as f
from schemas.action import Action
from schemas.activity import Actor, ActorKind, Fact, Origin, Outcome, Target, TargetKind
from schemas.sources.base import RejectedError
from schemas.sources.duo_actions import ACTIONS, FAILED, SIGNS, WEAKENING, factor_of
from schemas.sources.duo_log_shapes import Named, Record
from schemas.sources.fields import lower, mapping, text
from schemas.sources.idp import actor_named, origin_told

_BYPASS: Final = "bypass"  # a status: no second factor is asked for
_FACTORS: Final = frozenset({Action.FACTOR_ENROLL, Action.FACTOR_REMOVE, Action.FACTOR_RESET})
_OF_USERS: Final = ("user_", "bypass_", "deregister_")  # the record's object is a user
_KINDS: Final[dict[str, TargetKind]] = {
    Action.FACTOR_ENROLL: TargetKind.FACTOR,
    Action.FACTOR_REMOVE: TargetKind.FACTOR,
    Action.POLICY_CHANGE: TargetKind.POLICY,
    Action.APP_INSTALL: TargetKind.APPLICATION,
    Action.FACTOR_RESET: TargetKind.ACCOUNT,
    Action.MEMBER_ADD: TargetKind.ACCOUNT,
    Action.MEMBER_REMOVE: TargetKind.ACCOUNT,
    Action.PASSWORD_CHANGE: TargetKind.ACCOUNT,
    Action.PRIVILEGE_GRANT: TargetKind.ACCOUNT,
    Action.PRIVILEGE_REVOKE: TargetKind.ACCOUNT,
}
_OUTCOMES: Final = {"success": Outcome.SUCCESS, "failure": Outcome.FAILURE}
_MACHINES: Final = frozenset({"api", "system"})
_NOTHING: Final = Named()

Details = dict[str, object]


class Administration(NamedTuple):
    """One administrative record; `action` is None where the taxonomy has none."""

    native: str
    action: Action | None
    actor: Actor
    target: Target | None
    outcome: Outcome
    facts: dict[str, Fact]
    origin: Origin | None


def administration(record: Record) -> Administration:
    """Reads the record.

    Raises:
        RejectedError: `missing_field` without an action.
    """
    told, target = record.action, record.target or _NOTHING
    native = lower(told.name if isinstance(told, Named) else told)
    if not native:
        raise RejectedError("missing_field", "no action")
    details = details_of(target.details or record.description)
    action = _action(native, details)
    actor = _actor(record, action, details)
    outcome = _outcome(record, native)
    facts = _facts(native, action, details)
    name = text(target.name or record.object)
    own = actor.account if record.actor and lower(record.actor.type) == "user" else ""
    if subject := _subject(native, action, target, name, details) or (own if action else ""):
        facts[f.BY_ADMIN] = subject != actor.account
        if subject != actor.account:
            facts[f.SUBJECT] = subject
    if outcome is Outcome.FAILURE and (reason := text(details.get("error"))):
        facts[f.REASON] = reason
    address = text(details.get("ip_address"))
    return Administration(
        native,
        action,
        actor,
        _target(action, facts, name),
        outcome,
        facts,
        origin_told(address) if address else None,
    )


def details_of(told: str | None) -> Details:
    """The JSON object within the string; free text and null give an empty one."""
    if not told or not told.startswith("{"):
        return {}
    try:
        return mapping(orjson.loads(told))
    except orjson.JSONDecodeError:
        return {}


def _action(native: str, details: Details) -> Action | None:
    if lower(details.get("status")) == _BYPASS:
        if native == "user_update":
            return Action.FACTOR_RESET
        if native == "group_update":
            return Action.POLICY_CHANGE
    return ACTIONS.get(native)


def _actor(record: Record, action: Action | None, details: Details) -> Actor:
    if (actor := record.actor) is not None:
        kind = lower(actor.type)
        email = text(details_of(actor.details).get("email"))
        # Administrators and users are two lists: an administrator is known by the address.
        login = (email if kind == "admin" else "") or text(actor.name or actor.key)
        person = kind in ("admin", "user")
    else:
        login = text(record.username)
        person = login.lower() not in _MACHINES and ":" not in login  # "AD Sync: …"
        email = text(details.get("email")) if action is Action.LOGIN else ""
        login = email or login
    if not login:
        return actor_named("duo", "system", ActorKind.SERVICE)
    return actor_named("duo", login, ActorKind.PERSON if person else ActorKind.SERVICE, email)


def _outcome(record: Record, native: str) -> Outcome:
    if native in FAILED:
        return Outcome.FAILURE
    told = lower(record.outcome.result) if record.outcome else ""
    return _OUTCOMES.get(told, Outcome.UNKNOWN) if told else Outcome.SUCCESS


def _facts(native: str, action: Action | None, details: Details) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    if action is Action.LOGIN:
        factor = factor_of(lower(details.get("factor")))
    elif action in _FACTORS:
        factor = next((name for sign, name in SIGNS.items() if sign in native), "")
    else:
        factor = ""
    if factor:
        facts[f.FACTOR] = factor
    if native in WEAKENING or (native == "group_update" and action is Action.POLICY_CHANGE):
        facts[f.WEAKENED] = True
    if action is Action.PRIVILEGE_GRANT and (role := text(details.get("role"))):
        facts[f.SCOPES] = [role]
    return facts


def _subject(native: str, action: Action | None, target: Named, name: str, details: Details) -> str:
    """Account of the user that a change was made to, where the record says."""
    if action is None or action is Action.LOGIN:
        return ""
    login = lower(details.get("user") or details.get("username"))
    if not login and (native.startswith(_OF_USERS) or lower(target.type).startswith("user")):
        login = name.lower()
    return f"duo:{login}" if login else ""


def _target(action: Action | None, facts: dict[str, Fact], name: str) -> Target | None:
    """A factor goes by its kind: its own name may be a telephone number."""
    kind = _KINDS.get(action or "", TargetKind.OTHER)
    if kind is TargetKind.FACTOR:
        name = text(facts.get(f.FACTOR))
    elif action is None:
        name = ""
    return Target(kind, name) if name else None
