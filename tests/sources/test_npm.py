"""npm: what the registry and its hooks say of a publish, and that they say it once."""

import copy
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Position
from schemas.sources import SOURCES, Raw, RejectedError

SAMPLES = Path(__file__).parent / "samples"
HERE = Position("audit.registry", 0, 7)


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())["event"]
    return event


def parse(source: str, event: dict[str, Any], received: float = 1_790_000_000.0) -> list[Activity]:
    return list(SOURCES[source].parse(Raw(orjson.dumps(event), received, {}, HERE)))


def registry(**changes: Any) -> Activity:
    event = sample("npm.registry/published_by_a_person")
    event.update(changes)
    (activity,) = parse("npm.registry", event)
    return activity


def test_a_person_publishes() -> None:
    activity = registry()
    assert activity.action == Action.PACKAGE_PUBLISH
    assert activity.actor.account == "npm:mara-k"
    assert activity.actor.kind is ActorKind.PERSON
    assert activity.actor.email == "mara@example.com"
    assert activity.time == pytest.approx(1_788_873_381.123)
    assert activity.target is not None
    assert activity.target.package == activity.target.name == "npm/@example/widgets"
    assert activity.target.repository == "github.com/example/widgets"
    assert (activity.target.version, activity.target.organization) == ("4.2.1", "example")
    assert activity.origin.client == "npm/10"
    assert activity.facts == {
        facts.PROVENANCE: False,
        facts.PUBLISHER: "user",
        facts.PUBLISHER_EMAIL: "mara@example.com",
        facts.INSTALL_SCRIPT: True,
        facts.DEPENDENCIES: ["npm/@example/strings", "npm/left-pad", "url/fast-hash"],
        facts.MAINTAINERS: ["npm:jon", "npm:mara-k"],
        facts.COMMIT: "3f2504e04f8941d39a0c0305e82c330100000000",
    }


def test_a_trusted_publisher_is_the_ci_of_its_repository() -> None:
    event = sample("npm.registry/published_by_a_trusted_publisher")
    (ours,) = parse("npm.registry", event)
    event["repository"] = "github:other/things"
    (other,) = parse("npm.registry", event)
    assert ours.actor.account == "npm:github@github.com/example/widgets"
    assert other.actor.account == "npm:github@github.com/other/things"
    assert ours.actor.kind is ActorKind.SERVICE
    assert ours.facts[facts.PUBLISHER] == "trusted"
    assert ours.facts[facts.PROVENANCE] is True


def test_the_shared_account_is_never_an_actor() -> None:
    activity = registry(_npmUser={"name": "GitHub Actions", "email": "ci@example.com"})
    assert activity.actor.account == "npm:github@github.com/example/widgets"
    assert activity.facts[facts.PUBLISHER] == "trusted"


def test_a_staged_publish_names_who_approved_it() -> None:
    (activity,) = parse("npm.registry", sample("npm.registry/published_after_approval"))
    assert activity.facts[facts.PUBLISHER] == "staged"
    assert activity.actor.on_behalf_of == "npm:mara-k"


@pytest.mark.parametrize(
    ("manifest", "runs"),
    [
        ({"scripts": {"test": "x"}, "hasInstallScript": False}, False),
        ({"scripts": {"test": "x"}, "hasInstallScript": True}, True),
        ({"scripts": {"preinstall": "x"}, "hasInstallScript": None}, True),
        ({"scripts": {"install": "x"}, "hasInstallScript": None}, True),
        ({"scripts": {"prepare": "x"}, "hasInstallScript": None}, False),
        ({"scripts": None, "hasInstallScript": None, "gypfile": True}, True),
        ({"scripts": None, "hasInstallScript": None}, False),
    ],
)
def test_code_that_runs_at_install_time(manifest: dict[str, Any], runs: bool) -> None:
    assert registry(**manifest).facts[facts.INSTALL_SCRIPT] is runs


def test_what_a_script_does_is_not_kept() -> None:
    told = repr(registry(scripts={"postinstall": "planted-command"}))
    assert "planted-command" not in told


@pytest.mark.parametrize(
    ("version", "client"),
    [("10.9.2", "npm/10"), ("lerna/8.1.2/node@v20+x64 (linux)", "lerna/8"), ("", ""), ("?", "")],
)
def test_the_publishing_program(version: str, client: str) -> None:
    assert registry(_npmVersion=version).origin.client == client


@given(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), max_size=100))
def test_dependencies_are_sorted_and_bounded(names: list[str]) -> None:
    told = registry(dependencies=dict.fromkeys(names, "^1.0.0"), optionalDependencies={}).facts
    assert told[facts.DEPENDENCIES] == sorted({f"npm/{name}" for name in names})[:64]


def test_a_packument_tells_its_versions_oldest_first() -> None:
    activities = parse("npm.registry", sample("npm.registry/packument"))
    assert [a.target and a.target.version for a in activities] == ["1.0.0", "2.0.0"]
    assert [a.time for a in activities] == sorted(a.time for a in activities)
    assert [a.position.index for a in activities] == [0, 1]


def test_a_bad_version_does_not_hide_the_others() -> None:
    event = sample("npm.registry/packument")
    del event["versions"]["1.0.0"]["_npmUser"]
    seen: list[object] = []
    with pytest.raises(RejectedError, match="missing_field"):
        seen.extend(
            activity.event_id
            for activity in SOURCES["npm.registry"].parse(Raw(orjson.dumps(event), 1_790_000_000.0))
        )
    assert seen == ["@example/widgets@2.0.0"]


