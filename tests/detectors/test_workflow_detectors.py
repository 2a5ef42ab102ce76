"""What the detectors of CI workflows say of invented histories."""

import pytest
from msgspec.structs import replace

from detectors.artifact_samples import DAY, HOUR, MINUTE, MONDAY, activity, push, touch
from detectors.integration_added import IntegrationAdded
from detectors.workflow_change import WorkflowChange
from detectors.workflow_for_stranger import WorkflowForStranger
from detectors.workflow_spread import WorkflowSpread
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Fact, Target, TargetKind
from tests.detectors.through_engine import signals, smallest

REPOSITORY = "github.com/example/left"
CI = ".github/workflows/ci.yml"
RELEASE = ".github/workflows/release.yml"
NOW = 120 * DAY
SINCE = MONDAY + NOW


def team(*, every: int = 0, people: int = 8) -> list[Activity]:
    """Two pushes a day of each; `every` n-th of each person changes a workflow."""
    return [
        push(
            f"github:colleague-{who}",
            day * DAY + half * 4 * HOUR + who * MINUTE,
            REPOSITORY,
            workflows=[CI] if every and (2 * day + half + who) % every == 0 else (),
        )
        for day in range(120)
        for half in range(2)
        for who in range(people)
    ]


def pushes(account: str, *, workflows: int = 0) -> list[Activity]:
    return [
        push(
            account,
            day * DAY + 2 * HOUR,
            REPOSITORY,
            workflows=[CI] if workflows and day % workflows == 0 else (),
        )
        for day in range(120)
    ]


def changed(account: str, time: float = NOW, repository: str = REPOSITORY) -> Activity:
    return push(account, time, repository, workflows=[RELEASE])


def test_a_first_change_weighs_more_where_nobody_changes_workflows() -> None:
    mara = pushes("github:mara")
    rare = smallest(WorkflowChange(), [*team(), *mara, changed("github:mara")], SINCE)
    common = smallest(WorkflowChange(), [*team(every=20), *mara, changed("github:mara")], SINCE)
    assert rare < common / 1.5


def test_another_repository_weighs_more_than_the_usual_one() -> None:
    past = [*team(every=60), *pushes("github:mara", workflows=15)]
    here = smallest(WorkflowChange(), [*past, changed("github:mara")], SINCE)
    there = smallest(
        WorkflowChange(), [*past, changed("github:mara", NOW, "github.com/example/right")], SINCE
    )
    assert there < here / 4


def test_pushes_whose_files_are_not_told_teach_nothing() -> None:
    silent = [touch(Action.PUSH, "github:mara", i * HOUR, REPOSITORY) for i in range(2000)]
    told = [*team(), *pushes("github:mara")]
    without = smallest(WorkflowChange(), [*told, changed("github:mara")], SINCE)
    assert smallest(WorkflowChange(), [*told, *silent, changed("github:mara")], SINCE) == without


def test_a_pipeline_edited_outside_of_git_counts() -> None:
    target = Target(TargetKind.WORKFLOW, "build", REPOSITORY)
    edited = activity(Action.WORKFLOW_CHANGE, "github:mara", NOW, target=target)
    (signal,) = signals(WorkflowChange(), [*team(), *pushes("github:mara"), edited])
    assert signal.activity.uid == edited.uid


def run_of(
    account: str, time: float, trigger: str = "pull_request_target", status: str = "queued"
) -> Activity:
    values: dict[str, Fact] = {facts.TRIGGER: trigger, facts.STATUS: status}
    target = Target(TargetKind.WORKFLOW, CI, REPOSITORY)
    return activity(Action.WORKFLOW_RUN, account, time, target=target, values=values)


def runs(days: int = 120) -> list[Activity]:
    return [
        event
        for day in range(days)
        for event in (
            push("github:mara", day * DAY, REPOSITORY),
            run_of("github:mara", day * DAY + 5, "push"),
        )
    ]


