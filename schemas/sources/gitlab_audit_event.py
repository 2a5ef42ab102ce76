"""GitLab's audit event as typed structs, and the name of its type where the shape does not tell it.

References: "Audit event schema and examples"
(https://docs.gitlab.com/user/compliance/audit_event_schema/), "Audit events API"
(https://docs.gitlab.com/api/audit_events/), "audit_json.log"
(https://docs.gitlab.com/administration/logs/#audit_jsonlog). Streamed events carry their type; the
API's and the log's older ones tell only what changed, from which the type follows.
"""

import re
from functools import lru_cache
from typing import Any

import msgspec

from schemas.sources.fields import lower, mapping, text
from schemas.sources.typed import Reader

Id = int | str | None


class Details(msgspec.Struct, gc=False):
    """What changed. GitLab promises no schema for it."""

    event_name: Any = None
    change: Any = None
    old: Any = msgspec.field(default=None, name="from")
    new: Any = msgspec.field(default=None, name="to")
    add: Any = None
    remove: Any = None
    granted: Any = msgspec.field(default=None, name="as")
    method: Any = msgspec.field(default=None, name="with")
    failed_login: Any = None
    custom_message: Any = None
    author_name: Any = None
    author_class: Any = None
    author_email: Any = None
    ip_address: Any = None
    entity_path: Any = None
    target_id: Any = None
    target_type: Any = None
    target_details: Any = None


class AuditEvent(Details, gc=False):
    """One event. The log writes the details beside the rest, not below `details`."""

    id: Id = None
    author_id: Id = None
    entity_id: Id = None
    entity_type: str | None = None
    event_type: str | None = None
    created_at: str | int | float | None = None
    time: str | int | float | None = None
    details: Details | None = None
    user: Any = msgspec.field(default=None, name="meta.user")
    user_id: Id = msgspec.field(default=None, name="meta.user_id")
    remote_ip: Any = msgspec.field(default=None, name="meta.remote_ip")


READER = Reader(
    AuditEvent,
    (Details,),
    lambda event: event.entity_type is not None and event.author_id is not None,
    lambda record: record.get("events"),
)
_CHANGES = {
    "access_level": "member_updated",
    "admin_status": "user_admin_status_updated",
    "allow_force_push": "protected_branch_allow_force_push_updated",
    "email_address": "user_email_address_updated",
    "namespace": "project_namespace_updated",
    "password": "user_password_updated",
    "username": "user_username_updated",
    "visibility": "project_visibility_level_updated",
    "visibility_level": "project_visibility_level_updated",
}
_LOGINS = {
    "ldap": "authenticated_with_ldap",
    "saml": "authenticated_with_group_saml",
    "standard": "authenticated_with_password",
    "two-factor": "authenticated_with_two_factor",
    "two-factor-via-webauthn-device": "authenticated_with_webauthn",
}
# Beginnings of messages whose events had no type before GitLab 15 or have none in the API.
_MESSAGES = (
    ("added ssh key", "add_ssh_key"),
    ("added gpg key", "add_gpg_key"),
    ("created personal access token", "personal_access_token_created"),
    ("created project access token", "project_access_token_created"),
    ("created group access token", "group_access_token_created"),
    ("created deploy token", "deploy_token_created"),
    ("disabled two-factor authentication", "user_disable_two_factor"),
    ("project archived", "project_archived"),
    ("removed ssh key", "remove_ssh_key"),
    ("revoked personal access token", "personal_access_token_revoked"),
    ("revoked project access token", "project_access_token_deleted"),
)


def type_of(details: Details) -> str:
    """Name of the type that the details tell of, lower case; "" when nothing tells it."""
    if change := lower(details.change):
        return _changed(change)
    if method := lower(details.method):
        return _LOGINS.get(method, "authenticated_with_oauth")
    if details.failed_login:
        return "login_failed_with_standard_authentication"
    for verb, thing in (("created", lower(details.add)), ("destroyed", lower(details.remove))):
        if thing:
            return f"member_{verb}" if thing == "user_access" else _slug(f"{thing}_{verb}")
    return _messaged(details.custom_message)


@lru_cache(4096)
def _changed(change: str) -> str:
    name = _slug(change)
    return _CHANGES.get(name, f"{name}_updated")


def _messaged(message: object) -> str:
    if "action" in mapping(message):
        return "repository_git_operation"
    words = text(message).lower()
    found = next((name for start, name in _MESSAGES if words.startswith(start)), "")
    return found or ("custom_message" if message else "")


def _slug(words: str) -> str:
    return re.sub(r"\W+", "_", words).strip("_")
