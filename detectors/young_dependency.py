"""A package takes up a dependency that appeared in the registry hours ago."""

from bisect import bisect_left
from collections.abc import Iterable

import msgspec

from detectors.artifact_samples import publish
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.decay import DAY, HOUR
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.window import label_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome
from schemas.signal import Feature, bits

AGES = (HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY)  # upper ends; above them: old
YEAR = 365 * DAY
# Nobody being known, a dependency is taken up at any age within its first year alike.
STRENGTH = 50.0  # takings-up that this guess is worth: it goes down to hours in a year
FORGET = 0.999  # per taking-up: about the last thousand
# A package first seen soon after the watch began is most likely an old one: a month lets those
# that are alive show themselves, by a version of their own or of one that depends on them.
WATCH = 30 * DAY
DEPENDENTS = 32


class DependencyState(msgspec.Struct, array_like=True):
    """One package as a dependency.

    Attributes:
        first: its first publish seen, seconds; 0: none seen, or others depended on it before.
        publisher: label of the account that made it.
        dependents: labels of packages known to depend on it, latest last.
        old: known to be older than what was seen of it.
    """

    first: float = 0.0
    publisher: int = 0
    dependents: list[int] = []
    old: bool = False


class DependencyShared(msgspec.Struct, array_like=True):
    """How old dependencies are when they are taken up.

    Attributes:
        since: when the watch began.
        ages: decayed counts by `AGES`, the last one: old or of unknown age.
    """

    since: float = 0.0
    ages: list[float] = msgspec.field(default_factory=lambda: [0.0] * (len(AGES) + 1))

    def younger(self, age: float, prior: float) -> float:
        """P(a dependency taken up is at most this old)."""
        reached = sum(self.ages[: bisect_left(AGES, age) + 1])
        return (reached + STRENGTH * prior) / (sum(self.ages) + STRENGTH)


class YoungDependency(Detector[DependencyState, DependencyShared]):
    """Judges a publish under each of its dependencies, by the age at which it was taken up."""

    meta = Metadata(
        id="young_dependency",
        title="Dependency only hours old",
        description=(
            "A package version depends on a package whose first version somebody else published"
            " hours before, and which this package did not depend on until now. Measured by how"
            " old dependencies here usually are when a package takes them up. A dependency of"
            " unknown age is left alone."
        ),
        scope=Scope.DEPENDENCY,
        actions=frozenset({Action.PACKAGE_PUBLISH}),
        technique=Technique.STATISTICAL,
        stage=Stage.PUBLICATION,
        phrase="with a very young dependency",
        judged_per_day=1 / 8,
        attack=("T1195.001", "T1195.002"),
        severity_floor=3,
        runbook=(
            "Read the new dependency's code, its install scripts first.",
            "Look at who published it, and what else that account has published.",
            "Ask the publisher of the depending package whether they meant to add it.",
            "Hold the version back from installation until both are answered.",
        ),
        blind_spots=(
            "A dependency prepared weeks ahead, or added by the account that published it. Packages"
            " whose first version was published before the watch began have no known age."
        ),
    )
    State = DependencyState
    Shared = DependencyShared

    def judge(
        self, activity: Activity, state: DependencyState, context: Context[DependencyShared]
    ) -> Score | None:
        """P-value of the dependency's age, if the publish takes it up and its age is known."""
        package = _package(activity)
        name = context.key.partition(":")[2]
        if not package or package == name or label_of(package) in state.dependents:
            return None
        if not self._known_age(state, context.organization) or activity.time < state.first:
            return None
        if state.publisher == label_of(activity.actor.account):
            return None  # a publisher's own new package: how libraries are split up
        age = activity.time - state.first
        prior = context.organization.younger(age, min(age / YEAR, 1.0))
        p = min(1.0, context.peers.younger(age, prior))
        if p <= 0.0 or p > context.signal_below:
            return Score(max(p, 1e-12))
        feature = Feature(
            f"age of the dependency {name}",
            f"{age / HOUR:.1f} hours",
            f"at most so young in {p:.2%} of dependencies taken up",
            bits(p),
        )
        version = activity.target.version if activity.target else ""
        title = f"{package}@{version} takes up {name}, first published {age / HOUR:.1f} hours ago"
        return Score(p, (feature,), title=title)

    def learn(
        self, activity: Activity, state: DependencyState, context: Context[DependencyShared]
    ) -> None:
        """Remember who depends on it, or that it exists; count the age when it was taken up."""
        package = _package(activity)
        if not package:
            return
        groups = shared_levels(context)
        for group in groups:
            if not group.since:
                group.since = activity.time
        if package == context.key.partition(":")[2]:
            if not state.first and not state.old:
                state.first = activity.time
                state.publisher = label_of(activity.actor.account)
                state.old = bool(state.dependents)
            return
        label = label_of(package)
        settled = activity.time - context.organization.since >= WATCH
        # A full list has lost dependents: whoever is not on it need not be new.
        if label not in state.dependents and settled and len(state.dependents) < DEPENDENTS:
            known = self._known_age(state, context.organization)
            own = state.publisher == label_of(activity.actor.account)
            age = activity.time - state.first if known and not own else YEAR
            for group in groups:
                group.ages = [count * FORGET for count in group.ages]
                group.ages[bisect_left(AGES, max(age, 0.0))] += 1.0
        state.dependents = [*(d for d in state.dependents if d != label), label][-DEPENDENTS:]

    @staticmethod
    def _known_age(state: DependencyState, organization: DependencyShared) -> bool:
        watched = state.first - organization.since >= WATCH
        return bool(state.first and organization.since and not state.old and watched)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A dependency that a stranger made hours before, and ordinary ones."""

        def version(day: float, *dependencies: str, package: str = "npm/left") -> Activity:
            return publish(
                "npm:mara",
                day * DAY,
                package,
                f"1.{day:.0f}.0",
                values={facts.DEPENDENCIES: list(dependencies)},
            )

        past = [version(7.0 * i, "npm/base") for i in range(10)]
        young = publish("npm:mallory", 69.5 * DAY, "npm/plain-base")
        return (
            Example(
                "a dependency twelve hours old, by another account",
                lambda: [*past, young, version(70, "npm/base", "npm/plain-base")],
                True,
            ),
            Example(
                "a dependency never seen published",
                lambda: [*past, version(70, "npm/base", "npm/right")],
                False,
            ),
            Example(
                "the publisher's own new package",
                lambda: [
                    *past,
                    version(69.9, package="npm/left-core"),
                    version(70, "npm/base", "npm/left-core"),
                ],
                False,
            ),
            Example(
                "the same dependencies as ever", lambda: [*past, version(70, "npm/base")], False
            ),
        )


def _package(activity: Activity) -> str:
    target = activity.target
    return target.package if target and activity.outcome != Outcome.FAILURE else ""
