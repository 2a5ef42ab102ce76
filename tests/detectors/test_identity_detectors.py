from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from detectors.base import Context, Detector, Example, Score
from detectors.commit_habit import CommitHabit
from detectors.factor_change import FactorChange
from detectors.keys import keys_of
from detectors.login_novelty import LoginNovelty
from detectors.samples import (
    DAY,
    HOUR,
    INTRUDER,
    MONDAY,
    abroad,
    act,
    at_home,
    at_work,
    commit,
    factor,
    login,
    team_logins,
    token,
    working_days,
)
from detectors.session_moved import SessionMoved
from detectors.token_creation import TokenCreation
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Origin, Outcome, pseudonym

DETECTORS: tuple[type[Detector[Any, Any]], ...] = (
    LoginNovelty,
    FactorChange,
    TokenCreation,
    SessionMoved,
    CommitHabit,
)
NOON = MONDAY + DAY + 12 * HOUR
STRANGER = abroad(INTRUDER)
SIGNAL_BELOW = 2.0**-7


class Bench:
    """Runs one detector as the engine does: judge, then learn unless the score is a signal."""

    def __init__(self, detector: Detector[Any, Any]) -> None:
        self.detector = detector
        self.states: dict[str, Any] = defaultdict(detector.State)
        self.peers: dict[str, Any] = defaultdict(detector.Shared)
        self.organization = detector.Shared()

    def context(self, key: str, activity: Activity) -> Context[Any]:
        peers = self.peers[activity.actor.peers]
        return Context(key, peers, self.organization, SIGNAL_BELOW)

    def feed(self, activities: Iterable[Activity]) -> list[Score | None]:
        """Scores of all activities under their first key, in order."""
        scores: list[Score | None] = []
        for activity in activities:
            keys = keys_of(self.detector.meta.scope, activity)
            if not keys or activity.action not in self.detector.meta.actions:
                scores.append(None)
                continue
            context = self.context(keys[0], activity)
            state = self.states[keys[0]]
            score = self.detector.judge(activity, state, context)
            if score is None or score.p > SIGNAL_BELOW:
                self.detector.learn(activity, state, context)
            scores.append(score)
        return scores

    def last(self, activities: Iterable[Activity]) -> Score | None:
        return self.feed(activities)[-1]


@pytest.mark.parametrize(
    ("detector", "example"),
    [
        pytest.param(detector, example, id=f"{detector.meta.id}: {example.name}")
        for detector in DETECTORS
        for example in detector.examples()
    ],
)
def test_examples(detector: type[Detector[Any, Any]], example: Example) -> None:
    score = Bench(detector()).last(example.events())
    assert (score is not None and score.p <= SIGNAL_BELOW) == example.fires
    if example.fires:
        assert score is not None
        assert score.title
        assert score.features


def last(detector: Detector[Any, Any], *events: Activity) -> float:
    score = Bench(detector).last(chain(team_logins(), events))
    assert score is not None
    return float(score.p)


def test_strangers_login_names_what_is_usual() -> None:
    score = Bench(LoginNovelty()).last(chain(team_logins(), [login(NOON, STRANGER)]))
    assert score is not None
    features = {feature.name: feature for feature in score.features}
    assert features["country"].observed == "BR"
    assert features["country"].expected == "DE 100%"
    assert features["network"].expected.startswith("AS64497")
    assert not score.cold


def test_place_and_tool_together_weigh_far_more_than_either() -> None:
    both = last(LoginNovelty(), login(NOON, STRANGER))
    place = last(LoginNovelty(), login(NOON, abroad()))
    tool = last(LoginNovelty(), login(NOON, at_work(INTRUDER)))
    assert both < 1e-3
    assert min(place, tool) > 30 * both


def test_newcomer_from_where_nobody_works_is_judged_by_the_peers_and_said_so() -> None:
    people = chain(
        team_logins(people=8),
        *(
            [
                login(
                    MONDAY - HOUR + i,
                    at_work(replace(INTRUDER, device=pseudonym(f"d{i}"))),
                    f"p{i}",
                )
            ]
            for i in range(200)
        ),
    )
    origin = replace(abroad(), client="curl/8", system="Linux", device="")
    score = Bench(LoginNovelty()).last(chain(people, [login(NOON, origin, "newcomer")]))
    assert score is not None
    assert score.p <= SIGNAL_BELOW
    assert score.cold
    assert "peers" in score.title


def test_failed_logins_teach_nothing() -> None:
    failures = [
        act(Action.LOGIN, NOON - 60 * i, origin=STRANGER, outcome=Outcome.FAILURE)
        for i in range(200, 0, -1)
    ]
    taught = last(LoginNovelty(), *failures, login(NOON, STRANGER))
    assert taught == pytest.approx(last(LoginNovelty(), login(NOON, STRANGER)))