def test_a_strangers_run_is_reported_once_however_often_it_comes() -> None:
    several = [run_of("github:mallory", NOW + MINUTE * i) for i in range(5)]
    (signal,) = signals(WorkflowForStranger(), [*runs(), *several])
    assert signal.activity.uid == several[0].uid
    assert "github:mallory" in signal.title
    assert signal.features[0].expected.startswith("a stranger in 0 of")


def test_the_end_of_a_run_is_not_judged_again() -> None:
    ended = [run_of("github:mallory", NOW + 60, status=s) for s in ("in_progress", "completed")]
    assert not signals(WorkflowForStranger(), [*runs(), *ended])


def test_strangers_become_ordinary_though_each_was_held_out() -> None:
    visitors = [run_of(f"github:visitor-{i}", i * DAY + HOUR) for i in range(20, 120)]
    found = signals(WorkflowForStranger(), [*runs(), *visitors])
    assert found
    assert max(signal.time for signal in found) < MONDAY + 40 * DAY


def test_in_a_repository_where_nobody_is_known_nobody_is_a_stranger() -> None:
    assert not signals(
        WorkflowForStranger(), [run_of("github:mallory", i * 60.0) for i in range(5)]
    )


def worm(account: str, count: int, file: str = RELEASE) -> list[Activity]:
    return [
        push(account, NOW + 30.0 * i, f"github.com/example/service-{i}", workflows=[file])
        for i in range(count)
    ]


def test_the_further_a_file_spreads_the_less_likely() -> None:
    mara = pushes("github:mara", workflows=6)
    found = signals(WorkflowSpread(), [*team(every=40), *mara, *worm("github:mara", 12)])
    ps = [signal.p for signal in found]
    assert len(ps) >= 5
    assert ps == sorted(ps, reverse=True)
    assert ps[-1] < 1e-3


def test_different_files_are_no_spread() -> None:
    different = [
        push(
            "github:mara",
            NOW + 30.0 * i,
            f"github.com/example/service-{i}",
            workflows=[f".github/workflows/job-{i}.yml"],
        )
        for i in range(12)
    ]
    assert not signals(WorkflowSpread(), [*team(every=40), *different])


def test_a_file_that_takes_weeks_is_no_spread() -> None:
    slow = [
        push("github:mara", i * 5 * DAY, f"github.com/example/service-{i}", workflows=[CI])
        for i in range(20)
    ]
    assert not signals(WorkflowSpread(), slow)


def integration(action: str, account: str, time: float, native: str = "") -> Activity:
    target = Target(TargetKind.OTHER, "build-7", REPOSITORY, organization="example")
    made = activity(action, account, time, target=target)
    return replace(made, native=native) if native else made


@pytest.mark.parametrize(
    "action", [Action.RUNNER_CHANGE, Action.WEBHOOK_CHANGE, Action.KEY_ADD, Action.APP_INSTALL]
)
def test_each_kind_of_integration_is_seen(action: str) -> None:
    past = [*team(), *pushes("github:mara")]
    (signal,) = signals(IntegrationAdded(), [*past, integration(action, "github:mara", NOW)])
    assert signal.p < 0.05
    assert "github:mara" in signal.title


@pytest.mark.parametrize(
    "native",
    ["org.remove_self_hosted_runner", "hook.destroy", "deploy_key_deleted", "app.suspended"],
)
def test_what_is_taken_away_is_left_alone(native: str) -> None:
    gone = integration(Action.RUNNER_CHANGE, "github:mara", NOW, native)
    assert not signals(IntegrationAdded(), [*team(), *pushes("github:mara"), gone])


def test_a_kind_that_others_never_add_weighs_more() -> None:
    hooks = [
        integration(Action.WEBHOOK_CHANGE, f"github:colleague-{i % 8}", i * 12 * DAY + HOUR)
        for i in range(10)
    ]
    past = [*team(), *pushes("github:mara"), *hooks]
    usual = integration(Action.WEBHOOK_CHANGE, "github:mara", NOW)
    odd = integration(Action.RUNNER_CHANGE, "github:mara", NOW)
    detector = IntegrationAdded()
    assert smallest(detector, [*past, odd], SINCE) < smallest(detector, [*past, usual], SINCE) / 3
