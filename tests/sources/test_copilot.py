"""Copilot arrives through GitHub's audit log: its settings, its seats, and the agent itself."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind, TargetKind
from schemas.sources import SOURCES, Raw

SAMPLES = Path(__file__).parent / "samples" / "github.audit"
RECEIVED = 1_790_000_000.0


def one(name: str, **changes: Any) -> Activity:
    event = json.loads((SAMPLES / f"{name}.json").read_text())["event"] | changes
    (activity,) = SOURCES["github.audit"].parse(Raw(orjson.dumps(event), RECEIVED))
    return activity


def test_the_coding_agent_is_an_agent() -> None:
    activity = one("copilot_agent_pull_request")
    assert activity.action == Action.PULL_REQUEST_OPEN
    assert activity.actor.account == "github:copilot-swe-agent[bot]"
    assert activity.actor.kind is ActorKind.AGENT


def test_a_repository_is_opened_to_the_coding_agent() -> None:
    activity = one("copilot_agent_enabled_for_a_repository")
    assert activity.action == Action.PRIVILEGE_GRANT
    assert activity.actor.account == "github:mara-k"
    assert activity.target is not None
    assert activity.target.kind is TargetKind.REPOSITORY
    assert activity.target.repository == "github.com/example-org/widget"


def test_a_seat_is_somebodys() -> None:
    activity = one("copilot_seat_assigned")
    assert activity.action == Action.PRIVILEGE_GRANT
    assert activity.facts[facts.SUBJECT] == "github:new-person"


@pytest.mark.parametrize(
    ("native", "action"),
    [
        ("copilot.cfb_org_settings_changed", Action.POLICY_CHANGE),
        ("copilot.cfb_enterprise_settings_changed", Action.POLICY_CHANGE),
        ("copilot.content_exclusion_changed", Action.POLICY_CHANGE),
        ("copilot.swe_agent_repo_enablement_updated", Action.POLICY_CHANGE),
        ("copilot.swe_agent_repo_disabled", Action.PRIVILEGE_REVOKE),
        ("copilot.cfb_seat_assignment_unassigned", Action.PRIVILEGE_REVOKE),
        ("copilot.cfb_seat_added", "github.audit/copilot.cfb_seat_added"),
        ("copilot.new_in_2030", "github.audit/copilot.new_in_2030"),
    ],
)
def test_actions(native: str, action: str) -> None:
    assert one("copilot_settings", action=native).action == action
