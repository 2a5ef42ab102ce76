"""What the detectors of repositories, refs and pull requests say of invented histories."""

from itertools import chain

from msgspec.structs import replace

from detectors.artifact_samples import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    activity,
    change_ref,
    push,
    touch,
)
from detectors.first_push import FirstPush
from detectors.mass_read import MassRead
from detectors.ref_rewrite import RefRewrite
from detectors.repository_series import RepositorySeries
from detectors.short_lived import ShortLived
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Target, TargetKind
from tests.detectors.through_engine import signals, smallest

REPOSITORY = "github.com/example/left"
NOW = 120 * DAY
SINCE = MONDAY + NOW


def service(number: int) -> str:
    return f"github.com/example/service-{number}"


def read(account: str, time: float, number: int, action: str = Action.CLONE) -> Activity:
    return touch(action, account, time, service(number))


def readers(people: int = 10) -> list[Activity]:
    """Everybody fetches the same few all day, and another one now and then."""
    return [
        event
        for who in range(people)
        for day in range(120)
        for event in (
            *(
                read(f"github:reader-{who}", day * DAY + i * HOUR, (who + i) % 12, Action.FETCH)
                for i in range(4)
            ),
            *([read(f"github:reader-{who}", day * DAY + 50, 20 + day)] if day % 12 == who else ()),
        )
    ]


def test_a_dump_is_noticed_early_and_grows() -> None:
    dump = [read("github:reader-3", NOW + 2.0 * i, 500 + i) for i in range(40)]
    found = [s for s in signals(MassRead(), [*readers(), *dump]) if s.time >= SINCE]
    assert found[0].time - SINCE < 20
    assert found[-1].p < 1e-4
    assert found[-1].p <= found[0].p
    assert "github:reader-3" in found[-1].title


def test_everyday_reading_reports_next_to_nothing() -> None:
    days = 10 * 120
    assert len(signals(MassRead(), readers())) <= days / 32


def test_downloads_count_like_clones() -> None:
    zips = [read("github:reader-3", NOW + 5.0 * i, 500 + i, Action.DOWNLOAD) for i in range(20)]
    assert smallest(MassRead(), [*readers(), *zips], SINCE) < 1e-3


def test_reading_the_same_again_is_no_dump() -> None:
    again = [read("github:reader-3", NOW + 2.0 * i, 3 + i % 4) for i in range(200)]
    assert smallest(MassRead(), [*readers(), *again], SINCE) == 1.0


def test_newcomers_are_measured_by_newcomers() -> None:
    arrivals = [
        read(f"github:new-{who}", who * 2 * DAY + 4.0 * i + 10 * DAY * (i == 10), i)
        for who in range(50)
        for i in range(11)
    ]
    usual = [read("github:new-99", NOW + 4.0 * i, i) for i in range(10)]
    greedy = [read("github:new-99", NOW + 4.0 * i, i) for i in range(33)]
    past = [*readers(), *arrivals]
    assert smallest(MassRead(), [*past, *usual], SINCE) == 1.0
    assert smallest(MassRead(), [*past, *greedy], SINCE) < 1 / 32


def workers(people: int = 8) -> list[Activity]:
    return [
        push(f"github:worker-{who}", day * DAY + who * MINUTE, service(who))
        for day in range(120)
        for who in range(people)
    ]


def series(action: str, count: int, visibility: str = "public") -> list[Activity]:
    return [
        touch(
            action,
            "github:worker-1",
            NOW + 20.0 * i,
            service(i),
            values={facts.VISIBILITY: visibility},
        )
        for i in range(count)
    ]


def test_a_longer_series_weighs_more() -> None:
    found = signals(RepositorySeries(), [*workers(), *series(Action.VISIBILITY_CHANGE, 8)])
    ps = [signal.p for signal in found]
    assert ps == sorted(ps, reverse=True)
    assert ps[0] > 2**-8
    assert ps[-1] < ps[0] / 8


def test_public_repositories_created_in_series_count() -> None:
    made = series(Action.REPOSITORY_CREATE, 4)
    assert smallest(RepositorySeries(), [*workers(), *made], SINCE) < 2**-7


def test_private_ones_and_unknown_ones_do_not() -> None:
    hidden = series(Action.VISIBILITY_CHANGE, 8, "private")
    unknown = [
        touch(Action.REPOSITORY_CREATE, "github:worker-2", NOW, service(i)) for i in range(5)
    ]
    assert not signals(RepositorySeries(), [*workers(), *hidden, *unknown])


def test_whoever_deletes_every_week_is_no_news_when_deleting() -> None:
    cleanups = [
        touch(Action.REPOSITORY_DELETE, "github:worker-1", week * 7 * DAY + 30.0 * i, service(i))
        for week in range(17)
        for i in range(4)
    ]
    past = [*workers(), *cleanups]
    again = smallest(RepositorySeries(), [*past, *series(Action.REPOSITORY_DELETE, 4)], SINCE)
    exposed = smallest(RepositorySeries(), [*past, *series(Action.VISIBILITY_CHANGE, 4)], SINCE)
    assert exposed < 2**-4 < again


def test_a_transfer_and_deletions_are_one_series() -> None:
    mixed = [*series(Action.REPOSITORY_DELETE, 3), *series(Action.REPOSITORY_TRANSFER, 5)[3:]]
    assert "5 repositories" in signals(RepositorySeries(), [*workers(), *mixed])[-1].title


def team_pushes() -> list[Activity]:
    return [
        push(f"github:worker-{i % 3}", i * DAY / 2, REPOSITORY, branch="main") for i in range(240)
    ]


