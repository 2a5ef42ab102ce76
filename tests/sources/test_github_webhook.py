"""GitHub's webhooks: what deliveries become."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome
from schemas.sources import Raw, RejectedError
from schemas.sources.github_webhook import parse

SAMPLES = Path(__file__).parent / "samples" / "github.webhook"
NULL = "0" * 40


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads((SAMPLES / f"{name}.json").read_bytes())
    return content


def run(content: dict[str, Any]) -> list[Activity]:
    return parse(Raw(orjson.dumps(content["event"]), content["received"], content["headers"]))


def changed(name: str, **fields: Any) -> list[Activity]:
    content = load(name)
    content["event"] |= fields
    return run(content)


def test_a_push_is_one_push_and_its_commits() -> None:
    push, first, second = run(load("push_main"))
    assert [a.action for a in (push, first, second)] == [Action.PUSH, Action.COMMIT, Action.COMMIT]
    assert push.facts == {
        "ref": "refs/heads/main",
        "default_branch": True,
        "forced": False,
        "commits": 2,
        "workflow_files": [".github/workflows/shai.yml"],
    }
    assert push.actor.account == "github:mara-k"
    assert push.actor.email == "mara@example.com"
    assert first.facts["workflow_files"] == push.facts["workflow_files"]
    assert "workflow_files" not in second.facts
    assert (first.facts["utc_offset"], first.facts["files"]) == (120, 2)


def test_who_pushes_acts_and_the_author_line_is_a_claim() -> None:
    _, _, second = run(load("push_main"))
    assert second.actor.account == "github:mara-k"
    assert second.facts["author"] == "guest@example.net"
    assert second.time == 1757337365.25
    assert second.facts["authored"] == 1757337350.0


def test_a_commit_that_was_pushed_before_is_not_told_again() -> None:
    content = load("push_main")
    for commit in content["event"]["commits"]:
        commit["distinct"] = False
    assert [activity.action for activity in run(content)] == [Action.PUSH]


def test_a_commit_is_the_same_whoever_tells_of_it() -> None:
    from schemas.sources.git_log import parse as parse_log  # noqa: PLC0415 - only this test

    row = {
        "ts": "2025-09-08T13:15:50Z",
        "repo": "https://github.com/Example-Org/Widget.git",
        "sha": "A1" * 20,
        "author": "mara@example.com",
    }
    assert run(load("push_main"))[1].uid == parse_log(Raw(orjson.dumps(row), 0))[0].uid


def test_a_push_of_thousands_of_commits_stays_bounded() -> None:
    content = load("push_main")
    template = content["event"]["commits"][1]
    content["event"]["commits"] = [{**template, "id": f"{n:040x}"} for n in range(1500)]
    activities = run(content)
    assert activities[0].facts["commits"] == 1500
    assert len(activities) == 65
    assert len({activity.uid for activity in activities}) == 65
    assert [activity.position.index for activity in activities] == list(range(65))


@pytest.mark.parametrize(
    ("ref", "fields", "actions"),
    [
        ("refs/tags/v1", {"created": True}, [Action.TAG_CREATE]),
        ("refs/tags/v1", {"forced": True}, [Action.TAG_MOVE]),
        ("refs/tags/v1", {"deleted": True, "after": NULL}, [Action.TAG_DELETE]),
        ("refs/heads/x", {"created": True}, [Action.BRANCH_CREATE]),
        ("refs/heads/x", {"deleted": True, "after": NULL}, [Action.BRANCH_DELETE]),
        ("refs/heads/x", {"forced": True}, [Action.PUSH]),
    ],
)
def test_what_happened_to_a_ref(ref: str, fields: dict[str, Any], actions: list[Action]) -> None:
    activities = changed("push_tag_created", ref=ref, **{"created": False, **fields})
    assert [activity.action for activity in activities] == actions
    assert activities[0].facts["ref"] == ref


@pytest.mark.parametrize(
    ("event", "verb", "kind", "ref"),
    [
        ("create", "created", "tag", "refs/tags/v9"),
        ("create", "created", "branch", "refs/heads/v9"),
        ("delete", "deleted", "tag", "refs/tags/v9"),
        ("delete", "deleted", "branch", "refs/heads/v9"),
    ],
)
def test_a_ref_told_of_twice_counts_once(event: str, verb: str, kind: str, ref: str) -> None:
    push = changed(
        "push_tag_created", ref=ref, **{"created": False, verb: True}, commits=[], head_commit=None
    )
    content = load("create_tag")
    content["headers"]["x-github-event"] = event
    content["event"] |= {"ref": "v9", "ref_type": kind}
    (told,) = run(content)
    assert [activity.uid for activity in push] == [told.uid]
    assert push[0].action == told.action
    assert push[0].target is not None
    assert told.target is not None
    assert push[0].target.name == told.target.name == ref
    content["event"]["repository"]["pushed_at"] = "2025-09-08T13:20:00Z"
    assert run(content)[0].uid != told.uid


def test_a_delivery_sent_again_has_the_same_uids() -> None:
    content = load("pull_request_opened")
    first = run(content)
    content["received"] += 3600
    assert [a.uid for a in run(content)] == [a.uid for a in first]
    content["headers"]["x-github-delivery"] = "00000000-0000-4000-8000-00000000ffff"
    assert [a.uid for a in run(content)] != [a.uid for a in first]


@pytest.mark.parametrize(
    "name",
    [
        path.stem
        for path in sorted(SAMPLES.glob("*.json"))
        if path.stem not in {"public", "repository_publicized", "unknown_event"}
    ],
)
def test_without_its_headers_a_delivery_tells_its_event(name: str) -> None:
    content = load(name)
    expected = [(activity.action, activity.target) for activity in run(content)]
    content["headers"] = {}
    found = [(activity.action, activity.target) for activity in run(content)]
    if name == "membership_added":  # `membership` and `team` differ in nothing but the header
        assert found
    else:
        assert found == expected


def test_without_a_receive_time_the_payload_tells_it() -> None:
    assert {activity.time for activity in run(load("payload_time"))} == {1757337350.0}
    content = load("release_published")
    content["received"] = 0
    assert run(content)[0].time == 1757337350.0  # published_at
    content["event"]["release"] = {}
    content["event"]["repository"] = {"full_name": "example-org/widget"}
    with pytest.raises(RejectedError, match="missing_field"):
        run(content)


def test_a_ping_is_no_activity() -> None:
    assert run(load("ping.none")) == []


def test_merged_closed_and_opened() -> None:
    assert [
        run(load(f"pull_request_{name}"))[0].action for name in ("opened", "closed", "merged")
    ] == [Action.PULL_REQUEST_OPEN, Action.PULL_REQUEST_CLOSE, Action.PULL_REQUEST_MERGE]


def test_workflow_runs_carry_trigger_and_outcome() -> None:
    (run_,) = run(load("workflow_run_requested_bot"))
    assert run_.facts["trigger"] == "pull_request_target"
    assert run_.actor.kind == ActorKind.BOT
    content = load("workflow_run_completed")
    content["event"]["workflow_run"]["conclusion"] = "failure"
    (failed,) = run(content)
    assert failed.outcome == Outcome.FAILURE
    assert failed.target is not None
    assert failed.target.name == ".github/workflows/ci.yml"


@pytest.mark.parametrize(
    ("name", "fields", "weakened"),
    [
        ("branch_protection_deleted", {}, True),
        ("branch_protection_deleted", {"action": "created"}, False),
        ("branch_protection_deleted", {"action": "edited"}, None),
        ("ruleset_edited", {}, True),
        (
            "ruleset_edited",
            {
                "repository_ruleset": {"name": "release", "enforcement": "active"},
                "changes": {"enforcement": {"from": "disabled"}},
            },
            False,
        ),
        ("ruleset_edited", {"action": "deleted"}, True),
        ("ruleset_edited", {"changes": {}}, None),
    ],
)
def test_what_weakens_a_protection(name: str, fields: dict[str, Any], weakened: bool) -> None:
    (activity,) = changed(name, **fields)
    assert activity.action == Action.PROTECTION_CHANGE
    assert activity.facts.get("weakened") == weakened


def test_packages_are_told_of_under_two_names_and_count_once() -> None:
    content = load("registry_package_published")
    (first,) = run(content)
    content["event"]["package"] = content["event"].pop("registry_package")
    content["headers"] = {"x-github-event": "package", "x-github-delivery": "another"}
    (second,) = run(content)
    assert first.uid == second.uid
    assert first.target == second.target
    assert first.target is not None
    assert first.target.package == "npm/@example-org/widget"


def test_an_event_nobody_knows_keeps_its_name() -> None:
    (activity,) = run(load("unknown_event"))
    assert activity.action == "github.webhook/discussion.created"


def test_an_enterprise_server_is_another_host() -> None:
    content = load("fork")
    content["event"]["repository"]["html_url"] = "https://git.example.com/Example-Org/Widget"
    (activity,) = run(content)
    assert activity.target is not None
    assert activity.target.repository == "git.example.com/example-org/widget"
