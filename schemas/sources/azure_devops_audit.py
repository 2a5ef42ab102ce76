"""Azure DevOps' audit log: from the API, streamed to Event Grid, Splunk or Log Analytics.

References: "Auditing events list"
(https://learn.microsoft.com/azure/devops/organizations/audit/auditing-events), "Audit log - Query"
(https://learn.microsoft.com/rest/api/azure/devops/audit/audit-log/query).

A repository's name is `dev.azure.com/<organisation>/<project>/_git/<repository>`, as in its URL.
The id of a personal access token stands in the authentication mechanism; it is hashed.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from schemas import facts as f
from schemas.action import Action
from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Fact,
    Outcome,
    Position,
    Target,
    TargetKind,
    digest,
)
from schemas.sources.azure_devops_actions import ACTIONS, NAME, rule_of
from schemas.sources.azure_devops_entry import READER, ApiEntry, data_of, first
from schemas.sources.azure_devops_facts import DETAILS
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.fields import (
    event_time,
    mapping,
    origin_of,
    text,
    token_of,
)
from schemas.sources.rules import Rule

CACHED = 65_536
HOST = "dev.azure.com"
_NO_ID = "00000000-0000-0000-0000-000000000000"
_TOKEN = re.compile(r"authorizationid:\s*([0-9a-f-]+)", re.IGNORECASE)
_NAMED_BY: dict[str, tuple[str, ...]] = {
    Action.APP_INSTALL: ("ExtensionName",),
    Action.AUDIT_CHANGE: ("PolicyName", "DisplayName", "displayName"),
    Action.KEY_ADD: ("DisplayName",),
    Action.KEY_REMOVE: ("DisplayName",),
    Action.MEMBER_ADD: ("GroupName", "UserIdentifier"),
    Action.MEMBER_REMOVE: ("GroupName", "UserIdentifier"),
    Action.POLICY_CHANGE: ("PolicyName", "RepoName", "FeedName"),
    Action.PRIVILEGE_GRANT: (
        "SubjectDisplayName", "GroupName", "PipelineName", "NewOwnerName", "UserIdentifier",
    ),
    Action.PRIVILEGE_REVOKE: ("SubjectDisplayName", "GroupName", "PipelineName"),
    Action.PROTECTION_CHANGE: ("RefName", "FriendlyName", "PolicyTypeDisplayName", "ResourceName"),
    Action.RUNNER_CHANGE: ("AgentPoolName", "AgentName"),
    Action.SECRET_CHANGE: ("ConnectionName", "VariableGroupName"),
    Action.TOKEN_CREATE: ("DisplayName",),
    Action.TOKEN_REVOKE: ("DisplayName",),
    Action.TOKEN_USE: ("ConnectionName",),
    Action.WORKFLOW_CHANGE: ("PipelineName",),
    Action.WORKFLOW_RUN: ("PipelineName",),
}  # fmt: skip


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One entry, one activity; an answer of the API and a batch of a stream hold several.

    Raises:
        RejectedError: `not_this_source` without an action, `missing_field` without a time; as
            `Reader.activities`.
    """
    return READER.activities(raw, _activity)


def _activity(entry: ApiEntry, raw: Raw, position: Position) -> Activity:
    native = text(entry.action_id)
    if entry.timestamp is None:
        raise RejectedError("missing_field", "no timestamp")
    rule, data = rule_of(native), data_of(entry)
    entry_id = text(entry.id)
    mechanism = text(entry.authentication_mechanism)
    facts: dict[str, Fact] = {} if rule.weakened is None else {f.WEAKENED: rule.weakened}
    action, outcome = rule.action, rule.outcome
    if detail := DETAILS.get(action):
        action = detail(data, facts) or action
        outcome = Outcome.FAILURE if facts.get(f.CONCLUSION) == "failure" else outcome
    if f.TOKEN_ID not in facts and (token := _token(mechanism)):
        facts[f.TOKEN_ID] = token
    organization = _organization(text(entry.scope_display_name), text(entry.scope_type))
    return Activity(
        digest(NAME, entry_id)
        if entry_id
        else digest(NAME, "", msgspec.json.encode(entry, order="deterministic")),
        event_time(entry.timestamp, raw.received),
        raw.received,
        NAME,
        action,
        native,
        _actor(entry, mechanism),
        _target(rule, action, data, entry, organization),
        origin_of(entry.ip_address, entry.user_agent),
        "",
        outcome,
        facts,
        entry_id,
        position,
    )