def test_an_unpublished_package() -> None:
    name = "npm.registry/packument_of_an_unpublished_package"
    (activity,) = parse("npm.registry", sample(name))
    assert activity.action == Action.PACKAGE_UNPUBLISH
    assert activity.actor.account == "npm:mara-k"


@pytest.mark.parametrize("gone", ["name", "version", "time", "_npmUser"])
def test_without_it_there_is_no_publish(gone: str) -> None:
    event = sample("npm.registry/published_by_a_person")
    del event[gone]
    with pytest.raises(RejectedError, match="missing_field"):
        parse("npm.registry", event)


def test_hook_and_registry_tell_of_one_publish() -> None:
    (told,) = parse("npm.hook", sample("npm.hook/publish"))
    seen = registry()
    assert told.uid == seen.uid
    assert (told.action, told.actor, told.target) == (seen.action, seen.actor, seen.target)
    before = {facts.PREVIOUS, facts.PREVIOUS_PUBLISHER}  # a hook brings the whole packument
    assert told.time == seen.time
    assert {key: value for key, value in told.facts.items() if key not in before} == seen.facts


def packument(**published: str) -> dict[str, Any]:
    """A packument; version (dots as underscores) to date, each by an account named after it."""
    versions = {}
    for name in published:
        version = name.strip("_").replace("_", ".")
        versions[version] = {
            "name": "small",
            "version": version,
            "_npmUser": {"name": f"publisher-of-{version}"},
        }
    times = dict(zip(versions, published.values(), strict=True))
    return {"name": "small", "versions": versions, "time": {**times, "created": "2010-01-01"}}


def test_a_hooks_packument_tells_of_the_version_before() -> None:
    document = packument(
        _0_1_0="2016-05-01T00:00:00Z", _0_2_0="2025-09-08T13:16:00Z", _0_0_9="2015-01-01T00:00:00Z"
    )
    body = {
        "event": "package:publish",
        "name": "small",
        "hookOwner": {"username": "example"},
        "payload": document,
        "change": {"version": "0.2.0"},
        "time": 1_757_337_360_000,
    }
    (told,) = parse("npm.hook", body)
    assert told.facts[facts.PREVIOUS] == 1_462_060_800.0
    assert told.facts[facts.PREVIOUS_PUBLISHER] == "npm:publisher-of-0.1.0"


def test_in_a_packument_each_version_knows_the_one_before() -> None:
    document = packument(_1_0_0="2024-01-01T00:00:00Z", _1_1_0="2024-03-01T00:00:00Z")
    first, second = parse("npm.registry", document)
    assert facts.PREVIOUS not in first.facts
    assert second.facts[facts.PREVIOUS] == first.time
    assert second.facts[facts.PREVIOUS_PUBLISHER] == first.actor.account


def test_a_manifest_with_the_map_of_times_knows_when_but_not_by_whom() -> None:
    told = registry(time={"1.0.0": "2020-01-01T00:00:00Z", "4.2.1": "2025-01-01T00:00:00Z"})
    version = told.target.version if told.target else ""
    seen = registry(time={"1.0.0": "2020-01-01T00:00:00Z", version: "2025-01-01T00:00:00Z"})
    assert seen.facts[facts.PREVIOUS] == 1_577_836_800.0
    assert facts.PREVIOUS_PUBLISHER not in seen.facts


def test_a_hook_without_the_manifest_is_a_notice_and_no_publish() -> None:
    (activity,) = parse("npm.hook", sample("npm.hook/publish_without_manifest"))
    assert activity.action == "npm.hook/package:publish"
    assert activity.uid != registry().uid


def test_the_subscriber_is_not_the_actor() -> None:
    for path in sorted((SAMPLES / "npm.hook").glob("*.json")):
        (activity,) = parse("npm.hook", json.loads(path.read_text())["event"])
        assert "security-bot" not in repr(activity)


@pytest.mark.parametrize(
    ("name", "action", "version"),
    [
        ("owner_added", Action.PACKAGE_OWNER, ""),
        ("tag_removed", Action.PACKAGE_TAG, ""),
        ("deprecated", Action.PACKAGE_DEPRECATE, "4.2.0"),
        ("unpublish", Action.PACKAGE_UNPUBLISH, "4.2.1"),
        ("star", "npm.hook/package:star", ""),
    ],
)
def test_the_other_hooks(name: str, action: str, version: str) -> None:
    (activity,) = parse("npm.hook", sample(f"npm.hook/{name}"))
    assert activity.action == action
    assert activity.target is not None
    assert activity.target.version == version  # never the envelope's own


def test_an_owner_comes_and_goes() -> None:
    (added,) = parse("npm.hook", sample("npm.hook/owner_added"))
    (removed,) = parse("npm.hook", sample("npm.hook/owner_removed"))
    assert (added.facts[facts.ADDED], added.facts[facts.SUBJECT]) == (True, "npm:newcomer")
    assert (removed.facts[facts.ADDED], removed.facts[facts.SUBJECT]) == (False, "npm:jon")
    assert added.actor.account == "npm:@package/@example/widgets"
    assert removed.actor.account == "npm:mara-k"  # the only maintainer that is left


def test_a_retried_hook_is_the_same_event_and_another_change_is_not() -> None:
    event = sample("npm.hook/owner_added")
    (first,), (retry,) = parse("npm.hook", event), parse("npm.hook", copy.deepcopy(event))
    event["change"]["maintainer"] = "another"
    (other,) = parse("npm.hook", event)
    assert first.uid == retry.uid != other.uid
