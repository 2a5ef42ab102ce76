"""Azure DevOps' audit log: what entries become, in every shape that they come in."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome, Target, TargetKind
from schemas.sources import Raw, RejectedError
from schemas.sources.azure_devops_audit import parse

SAMPLES = Path(__file__).parent / "samples" / "azure_devops.audit"
RECEIVED = 1_757_337_365.25
WIDGET = "dev.azure.com/example-org/widgets/_git/widget"


def load(name: str) -> dict[str, Any]:
    event: dict[str, Any] = orjson.loads((SAMPLES / f"{name}.json").read_bytes())["event"]
    return event


def run(event: dict[str, Any]) -> list[Activity]:
    return list(parse(Raw(orjson.dumps(event), RECEIVED)))


def only(name: str) -> Activity:
    (activity,) = run(load(name))
    return activity


def entry(action: str, **data: Any) -> Activity:
    (activity,) = run(load("permission_granted") | {"actionId": action, "data": data})
    return activity


def test_an_answer_of_the_api_holds_several_entries() -> None:
    repository, token = run(load("api_answer"))
    assert repository.action == Action.REPOSITORY_CREATE
    name = "dev.azure.com/example-org/widgets/_git/gadget"
    assert repository.target == Target(TargetKind.REPOSITORY, name, name, "", "", "example-org")
    assert token.action == Action.TOKEN_CREATE
    assert token.facts == {"scopes": ["vso.build", "vso.code_write"]}
    assert token.target == Target(TargetKind.TOKEN, "laptop", organization="example-org")
    assert [repository.position.index, token.position.index] == [0, 1]


def test_who_when_and_where_from() -> None:
    bypass = only("policies_bypassed")
    assert bypass.actor.account == "azure_devops:mara@example.com"
    assert (bypass.actor.email, bypass.actor.kind) == ("mara@example.com", ActorKind.PERSON)
    assert bypass.time == pytest.approx(1757337358.536745)
    assert (bypass.origin.ip, bypass.origin.client) == ("192.0.2.17", "git/2")
    assert bypass.event_id.endswith("sample-0004")


def test_a_token_is_the_same_in_use_and_at_its_end() -> None:
    used, revoked = only("policies_bypassed"), only("api_answer_in_value")
    assert revoked.action == Action.TOKEN_REVOKE
    assert used.facts["token"] == revoked.facts["token"]
    assert "-" not in str(used.facts["token"])


def test_bypassed_policies_name_the_branch() -> None:
    bypass = only("policies_bypassed")
    assert bypass.action == Action.PROTECTION_CHANGE
    assert (bypass.facts["weakened"], bypass.facts["ref"]) == (True, "refs/heads/main")
    assert bypass.target is not None
    assert bypass.target.repository == WIDGET


@pytest.mark.parametrize(
    ("properties", "weakened"),
    [
        ([("IsEnabled", "True"), ("IsBlocking", "False")], True),
        ([("IsBlocking", "False"), ("IsEnabled", "True")], True),
        ([("IsEnabled", True)], False),
        ([("Settings.MinimumApproverCount", "1")], None),
    ],
)
def test_a_policy_that_no_longer_blocks_is_weaker(
    properties: list[tuple[str, object]], weakened: bool | None
) -> None:
    listed = [{"Property": name, "Value": value} for name, value in properties]
    changed = entry("Policy.PolicyConfigModified", ConfigProperties=listed, RefName="main")
    assert changed.action == Action.PROTECTION_CHANGE
    assert changed.facts.get("weakened") == weakened


@pytest.mark.parametrize(
    ("policy", "value", "action", "weakened"),
    [
        ("Policy.AllowThirdPartyOAuth", "ON", Action.POLICY_CHANGE, True),
        ("Policy.AllowThirdPartyOAuth", False, Action.POLICY_CHANGE, False),
        ("Policy.DisallowSecureShell", "OFF", Action.POLICY_CHANGE, True),
        ("Policy.EnforceAADConditionalAccess", "ON", Action.POLICY_CHANGE, False),
        ("Policy.LogAuditEvents", "OFF", Action.AUDIT_CHANGE, True),
        ("Policy.Sample", "7", Action.POLICY_CHANGE, None),
    ],
)
def test_the_name_of_a_policy_tells_which_way_it_works(
    policy: str, value: object, action: str, weakened: bool | None
) -> None:
    changed = entry("OrganizationPolicy.PolicyValueUpdated", PolicyName=policy, PolicyValue=value)
    assert (changed.action, changed.facts.get("weakened")) == (action, weakened)
    assert changed.target is not None
    assert changed.target.name == policy


def test_shapes_of_the_streams() -> None:
    disabled = only("event_grid_stream_disabled")
    assert (disabled.action, disabled.facts) == (Action.AUDIT_CHANGE, {"weakened": True})
    variables = only("splunk_variable_group")
    assert variables.action == Action.SECRET_CHANGE
    assert variables.target is not None
    assert variables.target.name == "release"
    extension = only("log_analytics_extension")
    assert (extension.action, extension.native) == (Action.APP_INSTALL, "Extension.Installed")
    assert extension.target is not None
    assert extension.target.name == "sample-tool"
    assert extension.time == pytest.approx(1757337358.536745)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda entry: {"decoratedAuditLogEntries": [entry]},
        lambda entry: {"records": [{key[:1].upper() + key[1:]: entry[key] for key in entry}]},
        lambda entry: {"event": entry},
        lambda entry: {key.upper(): value for key, value in entry.items()},
    ],
)
def test_an_entry_is_the_same_however_it_comes(wrap: Any) -> None:
    plain = load("policies_bypassed")
    (expected,), (wrapped,) = run(plain), run(wrap(plain))
    assert wrapped.uid == expected.uid
    assert (wrapped.action, wrapped.actor, wrapped.target, wrapped.facts) == (
        expected.action,
        expected.actor,
        expected.target,
        expected.facts,
    )


def test_a_denied_permission_is_a_revocation() -> None:
    denied, granted = only("stream_permission_denied"), only("permission_granted")
    assert (denied.action, denied.facts["scopes"]) == (Action.PRIVILEGE_REVOKE, ["force push"])
    assert granted.action == Action.PRIVILEGE_GRANT
    assert granted.facts["scopes"] == ["bypass policies when pushing"]


def test_a_member_is_the_subject() -> None:
    added = only("group_member_added")
    assert added.action == Action.MEMBER_ADD
    assert str(added.facts["subject"]).startswith("azure_devops:")
    assert added.target is not None
    assert added.target.name.endswith("Project Collection Administrators")
    licensed = entry("Licensing.Assigned", UserIdentifier="Guest@example.net", AccessLevel="Basic")
    assert licensed.facts == {"subject": "azure_devops:guest@example.net", "scopes": ["basic"]}


def test_the_service_itself_is_no_person() -> None:
    used = only("service_connection_used")
    assert used.action == Action.TOKEN_USE
    assert used.actor.kind is ActorKind.SERVICE
    assert used.origin.ip == ""


def test_a_project_becomes_public() -> None:
    public = only("project_public")
    assert (public.action, public.facts) == (Action.VISIBILITY_CHANGE, {"visibility": "public"})


def test_a_deployment_tells_how_it_ended() -> None:
    failed = only("deployment_failed")
    assert (failed.action, failed.outcome) == (Action.WORKFLOW_RUN, Outcome.FAILURE)
    assert failed.facts == {"status": "completed", "conclusion": "failure"}
    requested = entry("Release.ReleaseCreated", PipelineName="release")
    assert requested.facts == {"status": "requested"}
    refused = entry("Pipelines.ResourceNotAuthorizedForPipeline", ResourceType="endpoint")
    assert refused.outcome is Outcome.FAILURE


def test_a_new_upstream_opens_a_feed() -> None:
    opened = only("feed_upstream_added")
    assert (opened.action, opened.facts["weakened"]) == (Action.POLICY_CHANGE, True)


def test_an_unknown_action_keeps_its_name() -> None:
    assert only("unknown_action").action == "azure_devops.audit/process.field.add"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"actionId": None}, "not_this_source"),
        ({"timestamp": None}, "missing_field"),
        ({"timestamp": "1899-12-30T00:00:00Z"}, "bad_time"),
        ({"ipAddress": 7}, "wrong_type"),
    ],
)
def test_what_is_no_entry_is_rejected(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        run(load("permission_granted") | change)
    assert rejected.value.reason == reason
