"""Microsoft Entra ID sign-ins: from Graph, diagnostic settings (Event Hub), or Log Analytics rows.

Reference: https://learn.microsoft.com/graph/api/resources/signin. Who comes in by hand starts a
session (login); a non-interactive sign-in goes on with one (single sign-on); a service principal or
a managed identity uses its credential (token use, the token being the credential's key id, which
`entra.audit` gives when a credential is added). An interactive sign-in that ends at the second
factor is a challenge that failed. Error codes that only interrupt a sign-in (a factor is asked for,
a consent, "keep me signed in") leave the outcome open:
https://learn.microsoft.com/entra/identity-platform/reference-error-codes.

Of a user that the tenant does not know, only an address is kept in clear: people type passwords.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec

from schemas import facts as f
from schemas.action import Action
from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Fact,
    Origin,
    Outcome,
    Position,
    Target,
    TargetKind,
    digest,
)
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.entra_factor import factor_of
from schemas.sources.entra_signin_log import (
    READER,
    Agent,
    Device,
    Location,
    SignIn,
    Status,
    piece,
    recognises,
    steps,
)
from schemas.sources.fields import count, event_time, lower, text, token_of
from schemas.sources.idp import actor_named, guarded, origin_told, word

NAME: Final = "entra.signin"
KINDS: Final[dict[str, Action]] = {  # signInEventTypes
    "interactiveUser": Action.LOGIN,
    "nonInteractiveUser": Action.SSO,
    "servicePrincipal": Action.TOKEN_USE,
    "managedIdentity": Action.TOKEN_USE,
}
_CATEGORIES: Final = {
    "signinlogs": "interactiveUser",
    "adfssigninlogs": "interactiveUser",
    "noninteractiveusersigninlogs": "nonInteractiveUser",
    "serviceprincipalsigninlogs": "servicePrincipal",
    "microsoftserviceprincipalsigninlogs": "servicePrincipal",
    "managedidentitysigninlogs": "managedIdentity",
}
_SERVICES: Final = frozenset({"servicePrincipal", "managedIdentity"})
_STRONG_AUTHENTICATION_FAILED: Final = 500121
_UNKNOWN_USER: Final = frozenset({50034, 50059, 51004})
_INTERRUPTED: Final = frozenset(
    {
        16000, 16001, 50055, 50058, 50072, 50074, 50076, 50079, 50097, 50125, 50127, 50129,
        50140, 50144, 50158, 50203, 65001,
    }
)  # fmt: skip
_MODERN: Final = frozenset({"", "browser", "mobile apps and desktop clients"})
_PLAIN: Final = frozenset({"", "none", "oauth2", "saml20", "wsfederation", "unknownfuturevalue"})
_RISKS: Final = frozenset({"low", "medium", "high"})
_LONGEST_REASON: Final = 160
_NOTHING: Final = Status()
_NO_DEVICE: Final = Device()


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One record -> an activity for each sign-in in it.

    Raises:
        RejectedError: as `fields.load`; `not_this_source`, `wrong_type`, `missing_field` without
            anybody who signs in, `bad_time`; of a batch after its good events.
    """
    return READER.activities(raw, _activity)


def _activity(record: SignIn, raw: Raw, position: Position) -> Activity:
    event = record.properties or record
    kind = _kind(record, event)
    status = piece(Status, event.status) or _NOTHING
    code = count(record.result_type if status.error_code is None else status.error_code)
    action: str = KINDS.get(kind) or f"{NAME}/{kind}"
    if action == Action.LOGIN and code == _STRONG_AUTHENTICATION_FAILED:
        action = Action.MFA_CHALLENGE
    identity = text(event.id)
    target = text(event.resource_display_name if kind in _SERVICES else event.app_display_name)
    return Activity(
        digest(NAME, identity) if identity else digest(NAME, "", msgspec.json.encode(event)),
        event_time(event.created_date_time or record.time, raw.received),
        raw.received,
        NAME,
        action,
        kind,
        _actor(event, kind, code),
        _application(target, text(record.tenant_id)) if target else None,
        _origin(record, event),
        token_of(text(event.session_id)) if event.session_id else "",
        _outcome(code),
        _facts(record, event, status, code),
        identity,
        position,
    )


