"""An activity of Google's Reports API as typed structs: only the fields that are read.

Reference: https://developers.google.com/workspace/admin/reports/v1/reference/activities.
"""

import msgspec

from schemas.sources.fields import mapping
from schemas.sources.typed import Reader


class Part(msgspec.Struct, rename="camel", gc=False):
    """Common settings: camel case names, no cycles."""


class Id(Part):
    """What makes an activity unique, together."""

    time: str | int | float | None = None
    unique_qualifier: str | int | None = None
    application_name: str | None = None
    customer_id: str | int | None = None


class Caller(Part):
    """Who did it; `key` for callers that are no users."""

    caller_type: str | None = None
    email: str | None = None
    profile_id: str | int | None = None
    key: str | None = None


class Network(Part):
    """What the address belongs to."""

    ip_asn: list[int | str] | None = None
    region_code: str | None = None


class Parameter(Part):
    """One detail of an event, its value in the field of its type."""

    name: str | None = None
    value: str | int | float | bool | None = None
    int_value: str | int | None = None
    bool_value: bool | str | None = None
    multi_value: list[str] | None = None


class Event(Part):
    """One event of the activity."""

    name: str | None = None
    parameters: list[Parameter] | None = None


class Report(Part):
    """One activity; collectors that split it leave a single event where the list was."""

    id: Id | None = None
    actor: Caller | None = None
    owner_domain: str | None = None
    ip_address: str | None = None
    network_info: Network | None = None
    events: list[Event] | Event | None = None


_KINDS = ("admin#reports#activity", "admin#reports#activities")


def _holds(report: Report) -> bool:
    return report.id is not None and report.id.application_name is not None


def _unwrapped(record: dict[str, object]) -> object:
    return record.get("items")


def recognises(record: dict[str, object]) -> bool:
    """An activity, or a page of some."""
    if record.get("kind") in _KINDS:
        return True
    return {"applicationName", "uniqueQualifier"} <= mapping(record.get("id")).keys()


READER = Reader(Report, (Id, Caller, Network, Event, Parameter), _holds, _unwrapped)
