"""Artifactory: log lines in shippers' envelopes and webhooks, read alike."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome, TargetKind
from schemas.sources import SOURCES, Raw, RejectedError
from schemas.sources.artifactory_path import artifact_at

SAMPLES = Path(__file__).parent / "samples" / "artifactory.audit"
RECEIVED = 1_790_000_000.0


def parse(event: dict[str, Any], received: float = RECEIVED) -> Activity:
    (activity,) = SOURCES["artifactory.audit"].parse(Raw(orjson.dumps(event), received))
    return activity


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())["event"]
    return event


def one(name: str) -> Activity:
    return parse(sample(name))


def test_a_token_of_a_user() -> None:
    activity = one("audit_token_created")
    assert activity.action == Action.TOKEN_CREATE
    assert activity.actor.account == "artifactory:mara"
    assert (activity.origin.ip, activity.origin.network) == ("203.0.113.7", "203.0.113.0/24")
    assert activity.time == 1788861600.758
    assert activity.target is not None
    assert (activity.target.kind, activity.target.name) == (TargetKind.TOKEN, "laptop")
    assert activity.facts[facts.SCOPES] == ["api:*", "applied-permissions/user"]
    assert len(str(activity.facts[facts.TOKEN_ID])) == 16
    assert activity.event_id == "269cdf00fb8d37bc"


def test_an_internal_token_is_a_services() -> None:
    activity = one("audit_token_of_a_service")
    assert activity.actor.account == "artifactory:jfob@01generated"
    assert activity.actor.kind is ActorKind.SERVICE
    assert activity.actor.email == ""
    assert activity.origin.ip == ""


@pytest.mark.parametrize(
    ("name", "action", "kind", "target"),
    [
        ("audit_user_created", Action.MEMBER_ADD, TargetKind.ACCOUNT, "eve"),
        ("audit_password_changed", Action.PASSWORD_CHANGE, TargetKind.ACCOUNT, "mara"),
        ("audit_permission_created", Action.PRIVILEGE_GRANT, TargetKind.POLICY, "deploy-anywhere"),
        ("audit_without_trace", Action.MEMBER_ADD, TargetKind.ACCOUNT, "bob"),
        (
            "audit_unknown_entity",
            "artifactory.audit/PRS.D",
            TargetKind.OTHER,
            "default:example-local",
        ),
    ],
)
def test_the_audit_trail(name: str, action: str, kind: TargetKind, target: str) -> None:
    activity = one(name)
    assert activity.target is not None
    assert (activity.action, activity.target.kind, activity.target.name) == (action, kind, target)


def test_a_change_to_oneself_has_no_other_subject() -> None:
    assert one("audit_user_created").facts[facts.SUBJECT] == "artifactory:eve"
    assert facts.SUBJECT not in one("audit_password_changed").facts


def test_the_oldest_form_without_a_trace_has_an_offset() -> None:
    activity = one("audit_without_trace")
    assert activity.time == 1518947825.282
    assert (activity.actor.account, activity.origin.ip) == ("artifactory:admin", "203.0.113.7")
    assert activity.event_id == ""


def test_a_deploy() -> None:
    activity = one("access_deploy")
    assert (activity.action, activity.native) == (Action.PACKAGE_PUBLISH, "DEPLOY")
    assert (activity.actor.account, activity.origin.ip) == ("artifactory:mara", "203.0.113.7")
    assert activity.target is not None
    assert activity.target.package == "artifactory/npm-local/@example/widget"
    assert activity.target.version == "1.2.0"


def test_a_checksum_is_no_publish() -> None:
    assert one("access_deploy_of_a_checksum").action == "artifactory.audit/DEPLOY"


def test_the_older_form_of_the_access_log() -> None:
    activity = one("access_download_old_form")
    assert activity.action == Action.PACKAGE_DOWNLOAD
    assert (activity.actor.account, activity.origin.ip) == ("artifactory:jon", "192.0.2.14")
    assert activity.time == 1788862020.456


def test_a_refused_login() -> None:
    activity = one("access_login_denied")
    assert (activity.action, activity.outcome) == (Action.LOGIN, Outcome.FAILURE)
    assert activity.native == "DENIED LOGIN"
    assert activity.facts == {facts.REASON: "denied"}
    assert activity.actor.account == "artifactory:mara"


def test_somebody_who_gave_no_name_is_nobody() -> None:
    line = "2026-09-08T10:00:00.1Z [1] [ACCEPTED DOWNLOAD] a:b/c.jar for anonymous/192.0.2.1."
    assert parse({"message": line}).actor.account == ""


def test_all_shippers_tell_the_same_event() -> None:
    line = sample("access_delete")["message"]
    uids = {parse({field: f"{line}\n"}).uid for field in ("message", "log", "MESSAGE")}
    assert uids == {one("access_delete").uid}


def test_a_webhook_says_who_and_takes_its_time_from_when_it_came() -> None:
    activity = one("webhook_deployed")
    assert (activity.action, activity.time) == (Action.PACKAGE_PUBLISH, RECEIVED)
    assert activity.actor.account == "artifactory:mara@example.com"
    assert activity.target is not None
    assert activity.target.package == "artifactory/pypi-local/example-widget"
    with pytest.raises(RejectedError) as refused:
        parse(sample("webhook_deployed"), 0.0)
    assert refused.value.reason == "missing_field"


def test_an_image_is_pushed() -> None:
    target = one("webhook_docker_pushed").target
    assert target is not None
    assert (target.package, target.version) == (
        "artifactory/docker-local/example/widget",
        "1.2.0",
    )


def test_other_webhooks_keep_their_name() -> None:
    activity = one("webhook_unknown")
    assert activity.action == "artifactory.audit/artifact_property.added"


@pytest.mark.parametrize(
    ("path", "package", "version"),
    [
        ("widget/-/widget-2.0.0-rc.1.tgz", "npm/widget", "2.0.0-rc.1"),
        ("org/example/widget/0.2/widget-0.2.jar", "npm/org/example/widget", "0.2"),
        ("example-widget/1.0/example_widget-1.0.tar.gz", "npm/example-widget", "1.0"),
        ("tools/installer.sh", "npm/tools", ""),
        ("installer.sh", "npm/installer.sh", ""),
        ("", "npm", ""),
    ],
)
def test_where_an_artifact_lies(path: str, package: str, version: str) -> None:
    artifact = artifact_at("npm", path)
    assert (artifact.package, artifact.version) == (f"artifactory/{package}", version)


@pytest.mark.parametrize(
    "event",
    [
        {"message": "an ordinary line"},
        {"message": "2026-09-08T10:00:00Z|a|b|c"},
        {"domain": "artifact", "event_type": "deployed"},
        {"log": {"level": "info"}},
    ],
)
def test_what_is_not_artifactorys(event: dict[str, Any]) -> None:
    with pytest.raises(RejectedError) as refused:
        parse(event)
    assert refused.value.reason == "not_this_source"
