"""Sudden activity of one identity on one repository, package or secret."""

from collections.abc import Iterable, Sequence
from math import sqrt

import msgspec

from detectors.artifact_samples import DAY, HOUR, MINUTE, touch
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.edges import EdgeModel, Edges, tail
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.peaks import GroupPeaks, PeakModel, Peaks
from detectors.toolbox.ranks import RankModel
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome
from schemas.signal import Feature, bits

OWN_SAMPLE_DAYS = 10
PRIOR = 0.25  # events an hour of anything, six a day: new things are others' business
SAMPLE_DAYS = 40
LEAST = 3  # events within a tick; two are no burst


class EdgeState(msgspec.Struct, array_like=True):
    """One identity: what it touches, and the peaks of its days in standard deviations."""

    edges: Edges = msgspec.field(default_factory=Edges)
    peaks: Peaks = msgspec.field(default_factory=Peaks)


class EdgeBurst(Detector[EdgeState, GroupPeaks]):
    """MIDAS's statistic of the edge identity - thing, ranked among the peers' days.

    A day's score is its largest statistic, as a multiple of the identity's usual one. The p-value
    is given when the day reaches a higher bin of the ranks, so a burst of thousands of events is
    reported a few times as it grows.
    """

    meta = Metadata(
        id="edge_burst",
        title="Sudden activity on one thing",
        description=(
            "One identity turns to one repository, package or secret within an hour far more often"
            " than it and its peers ever do (MIDAS): downloads in a loop, versions published one"
            " after the other, tags moved, secrets set in series. What it does that"
            " often all the time does not count."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset(
            {
                Action.API_REQUEST,
                Action.CLONE,
                Action.DOWNLOAD,
                Action.FETCH,
                Action.PACKAGE_DEPRECATE,
                Action.PACKAGE_DOWNLOAD,
                Action.PACKAGE_OWNER,
                Action.PACKAGE_PUBLISH,
                Action.PACKAGE_TAG,
                Action.PACKAGE_UNPUBLISH,
                Action.RELEASE_DELETE,
                Action.RELEASE_EDIT,
                Action.SECRET_CHANGE,
                Action.TAG_DELETE,
                Action.TAG_MOVE,
            }
        ),
        technique=Technique.STATISTICAL,
        stage=Stage.COLLECTION,
        phrase="one thing over and over",
        echo=True,
        judged_per_day=1.0,
        attack=("T1213.003", "T1119"),
        severity_floor=2,
        runbook=(
            "Look at what was done: reads in a loop are a script, writes in a loop may be a worm.",
            "Ask the account's owner whether a script of theirs runs, and since when.",
            "If not, revoke the token or key that the events name; look where else it was used.",
            "Rotate the secrets that the thing holds or can reach.",
        ),
        blind_spots=(
            "Many things touched once each: that is `mass_read`. Pushes, branches, new tags and"
            " releases: work itself comes in bursts. A thief who is no busier than the owner. Of"
            " one who touches hundreds of things some share a counter."
        ),
    )
    State = EdgeState
    Shared = GroupPeaks

    _model = EdgeModel(half_life=30 * DAY, prior=PRIOR)
    _peaks = PeakModel(RankModel(half_life=60 * DAY, least=2.0**-6, per_octave=2, bins=40))

    def judge(
        self, activity: Activity, state: EdgeState, context: Context[GroupPeaks]
    ) -> Score | None:
        """P-value of the day's peak, when this event raises it."""
        score = self._score(activity, state)
        groups = _groups(activity, context)
        if not self._peaks.rises(score, activity.time, state.peaks, groups):
            return None
        p = self._p(score, activity.time, state, groups)
        cold = state.peaks.usual.count < OWN_SAMPLE_DAYS
        if p > context.signal_below:
            return Score(p, cold=cold)
        thing, time = _thing(activity), activity.time
        count = self._model.counted(thing, time, state.edges) + 1
        usual = f"{self._model.usual(thing, time, state.edges):.2g} an hour"
        feature = Feature(f"events on {thing}", f"{count} within the hour", usual, bits(p))
        title = (
            f"{activity.actor.account} turned to {thing} {count} times within the hour, where"
            f" {usual} is usual; latest {activity.action}"
        )
        return Score(p, (feature,), cold, title)

    def observe(self, activity: Activity, state: EdgeState, context: Context[GroupPeaks]) -> None:
        """The event belongs to its hour and day, normal or not."""
        groups, time = _groups(activity, context), activity.time
        score = self._score(activity, state)
        if self._peaks.rises(score, time, state.peaks, groups):
            reported = self._p(score, time, state, groups) <= context.signal_below
            self._peaks.observe(score, time, state.peaks, groups, reported=reported)
        if thing := _thing(activity):
            self._model.learn(thing, time, state.edges)

    def learn(self, activity: Activity, state: EdgeState, context: Context[GroupPeaks]) -> None:
        """Days that are over count as normal."""
        self._peaks.learn(activity.time, state.peaks, _groups(activity, context))

    def _score(self, activity: Activity, state: EdgeState) -> float:
        """Standard deviations by which the hour, with this event, exceeds the others."""
        thing, time = _thing(activity), activity.time
        if not thing or self._model.counted(thing, time, state.edges) + 1 < LEAST:
            return 0.0
        return sqrt(self._model.judge(thing, time, state.edges))

    def _p(
        self, score: float, time: float, state: EdgeState, groups: Sequence[GroupPeaks]
    ) -> float:
        ranked = self._peaks.judge(score, time, state.peaks, groups)
        return max(ranked, tail(score * score))

    @staticmethod
    def examples() -> Iterable[Example]:
        """A loop of downloads; the usual loop, a busy day, a new repository."""

        def work(account: str, days: int, *, nightly: int = 0) -> list[Activity]:
            made = [
                touch(Action.FETCH, account, day * DAY + HOUR * hour + MINUTE * n, _name(day % 3))
                for day in range(days)
                for hour in range(8)
                for n in range((5 * day + 3 * hour) % 4)
            ]
            loop = [
                touch(Action.FETCH, account, day * DAY + 12 * HOUR + 20.0 * n, _name(9))
                for day in range(days)
                for n in range(nightly)
            ]
            return [*made, *loop]

        def team(*, nightly: int = 0) -> list[Activity]:
            events = work("github:mara", SAMPLE_DAYS, nightly=nightly)
            for number in range(5):
                events += work(f"github:colleague-{number}", SAMPLE_DAYS)
            return sorted(events, key=lambda event: event.time)

        def burst(number: int, count: int, who: str = "github:mara") -> list[Activity]:
            start = SAMPLE_DAYS * DAY + 12 * HOUR
            return [touch(Action.FETCH, who, start + 20.0 * n, _name(number)) for n in range(count)]

        return (
            Example(
                "ninety-four fetches of one repository within the hour",
                lambda: [*team(), *burst(1, 94)],
                True,
            ),
            Example("as every night", lambda: [*team(nightly=40), *burst(9, 40)], False),
            Example(
                "four fetches of a repository never seen", lambda: [*team(), *burst(7, 4)], False
            ),
            Example(
                "a newcomer's first hour",
                lambda: [*team(), *burst(0, 8, who="github:newcomer")],
                False,
            ),
        )


def _groups(activity: Activity, context: Context[GroupPeaks]) -> list[GroupPeaks]:
    """Whom to rank among; people and automation say nothing of each other."""
    person = activity.actor.kind in (ActorKind.PERSON, ActorKind.UNKNOWN)
    return shared_levels(context) if person else [context.peers]


def _name(number: int) -> str:
    return f"github.com/example/service-{number}"


def _thing(activity: Activity) -> str:
    """What was touched; empty where it is not said or was refused."""
    target = activity.target
    if target is None or activity.outcome is Outcome.FAILURE:
        return ""
    if activity.action == Action.SECRET_CHANGE:
        return target.repository or target.name
    return target.package or target.repository or target.name
