"""A package that was asleep for long gets a new version."""

from collections.abc import Iterable
from math import log2

import msgspec

from detectors.artifact_samples import DAY, HOUR, MONDAY, publish
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.decay import factor
from detectors.toolbox.proportion import Proportion
from detectors.toolbox.window import label_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome
from schemas.signal import Feature, bits

ASLEEP = 180 * DAY  # half a year: before that nobody calls a package dormant
SITTING = 8 * HOUR  # versions closer together are one release and its fixes
CLASSES = 24  # of the ratio to the own rhythm, in half powers of two; the last: above 2^11.5
# A release after `ASLEEP` or longer, and one by a new publisher among these: nobody being known.
DEFAULT_TAIL = 0.05
DEFAULT_NEW = 0.3
STRENGTH = 10.0
HALF_LIFE = 2 * 365 * DAY  # releases are rare, the groups' counts are of years
OWN_WEIGHT = 0.2  # of the latest gap in the own mean: about the last nine count
TYPICAL = 30 * DAY  # gap of a package of which none is known
PUBLISHERS = 6
OWN_GAPS = 3


class RhythmState(msgspec.Struct, array_like=True):
    """One package.

    Attributes:
        latest: last publish, seconds; 0: none seen.
        rhythm: exponentially weighted mean of the binary logarithm of gaps in seconds.
        gaps: how many are in it, at most 255.
        publishers: labels of accounts, latest last.
    """

    latest: float = 0.0
    rhythm: float = 0.0
    gaps: int = 0
    publishers: list[int] = []


class RhythmShared(msgspec.Struct, array_like=True):
    """What an organisation's packages do.

    Attributes:
        awake: decayed number of gaps shorter than `ASLEEP`.
        asleep: longer ones, by class of their ratio to the package's rhythm.
        new: longer ones, and those ended by a new publisher.
        at: when something was last counted.
    """

    awake: float = 0.0
    asleep: list[float] = []
    new: Proportion = msgspec.field(default_factory=Proportion)
    at: float = 0.0

    def tail(self, index: int) -> float:
        """P(a gap is longer than `ASLEEP` and its ratio at least in this class)."""
        longer = sum(self.asleep[index:])
        total = self.awake + sum(self.asleep)
        return min(1.0, (longer + 1.0 + STRENGTH * DEFAULT_TAIL) / (total + 1.0 + STRENGTH))

    def learn(self, index: int | None, time: float) -> None:
        """Count a gap; `index` None: shorter than `ASLEEP`."""
        if time > self.at:
            keep = factor(time - self.at, HALF_LIFE) if self.at else 1.0
            self.awake *= keep
            self.asleep = [count * keep for count in self.asleep]
            self.at = time
        if index is None:
            self.awake += 1.0
            return
        counts = self.asleep or [0.0] * CLASSES
        counts[index] += 1.0
        self.asleep = counts