@lru_cache(CACHED)
def _token(mechanism: str) -> str:
    """Hash of a token's id: `PAT authorizationId: <id>`."""
    found = _TOKEN.search(mechanism)
    return token_of(found[1].lower()) if found else ""


def _actor(entry: ApiEntry, mechanism: str) -> Actor:
    login = text(entry.actor_upn)
    for other in (entry.actor_user_id, entry.actor_cuid, entry.actor_client_id):
        if login:
            break
        login = text(other) if other != _NO_ID else ""
    return _named(login or text(entry.actor_display_name), mechanism.partition(" ")[0])


@lru_cache(CACHED)
def _named(login: str, mechanism: str) -> Actor:
    name = login.lower()
    if not name:
        return Actor("")
    service = mechanism.startswith("S2S") or "serviceprincipal" in mechanism.lower()
    kind = ActorKind.SERVICE if service else ActorKind.UNKNOWN
    if "@" in name and not service:
        kind = ActorKind.PERSON
    return Actor(f"azure_devops:{name}", "", kind, name if "@" in name else "")


@lru_cache(4096)
def _organization(display: str, scope: str) -> str:
    """`Example (Organization)` -> `example`."""
    name = display.lower()
    return name.removesuffix(f"({scope.lower()})").strip() if scope else name


def _target(
    rule: Rule, action: str, data: dict[str, object], entry: ApiEntry, organization: str
) -> Target:
    project = text(data.get("ProjectName")) or text(entry.project_name)
    repository = _repository(organization, project, text(data.get("RepoName")))
    name = ""
    if rule.kind is TargetKind.REPOSITORY:
        name = repository or (project or text(data.get("PreviousProjectName"))).lower()
    else:
        summary = first(data, "EventSummary")
        for field in _NAMED_BY.get(action, ("DisplayName", "PipelineName", "RepoName")):
            if name := text(data.get(field)):
                break
        name = name or text(summary.get("subjectDisplayName"))
        if rule.kind is TargetKind.BRANCH and name and name == text(data.get("RefName")):
            name = name if name.startswith("refs/") else f"refs/heads/{name}"
    return Target(rule.kind, name, repository, "", "", organization)


@lru_cache(CACHED)
def _repository(organization: str, project: str, name: str) -> str:
    if not (organization and project and name):
        return ""
    return f"{HOST}/{organization}/{project}/_git/{name}".lower()


def recognises(record: dict[str, object]) -> bool:
    """An action id with the vendor's actor or scope, in any of the wrappings."""
    inner = mapping(record.get("value")) or record
    if "decoratedAuditLogEntries" in inner:
        return True
    for entry in (record, mapping(record.get("data")), mapping(record.get("event"))):
        if "actionId" in entry or "ActionId" in entry:
            return not _MARKS.isdisjoint(entry)
        if "OperationName" in entry:
            return "ActorUPN" in entry and "ScopeDisplayName" in entry
    return False


_MARKS = frozenset({"actorCUID", "ActorCUID", "scopeType", "ScopeType", "actorUPN", "ActorUPN"})


SOURCE = Source(
    name=NAME,
    kind="vcs",
    title="Azure DevOps audit log",
    reference="https://learn.microsoft.com/azure/devops/organizations/audit/auditing-events",
    parse=parse,
    actions=frozenset(ACTIONS),
    recognises=recognises,
)