def test_vpn_of_the_company_is_known_through_the_organisation() -> None:
    vpn = replace(at_work(), network="AS64499", proxy=True)
    others = [
        login(MONDAY - DAY + 9 * HOUR + 60 * i, replace(vpn, device=pseudonym(f"x{i}")), f"x{i}")
        for i in range(30)
    ]
    shared = last(LoginNovelty(), *others, login(NOON, vpn))
    unheard = last(LoginNovelty(), *others, login(NOON, replace(vpn, network="AS64511")))
    assert shared > unheard


def test_origin_without_any_detail_is_not_judged() -> None:
    assert Bench(LoginNovelty()).last([login(NOON, Origin(ip="192.0.2.1"))]) is None


def test_a_login_an_hour_before_is_no_alibi_but_a_new_home_after_days_is_one() -> None:
    at_once = last(FactorChange(), login(NOON, STRANGER), factor(NOON + HOUR, STRANGER))
    days = [login(NOON + day * DAY, STRANGER) for day in range(4)]
    settled = last(FactorChange(), *days, factor(NOON + 3 * DAY + HOUR, STRANGER))
    assert at_once < 1e-4
    assert settled > 1e-2


def test_help_desk_that_resets_factors_daily_is_usual_and_a_first_time_is_less_so() -> None:
    desk = [
        factor(midnight + 9 * HOUR, at_work(), subject=f"person{i}")
        for i, midnight in enumerate(working_days(8))
    ]
    everyday = Bench(FactorChange()).last([*desk, factor(NOON, at_work(), subject="joe")])
    assert everyday is not None
    assert everyday.p > 0.5
    first = last(FactorChange(), factor(NOON, at_work(), subject="joe"))
    assert first < everyday.p


def test_factor_change_that_failed_is_not_judged() -> None:
    failed = replace(factor(NOON, STRANGER), outcome=Outcome.FAILURE)
    assert Bench(FactorChange()).last(chain(team_logins(), [failed])) is None


def test_token_names_the_factor_change_before_it() -> None:
    events = [login(NOON, STRANGER), factor(NOON + 600, STRANGER), token(NOON + 1200, STRANGER)]
    score = Bench(TokenCreation()).last(chain(team_logins(), events))
    assert score is not None
    assert score.p < 1e-4
    assert "factor" in score.title
    assert any(
        f.name == "factor change" and f.observed.startswith("10 min") for f in score.features
    )


def test_sessions_that_roam_everywhere_make_a_move_unsurprising() -> None:
    def session(name: str, time: float) -> list[Activity]:
        first = login(time, at_work(), session=name)
        return [first, act(Action.SSO, time + 60, origin=STRANGER, session=name)]

    bench = Bench(SessionMoved())
    before = bench.last(session("first", NOON))
    assert before is not None
    for index in range(400):
        for event in session(f"s{index}", NOON + 100 + index):
            key = f"session:{event.session}"
            bench.detector.learn(event, bench.states[key], bench.context(key, event))
    after = bench.last(session("last", NOON + DAY))
    assert after is not None
    assert before.p <= 1e-4
    assert after.p > 0.05


def test_session_on_the_telephone_network_with_the_same_client_is_quiet() -> None:
    hops = [
        act(
            Action.SSO,
            NOON + 60 * i,
            origin=replace(at_home(), network=f"AS645{i:02d}"),
            session="s",
        )
        for i in range(10)
    ]
    scores = Bench(SessionMoved()).feed(hops)
    assert all(score is None or score.p == 1.0 for score in scores)


def test_commit_merged_by_somebody_else_is_not_held_against_the_authors_hours() -> None:
    habit = [commit(midnight + 8 * HOUR, "shop") for midnight in working_days(40)]
    merged = commit(MONDAY + 2 * HOUR, "shop", -480)
    merged.facts.update({facts.AUTHOR: "a@example.com", facts.COMMITTER: "b@example.com"})
    own = commit(MONDAY + 2 * HOUR, "shop", -480)
    by_other, by_self = (
        Bench(CommitHabit()).last([*habit, merged]),
        Bench(CommitHabit()).last([*habit, own]),
    )
    assert by_other is not None
    assert by_self is not None
    assert by_self.p < by_other.p == 1.0


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.meta.id)
@pytest.mark.parametrize("repeats", ["never", "for two days"])
def test_state_of_an_identity_that_moves_on_all_the_time_stays_small(
    detector: type[Detector[Any, Any]], repeats: str
) -> None:
    bench = Bench(detector())
    for i in range(600):
        j = i if repeats == "never" else 2 * (i // 12) + i % 2
        origin = Origin("", f"AS{j}", f"C{j}", f"client{j}/1", f"os{j}", pseudonym(str(j)))
        time = MONDAY + i * 5 * HOUR
        for event in (
            login(time, origin, session="s"),
            factor(time + 60, origin),
            token(time + 120, origin),
            commit(time + 180, f"repository{i}", (i % 48 - 24) * 30),
        ):
            key = "identity:mara"
            bench.detector.learn(event, bench.states[key], bench.context(key, event))
    packed = msgspec.msgpack.encode(bench.states["identity:mara"])
    assert len(packed) <= 900
    assert msgspec.msgpack.decode(packed, type=detector.State) == bench.states["identity:mara"]
