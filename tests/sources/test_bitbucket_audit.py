"""Bitbucket's audit log, Data Center's and Cloud's: what events become."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome, Target, TargetKind, encode
from schemas.sources import Raw, RejectedError
from schemas.sources.bitbucket_audit import parse

SAMPLES = Path(__file__).parent / "samples" / "bitbucket.audit"
RECEIVED = 1_757_337_365.25
REPOSITORY = "bitbucket.example.com/ex/widget"


def load(name: str) -> dict[str, Any]:
    event: dict[str, Any] = orjson.loads((SAMPLES / f"{name}.json").read_bytes())["event"]
    return event


def run(event: dict[str, Any]) -> list[Activity]:
    return list(parse(Raw(orjson.dumps(event), RECEIVED)))


def only(name: str) -> Activity:
    (activity,) = run(load(name))
    return activity


def test_a_sign_in_says_who_when_and_where_from() -> None:
    login = only("file_login")
    assert (login.action, login.outcome) == (Action.LOGIN, Outcome.SUCCESS)
    assert login.native == "bitbucket.service.user.audit.action.authenticationsuccess"
    assert (login.actor.account, login.actor.kind) == ("bitbucket:mara-k", ActorKind.PERSON)
    assert login.time == 1757337358.5
    assert login.origin.ip == "192.0.2.17"


def test_a_failed_sign_in_hides_what_was_typed_and_knows_the_first_address() -> None:
    failed = only("file_login_failed")
    assert (failed.action, failed.outcome) == (Action.LOGIN, Outcome.FAILURE)
    assert failed.origin.ip == "198.51.100.9"
    assert str(failed.facts["subject"]).startswith("bitbucket:unknown-")


def test_a_permission_says_whose_and_which() -> None:
    granted, removed = only("file_global_permission"), only("file_repository_permission_removed")
    assert granted.action == Action.PRIVILEGE_GRANT
    assert granted.facts == {"subject": "bitbucket:guest-k", "scopes": ["sys_admin"]}
    assert granted.target == Target(TargetKind.POLICY, "sys_admin")
    assert (removed.action, removed.facts["scopes"]) == (Action.PRIVILEGE_REVOKE, ["repo_write"])
    assert removed.target == Target(TargetKind.REPOSITORY, REPOSITORY, REPOSITORY, "", "", "ex")


@pytest.mark.parametrize(("name", "weakened"), [("lowered", True), ("raised", False)])
def test_an_audit_that_covers_less_is_weaker(name: str, weakened: bool) -> None:
    activity = only(f"file_audit_{name}")
    assert activity.action == Action.AUDIT_CHANGE
    assert activity.facts == {"weakened": weakened}


def test_what_changed_tells_what_settings_changed_means() -> None:
    assert only("file_repository_transferred").action == Action.REPOSITORY_TRANSFER
    public = only("file_repository_public")
    assert (public.action, public.facts) == (Action.VISIBILITY_CHANGE, {"visibility": "public"})


def test_a_request_is_not_yet_the_act() -> None:
    requested = only("file_repository_change_requested")
    assert requested.action == f"bitbucket.audit/{requested.native}"


def test_a_key_is_known_by_its_label_alone() -> None:
    added = only("file_ssh_key")
    assert added.action == Action.KEY_ADD
    assert added.facts == {"by_admin": False}
    assert added.target == Target(TargetKind.TOKEN, "laptop")
    assert b"ssh-ed25519" not in encode(added)


def test_text_tells_an_action_without_a_key_in_any_spelling() -> None:
    exempt = only("file_secret_scanning_exempt")
    assert (exempt.action, exempt.facts) == (Action.PROTECTION_CHANGE, {"weakened": True})
    event = load("file_login")
    event["auditType"] |= {"actionI18nKey": None, "action": "User Login Failed (SSH)"}
    assert run(event)[0].outcome is Outcome.FAILURE


def test_the_key_counts_in_any_language() -> None:
    event = load("file_repository_deleted")
    event["auditType"]["action"] = "Repository gelöscht"
    assert run(event)[0].action == Action.REPOSITORY_DELETE


def test_the_system_is_a_service() -> None:
    actor = only("file_plugin_by_system").actor
    assert (actor.account, actor.kind) == ("bitbucket:system", ActorKind.SERVICE)


def test_file_and_rest_tell_of_the_same_event() -> None:
    rest = load("rest_token_created")
    file = {key: value for key, value in rest.items() if key not in {"type", "timestamp"}}
    file |= {
        "auditType": rest["type"] | {"level": "BASE"},
        "timestamp": {"epochSecond": 1757337358, "nano": 500000000},
        "version": "1.0",
    }
    (by_rest,), (by_file,) = run(rest), run(file)
    assert by_rest.uid == by_file.uid
    assert (by_rest.action, by_rest.time) == (Action.TOKEN_CREATE, 1757337358.5)
    assert len(str(by_rest.facts["token"])) == 16
    assert by_rest.target == Target(TargetKind.TOKEN, "release", REPOSITORY, "", "", "ex")


def test_a_page_holds_several_events() -> None:
    password, project = run(load("rest_page"))
    assert password.action == Action.PASSWORD_CHANGE
    assert password.facts == {"subject": "bitbucket:guest-k", "by_admin": True}
    assert project.action.startswith("bitbucket.audit/")
    assert [password.position.index, project.position.index] == [0, 1]


def test_cloud_names_repository_and_workspace() -> None:
    privacy = only("cloud_repository_privacy")
    assert privacy.action == Action.VISIBILITY_CHANGE
    assert privacy.actor.account == "bitbucket:mara@example.com"
    assert privacy.actor.email == "mara@example.com"
    assert privacy.facts == {"alias": "bitbucket:sample-account-4"}
    assert (privacy.origin.ip, privacy.origin.country) == ("2001:db8:1::17", "DE")
    name = "bitbucket.org/example-org/widget"
    assert privacy.target == Target(TargetKind.REPOSITORY, name, name, "", "", "example-org")
    assert privacy.event_id == "sample-cloud-1"


def test_cloud_writes_names_in_words_or_in_snakes() -> None:
    off = only("cloud_two_step_off")
    assert (off.action, off.facts["weakened"]) == (Action.POLICY_CHANGE, True)
    added, unknown = run(load("cloud_page"))
    assert (added.action, added.facts["subject"]) == (
        Action.MEMBER_ADD,
        "bitbucket:guest@example.net",
    )
    assert unknown.action == "bitbucket.audit/snippet comment created"
    assert unknown.actor.account == "bitbucket:sample-account-4"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"auditType": None}, "not_this_source"),
        ({"auditType": {"action": ""}}, "not_this_source"),
        ({"timestamp": None}, "missing_field"),
        ({"timestamp": {}}, "missing_field"),
        ({"timestamp": "yesterday"}, "bad_time"),
        ({"author": "mara"}, "wrong_type"),
    ],
)
def test_what_is_no_audit_event_is_rejected(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        run(load("file_login") | change)
    assert rejected.value.reason == reason


def test_a_bad_event_of_a_page_does_not_hide_the_good_ones() -> None:
    event = load("rest_page")
    event["entities"][0]["timestamp"] = None
    events = parse(Raw(orjson.dumps(event), RECEIVED))
    assert next(iter(events)).native.endswith("projectcreated")
    with pytest.raises(RejectedError):
        run(event)
