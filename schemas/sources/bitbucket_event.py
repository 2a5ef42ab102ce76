"""Bitbucket's audit events as typed structs: Data Center's and Cloud's.

References: "Audit log integrations in Bitbucket"
(https://confluence.atlassian.com/bitbucketserver/audit-log-integrations-in-bitbucket-1018765392.html)
for Data Center's file, whose REST form differs in two fields (`type` for `auditType`, an ISO time);
"Get an audit log of events" (https://developer.atlassian.com/cloud/admin/organization/rest/) for
Cloud, which is the log of the Atlassian organisation that owns the workspace.
"""

from typing import Any

import msgspec

from schemas.sources.typed import Reader

Id = int | str | None
Text = str | None


class Part(msgspec.Struct, gc=False):
    """Common settings: no cycles."""


class Kind(Part):
    """What was done."""

    action: Text = None
    action_key: Text = msgspec.field(default=None, name="actionI18nKey")
    category: Text = None


class Author(Part):
    """Who did it, in Data Center."""

    id: Id = None
    name: Text = None
    type: Text = None


class Thing(Part):
    """An object that was affected."""

    id: Id = None
    name: Text = None
    type: Text = None


class Change(Part):
    """A value that was changed."""

    key: Text = None
    key_key: Text = msgspec.field(default=None, name="i18nKey")
    old: Any = msgspec.field(default=None, name="from")
    new: Any = msgspec.field(default=None, name="to")


class Extra(Part):
    """A further attribute. Its value can hold a public key."""

    name: Text = None
    name_key: Text = msgspec.field(default=None, name="nameI18nKey")
    value: Any = None


class Stamp(Part):
    """A time in Data Center's file."""

    seconds: int | float | None = msgspec.field(default=None, name="epochSecond")
    nano: int | float | None = None


class Person(Part):
    """Who did it, in Cloud."""

    id: Id = None
    name: Text = None
    email: Text = None


class Place(Part):
    """Where from, in Cloud."""

    ip: Text = None
    country: Any = msgspec.field(default=None, name="countryCode")


class Item(Part):
    """What it was done to (context) or within (container), in Cloud."""

    id: Id = None
    type: Text = None
    attributes: Any = None


class Attributes(Part):
    """One event of Cloud."""

    time: str | int | float | None = None
    action: Text = None
    actor: Person | None = None
    context: list[Item] | None = None
    container: list[Item] | None = None
    location: Place | None = None


class AuditEvent(Part):
    """One event, of either."""

    audit_type: Kind | None = msgspec.field(default=None, name="auditType")
    type: Kind | str | None = None
    timestamp: Stamp | str | int | float | None = None
    author: Author | None = None
    affected: list[Thing] | None = msgspec.field(default=None, name="affectedObjects")
    changed: list[Change] | None = msgspec.field(default=None, name="changedValues")
    extra: list[Extra] | None = msgspec.field(default=None, name="extraAttributes")
    method: Text = None
    node: Text = None
    source: Text = None
    system: Text = None
    # Cloud
    id: Id = None
    attributes: Attributes | None = None


def kind_of(event: AuditEvent) -> Kind | None:
    """What was done, wherever the shape has it."""
    if event.audit_type is not None:
        return event.audit_type
    return event.type if isinstance(event.type, Kind) else None


def _holds(event: AuditEvent) -> bool:
    kind = kind_of(event)
    if kind is not None:
        return bool(kind.action_key or kind.action)
    return event.attributes is not None and bool(event.attributes.action)


def _unwrap(record: dict[str, object]) -> object:
    return record.get("entities") if "entities" in record else record.get("data")


READER = Reader(
    AuditEvent,
    (Kind, Author, Thing, Change, Extra, Stamp, Person, Place, Item, Attributes),
    _holds,
    _unwrap,
)
