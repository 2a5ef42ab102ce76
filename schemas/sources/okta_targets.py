"""What an Okta LogEvent was done to: its targets, the account concerned, the factor, the token."""

from schemas.action import Action
from schemas.activity import Fact, Outcome, Target, TargetKind, pseudonym
from schemas.facts import BY_ADMIN, FACTOR, REASON, SUBJECT, TOKEN_ID, WEAKENED
from schemas.sources.factor import factor_name
from schemas.sources.fields import lower, mapping, text, token_of
from schemas.sources.idp import NOBODY, word
from schemas.sources.okta_event_types import DENIED, SENT_BY, weakens
from schemas.sources.okta_log_event import DebugData, Entity, LogEvent
from schemas.sources.remember import remembered

_ACCOUNT, _OTHER = TargetKind.ACCOUNT, TargetKind.OTHER
_KINDS = {
    "user": TargetKind.ACCOUNT,
    "appuser": TargetKind.ACCOUNT,
    "appinstance": TargetKind.APPLICATION,
    "usergroup": TargetKind.GROUP,
    "token": TargetKind.TOKEN,
    "authenticatorenrollment": TargetKind.FACTOR,
    "authenticator": TargetKind.POLICY,
    "policyentity": TargetKind.POLICY,
    "policyrule": TargetKind.POLICY,
    "networkzone": TargetKind.POLICY,
    "identityprovider": TargetKind.POLICY,
}
_TELLING: dict[str, TargetKind] = {  # of several targets, the one that tells most
    Action.FACTOR_ENROLL: TargetKind.FACTOR,
    Action.FACTOR_REMOVE: TargetKind.FACTOR,
    Action.MFA_CHALLENGE: TargetKind.FACTOR,
    Action.SSO: TargetKind.APPLICATION,
    Action.PRIVILEGE_GRANT: TargetKind.ACCOUNT,
    Action.PRIVILEGE_REVOKE: TargetKind.ACCOUNT,
}
_WITH_FACTOR = frozenset(
    {Action.FACTOR_ENROLL, Action.FACTOR_REMOVE, Action.MFA_CHALLENGE, Action.LOGIN}
)
_WITH_TOKEN = frozenset({Action.TOKEN_CREATE, Action.TOKEN_REVOKE, Action.TOKEN_USE})
_GUARDS = frozenset({Action.POLICY_CHANGE, Action.AUDIT_CHANGE})
_OWN = frozenset({Action.LOGIN, Action.SSO, Action.MFA_CHALLENGE})  # nobody does them to others


def login_of(who: Entity) -> str:
    """Account of an actor or target; "" when neither its name nor its id is known."""
    return _login(who.alternate_id, who.id)


@remembered
def _login(alternate_id: str | None, ident: str | None) -> str:
    name, ident = lower(alternate_id), lower(ident)
    if name not in NOBODY and ident != "unknown":
        return f"okta:{name}"
    if ident == "unknown" and name not in NOBODY and "@" not in name:
        return f"okta:unknown-{pseudonym(name)}"
    if name in NOBODY:
        name = "" if ident in NOBODY else ident
    return f"okta:{name}" if name else ""


def user_of(targets: list[Entity]) -> str:
    """Account of the user among the targets; an application's user only when there is no other."""
    other = ""
    for target in targets:
        kind = word(target.type)
        if kind == "user":
            if login := login_of(target):
                return login
        elif kind == "appuser":
            other = other or login_of(target)
    return other


def target_of(action: str, targets: list[Entity]) -> Target | None:
    """The target that tells most of this action."""
    if not targets:
        return None
    wanted = _TELLING.get(action)
    best, best_kind = targets[0], _kind(targets[0])
    if best_kind is not wanted:
        for target in targets:
            kind = _kind(target)
            if kind is wanted:
                best, best_kind = target, kind
                break
            if best_kind is _ACCOUNT and kind is not _ACCOUNT:
                best, best_kind = target, kind
    return Target(best_kind, _name(best_kind, best))


def _kind(target: Entity) -> TargetKind:
    return _KINDS.get(word(target.type), _OTHER)


def _name(kind: TargetKind, target: Entity) -> str:
    if kind is _ACCOUNT:
        return login_of(target)
    for told in (target.display_name, target.alternate_id, target.id):
        name = text(told)
        if name.lower() not in NOBODY:
            return factor_name(name) if kind is TargetKind.FACTOR else name
    return ""


def facts_of(event: LogEvent, action: str, account: str, outcome: Outcome) -> dict[str, Fact]:
    """Facts of a LogEvent by that account, keys as in `schemas.facts`."""
    facts: dict[str, Fact] = {}
    if action in _WITH_FACTOR and (factor := _factor(event)):
        facts[FACTOR] = factor
    if outcome is not Outcome.SUCCESS and (reason := _reason(event)):
        facts[REASON] = reason
    if event.target and action not in _OWN and (user := user_of(event.target)):
        facts[BY_ADMIN] = user != account
        if user != account:
            facts[SUBJECT] = user
    if token := _token(event, action):
        facts[TOKEN_ID] = token
    if action in _GUARDS:
        weakened = weakens(event.event_type)
        if weakened is not None:
            facts[WEAKENED] = weakened
    return facts


def _factor(event: LogEvent) -> str:
    return factor_name(
        _factor_debugged(event)
        or _factor_enrolled(event.target or [])
        or SENT_BY.get(event.event_type, "push" if event.event_type in DENIED else "")
        or text(event.authentication_context and event.authentication_context.credential_type)
    )


def _factor_debugged(event: LogEvent) -> str:
    debug = debug_of(event)
    if debug and debug.factor:
        return text(debug.factor)
    reason = text(event.outcome and event.outcome.reason)
    return reason if reason.endswith(" factor") else ""  # User set up SIGNED_NONCE factor


def _factor_enrolled(targets: list[Entity]) -> str:
    for target in targets:
        if word(target.type) == "authenticatorenrollment":
            used = text(mapping(target.detail_entry).get("methodTypeUsed"))
            return used or text(target.display_name)
    return ""


def _reason(event: LogEvent) -> str:
    debug = debug_of(event)
    pushed = debug.push_only_response_type if debug else None
    if event.event_type in DENIED or pushed == "OV_RESPONSE_DENY":
        return "denied"
    return text(event.outcome and event.outcome.reason)


def _token(event: LogEvent, action: str) -> str:
    """Hash of the token made or revoked, else of the API token that the request came with."""
    if action in _WITH_TOKEN:
        for target in event.target or ():
            if "token" in word(target.type):
                return token_of(text(target.id))
    detail = event.transaction and event.transaction.detail
    return token_of(text(detail.request_api_token_id)) if detail else ""


def debug_of(event: LogEvent) -> DebugData | None:
    """The event's debug data."""
    return event.debug_context.debug_data if event.debug_context else None