def test_a_newcomer_is_reported_once_and_then_belongs() -> None:
    stay = [push("github:lena", NOW + i * HOUR, REPOSITORY) for i in range(200)]
    (signal,) = signals(FirstPush(), [*team_pushes(), *stay])
    assert signal.time == SINCE
    assert signal.p < 0.005


def test_who_has_worked_on_branches_is_no_newcomer() -> None:
    opened = activity(
        Action.PULL_REQUEST_OPEN,
        "github:lena",
        NOW - 3 * DAY,
        target=Target(TargetKind.PULL_REQUEST, "7", REPOSITORY),
    )
    merged = push("github:lena", NOW, REPOSITORY)
    assert not signals(FirstPush(), [*team_pushes(), opened, merged])


def test_a_pull_request_an_hour_before_introduces_nobody() -> None:
    opened = activity(
        Action.PULL_REQUEST_OPEN,
        "github:mallory",
        NOW - HOUR,
        target=Target(TargetKind.PULL_REQUEST, "7", REPOSITORY),
    )
    assert signals(FirstPush(), [*team_pushes(), opened, push("github:mallory", NOW, REPOSITORY)])


def test_a_push_without_a_known_default_branch_is_not_judged() -> None:
    unknown = touch(Action.PUSH, "github:mallory", NOW, REPOSITORY)
    assert not signals(FirstPush(), [*team_pushes(), unknown])


def test_the_audit_logs_own_record_of_the_same_push_is_no_introduction() -> None:
    audit = touch(Action.PUSH, "github:mallory", NOW, REPOSITORY)
    assert signals(
        FirstPush(), [*team_pushes(), audit, push("github:mallory", NOW + 1, REPOSITORY)]
    )


def branch(action: str, account: str, time: float, name: str) -> Activity:
    return change_ref(action, account, time, REPOSITORY, f"refs/heads/{name}")


def lives(account: str, seconds: float, days: int = 120) -> list[Activity]:
    return list(
        chain.from_iterable(
            (
                branch(Action.BRANCH_CREATE, account, day * DAY, f"{account}-{day}"),
                branch(Action.BRANCH_DELETE, account, day * DAY + seconds, f"{account}-{day}"),
            )
            for day in range(days)
        )
    )


def test_the_shorter_the_life_the_smaller_the_p_value() -> None:
    def p(seconds: float) -> float:
        last = [
            branch(Action.BRANCH_CREATE, "github:mara", NOW, "x"),
            branch(Action.BRANCH_DELETE, "github:mara", NOW + seconds, "x"),
        ]
        return smallest(ShortLived(), [*lives("github:mara", 5 * HOUR), *last], SINCE)

    assert p(1) < p(8) < p(50) < p(200) < p(400) == 1.0


def test_a_bot_becomes_quiet_though_its_first_branches_were_held_out() -> None:
    people = [event for who in range(10) for event in lives(f"github:worker-{who}", 5 * HOUR)]
    bot = [
        replace(event, time=event.time + NOW, received=event.received + NOW, uid=event.uid + 1)
        for event in lives("github:bot", 1.0)
    ]
    found = signals(ShortLived(), [*people, *bot])
    assert found
    assert max(signal.time for signal in found) < SINCE + 10 * DAY


def test_a_merged_pull_request_and_its_branch_are_not_short() -> None:
    request = Target(TargetKind.PULL_REQUEST, "7", REPOSITORY)
    events = [
        branch(Action.BRANCH_CREATE, "github:mara", NOW, "x"),
        activity(Action.PULL_REQUEST_OPEN, "github:mara", NOW + 20, target=request),
        activity(Action.PULL_REQUEST_MERGE, "github:mara", NOW + 40, target=request),
    ]
    assert not signals(ShortLived(), [*lives("github:mara", 5 * HOUR), *events])


def test_closed_by_somebody_else_is_not_looked_at() -> None:
    request = Target(TargetKind.PULL_REQUEST, "7", REPOSITORY)
    events = [
        activity(Action.PULL_REQUEST_OPEN, "github:visitor", NOW, target=request),
        activity(Action.PULL_REQUEST_CLOSE, "github:mara", NOW + 2, target=request),
    ]
    assert not signals(ShortLived(), [*lives("github:mara", 5 * HOUR), *events])


def release(action: str, time: float, tag: str) -> Activity:
    return change_ref(action, "github:mara", time, REPOSITORY, tag)


def test_a_release_and_its_tag_are_one() -> None:
    withdrawn = [
        event
        for i in range(30)
        for event in (
            release(Action.RELEASE_DELETE, i * 4 * DAY, f"v1.{i}"),
            release(Action.TAG_DELETE, i * 4 * DAY + 3, f"refs/tags/v1.{i}"),
        )
    ]
    assert not signals(RefRewrite(), withdrawn)


def test_releases_edited_in_bulk_are_measured_by_edits() -> None:
    singly = [release(Action.RELEASE_EDIT, i * 4 * DAY, f"v0.{i}") for i in range(30)]
    bulk = [release(Action.RELEASE_EDIT, NOW + 20.0 * i, f"v1.{i}") for i in range(20)]
    monthly = [
        release(Action.RELEASE_EDIT, month * 28 * DAY + 20.0 * i, f"v1.{i}")
        for month in range(4)
        for i in range(20)
    ]
    assert smallest(RefRewrite(), [*singly, *bulk], SINCE) < 1e-3
    assert smallest(RefRewrite(), [*monthly, *bulk], SINCE) > 0.03
