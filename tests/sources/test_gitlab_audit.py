"""GitLab's audit events: what they become."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome, Target, TargetKind
from schemas.sources import Raw, RejectedError
from schemas.sources.gitlab_audit import parse

SAMPLES = Path(__file__).parent / "samples" / "gitlab.audit"
RECEIVED = 1_757_337_365.0
BASE = {
    "id": "one",
    "author_id": 4,
    "entity_id": 29,
    "entity_type": "Project",
    "entity_path": "example-group/widget",
    "created_at": "2025-09-08T13:15:58.500Z",
    "target_details": "main",
}


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads((SAMPLES / f"{name}.json").read_bytes())
    return content


def sample(name: str) -> Activity:
    content = load(name)
    raw = Raw(orjson.dumps(content["event"]), content["received"], content["headers"])
    (activity,) = parse(raw)
    return activity


def event(event_type: str, details: dict[str, Any] | None = None, **fields: Any) -> Activity:
    record = {**BASE, "event_type": event_type, "details": details or {}, **fields}
    (activity,) = parse(Raw(orjson.dumps(record), RECEIVED))
    return activity


def test_a_push_says_who_what_and_where_from() -> None:
    push = sample("git_push")
    assert push.action == Action.PUSH
    assert push.native == "repository_git_operation"
    assert push.actor.account == "gitlab:4"
    assert push.target == Target(
        TargetKind.REPOSITORY,
        "example-group/widget",
        "gitlab.com/example-group/widget",
        "",
        "",
        "example-group",
    )
    assert (push.origin.ip, push.origin.network) == ("192.0.2.17", "192.0.2.0/24")
    assert push.time == 1757337358.5
    assert push.event_id == "sample-git-2"
    assert push.outcome is Outcome.SUCCESS


@pytest.mark.parametrize(
    ("message", "action"),
    [
        ({"protocol": "ssh", "action": "git-receive-pack"}, Action.PUSH),
        ({"protocol": "ssh", "action": "git-upload-pack"}, Action.FETCH),
        ({"protocol": "http", "action": "git-upload-pack", "verb": "clone"}, Action.CLONE),
        ({"protocol": "http", "action": "git-upload-archive"}, Action.DOWNLOAD),
        ('{"protocol": "ssh", "action": "git-receive-pack"}', Action.PUSH),
        ("{no json", Action.FETCH),
        ("some words", Action.FETCH),
    ],
)
def test_a_message_of_git_may_be_an_object_or_text(message: object, action: str) -> None:
    assert event("repository_git_operation", {"custom_message": message}).action == action


def test_the_instance_is_named_by_a_header() -> None:
    clone = sample("git_clone")
    assert clone.target is not None
    assert clone.target.repository == "gitlab.example.com/example-group/widget"


def test_a_deploy_key_is_a_service_by_its_name() -> None:
    actor = sample("git_fetch_deploy_key").actor
    assert (actor.account, actor.kind) == ("gitlab:deploykey/build-key", ActorKind.SERVICE)


def test_a_token_is_known_by_a_hash_from_its_creation_to_its_end() -> None:
    created, revoked = sample("token_created"), sample("token_revoked")
    assert (created.action, revoked.action) == (Action.TOKEN_CREATE, Action.TOKEN_REVOKE)
    assert created.facts["token"] == revoked.facts["token"]
    assert len(str(created.facts["token"])) == 16
    assert created.facts["scopes"] == ["api", "write_repository"]
    assert created.target is not None
    assert (created.target.kind, created.target.name) == (TargetKind.TOKEN, "laptop")


def test_a_role_that_sank_is_a_revocation() -> None:
    raised, lowered = sample("member_made_owner"), sample("member_lowered")
    assert (raised.action, raised.facts) == (
        Action.PRIVILEGE_GRANT,
        {"subject": "gitlab:64", "scopes": ["owner"]},
    )
    assert (lowered.action, lowered.facts["scopes"]) == (Action.PRIVILEGE_REVOKE, ["guest"])
    admin = {"change": "admin status", "from": "true", "to": "false"}
    assert event("user_admin_status_updated", admin).action == Action.PRIVILEGE_REVOKE


@pytest.mark.parametrize(
    ("event_type", "new", "action", "weakened"),
    [
        ("protected_branch_removed", None, Action.PROTECTION_CHANGE, True),
        ("protected_branch_created", None, Action.PROTECTION_CHANGE, False),
        ("protected_branch_allow_force_push_updated", True, Action.PROTECTION_CHANGE, True),
        ("protected_branch_allow_force_push_updated", "false", Action.PROTECTION_CHANGE, False),
        (
            "protected_branch_code_owner_approval_required_updated",
            False,
            Action.PROTECTION_CHANGE,
            True,
        ),
        ("project_push_rules_prevent_secrets_updated", "false", Action.PROTECTION_CHANGE, True),
        ("project_push_rules_branch_name_regex_updated", "x", Action.PROTECTION_CHANGE, None),
        ("skip_secret_push_protection", None, Action.PROTECTION_CHANGE, True),
        ("group_require_two_factor_authentication_updated", "false", Action.POLICY_CHANGE, True),
        ("ip_restrictions_changed", "192.0.2.0/24", Action.POLICY_CHANGE, None),
        ("destroy_event_streaming_destination", None, Action.AUDIT_CHANGE, True),
        ("created_instance_audit_event_streaming_destination", None, Action.AUDIT_CHANGE, False),
        ("amazon_s3_configuration_updated", None, Action.AUDIT_CHANGE, None),
    ],
)
def test_what_weakens_a_control(
    event_type: str, new: object, action: str, weakened: bool | None
) -> None:
    activity = event(event_type, {"change": "sample", "to": new})
    assert (activity.action, activity.facts.get("weakened")) == (action, weakened)


def test_a_protected_branch_is_named_as_a_ref() -> None:
    removed = sample("protected_branch_removed")
    assert removed.facts["ref"] == "refs/heads/main"
    assert removed.target is not None
    assert removed.target.repository == "gitlab.com/example-group/widget"


def test_who_switched_off_whose_second_factor() -> None:
    by_admin = sample("two_factor_off_by_admin")
    assert by_admin.action == Action.FACTOR_REMOVE
    assert by_admin.actor.account == "gitlab:1"
    assert by_admin.facts == {"subject": "gitlab:4", "by_admin": True}
    own = event("user_disable_two_factor", entity_type="User", entity_id=4)
    assert own.facts == {"by_admin": False}


def test_what_is_typed_into_a_sign_in_is_hashed() -> None:
    failed = sample("login_failed")
    assert (failed.action, failed.outcome) == (Action.LOGIN, Outcome.FAILURE)
    assert failed.actor.account == "gitlab:author-1"
    assert str(failed.facts["subject"]).startswith("gitlab:unknown-")
    assert "mara" not in str(failed.facts)


def test_the_api_tells_the_change_and_the_type_follows() -> None:
    public = sample("api_visibility")
    assert (public.action, public.facts) == (Action.VISIBILITY_CHANGE, {"visibility": "public"})
    assert public.native == "project_visibility_level_updated"
    assert public.actor.email == "mara@example.com"
    assert public.origin.network == "2001:db8:1::/48"
    added = sample("api_member_added")
    assert (added.action, added.native) == (Action.MEMBER_ADD, "member_created")
    assert added.facts == {"subject": "gitlab:64", "scopes": ["maintainer"]}
    assert sample("api_ssh_key").action == Action.KEY_ADD


@pytest.mark.parametrize(
    ("details", "native"),
    [
        ({"event_name": "project_archived"}, "project_archived"),
        ({"remove": "user_access"}, "member_destroyed"),
        ({"add": "deploy key"}, "deploy_key_created"),
        ({"with": "standard"}, "authenticated_with_password"),
        ({"with": "example-idp"}, "authenticated_with_oauth"),
        ({"failed_login": "STANDARD"}, "login_failed_with_standard_authentication"),
        ({"change": "Quantum Lock"}, "quantum_lock_updated"),
        ({"custom_message": "Project archived"}, "project_archived"),
        ({"custom_message": "Something else"}, "custom_message"),
        ({"custom_message": {"action": "git-upload-pack"}}, "repository_git_operation"),
    ],
)
def test_types_of_events_that_name_none(details: dict[str, Any], native: str) -> None:
    assert event("", details).native == native


def test_a_line_of_the_log_has_the_details_beside_the_rest() -> None:
    login = sample("log_login")
    assert (login.action, login.native) == (Action.LOGIN, "authenticated_with_group_saml")
    assert login.origin.ip == "192.0.2.17"
    assert login.facts["alias"] == "gitlab:mara-k"
    internal = sample("log_visibility")
    assert internal.facts == {"visibility": "internal"}
    assert internal.target is not None
    assert internal.target.repository == "gitlab.com/example-group/widget"
    assert internal.time == 1757337361.523


def test_a_package_is_named_by_its_ecosystem() -> None:
    target = sample("package_published").target
    assert target is not None
    assert (target.kind, target.package) == (TargetKind.PACKAGE, "npm/@example/widget")


def test_an_unknown_type_keeps_its_name() -> None:
    assert sample("unknown_type").action == "gitlab.audit/quantum_lock_updated"


def test_ids_count_within_a_type_of_entity() -> None:
    assert event("member_created").uid == event("member_created", author_id=5).uid
    assert event("member_created").uid != event("member_created", entity_type="Group").uid


def test_a_batch_holds_several_events() -> None:
    record = {"events": [load("git_push")["event"], load("token_created")["event"]]}
    activities = list(parse(Raw(orjson.dumps(record), RECEIVED)))
    assert [a.action for a in activities] == [Action.PUSH, Action.TOKEN_CREATE]
    assert [a.position.index for a in activities] == [0, 1]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"hello": "world"}, "not_this_source"),
        ({**BASE, "details": {}}, "missing_field"),
        ({**BASE, "event_type": "member_created", "created_at": None}, "missing_field"),
        ({**BASE, "event_type": "member_created", "created_at": "soon"}, "bad_time"),
        ({**BASE, "event_type": 7}, "wrong_type"),
    ],
)
def test_what_is_no_audit_event_is_rejected(record: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        list(parse(Raw(orjson.dumps(record), RECEIVED)))
    assert rejected.value.reason == reason
