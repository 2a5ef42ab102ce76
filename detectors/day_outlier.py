"""A day unlike the days of the peer group: what was done, how much of it, where, how long."""

from collections.abc import Iterable, Sequence
from math import log2

import msgspec

from detectors.artifact_samples import DAY, HOUR, MINUTE, activity, push, touch
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.day_features import KINDS, NAMES, DayCounts, describe, point
from detectors.toolbox.half_spaces import Counts, Forest
from detectors.toolbox.peaks import GroupPeaks, PeakModel, Peaks
from detectors.toolbox.ranks import RankModel
from schemas.action import Action
from schemas.activity import Activity, Target, TargetKind
from schemas.signal import Feature, bits

OWN_DAYS = 10
SAMPLE_DAYS = 40
# Whatever makes a day an outlier is, as a rule, what another detector looks at by itself. This one
# may tip the scales, but is no second witness of equal weight.
LEAST_P = 2.0**-7
MEAN_OVER = 5_000  # points that a group's mean level rests on
FEATURES_TOLD = 3
MARGIN = 0.1  # bits; a feature that says less is not told


class DayState(msgspec.Struct, array_like=True):
    """One identity.

    Attributes:
        today: what it has done.
        peaks: how alone its days stood in the group.
        fresh: the last activity changed the day's levels.
        held: levels of a day that was reported; empty if none is waiting.
    """

    today: DayCounts = msgspec.field(default_factory=DayCounts)
    peaks: Peaks = msgspec.field(default_factory=Peaks)
    fresh: bool = False
    held: list[int] = []


class DayShared(msgspec.Struct, array_like=True):
    """A peer group.

    Attributes:
        counts: its members' days, as they grew, in the half-space trees.
        means: mean level of each feature.
        points: in them, no more than `MEAN_OVER`.
        peaks: of its members.
    """

    counts: Counts = msgspec.field(default_factory=Counts)
    means: list[float] = []
    points: int = 0
    peaks: GroupPeaks = msgspec.field(default_factory=GroupPeaks)


