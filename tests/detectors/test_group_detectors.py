"""Edges, days and volumes: what is ordinary for a group stays quiet, what is not does not."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from detectors.artifact_samples import DAY, HOUR, activity, push, touch
from detectors.base import Context, Detector, Score
from detectors.day_outlier import DayOutlier
from detectors.edge_burst import EdgeBurst
from detectors.keys import keys_of
from detectors.volume_shift import VolumeShift
from schemas.action import Action
from schemas.activity import Activity, Target, TargetKind

RARE = 1 / 32


class Watch:
    """A detector with its states, as the engine keeps them: what was reported waits for a day."""

    def __init__(self, detector: Detector[Any, Any]) -> None:
        self.detector = detector
        self.states: defaultdict[str, Any] = defaultdict(detector.State)
        self.groups: defaultdict[str, Any] = defaultdict(detector.Shared)
        self.held: list[tuple[str, Activity]] = []

    def feed(self, events: Iterable[Activity]) -> Iterator[tuple[Activity, Score]]:
        """Judge all events in order of time and learn them; yields what was judged."""
        for event in sorted(events, key=lambda event: event.time):
            while self.held and self.held[0][1].time <= event.time - DAY:
                self.learn(*self.held.pop(0))
            for key in keys_of(self.detector.meta.scope, event):
                context, state = self.context(key, event), self.states[key]
                score = self.detector.judge(event, state, context)
                self.detector.observe(event, state, context)
                if score is not None and score.p <= RARE:
                    self.held.append((key, event))
                else:
                    self.learn(key, event)
                if score is not None:
                    yield event, score

    def context(self, key: str, event: Activity) -> Context[Any]:
        return Context(key, self.groups[event.actor.peers], self.groups[""], RARE)

    def learn(self, key: str, event: Activity) -> None:
        self.detector.learn(event, self.states[key], self.context(key, event))

    def bytes_of_states(self) -> int:
        """Of the largest."""
        return max(len(msgspec.msgpack.encode(state)) for state in self.states.values())


def least(scores: Iterable[tuple[Activity, Score]]) -> float:
    return min((score.p for _, score in scores), default=1.0)


def name(number: int) -> str:
    return f"github.com/example/service-{number}"


def team(days: int, seed: int, people: int = 20) -> Iterator[Activity]:
    """Pushes and fetches of people of different diligence, in bouts, on working days."""
    draw = random.Random(seed)  # noqa: S311
    for number in range(people):
        diligence = draw.lognormvariate(1.0, 0.5)
        for day in range(days):
            if day % 7 > 4:
                continue
            for _ in range(int(draw.expovariate(1 / diligence))):
                start, repository = day * DAY + draw.uniform(0, 9) * HOUR, name(draw.randrange(6))
                for n in range(1 + int(draw.expovariate(0.5))):
                    who = f"github:person-{number}"
                    yield touch(Action.FETCH, who, start + 60.0 * n, repository)
                    if n % 2:
                        yield push(who, start + 60.0 * n + 5, repository, branch="topic")


def loop(who: str, time: float, repository: str, count: int) -> list[Activity]:
    return [touch(Action.FETCH, who, time + 10.0 * n, repository) for n in range(count)]


@pytest.mark.parametrize("detector", [EdgeBurst(), DayOutlier()], ids=lambda d: d.meta.id)
@pytest.mark.parametrize("seed", range(3))
def test_days_of_a_group_have_p_values_uniform_or_larger(
    detector: Detector[Any, Any], seed: int
) -> None:
    lowest: dict[tuple[str, int], float] = {}
    for event, score in Watch(detector).feed(team(100, seed)):
        day = int(event.time // DAY)
        key = (event.actor.identity, day)
        lowest[key] = min(score.p, lowest.get(key, 1.0))
    days = list(lowest.values())
    assert len(days) > 500
    for x in (0.25, 1 / 16, 1 / 64):
        assert sum(p <= x for p in days) / len(days) <= 1.2 * x + 2.0 / len(days)


def test_a_burst_is_told_with_its_thing_and_counts() -> None:
    watch = Watch(EdgeBurst())
    list(watch.feed(team(60, 1)))
    found = [
        s for _, s in watch.feed(loop("github:person-3", 60 * DAY, name(2), 200)) if s.p < 0.01
    ]
    assert found
    assert name(2) in found[-1].title
    counts = [int(score.features[0].observed.split()[0]) for score in found]
    assert counts == sorted(counts)
    assert len(found) < 15  # not one a fetch


def test_a_loop_that_is_somebodys_habit_is_none_of_a_burst() -> None:
    watch = Watch(EdgeBurst())
    nightly = [
        event
        for day in range(60)
        for event in loop("github:ci", day * DAY + 14 * HOUR, name(9), 60)
    ]
    list(watch.feed([*team(60, 2), *nightly]))
    assert least(watch.feed(loop("github:ci", 60 * DAY + 14 * HOUR, name(9), 66))) > 0.05
    assert least(watch.feed(loop("github:ci", 61 * DAY + 14 * HOUR, name(4), 900))) < 0.02


def test_a_burst_that_was_reported_is_reported_again_the_next_day() -> None:
    watch = Watch(EdgeBurst())
    list(watch.feed(team(60, 3)))
    first = least(watch.feed(loop("github:person-3", 60 * DAY, name(2), 200)))
    second = least(watch.feed(loop("github:person-3", 61 * DAY, name(5), 200)))
    assert first < 0.01
    assert second < 0.02


def test_one_who_is_different_every_day_is_an_outlier_in_the_first_days_only() -> None:
    watch = Watch(DayOutlier())
    keeper = [
        activity(
            Action.KEY_ADD,
            "github:keeper",
            day * DAY + 60.0 * n,
            target=Target(TargetKind.TOKEN, f"key-{n}", name(n + 30)),
        )
        for day in range(30, 90)
        for n in range(40)
    ]
    lowest: defaultdict[int, float] = defaultdict(lambda: 1.0)
    for event, score in watch.feed([*team(90, 4), *keeper]):
        if event.actor.identity == "github:keeper":
            day = int((event.time - keeper[0].time) // DAY)
            lowest[day] = min(lowest[day], score.p)
    assert min(lowest[day] for day in range(5)) < 0.02
    assert min(lowest[day] for day in range(30, 60)) > 0.05


def test_a_day_is_told_by_what_makes_it_unlike_others() -> None:
    watch = Watch(DayOutlier())
    list(watch.feed(team(60, 5)))
    harvest = [
        touch(Action.CLONE, "github:person-3", 60 * DAY + 9.0 * n, name(100 + n)) for n in range(60)
    ]
    scores = [score for _, score in watch.feed(harvest)]
    assert scores[-1].p < 0.01
    assert "repositories and packages" in scores[-1].title
    assert {feature.name for feature in scores[-1].features} & {
        "reads",
        "repositories and packages",
    }


def clones(day: int, hour: int, count: int, people: int = 30) -> list[Activity]:
    target = Target(TargetKind.REPOSITORY, organization="example-org")
    return [
        activity(
            Action.CLONE,
            f"github:member-{n % people}",
            day * DAY + hour * HOUR + 3500.0 * n / count,
            target=replace(target, name=name(n)),
        )
        for n in range(count)
    ]


def volumes(days: range, seed: int, level: float = 9.0) -> list[Activity]:
    draw = random.Random(seed)  # noqa: S311
    return [
        event
        for day in days
        for hour in range(8)
        for event in clones(day, hour, max(1, int(draw.gammavariate(4, level / 4))))
        if day % 7 < 5
    ]


def test_an_hours_volume_is_judged_whoever_it_is_made_of() -> None:
    watch = Watch(VolumeShift())
    list(watch.feed(volumes(range(84), 1)))
    flood = [*clones(84, 3, 400)]
    found = [score for _, score in watch.feed(flood)]
    assert found[-1].p < 0.01
    assert "example-org" in found[-1].title
    assert "or more by" not in found[-1].title
    assert watch.detector.subject(flood[0]) == "organization:example-org"


def test_an_account_that_makes_most_of_it_is_named() -> None:
    watch = Watch(VolumeShift())
    list(watch.feed(volumes(range(84), 2)))
    found = [score for _, score in watch.feed(clones(84, 3, 400, people=1))]
    assert found[-1].title.endswith("by github:member-0")


def test_ordinary_hours_are_seldom_reported() -> None:
    ps: dict[int, float] = {}
    for event, score in Watch(VolumeShift()).feed(volumes(range(168), 3)):
        hour = int(event.time // HOUR)
        ps[hour] = min(score.p, ps.get(hour, 1.0))
    for x in (0.25, 1 / 16):
        assert sum(p <= x for p in ps.values()) / len(ps) <= 1.3 * x


def test_a_lasting_change_of_volume_becomes_ordinary() -> None:
    watch = Watch(VolumeShift())
    list(watch.feed(volumes(range(84), 4)))
    change = list(watch.feed(volumes(range(84, 126), 5, level=27.0)))
    weeks: defaultdict[int, list[float]] = defaultdict(list)
    for event, score in change:
        weeks[int(event.time // (7 * DAY))].append(score.p)
    first, *_, last = (min(ps) for _, ps in sorted(weeks.items()))
    assert first < 0.02
    assert last > first


def test_states_are_small() -> None:
    events = list(team(90, 6))
    for detector, most in ((EdgeBurst(), 240), (DayOutlier(), 120)):
        watch = Watch(detector)
        list(watch.feed(events))
        assert watch.bytes_of_states() <= most
    watch = Watch(VolumeShift())
    list(watch.feed(volumes(range(84), 7)))
    assert watch.bytes_of_states() <= 800
