"""PyPI: who published, who may publish, and how an account is kept."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome, TargetKind
from schemas.sources import SOURCES, Raw, RejectedError

SAMPLES = Path(__file__).parent / "samples" / "pypi.audit"
RECEIVED = 1_790_000_000.0


def one(name: str, additional: dict[str, Any] | None = None, **changes: Any) -> Activity:
    event = json.loads((SAMPLES / f"{name}.json").read_text())["event"] | changes
    event["additional"] |= additional or {}
    (activity,) = SOURCES["pypi.audit"].parse(Raw(orjson.dumps(event), RECEIVED))
    return activity


def test_a_login() -> None:
    activity = one("login")
    assert (activity.action, activity.outcome) == (Action.LOGIN, Outcome.SUCCESS)
    assert (activity.actor.account, activity.actor.kind) == ("pypi:mara-k", ActorKind.PERSON)
    assert activity.facts == {facts.FACTOR: "webauthn"}
    origin = activity.origin
    assert (origin.ip, origin.network, origin.country) == (
        "203.0.113.7",
        "203.0.113.0/24",
        "NL",
    )
    assert (origin.client, origin.system) == ("Firefox", "macOS")
    assert activity.event_id == "00000000-0000-4000-8000-000000000101"


def test_warehouse_writes_utc_with_and_without_saying_so() -> None:
    times = {
        one("login", time=time).time
        for time in (
            "2026-09-08T10:01:00.5",
            "2026-09-08T10:01:00.500000",
            "2026-09-08T10:01:00.5Z",
        )
    }
    assert times == {1788861660.5}


def test_a_wrong_password_is_a_failed_login_and_a_wrong_code_a_failed_challenge() -> None:
    password, code = one("login_with_a_wrong_password"), one("login_with_a_wrong_code")
    assert (password.action, password.outcome) == (Action.LOGIN, Outcome.FAILURE)
    assert (code.action, code.outcome) == (Action.MFA_CHALLENGE, Outcome.FAILURE)
    assert code.facts == {facts.REASON: "invalid_totp", facts.FACTOR: "totp"}


def test_factors() -> None:
    activity = one("factor_added")
    assert activity.action == Action.FACTOR_ENROLL
    assert activity.facts == {facts.FACTOR: "totp", facts.BY_ADMIN: False}
    removed = one(
        "factor_added", {"submitted_by": "staff"}, tag="account:two_factor:method_removed"
    )
    assert removed.action == Action.FACTOR_REMOVE
    assert removed.actor.account == "pypi:staff"
    assert removed.facts[facts.BY_ADMIN] is True
    assert removed.facts[facts.SUBJECT] == "pypi:mara-k"


def test_a_token_says_what_it_may_and_not_what_it_is() -> None:
    made, leaked = one("api_token_added"), one("api_token_removed_as_leaked")
    assert made.action == Action.TOKEN_CREATE
    assert made.facts == {facts.SCOPES: ["project:example.widget"]}
    whole = one("api_token_added", {"caveats": [{"permissions": "user", "version": 1}]})
    assert whole.facts[facts.SCOPES] == ["user"]
    assert leaked.action == Action.TOKEN_REVOKE
    assert leaked.facts[facts.REASON] == "leaked"
    assert "000000000778" not in repr(leaked.facts)


def test_a_trusted_publisher_is_the_repositorys_own_service() -> None:
    activity = one("release_by_a_trusted_publisher")
    assert activity.action == Action.PACKAGE_PUBLISH
    assert activity.actor.account == "pypi:github@github.com/example-org/widget"
    assert activity.actor.kind is ActorKind.SERVICE
    assert activity.target is not None
    assert activity.target.package == "pypi/example-widget"
    assert activity.target.version == "1.2.0"
    assert activity.target.repository == "github.com/example-org/widget"
    assert activity.facts == {
        facts.PUBLISHER: "trusted",
        facts.COMMIT: "0123456789abcdef" * 2 + "01234567",
    }


def test_a_person_publishes() -> None:
    activity = one("release_by_a_person")
    assert (activity.action, activity.actor.account) == (Action.PACKAGE_PUBLISH, "pypi:mara-k")
    assert activity.facts == {facts.PUBLISHER: "user"}
    assert (activity.origin.client, activity.origin.system) == ("twine", "Linux")


def test_a_release_is_published_once_however_many_files_it_has() -> None:
    activity = one("file_added")
    assert activity.action == "pypi.audit/file:add"
    assert activity.target is not None
    assert (activity.target.package, activity.target.version) == ("pypi/example-widget", "1.2.1")


@pytest.mark.parametrize(
    ("name", "added", "actor", "subject"),
    [
        ("owner_invited", True, "pypi:mara-k", "pypi:new-owner"),
        ("owner_removed", False, "pypi:new-owner", "pypi:mara-k"),
        (
            "trusted_publisher_added",
            True,
            "pypi:mara-k",
            "pypi:github@github.com/example-org/widget",
        ),
    ],
)
def test_who_may_publish(name: str, added: bool, actor: str, subject: str) -> None:
    activity = one(name)
    assert (activity.action, activity.actor.account) == (Action.PACKAGE_OWNER, actor)
    assert activity.facts[facts.ADDED] is added
    assert activity.facts[facts.SUBJECT] == subject


@pytest.mark.parametrize(
    ("tag", "action", "kind", "weakened"),
    [
        ("project:owners_require_2fa:disabled", Action.POLICY_CHANGE, TargetKind.PACKAGE, True),
        ("project:owners_require_2fa:enabled", Action.POLICY_CHANGE, TargetKind.PACKAGE, False),
        ("project:role:change", Action.PRIVILEGE_GRANT, TargetKind.PACKAGE, None),
        ("project:release:remove", Action.PACKAGE_UNPUBLISH, TargetKind.PACKAGE, None),
        ("file:remove", Action.PACKAGE_UNPUBLISH, TargetKind.PACKAGE, None),
        ("account:password:reset", Action.PASSWORD_CHANGE, TargetKind.ACCOUNT, None),
        ("organization:team_role:add", Action.MEMBER_ADD, TargetKind.GROUP, None),
        ("team:team_role:add", "pypi.audit/team:team_role:add", TargetKind.OTHER, None),
        (
            "account:short_lived_api_token:added",
            "pypi.audit/account:short_lived_api_token:added",
            TargetKind.OTHER,
            None,
        ),
        ("project:new:in_2030", "pypi.audit/project:new:in_2030", TargetKind.OTHER, None),
    ],
)
def test_tags(tag: str, action: str, kind: TargetKind, weakened: bool | None) -> None:
    activity = one("two_factor_requirement_off", tag=tag)
    assert (activity.action, activity.native) == (action, tag)
    assert activity.target is not None
    assert activity.target.kind is kind
    assert activity.facts.get(facts.WEAKENED) is weakened


def test_rows_may_carry_their_relations() -> None:
    activity = one("rows_with_relations")
    assert activity.actor.account == "pypi:mara-k"
    assert activity.origin.ip == "2001:db8::7"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tag": ""}, "missing_field"),
        ({"tag": "invoice:paid"}, "not_this_source"),
        ({"time": None}, "missing_field"),
        ({"time": {}}, "wrong_type"),
        ({"time": "1970-01-01T00:00:00"}, "bad_time"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as refused:
        one("login", **changes)
    assert refused.value.reason == reason


def test_an_event_without_id_is_known_by_its_content() -> None:
    first, again = one("login", id=None), one("login", id=None)
    assert first.uid == again.uid != one("login", id=None, ip_address="192.0.2.1").uid