class DayOutlier(Detector[DayState, DayShared]):
    """Half-space trees over the day so far, ranked among the peers' days.

    Each activity that changes the day's levels makes it another point. The score is how alone it
    stands among all points of the peer group, as a multiple of what is usual for the identity; the
    p-value is the rank of the day's largest among the group's.
    """

    meta = Metadata(
        id="day_outlier",
        title="A day unlike the peers'",
        description=(
            "The mix of what one identity does in a day (logins, reads, changes, publishes, access,"
            " agents, failures; in how many repositories, networks, hours) stands alone among the"
            " days of its peer group, and more so than this identity's days usually do. Each part"
            " may be ordinary by itself."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset(KINDS),
        technique=Technique.LEARNING,
        stage=Stage.COLLECTION,
        phrase="a day unlike any of its peers'",
        echo=True,
        judged_per_day=1.0,
        attack=("T1078",),
        severity_floor=1,
        runbook=(
            "Read the day's activities in order: what is the unusual part, when did it start.",
            "Ask the person whether the work was theirs: a new task explains most such days.",
            "If not, treat the account as taken over: end sessions, revoke what was made since.",
        ),
        blind_spots=(
            "A day like others in kind and amount: what was read or changed is not looked at. Peer"
            " groups of a few, or without peers given: kinds of actors are large groups."
        ),
    )
    State = DayState
    Shared = DayShared

    _forest = Forest(len(NAMES), half_life=30 * DAY, seed=1)
    _peaks = PeakModel(RankModel(half_life=60 * DAY, least=2.0**-4, per_octave=4, bins=40))

    def judge(
        self, activity: Activity, state: DayState, context: Context[DayShared]
    ) -> Score | None:
        """P-value of the day, when this activity makes it more of an outlier than it was."""
        if not state.today.changes(activity):
            return None
        today = state.today.after(activity)
        levels, group = today.levels(), context.peers
        score = self._score(levels, group)
        groups, time = [group.peaks], activity.time
        if not self._peaks.rises(score, time, state.peaks, groups):
            return None
        p = max(self._peaks.judge(score, time, state.peaks, groups), LEAST_P)
        cold = state.peaks.usual.count < OWN_DAYS
        if p > context.signal_below:
            return Score(p, cold=cold)
        reasons = self._reasons(levels, score, group)
        features = tuple(
            Feature(
                NAMES[number],
                str(today.number(number)),
                describe(number, group.means[number]),
                share * bits(p),
            )
            for number, share in reasons
        )
        more = [n for n, _ in reasons if levels[n] > group.means[n]] or [n for n, _ in reasons]
        told = ", ".join(f"{today.number(number)} {NAMES[number]}" for number in more)
        return Score(p, features, cold, f"{activity.actor.account}'s day is unlike others: {told}")

    def observe(self, activity: Activity, state: DayState, context: Context[DayShared]) -> None:
        """The activity belongs to its day, normal or not."""
        state.fresh = state.today.changes(activity)
        state.today.add(activity)
        if not state.fresh:
            return
        levels, groups, time = state.today.levels(), [context.peers.peaks], activity.time
        score = self._score(levels, context.peers)
        if self._peaks.rises(score, time, state.peaks, groups):
            reported = self._peaks.judge(score, time, state.peaks, groups) <= context.signal_below
            self._peaks.observe(score, time, state.peaks, groups, reported=reported)
            if reported:
                state.held = levels

    def learn(self, activity: Activity, state: DayState, context: Context[DayShared]) -> None:
        """The day as it stands is one more point of the group; days that are over count."""
        group = context.peers
        if state.today.is_over(activity.time):
            levels, state.held = state.held, []
        else:
            levels = state.today.levels() if state.fresh else []
        state.fresh = False
        if levels:
            group.points = min(group.points + 1, MEAN_OVER)
            means = group.means or [0.0] * len(levels)
            group.means = [
                mean + (level - mean) / group.points
                for mean, level in zip(means, levels, strict=True)
            ]
            self._forest.learn(point(levels, group.means), activity.time, group.counts)
        self._peaks.learn(activity.time, state.peaks, [group.peaks])

    def _score(self, levels: Sequence[float], group: DayShared) -> float:
        """How alone a day of these levels stands; 1 while nothing is known of the group."""
        if not group.means:
            return 1.0
        return self._forest.score(point(levels, group.means), group.counts)

    def _reasons(
        self, levels: list[int], score: float, group: DayShared
    ) -> list[tuple[int, float]]:
        """Features by their share of the score: what it loses with the group's mean instead."""
        losses = []
        for number, mean in enumerate(group.means):
            ordinary = [*levels[:number], mean, *levels[number + 1 :]]
            losses.append(log2(score / self._score(ordinary, group)))
        ranked = sorted(range(len(losses)), key=lambda number: -losses[number])
        first = [n for n in ranked[:FEATURES_TOLD] if losses[n] > MARGIN] or ranked[:1]
        total = sum(losses[number] for number in first)
        return [(n, losses[n] / total if total > 0.0 else 1.0) for n in first]

    @staticmethod
    def examples() -> Iterable[Example]:
        """A developer's token harvests and publishes; a long day, a quiet one, an odd colleague."""

        def day_of(who: str, day: int, *, length: int = 8) -> list[Activity]:
            start = day * DAY
            made = []
            for hour in range(length):
                count = 1 + (7 * day + 3 * hour + len(who)) % 3
                for n in range(count):
                    at = start + hour * HOUR + n * 4 * MINUTE
                    repository = f"github.com/example/service-{(hour + n) % 3}"
                    made.append(push(who, at, repository, branch="topic"))
                    made.append(touch(Action.FETCH, who, at + MINUTE, repository))
            return made

        def team() -> list[Activity]:
            people = [f"github:colleague{'x' * number}" for number in range(5)]
            events = [
                event
                for day in range(SAMPLE_DAYS)
                for who in (*people, "github:mara")
                for event in day_of(who, day, length=6 + (day + len(who)) % 5)
            ]
            return sorted(events, key=lambda event: event.time)

        def harvest(day: int) -> list[Activity]:
            start = day * DAY + HOUR
            reads = [
                touch(Action.CLONE, "github:mara", start + 9.0 * n, f"github.com/example/lib-{n}")
                for n in range(40)
            ]
            tokens = [
                activity(
                    Action.TOKEN_CREATE,
                    "github:mara",
                    start + 400.0 + 9.0 * n,
                    target=Target(TargetKind.TOKEN, f"ci-{n}"),
                )
                for n in range(2)
            ]
            return [*reads, *tokens]

        return (
            Example(
                "forty repositories cloned and two tokens made in an hour",
                lambda: [*team(), *harvest(SAMPLE_DAYS)],
                True,
            ),
            Example(
                "a long day",
                lambda: [*team(), *day_of("github:mara", SAMPLE_DAYS, length=11)],
                False,
            ),
            Example(
                "a short day",
                lambda: [*team(), *day_of("github:mara", SAMPLE_DAYS, length=1)],
                False,
            ),
            Example(
                "a newcomer's first day",
                lambda: [*team(), *day_of("github:newcomer", SAMPLE_DAYS)],
                False,
            ),
        )
