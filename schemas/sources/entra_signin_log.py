"""Microsoft Entra's sign-in records as typed structs: only the fields that are read.

Reference: https://learn.microsoft.com/graph/api/resources/signin and, for what surrounds it in
diagnostic settings,
https://learn.microsoft.com/entra/identity/monitoring-health/reference-azure-monitor-sign-ins-log-schema.
In some Log Analytics tables `Status`, `DeviceDetail`, `LocationDetails` and `AuthenticationDetails`
are JSON within a string.
"""

from typing import TypeVar

import msgspec

from schemas.sources.fields import mapping
from schemas.sources.typed import Reader


class Part(msgspec.Struct, rename="camel", gc=False):
    """Common settings: camel case names, no cycles."""


class Location(Part):
    """Where the address is."""

    country_or_region: str | None = None


class Device(Part):
    """The client's machine; `deviceId` is set for registered ones."""

    device_id: str | None = None
    browser: str | None = None
    operating_system: str | None = None


class Status(Part):
    """Did it work; 0 is success."""

    error_code: int | str | None = None
    failure_reason: str | None = None
    additional_details: str | None = None


class Step(Part):
    """One authentication method that was used."""

    authentication_method: str | None = None
    succeeded: bool | str | None = None


class Agent(Part):
    """Set when an AI agent signs in."""

    agent_type: str | None = None


class SignIn(Part):
    """A sign-in as Graph gives it, as a Log Analytics row, or in a diagnostic record."""

    id: str | None = None
    created_date_time: str | int | float | None = None
    sign_in_event_types: list[str] | str | None = None
    is_interactive: bool | str | None = None
    user_principal_name: str | None = None
    user_id: str | None = None
    service_principal_id: str | None = None
    service_principal_credential_key_id: str | None = None
    agent: Agent | str | None = None
    app_id: str | None = None
    app_display_name: str | None = None
    resource_display_name: str | None = None
    client_app_used: str | None = None
    authentication_protocol: str | None = None
    original_transfer_method: str | None = None
    authentication_details: list[Step] | str | None = None
    session_id: str | None = None
    ip_address: str | None = None
    autonomous_system_number: int | str | None = None
    user_agent: str | None = None
    device_detail: Device | str | None = None
    location: Location | str | None = None
    location_details: Location | str | None = None
    status: Status | str | None = None
    risk_level_during_sign_in: str | None = None
    risk_event_types_v2: list[str] | str | None = msgspec.field(
        name="riskEventTypes_v2", default=None
    )
    # around it, in diagnostic settings and Log Analytics
    category: str | None = None
    time: str | int | float | None = None
    tenant_id: str | None = None
    result_type: str | int | None = None
    result_description: str | None = None
    caller_ip_address: str | None = None
    properties: "SignIn | None" = None


Piece = TypeVar("Piece", bound=Part)


def piece(kind: type[Piece], value: Piece | str | None) -> Piece | None:
    """The part itself, also where the vendor wrote it as JSON within a string."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def steps(value: list[Step] | str | None) -> list[Step]:
    """The authentication methods, also as JSON within a string."""
    if not isinstance(value, str):
        return value or []
    try:
        return msgspec.json.decode(value, type=list[Step])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def is_signin(category: object) -> bool:
    """`SignInLogs` and its kin, e.g. `ServicePrincipalSignInLogs`."""
    return isinstance(category, str) and category.lower().endswith("signinlogs")


def _holds(event: SignIn) -> bool:
    inner = event.properties or event
    return (inner.created_date_time or event.time) is not None and (
        inner.app_id is not None or is_signin(event.category)
    )


def unwrapped(record: dict[str, object]) -> object:
    """Events of an Event Hub message (`records`) or of a page of Graph (`value`)."""
    return record.get("records") or record.get("value")


def recognises(record: dict[str, object]) -> bool:
    """A sign-in of any shape, or a wrapping around some."""
    batch = unwrapped(record)
    event = mapping(batch[0]) if isinstance(batch, list) and batch else record
    category = event.get("category", event.get("Category"))
    if category is not None:
        return is_signin(category)
    return "createdDateTime" in event and "appId" in event


READER = Reader(SignIn, (Location, Device, Status, Step, Agent), _holds, unwrapped)