class DormantPackage(Detector[RhythmState, RhythmShared]):
    """The silence's ratio to the package's own rhythm, ranked among all packages' gaps.

    A conformal p-value over all packages (Vovk et al. 2005, doi:10.1007/b106715), since one with
    a dozen releases has too few gaps of its own to say how rare a long one is. With a new
    publisher it is multiplied by the share of such among releases after long silences.
    """

    meta = Metadata(
        id="dormant_package",
        title="Dormant package awake",
        description=(
            "A package gets a new version after half a year or more of silence, far longer than its"
            " own rhythm, the more so by an account that did not publish it before. Ranked among"
            " the gaps of all packages seen, so that packages that sleep for years as a habit do"
            " not stand out."
        ),
        scope=Scope.PACKAGE,
        actions=frozenset({Action.PACKAGE_PUBLISH}),
        technique=Technique.STATISTICAL,
        stage=Stage.PUBLICATION,
        phrase="after a long silence",
        judged_per_day=1 / 8,
        attack=("T1195.001", "T1195.002"),
        runbook=(
            "Ask the maintainers over a second channel whether they meant to release.",
            "Read the difference to the version before, install scripts and dependencies first.",
            "Look at when the publisher joined and what else the account has published lately.",
            "Hold the version back from installation until somebody vouches for it.",
        ),
        blind_spots=(
            "A package whose version before was published longer ago than state is kept (400 days),"
            " unless the registry's record tells of it (npm's hooks and packuments do). A thief who"
            " wakes it with a harmless version first."
        ),
        version=2,
    )
    State = RhythmState
    Shared = RhythmShared

    def judge(
        self, activity: Activity, state: RhythmState, context: Context[RhythmShared]
    ) -> Score | None:
        """P-value of the silence before a publish; 1 if it was short."""
        gap = _gap(activity, state)
        if gap is None:
            return None
        if gap < ASLEEP:
            return Score(1.0)
        everybody = context.organization
        p = everybody.tail(_class(gap, state))
        new = _is_new(activity, state)
        by_new = everybody.new.probability(DEFAULT_NEW, STRENGTH) if new else 1.0
        p *= by_new
        cold = state.gaps < OWN_GAPS
        if p > context.signal_below:
            return Score(p, cold=cold)
        usual = 2.0**state.rhythm / DAY if state.gaps else TYPICAL / DAY
        features = [
            Feature(
                "silence before this version",
                f"{gap / DAY:.0f} days",
                f"{usual:.0f} days" if state.gaps else "nothing known of its rhythm",
                bits(p / by_new),
            )
        ]
        if new:
            features.append(
                Feature("publisher", activity.actor.account, "one who did before", bits(by_new))
            )
        target = activity.target
        name = f"{target.package or target.name}@{target.version}" if target else ""
        title = f"{name} was published after {gap / DAY:.0f} days of silence" + (
            f", by {activity.actor.account}, new to the package" if new else ""
        )
        return Score(p, tuple(features), cold, title)

    def learn(self, activity: Activity, state: RhythmState, context: Context[RhythmShared]) -> None:
        """Take in the gap and who published."""
        if activity.outcome is Outcome.FAILURE or activity.target is None:
            return
        time = activity.time
        gap = _gap(activity, state)
        if gap is not None and gap >= SITTING:
            asleep = gap >= ASLEEP
            context.organization.learn(_class(gap, state) if asleep else None, time)
            if asleep and (new := _is_new(activity, state)) is not None:
                context.organization.new.learn(new, time, HALF_LIFE)
            weight = max(OWN_WEIGHT, 1.0 / (state.gaps + 1))
            state.rhythm += weight * (log2(gap) - state.rhythm)
            state.gaps = min(state.gaps + 1, 255)
        state.latest = max(state.latest, time)
        label = label_of(activity.actor.account)
        others = [known for known in state.publishers if known != label]
        state.publishers = [*others, label][-PUBLISHERS:]

    @staticmethod
    def examples() -> Iterable[Example]:
        """A long sleep ended by a stranger, and sleepers by habit."""

        def fleet(years: int) -> list[Activity]:
            return [
                publish("npm:mara", (week * 7 + i) * DAY, f"npm/left-{i}", f"1.{week}.0")
                for week in range(52 * years)
                for i in range(3)
            ]

        def small(*days: float) -> list[Activity]:
            return [publish("npm:mara", day * DAY, "npm/small", f"0.{day:.0f}.0") for day in days]

        def history(*days: float) -> list[Activity]:
            return sorted([*fleet(3), *small(*days)], key=lambda event: event.time)

        awake = publish("npm:mara", 480 * DAY, "npm/small", "0.9.9")
        stranger = publish("npm:mallory", 480 * DAY, "npm/small", "0.9.9")
        told = publish(
            "npm:mallory",
            1100 * DAY,
            "npm/backslash",
            "0.2.1",
            values={
                facts.PREVIOUS: MONDAY - 2200 * DAY,
                facts.PREVIOUS_PUBLISHER: "npm:mara",
            },
        )
        yearly = tuple(float(day) for day in range(0, 1100, 360))
        return (
            Example(
                "a new version after more than a year, by a stranger",
                lambda: [*history(0, 20, 50, 90)[: 3 * 68], stranger],
                True,
            ),
            Example(
                "the same by whoever published it before",
                lambda: [*history(0, 20, 50, 90)[: 3 * 68], awake],
                True,
            ),
            Example(
                "a package never seen before, whose record tells of nine years of silence",
                lambda: [*fleet(3), told],
                True,
            ),
            Example("one version a year, as ever", lambda: history(*yearly), False),
            Example("a version after two months", lambda: history(0, 20, 50, 80, 140), False),
            Example("the first version seen of a package", lambda: [awake], False),
        )


def _gap(activity: Activity, state: RhythmState) -> float | None:
    """Silence before the publish in seconds; None: not a publish, or no earlier one is known."""
    if activity.outcome is Outcome.FAILURE or activity.target is None:
        return None
    told = activity.facts.get(facts.PREVIOUS)
    latest = state.latest
    if isinstance(told, float) and 0.0 < told < activity.time:
        latest = max(latest, told)
    return activity.time - latest if 0.0 < latest <= activity.time else None


def _class(gap: float, state: RhythmState) -> int:
    """Class of the gap's ratio to the package's rhythm; its few gaps are drawn to the typical."""
    typical = log2(TYPICAL)
    rhythm = (state.gaps * state.rhythm + 2.0 * typical) / (state.gaps + 2.0)
    return min(CLASSES - 1, max(0, int(2.0 * (log2(gap) - rhythm))))


def _is_new(activity: Activity, state: RhythmState) -> bool | None:
    """Whether the publisher is new to the package; None: nobody is known to have published it."""
    if state.publishers:
        return label_of(activity.actor.account) not in state.publishers
    before = activity.facts.get(facts.PREVIOUS_PUBLISHER)
    return before != activity.actor.account if isinstance(before, str) and before else None
