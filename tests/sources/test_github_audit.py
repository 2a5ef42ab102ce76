"""GitHub's audit log: what its events become."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome, TargetKind
from schemas.sources import Raw, RejectedError
from schemas.sources.github_audit import parse

SAMPLES = Path(__file__).parent / "samples" / "github.audit"
RECEIVED = 1_757_337_365.0
BASE = {"@timestamp": 1757337360000, "_document_id": "one", "actor": "mara-k", "org": "example-org"}


def sample(name: str) -> Activity:
    content = orjson.loads((SAMPLES / f"{name}.json").read_bytes())
    (activity,) = parse(Raw(orjson.dumps(content["event"]), content["received"]))
    return activity


def event(action: str, **fields: Any) -> Activity:
    (activity,) = parse(Raw(orjson.dumps({**BASE, "action": action, **fields}), RECEIVED))
    return activity


def test_a_push_says_who_where_from_and_with_which_token() -> None:
    push = sample("git_push")
    assert push.action == Action.PUSH
    assert (push.actor.account, push.actor.email) == ("github:mara-k", "mara@example.com")
    assert push.target is not None
    assert (push.target.repository, push.target.organization) == (
        "github.com/example-org/widget",
        "example-org",
    )
    assert (push.origin.ip, push.origin.network, push.origin.country) == (
        "192.0.2.17",
        "192.0.2.0/24",
        "DE",
    )
    assert (push.origin.client, push.origin.system) == ("git/2", "Linux")
    assert push.time == 1757337361.0
    assert push.event_id == "sample-document-0001"
    assert push.facts["token"] == sample("git_clone").facts["token"]
    assert push.facts["token"] != sample("api_request_denied").facts["token"]


@pytest.mark.parametrize(
    ("action", "fields", "weakened"),
    [
        ("protected_branch.destroy", {}, True),
        ("protected_branch.create", {}, False),
        ("protected_branch.policy_override", {}, True),
        ("protected_branch.update_admin_enforced", {"admin_enforced": False}, True),
        ("protected_branch.update_admin_enforced", {"admin_enforced": "true"}, False),
        (
            "protected_branch.update_pull_request_reviews_enforcement_level",
            {"pull_request_reviews_enforcement_level": 0},
            True,
        ),
        (
            "protected_branch.update_pull_request_reviews_enforcement_level",
            {"pull_request_reviews_enforcement_level": "2"},
            False,
        ),
        (
            "protected_branch.update_allow_force_pushes_enforcement_level",
            {"allow_force_pushes_enforcement_level": 2},
            True,
        ),
        (
            "protected_branch.update_allow_deletions_enforcement_level",
            {"allow_deletions_enforcement_level": 0},
            False,
        ),
        ("protected_branch.dismiss_stale_reviews", {"dismiss_stale_reviews_on_push": False}, True),
        ("protected_branch.update_required_approving_review_count", {}, None),
        ("protected_branch.update_name", {"old_name": "main"}, None),
        ("repository_ruleset.destroy", {}, True),
        ("repository_ruleset.create", {"ruleset_enforcement": "active"}, False),
        ("repository_ruleset.create", {"ruleset_enforcement": "evaluate"}, None),
        (
            "repository_ruleset.update",
            {"ruleset_old_enforcement": "active", "ruleset_enforcement": "disabled"},
            True,
        ),
        (
            "repository_ruleset.update",
            {"ruleset_old_enforcement": "evaluate", "ruleset_enforcement": "active"},
            False,
        ),
        ("repository_ruleset.update", {"ruleset_bypass_actors_added": [{"actor_id": 1}]}, True),
        ("repository_ruleset.update", {}, None),
        ("repository_secret_scanning_push_protection.disable", {}, True),
        ("repository_secret_scanning.enable", {}, False),
        ("dependabot_alerts.disable", {}, True),
        ("repo.advanced_security_disabled", {}, True),
    ],
)
def test_what_weakens_a_protection(
    action: str, fields: dict[str, Any], weakened: bool | None
) -> None:
    activity = event(action, repo="example-org/widget", name="main", **fields)
    assert activity.action == Action.PROTECTION_CHANGE
    assert activity.facts.get("weakened") == weakened


@pytest.mark.parametrize(
    ("action", "expected", "weakened"),
    [
        ("org.disable_two_factor_requirement", Action.POLICY_CHANGE, True),
        ("org.enable_saml", Action.POLICY_CHANGE, False),
        ("auto_approve_personal_access_token_requests.enable", Action.POLICY_CHANGE, True),
        ("audit_log_streaming.destroy", Action.AUDIT_CHANGE, True),
        ("audit_log_streaming.update", Action.AUDIT_CHANGE, None),
        ("org.set_default_workflow_permissions", Action.POLICY_CHANGE, None),
    ],
)
def test_what_weakens_a_policy(action: str, expected: Action, weakened: bool | None) -> None:
    activity = event(action)
    assert activity.action == expected
    assert activity.facts.get("weakened") == weakened


@pytest.mark.parametrize("place", ["org", "repo", "environment"])
@pytest.mark.parametrize("verb", ["create", "update", "remove"])
def test_secrets_go_by_name_only(place: str, verb: str) -> None:
    activity = event(f"{place}.{verb}_actions_secret", key="NPM_PUBLISH", value="hidden")
    assert activity.action == Action.SECRET_CHANGE
    assert activity.target is not None
    assert activity.target.name == "NPM_PUBLISH"
    assert "hidden" not in str(activity)


def test_a_new_role_is_a_grant_only_when_it_is_higher() -> None:
    up = event("repo.update_member", user="guest-j", old_permission="read", permission="admin")
    down = event("repo.update_member", user="guest-j", old_permission="admin", permission="read")
    assert (up.action, down.action) == (Action.PRIVILEGE_GRANT, Action.PRIVILEGE_REVOKE)
    assert (up.facts["subject"], up.facts["scopes"]) == ("github:guest-j", ["admin"])


def test_who_did_it_to_whom() -> None:
    assert "subject" not in event("two_factor_authentication.disabled", user="Mara-K").facts
    by_admin = event("two_factor_authentication.disabled", user="guest-j")
    assert by_admin.facts == {"subject": "github:guest-j", "by_admin": True}


@pytest.mark.parametrize(
    ("login", "is_bot", "kind"),
    [
        ("mara-k", False, ActorKind.UNKNOWN),
        ("mara-k", None, ActorKind.UNKNOWN),
        ("release-helper", True, ActorKind.BOT),
        ("renovate[bot]", None, ActorKind.BOT),
        ("copilot-swe-agent[bot]", True, ActorKind.AGENT),
    ],
)
def test_bots_and_agents_are_told_apart(login: str, is_bot: bool | None, kind: ActorKind) -> None:
    assert event("git.push", actor=login, actor_is_bot=is_bot).actor.kind == kind


def test_an_agent_acts_for_whoever_began_its_session() -> None:
    session = {"agent_session_id": "generated-session", "user": "Mara-K"}
    activity = event("pull_request.create", actor="Copilot", actor_is_agent=True, **session)
    actor = activity.actor
    assert (actor.account, actor.kind) == ("github:copilot", ActorKind.AGENT)
    assert actor.on_behalf_of == "github:mara-k"
    assert "subject" not in activity.facts
    assert activity.session
    assert "generated-session" not in str(activity)
    third = event("git.push", actor="some-tool[bot]", actor_is_agent="true", actor_is_bot=True)
    assert (third.actor.kind, third.actor.on_behalf_of) == (ActorKind.AGENT, "")
    person = event("pull_request.create", actor_is_agent=False, **session)
    assert (person.actor.kind, person.session) == (ActorKind.UNKNOWN, "")


def test_failures_are_failures() -> None:
    assert event("api.request", status_code=403).outcome == Outcome.FAILURE
    assert event("api.request", status_code=200).outcome == Outcome.SUCCESS
    assert event("protected_branch.rejected_ref_update").outcome == Outcome.FAILURE
    assert sample("workflow_completed_run").outcome == Outcome.FAILURE


def test_an_api_request_names_its_route_and_never_its_query() -> None:
    target = event(
        "api.request", request_method="get", url_path="/repos/example-org/widget?access=hidden"
    ).target
    assert target is not None
    assert target.name == "GET /repos/example-org/widget"


def test_the_rest_form_is_read_like_the_streamed_one() -> None:
    activity = sample("rest_form")
    assert activity.action == Action.VISIBILITY_CHANGE
    assert activity.facts["visibility"] == "internal"
    assert activity.origin.network == "2001:db8:1::/48"


def test_without_a_time_it_is_when_it_was_received() -> None:
    assert sample("no_time").time == 1757337365.25
    with pytest.raises(RejectedError, match="missing_field"):
        parse(Raw(b'{"action": "org.transfer", "_document_id": "a"}', 0))


def test_an_action_nobody_knows_keeps_its_name() -> None:
    activity = event("merge_queue.pull_request_queue_jump")
    assert activity.action == "github.audit/merge_queue.pull_request_queue_jump"
    assert activity.native == "merge_queue.pull_request_queue_jump"


def test_without_an_id_the_content_is_the_id() -> None:
    one = {"action": "org.transfer", "@timestamp": 1757337360000, "actor": "mara-k"}
    other = dict(reversed(one.items()))
    uids = {
        parse(Raw(orjson.dumps(record), RECEIVED))[0].uid
        for record in (one, other, {**one, "actor": "guest-j"})
    }
    assert len(uids) == 2


def test_a_package_is_its_owners() -> None:
    target = sample("package_version_published").target
    assert target is not None
    assert (target.kind, target.package, target.version) == (
        TargetKind.PACKAGE,
        "npm/@example-org/widget",
        "1.2.3",
    )
