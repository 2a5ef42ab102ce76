"""Azure DevOps' audit log entry as one typed struct, and the shapes that it comes in.

References: "Audit log - Query" (https://learn.microsoft.com/rest/api/azure/devops/audit/audit-log/query)
for the API, `camelCase`; "Create audit streaming"
(https://learn.microsoft.com/azure/devops/organizations/audit/auditing-streaming) for Event Grid and
Splunk, `PascalCase`; the table AzureDevOpsAuditing
(https://learn.microsoft.com/azure/azure-monitor/reference/tables/azuredevopsauditing) for Log
Analytics, which calls the action `OperationName` and the time `TimeGenerated`.
"""

from typing import Any

import msgspec

from schemas.sources.fields import fold, items, mapping
from schemas.sources.typed import Reader

Text = str | None


class ApiEntry(msgspec.Struct, gc=False, rename="camel"):
    """One entry as the API has it."""

    id: Text = None
    actor_cuid: Text = msgspec.field(default=None, name="actorCUID")
    actor_user_id: Text = None
    actor_client_id: Text = None
    actor_upn: Text = msgspec.field(default=None, name="actorUPN")
    actor_display_name: Text = None
    authentication_mechanism: Text = None
    timestamp: str | int | float | None = None
    scope_type: Text = None
    scope_display_name: Text = None
    project_name: Text = None
    ip_address: Text = None
    user_agent: Text = None
    action_id: Text = None
    data: Any = None


def _pascal(name: str) -> str:
    return f"{name[0].upper()}{name[1:]}"


# The stream's and the table's spelling of the API's names.
PASCAL = {_pascal(name): name for name in ApiEntry.__struct_encode_fields__} | {
    "OperationName": "actionId",
    "TimeGenerated": "timestamp",
}
_KEYS = frozenset({"ActionId", "OperationName"})
# Names below `data` that are read; some are also names of the entry.
_DATA = (
    "AccessLevel", "AgentName", "AgentPoolName", "AuthorizationId", "ChangedPermission",
    "ConfigProperties", "ConnectionName", "DeploymentResult",
    "DisplayName", "EventSummary", "ExtensionName", "FriendlyName", "GroupName",
    "MemberDisplayName", "MemberId", "NewOwnerName", "PermissionModifiedTo", "PipelineName",
    "PolicyName", "PolicyTypeDisplayName", "PolicyValue", "PreviousProjectName", "ProjectName",
    "ProjectVisibility", "PublisherName", "RefName", "RepoName", "ResourceType", "Scopes",
    "StreamConsumerType", "SubjectDisplayName", "TokenId", "UpstreamsAdded", "UserIdentifier",
    "VariableGroupName", "FeedName", "ResourceName",
)  # fmt: skip
_SPELLED_DATA = {name.lower(): name for name in _DATA}


def spelled(entry: dict[str, object]) -> dict[str, object]:
    """The entry with the API's names, whatever wrote it."""
    return {PASCAL.get(name, name): value for name, value in entry.items()}


def _unwrap(record: dict[str, object]) -> object:
    """The entries of the API's answer, of Event Grid's or Splunk's wrapping, of a table's rows."""
    inner = mapping(record.get("value")) or record
    for key in ("decoratedAuditLogEntries", "auditLogEntries", "records", "value"):
        if isinstance(batch := inner.get(key), list):
            return [_inner(entry) for entry in batch]
    found = _inner(record)
    return [found] if found is not record else None


def _inner(entry: object) -> object:
    """An entry without its wrapping, with the API's names."""
    if not isinstance(entry, dict):
        return entry
    for key in ("data", "event"):
        inner = entry.get(key)
        if isinstance(inner, dict) and not _KEYS.isdisjoint(inner):
            return spelled(inner)
        if key == "event" and isinstance(inner, dict) and "actionId" in inner:
            return inner
    return spelled(entry) if not _KEYS.isdisjoint(entry) else entry


READER = Reader(ApiEntry, (), lambda entry: entry.action_id, _unwrap)


def data_of(entry: ApiEntry) -> dict[str, object]:
    """What the entry tells of the change; Log Analytics may have it as text."""
    data = entry.data
    if isinstance(data, str):
        try:
            data = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}
    if not isinstance(data, dict) or not data:
        return {}
    return data if next(iter(data))[:1].isupper() else fold(data, _SPELLED_DATA)


def first(data: dict[str, object], name: str) -> dict[str, object]:
    """First object of a list in the data."""
    return next((mapping(part) for part in items(data.get(name))), {})
