"""Microsoft Entra's audit records as typed structs: only the fields that are read.

Reference: https://learn.microsoft.com/graph/api/resources/directoryaudit. Diagnostic settings put
the same object under `properties`; a Log Analytics row has the same names in Pascal case.
"""

from typing import Any

from schemas.sources.entra_signin_log import Part, unwrapped
from schemas.sources.fields import mapping
from schemas.sources.typed import Reader


class User(Part):
    """Who started it, a user."""

    id: str | None = None
    user_principal_name: str | None = None
    ip_address: str | None = None


class App(Part):
    """Who started it, an application or one of Microsoft's services."""

    app_id: str | None = None
    display_name: str | None = None
    service_principal_id: str | None = None


class Initiator(Part):
    """Who started it: one of the two."""

    user: User | None = None
    app: App | None = None


class Change(Part):
    """A changed property; the values are JSON within strings."""

    display_name: str | None = None
    old_value: Any = None
    new_value: Any = None


class Resource(Part):
    """What it was done to."""

    id: str | None = None
    display_name: str | None = None
    type: str | None = None
    user_principal_name: str | None = None
    modified_properties: list[Change] | None = None


class Detail(Part):
    """A further detail, e.g. `User-Agent`."""

    key: str | None = None
    value: Any = None


class AuditRecord(Part):
    """A directoryAudit, alone or within diagnostic settings' record."""

    id: str | None = None
    activity_date_time: str | int | float | None = None
    activity_display_name: str | None = None
    logged_by_service: str | None = None
    result: str | None = None
    result_reason: str | None = None
    initiated_by: Initiator | None = None
    target_resources: list[Resource] | None = None
    additional_details: list[Detail] | None = None
    # around it, in diagnostic settings and Log Analytics
    category: str | None = None
    time: str | int | float | None = None
    tenant_id: str | None = None
    operation_name: str | None = None
    properties: "AuditRecord | None" = None


def _holds(event: AuditRecord) -> bool:
    inner = event.properties or event
    return (inner.activity_date_time or event.time) is not None and bool(
        inner.activity_display_name or (event.operation_name and event.category == "AuditLogs")
    )


def recognises(record: dict[str, object]) -> bool:
    """An audit record of any shape, or a wrapping around some."""
    batch = unwrapped(record)
    event = mapping(batch[0]) if isinstance(batch, list) and batch else record
    if "activityDisplayName" in event or "ActivityDisplayName" in event:
        return True
    return event.get("category") == "AuditLogs" and "properties" in event


READER = Reader(AuditRecord, (Initiator, User, App, Resource, Change, Detail), _holds, unwrapped)