def _kind(record: SignIn, event: SignIn) -> str:
    if record.category:
        category = text(record.category)
        return _CATEGORIES.get(category.lower(), category)
    told = event.sign_in_event_types
    for kind in told if isinstance(told, list) else ():
        if kind in KINDS:
            return kind
    if not event.user_principal_name and not event.user_id and event.service_principal_id:
        return "servicePrincipal"
    return "nonInteractiveUser" if lower(event.is_interactive) == "false" else "interactiveUser"


def _actor(event: SignIn, kind: str, code: int | None) -> Actor:
    login = "" if kind in _SERVICES else text(event.user_principal_name or event.user_id)
    who = ActorKind.PERSON if login else ActorKind.SERVICE
    if login:
        login = guarded(login) if code in _UNKNOWN_USER else login
    else:
        login = text(event.service_principal_id)
        login = login or (text(event.app_id) if kind in _SERVICES else "")
    if not login:
        raise RejectedError("missing_field", "neither a user nor a service principal")
    told = piece(Agent, event.agent)
    agent = told is not None and lower(told.agent_type).startswith("agent")  # or notAgentic
    return actor_named("entra", login, ActorKind.AGENT if agent else who)


@lru_cache(4096)
def _application(name: str, tenant: str) -> Target:
    return Target(TargetKind.APPLICATION, name, organization=tenant)


def _outcome(code: int | None) -> Outcome:
    if code is None or code in _INTERRUPTED:
        return Outcome.UNKNOWN
    return Outcome.FAILURE if code else Outcome.SUCCESS


def _origin(record: SignIn, event: SignIn) -> Origin:
    device = piece(Device, event.device_detail) or _NO_DEVICE
    place = piece(Location, event.location_details or event.location)
    where = event.location or record.location
    risks = event.risk_event_types_v2
    return origin_told(
        event.ip_address or record.caller_ip_address,
        place.country_or_region if place else where if isinstance(where, str) else None,
        event.user_agent or device.browser,
        device.operating_system,
        device.device_id,
        event.autonomous_system_number or None,
        risks is not None and "anonymizedIPAddress" in risks,
    )


def _facts(record: SignIn, event: SignIn, status: Status, code: int | None) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    if event.authentication_details and (factor := _factor(event)):
        facts[f.FACTOR] = factor
    if code:
        facts[f.REASON] = _reason(record, status, code)
    if protocol := _protocol(event):
        facts[f.PROTOCOL] = protocol
    if (risk := word(event.risk_level_during_sign_in)) in _RISKS:
        facts[f.RISK] = risk
    if key := text(event.service_principal_credential_key_id):
        facts[f.TOKEN_ID] = token_of(key.lower())
    return facts


def _factor(event: SignIn) -> str:
    """The last method that was used; earlier ones led to it."""
    for step in reversed(steps(event.authentication_details)):
        if factor := factor_of(text(step.authentication_method)):
            return factor
    return ""


def _reason(record: SignIn, status: Status, code: int) -> str:
    details = lower(status.additional_details)
    if code == _STRONG_AUTHENTICATION_FAILED and ("declined" in details or "denied" in details):
        return "timeout" if "not respond" in details else "denied"
    told = text(status.failure_reason or record.result_description)
    return f"{code} {told}".strip()[:_LONGEST_REASON]


def _protocol(event: SignIn) -> str:
    told = text(event.authentication_protocol)
    if word(told) not in _PLAIN:
        return told
    if word(event.original_transfer_method) == "devicecodeflow":
        return "deviceCode"
    client = word(event.client_app_used)
    return "" if client in _MODERN else client


SOURCE: Final = Source(
    name=NAME,
    kind="idp",
    title="Microsoft Entra ID sign-ins",
    reference="https://learn.microsoft.com/graph/api/resources/signin",
    parse=parse,
    actions=frozenset(KINDS),
    recognises=recognises,
)
