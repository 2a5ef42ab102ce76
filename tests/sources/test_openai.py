"""OpenAI's audit log: sessions, keys, and what an organisation lets happen."""

from typing import Any

import orjson
import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import ActorKind, Outcome, TargetKind
from schemas.sources import SOURCES, Raw, RejectedError
from tests.sources.sampled import RECEIVED, Sampled

_SAMPLED = Sampled("openai.audit")
sample, parse, one = _SAMPLED.sample, _SAMPLED.parse, _SAMPLED.one


def test_a_session() -> None:
    activity = one("login")
    assert (activity.action, activity.outcome) == (Action.LOGIN, Outcome.SUCCESS)
    assert activity.actor.account == "openai:mara@example.com"
    assert activity.actor.kind is ActorKind.PERSON
    origin = activity.origin
    assert (origin.ip, origin.network, origin.country) == ("203.0.113.7", "AS64496", "NL")
    assert (origin.client, origin.system) == ("Chrome/139", "macOS")
    assert activity.time == 1788861601


def test_of_a_failed_login_the_code_is_kept_and_not_the_text() -> None:
    activity = one("login_failed")
    assert (activity.action, activity.outcome) == (Action.LOGIN, Outcome.FAILURE)
    assert activity.facts == {facts.REASON: "invalid_credentials"}
    assert "generated free text" not in repr(activity)


def test_a_key_is_the_same_when_made_and_when_deleted() -> None:
    made, deleted = one("api_key_created"), one("api_key_deleted_by_a_service_account")
    assert (made.action, deleted.action) == (Action.TOKEN_CREATE, Action.TOKEN_REVOKE)
    assert made.facts[facts.TOKEN_ID] == deleted.facts[facts.TOKEN_ID]
    assert made.facts[facts.SCOPES] == ["api.model.read", "api.model.request"]
    assert made.target is not None
    assert (made.target.kind, made.target.organization) == (TargetKind.TOKEN, "proj_generated")


def test_details_may_be_under_a_key_with_underscores() -> None:
    assert one("api_key_created_underscored").facts[facts.SCOPES] == ["api.all"]


def test_a_service_account_and_a_users_key() -> None:
    service = one("api_key_deleted_by_a_service_account").actor
    assert (service.account, service.kind) == ("openai:svc_acct-generated", ActorKind.SERVICE)
    by_key = one("service_account_created")
    assert by_key.actor.account == "openai:mara@example.com"
    assert by_key.action == Action.MEMBER_ADD
    assert by_key.facts[facts.SCOPES] == ["owner"]
    assert facts.TOKEN_ID in by_key.facts


def test_an_invitation_and_a_role() -> None:
    invited, granted = one("invite_sent"), one("role_assigned")
    assert invited.action == Action.MEMBER_ADD
    assert invited.facts == {facts.SUBJECT: "openai:new@example.net", facts.SCOPES: ["owner"]}
    assert granted.action == Action.PRIVILEGE_GRANT
    assert granted.facts[facts.SUBJECT] == "openai:user-generated2"


def test_call_logging_is_part_of_the_audit_log() -> None:
    off = one("call_logging_off")
    assert (off.action, off.facts[facts.WEAKENED]) == (Action.AUDIT_CHANGE, True)
    on = sample("call_logging_off")
    on["organization.updated"]["changes_requested"]["api_call_logging"] = "enabled_per_call"
    assert parse(on)[0].facts[facts.WEAKENED] is False
    assert one("title_changed").action == Action.POLICY_CHANGE


@pytest.mark.parametrize(
    ("kind", "action", "weakened"),
    [
        ("ip_allowlist.config.deactivated", Action.POLICY_CHANGE, True),
        ("ip_allowlist.config.activated", Action.POLICY_CHANGE, False),
        ("ip_allowlist.updated", Action.POLICY_CHANGE, None),
        ("scim.disabled", Action.POLICY_CHANGE, True),
        ("workload_identity_provider.created", Action.POLICY_CHANGE, True),
        ("tenant.admin_api_key.created", Action.TOKEN_CREATE, None),
        ("certificate.created", Action.KEY_ADD, None),
        ("user.deleted", Action.MEMBER_REMOVE, None),
        ("logout.succeeded", Action.SESSION_END, None),
        ("rate_limit.updated", "openai.audit/rate_limit.updated", None),
        ("new.in.2030", "openai.audit/new.in.2030", None),
    ],
)
def test_types(kind: str, action: str, weakened: bool | None) -> None:
    activity = one("login", type=kind)
    assert (activity.action, activity.native) == (action, kind)
    assert activity.facts.get(facts.WEAKENED) is weakened


def test_an_event_of_nobody() -> None:
    activity = one("unknown_type")
    assert activity.actor.account == ""
    assert activity.origin.ip == ""


def test_a_page_is_its_log_objects() -> None:
    page = sample("page_of_the_api")
    alone = [parse(event)[0].uid for event in page["data"]]
    assert [activity.uid for activity in parse(page)] == alone
    bad_first = page | {"data": [{"id": "x"}, *page["data"]]}
    seen: list[int] = []
    with pytest.raises(RejectedError):
        seen.extend(
            activity.uid
            for activity in SOURCES["openai.audit"].parse(Raw(orjson.dumps(bad_first), RECEIVED))
        )
    assert seen == alone


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": None}, "missing_field"),
        ({"effective_at": None}, "missing_field"),
        ({"type": "login"}, "not_this_source"),
        ({"effective_at": []}, "wrong_type"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as refused:
        one("login", **changes)
    assert refused.value.reason == reason
