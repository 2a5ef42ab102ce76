"""What the detectors of packages, refs and agents say of invented histories."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from detectors.agent_unguarded import AgentUnguarded
from detectors.artifact_samples import DAY, HOUR, MINUTE, activity, change_ref, publish, rhythm
from detectors.artifact_samples import train as release_train
from detectors.base import Context, Detector, Example, Scope, Score
from detectors.keys import keys_of
from detectors.package_trust_drop import PackageTrustDrop
from detectors.publish_burst import PublishBurst
from detectors.publish_without_code import PublishWithoutCode
from detectors.ref_rewrite import RefRewrite
from detectors.young_dependency import YoungDependency
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Fact, Target, TargetKind

SIGNAL_BELOW = 2.0**-7
REPOSITORY = "github.com/example/left"
ALL: tuple[Detector[Any, Any], ...] = (
    PublishBurst(),
    PublishWithoutCode(),
    PackageTrustDrop(),
    YoungDependency(),
    RefRewrite(),
    AgentUnguarded(),
)


class Bench:
    """Runs one detector over activities: judge, observe, then learn unless held out."""

    def __init__(self, detector: Any, hold: float = 0.0) -> None:
        self.detector = detector
        self.hold = hold
        self.states: dict[str, Any] = {}
        self.groups: dict[str, Any] = {}
        self.timers: list[tuple[float, str, Activity]] = []
        self.scores: list[Score] = []

    def run(self, events: Iterable[Activity], advance: float = 0.0) -> list[Score]:
        """Scores of the last event and of the timers after it."""
        last = 0.0
        for event in events:
            self.due(event.time)
            self.scores = []
            for key in keys_of(self.detector.meta.scope, event):
                self.one(key, event)
            last = event.time
        self.due(last + advance)
        return self.scores

    def one(self, key: str, event: Activity) -> None:
        state, context = self.state(key), self.context(key, event)
        before = msgspec.msgpack.encode(state)
        score = self.detector.judge(event, state, context)
        assert msgspec.msgpack.encode(state) == before, "judge changed the state"
        self.timers += [(at, key, waiting) for at, waiting in context.timers]
        if score is not None:
            assert 0.0 < score.p <= 1.0
            self.scores.append(score)
        observe = getattr(self.detector, "observe", None)
        if observe is not None:
            observe(event, state, context)
        if score is None or score.p > self.hold:
            self.detector.learn(event, state, context)

    def due(self, now: float) -> None:
        self.timers.sort(key=lambda timer: timer[0])
        while self.timers and self.timers[0][0] <= now:
            _, key, event = self.timers.pop(0)
            score = self.detector.due(event, self.state(key), self.context(key, event))
            if score is not None:
                self.scores.append(score)

    def state(self, key: str) -> Any:
        return self.states.setdefault(key, self.detector.State())

    def context(self, key: str, event: Activity) -> Context[Any]:
        peers = self.groups.setdefault(event.actor.peers, self.detector.Shared())
        return Context(key, peers, self.groups.setdefault("", self.detector.Shared()), SIGNAL_BELOW)

    def p(self, events: Iterable[Activity], advance: float = 0.0) -> float:
        """Smallest p of the last event and the timers after it; 1 if there is none."""
        return min((score.p for score in self.run(events, advance)), default=1.0)


EXAMPLES = [
    pytest.param(detector, example, id=f"{detector.meta.id}: {example.name}")
    for detector in ALL
    for example in detector.examples()
]


@pytest.mark.parametrize(("detector", "example"), EXAMPLES)
def test_example(detector: Detector[Any, Any], example: Example) -> None:
    scores = Bench(detector).run(example.events(), example.advance)
    signals = [score for score in scores if score.p <= SIGNAL_BELOW]
    assert bool(signals) == example.fires
    for score in signals:
        assert score.title
        assert score.features


@pytest.mark.parametrize("detector", ALL, ids=lambda d: d.meta.id)
def test_state_is_small_and_survives_packing(detector: Detector[Any, Any]) -> None:
    bench = Bench(detector)
    for example in detector.examples():
        bench.run(example.events(), example.advance)
    for state in bench.states.values():
        packed = msgspec.msgpack.encode(state)
        assert msgspec.msgpack.decode(packed, type=detector.State) == state
        assert len(packed) <= (1024 if detector.meta.scope is Scope.REPOSITORY else 640)


@pytest.mark.parametrize("detector", ALL, ids=lambda d: d.meta.id)
def test_metadata_serves_the_analyst(detector: Detector[Any, Any]) -> None:
    meta = detector.meta
    examples = list(detector.examples())
    assert meta.attack
    assert len(meta.runbook) >= 3
    assert meta.blind_spots
    assert {True, False} <= {example.fires for example in examples}


# publish_burst


def takeover(n: int, spacing: float = MINUTE, week: int = 32) -> list[Activity]:
    return [publish("npm:mara", week * 7 * DAY + i * spacing, f"npm/left-{i}") for i in range(n)]


def test_each_further_package_of_a_takeover_weighs_more() -> None:
    bench = Bench(PublishBurst(), hold=SIGNAL_BELOW)
    bench.run(rhythm("npm:mara", days=7, count=32, package="npm/left"))
    ps = [bench.p([event]) for event in takeover(18)]
    assert ps[0] == 1.0
    assert 1e-4 <= ps[2] <= 1e-3
    assert ps[5] <= 1e-4
    assert ps == sorted(ps, reverse=True)


def test_short_history_makes_weak_claims() -> None:
    weak = Bench(PublishBurst())
    weak.run(rhythm("npm:mara", days=7, count=3, package="npm/left"))
    assert weak.p(takeover(3)) > SIGNAL_BELOW


def test_versions_of_one_package_are_no_burst() -> None:
    bench = Bench(PublishBurst())
    bench.run(rhythm("npm:mara", days=7, count=32, package="npm/left"))
    again = [publish("npm:mara", 224 * DAY + i * 60, "npm/left", f"2.{i}.0") for i in range(5)]
    assert bench.p(again) == 1.0


def test_release_trains_of_any_size_stay_quiet_cold_and_warm() -> None:
    bench = Bench(PublishBurst())
    for week in range(12):
        for event in release_train(
            "npm:release-bot", week * 7 * DAY, packages=8 + (week * 7) % 18, bot=True
        ):
            assert bench.p([event]) > SIGNAL_BELOW


def test_a_train_by_a_person_who_has_them_rarely_but_has_them() -> None:
    bench = Bench(PublishBurst())
    for month in range(12):
        start = month * 30 * DAY
        bench.run([publish("npm:mara", start + w * 7 * DAY, "npm/left") for w in range(4)])
        last = 0.0
        for event in release_train("npm:mara", start + 29 * DAY, packages=10, bot=False):
            last = bench.p([event])
    assert last > SIGNAL_BELOW


def test_a_takeover_slower_than_any_session_is_seen_by_the_day() -> None:
    bench = Bench(PublishBurst(), hold=SIGNAL_BELOW)
    bench.run(rhythm("npm:mara", days=7, count=52, package="npm/left"))
    assert bench.p(takeover(6, spacing=45 * MINUTE, week=52)) < SIGNAL_BELOW


# publish_without_code


def release(
    day: float, *, tag: bool = True, code: bool = True, late: bool = False
) -> list[Activity]:
    at = day * DAY
    version = f"1.{day:.0f}.0"
    tag_time = at + 5 * MINUTE if late else at - MINUTE
    events = [publish("npm:mara", at, "npm/left", version, repository=REPOSITORY)]
    if code:
        events.append(
            change_ref(Action.PUSH, "github:mara", at - HOUR, REPOSITORY, "refs/heads/main")
        )
    if tag:
        events.append(
            change_ref(
                Action.TAG_CREATE, "github:mara", tag_time, REPOSITORY, f"refs/tags/v{version}"
            )
        )
    return sorted(events, key=lambda event: event.time)


def test_a_late_tag_takes_the_suspicion_away() -> None:
    bench = Bench(PublishWithoutCode())
    bench.run(event for i in range(1, 31) for event in release(i * 7, late=True, code=False))
    assert bench.p(release(217, late=True, code=False), advance=HOUR) > SIGNAL_BELOW
    assert bench.p(release(224, tag=False, code=False)) > SIGNAL_BELOW
    assert bench.p([], advance=226 * DAY * 1e3) <= SIGNAL_BELOW


def test_absence_is_confirmed_after_the_wait() -> None:
    bench = Bench(PublishWithoutCode(), hold=SIGNAL_BELOW)
    bench.run(event for i in range(1, 31) for event in release(i * 7))
    scores = bench.run(release(217, tag=False, code=False), advance=20 * MINUTE)
    assert [score.p <= SIGNAL_BELOW for score in scores] == [True, True]


def test_a_missing_tag_alone_is_seen_where_there_always_was_one() -> None:
    bench = Bench(PublishWithoutCode())
    bench.run(event for i in range(1, 80) for event in release(i * 7))
    assert bench.p(release(560, tag=False), advance=20 * MINUTE) <= SIGNAL_BELOW


def test_forgotten_tags_are_weak_where_they_are_forgotten() -> None:
    bench = Bench(PublishWithoutCode())
    bench.run(event for i in range(1, 80) for event in release(i * 7, tag=i % 25 != 0))
    assert bench.p(release(560, tag=False), advance=20 * MINUTE) > SIGNAL_BELOW


def test_one_push_and_its_tags_serve_a_train_of_packages() -> None:
    bench = Bench(PublishWithoutCode())

    def train(day: int) -> list[Activity]:
        at = day * DAY
        names = [f"part-{i}" for i in range(20)]
        push = change_ref(Action.PUSH, "github:bot", at - HOUR, REPOSITORY, "refs/heads/main")
        tags = [
            change_ref(
                Action.TAG_CREATE,
                "github:bot",
                at - 60 + i,
                REPOSITORY,
                f"refs/tags/@example/{name}@1.{day}.0",
            )
            for i, name in enumerate(names)
        ]
        return [push, *tags] + [
            publish(
                "npm:bot",
                at + i,
                f"npm/@example/{name}",
                f"1.{day}.0",
                repository=REPOSITORY,
                bot=True,
            )
            for i, name in enumerate(names)
        ]

    for day in range(1, 100, 7):
        for event in train(day):
            assert bench.p([event]) > SIGNAL_BELOW
    assert bench.p([], advance=1e9) > SIGNAL_BELOW
    stray = publish("npm:bot", 106 * DAY, "npm/@example/part-3", "9.9.9", repository=REPOSITORY)
    assert bench.p([stray]) <= SIGNAL_BELOW


def test_a_nightly_run_is_no_code() -> None:
    bench = Bench(PublishWithoutCode())
    bench.run(event for i in range(1, 31) for event in release(i * 7))
    nightly = change_ref(
        Action.WORKFLOW_RUN,
        "github:mara",
        217 * DAY - HOUR,
        REPOSITORY,
        "refs/heads/main",
        values={facts.TRIGGER: "schedule"},
    )
    assert bench.p([nightly, *release(217, tag=False, code=False)]) <= SIGNAL_BELOW


# package_trust_drop


def version(week: int, values: dict[str, Fact] | None = None, account: str = "npm:bot") -> Activity:
    return publish(account, week * 7 * DAY, "npm/left", f"1.{week}.0", values=values)


TRUSTED: dict[str, Fact] = {"provenance": True, "publisher": "trusted", "install_script": False}


def test_one_lapse_is_moderate_and_two_causes_are_strong() -> None:
    past = [version(week, TRUSTED) for week in range(40)]

    def p(changed: dict[str, Fact], account: str = "npm:bot") -> float:
        bench = Bench(PackageTrustDrop())
        bench.run(past)
        return bench.p([version(40, {**TRUSTED, **changed}, account)])

    lapse = p({"provenance": False})
    assert 1e-3 < lapse < 0.1
    assert p({"provenance": False, "install_script": True}) < lapse / 100
    assert p({"provenance": False, "publisher": "user"}, "npm:mallory") < lapse / 100


def test_a_lapse_that_has_happened_before_is_less_surprising() -> None:
    def p(lapses: int) -> float:
        bench = Bench(PackageTrustDrop())
        bench.run(version(w, {**TRUSTED, "provenance": w >= lapses}) for w in range(40))
        return bench.p([version(40, {**TRUSTED, "provenance": False})])

    assert p(0) < p(1) < p(5)


def test_unknown_is_not_a_loss() -> None:
    bench = Bench(PackageTrustDrop())
    bench.run(version(week, TRUSTED) for week in range(40))
    assert bench.p([version(40)]) == 1.0


# young_dependency


def test_a_dependency_is_judged_once_by_its_age() -> None:
    def depends(day: float, *names: str) -> Activity:
        return publish(
            "npm:mara",
            day * DAY,
            "npm/left",
            f"1.0.{day:.0f}",
            values={facts.DEPENDENCIES: list(names)},
        )

    past = [depends(7 * i, "npm/base") for i in range(20)]
    new = publish("npm:mallory", 139.5 * DAY, "npm/new")

    def p(day: float) -> float:
        bench = Bench(YoungDependency())
        bench.run([*past, new])
        return bench.p([depends(day, "npm/base", "npm/new")])

    assert p(139.6) < p(140) < SIGNAL_BELOW < p(400)
    bench = Bench(YoungDependency())
    first = depends(140, "npm/base", "npm/new")
    assert bench.p([*past, new, first, depends(140.1, "npm/base", "npm/new")]) == 1.0


def test_a_package_others_depended_on_before_is_not_young() -> None:
    bench = Bench(YoungDependency())
    uses = {facts.DEPENDENCIES: ["npm/old"]}
    bench.run(publish("npm:a", i * 7 * DAY, "npm/left", f"1.{i}.0", values=uses) for i in range(20))
    bench.run([publish("npm:b", 139 * DAY, "npm/old", "7.0.0")])
    assert bench.p([publish("npm:c", 139.1 * DAY, "npm/right", values=uses)]) == 1.0


# ref_rewrite


def test_all_tags_moved_grows_beyond_any_doubt() -> None:
    bench = Bench(RefRewrite(), hold=SIGNAL_BELOW)
    repository = "github.com/example/action"

    def move(time: float, tag: str) -> Activity:
        return change_ref(Action.TAG_MOVE, "github:bot", time, repository, f"refs/tags/{tag}")

    for week in range(40):
        assert bench.p([move(week * 7 * DAY, "v1")]) == 1.0
    ps = [bench.p([move(280 * DAY + i, f"v1.{i}")]) for i in range(30)]
    assert ps[3] <= 1e-3
    assert ps[-1] <= 1e-7


# agent_unguarded


def work(session: str, time: float, *, off: bool) -> Activity:
    return activity(
        Action.AGENT_TOOL,
        "claude_code:mara@example.com",
        time,
        target=Target(TargetKind.TOOL, "Bash"),
        session=session,
        values={facts.UNGUARDED: off},
    )


def test_an_unguarded_session_is_told_once() -> None:
    bench = Bench(AgentUnguarded(), hold=SIGNAL_BELOW)
    bench.run(work(f"s{i}", i * DAY, off=False) for i in range(10))
    ps = [bench.p([work("bad", 10 * DAY + i, off=True)]) for i in range(50)]
    assert ps[0] <= SIGNAL_BELOW
    assert ps[1:] == [1.0] * 49


def test_a_session_whose_prompts_go_off_midway_is_seen() -> None:
    bench = Bench(AgentUnguarded())
    bench.run(work(f"s{i}", i * DAY, off=False) for i in range(10))
    bench.run([work("late", 10 * DAY, off=False)])
    assert bench.p([work("late", 10 * DAY + 60, off=True)]) <= SIGNAL_BELOW


def test_a_habit_among_peers_is_still_shown_the_first_time() -> None:
    bench = Bench(AgentUnguarded())
    for person in range(10):
        ps = []
        for day in range(10):
            event = work(f"{person}-{day}", day * DAY, off=True)
            actor = msgspec.structs.replace(event.actor, identity=f"person-{person}")
            ps.append(bench.p([msgspec.structs.replace(event, actor=actor)]))
        assert ps[0] <= SIGNAL_BELOW
        assert min(ps[1:]) > 0.4
