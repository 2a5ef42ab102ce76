"""A branch created and deleted, or a pull request opened and closed, within seconds."""

from bisect import bisect_left
from collections.abc import Iterable

import msgspec

from detectors.artifact_samples import DAY, HOUR, MINUTE, activity, change_ref
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.decay import factor
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.window import label_of
from schemas.action import Action
from schemas.activity import Activity, Outcome, Target, TargetKind
from schemas.signal import Feature, bits

AGES = (2.0, 10.0, 60.0, 300.0)  # seconds; who lets something live longer is not looked at
HALF_LIFE = 180 * DAY
# Share of what is opened that is gone again within each of `AGES`, nobody being known.
DEFAULTS = (0.02, 0.03, 0.05, 0.08)
STRENGTH = 50.0  # a hundred that lived on do not make it impossible
GROUP_STRENGTH = 50.0
OWN = 10.0
WAITING = 12  # remembered as open
OPENS = frozenset({Action.BRANCH_CREATE, Action.PULL_REQUEST_OPEN})
ENDS = frozenset({Action.BRANCH_DELETE, Action.PULL_REQUEST_CLOSE})


class Lives(msgspec.Struct, array_like=True):
    """Decayed number of things opened, and of those that were gone within each of `AGES`."""

    opened: int | float = 0
    gone: list[int | float] = []
    at: int = 0

    def chance(self, age: int, prior: float, strength: float) -> float:
        """P(something opened is gone within `AGES[age]`)."""
        gone = self.gone[age] if self.gone else 0.0
        return min(1.0, (gone + strength * prior) / (self.opened + strength))

    def learn(self, time: float, age: int | None) -> None:
        """Count something opened (`age` None), or gone again within `AGES[age]`."""
        second = int(time)
        if second > self.at:
            keep = factor(second - self.at, HALF_LIFE)
            self.opened *= keep
            self.gone = [count * keep for count in self.gone]
            self.at = second
        if age is None:
            self.opened += 1
            return
        counts = self.gone or [0] * len(AGES)
        self.gone = [count + (i >= age) for i, count in enumerate(counts)]


class LifeState(msgspec.Struct, array_like=True):
    """One identity.

    Attributes:
        lives: of what it opened.
        waiting: label of what is open -> second it was opened.
        ended: label of what ended soon -> index in `AGES`, until it is learned.
    """

    lives: Lives = msgspec.field(default_factory=Lives)
    waiting: dict[int, float] = {}
    ended: dict[int, int] = {}


class ShortLived(Detector[LifeState, Lives]):
    """The chance that something opened by this identity is gone so soon, ordered by age."""

    meta = Metadata(
        id="short_lived",
        title="Branch or pull request gone within seconds",
        description=(
            "An identity creates a branch and deletes it, or opens a pull request and closes it"
            " unmerged, within seconds: long enough for a workflow to run, too short for a reader."
            " Measured by how often what this identity or its peers open is gone so soon; bots that"
            " work that way are expected."
        ),
        scope=Scope.IDENTITY,
        actions=OPENS | ENDS,
        technique=Technique.STATISTICAL,
        stage=Stage.TAMPERING,
        phrase="and undid it within seconds",
        judged_per_day=2.0,  # what is opened counts, ended soon or not
        attack=("T1677", "T1070"),
        runbook=(
            "Find the workflow runs of that branch or pull request and read their logs.",
            "Restore the branch, or look at the closed pull request: what did it change.",
            "If a workflow ran, revoke the secrets it could read.",
            "Ask the account's owner over a second channel; if in doubt revoke its tokens.",
        ),
        blind_spots=(
            "What is left open for five minutes or longer, or closed by another account than opened"
            " it. Without webhooks (audit log only) branches are not seen at all."
        ),
        version=2,
    )
    State = LifeState
    Shared = Lives

    def judge(self, activity: Activity, state: LifeState, context: Context[Lives]) -> Score | None:
        """P-value of an end, if it comes within minutes of the beginning."""
        if activity.action not in ENDS or activity.outcome is Outcome.FAILURE:
            return None
        age = _age(activity, state)
        if age is None:
            return None
        index = bisect_left(AGES, age)
        peers, organization = context.peers, context.organization
        level = peers if peers.opened >= GROUP_STRENGTH else organization
        group = level.chance(index, DEFAULTS[index], GROUP_STRENGTH)
        own = state.lives
        p = own.chance(index, group, STRENGTH)
        cold = own.opened < OWN
        if p > context.signal_below:
            return Score(p, cold=cold)
        what = "branch" if activity.action == Action.BRANCH_DELETE else "pull request"
        gone = own.gone[index] if own.gone else 0.0
        feature = Feature(
            f"life of a {what}",
            f"{age:.0f} seconds",
            f"at most {AGES[index]:.0f} s in {gone:.0f} of {own.opened:.0f}, {group:.1%} of peers'",
            bits(p),
        )
        title = f"{activity.actor.account}: {what} {_name(activity)} was gone after {age:.0f} s"
        return Score(p, (feature,), cold, title)

    def observe(
        self,
        activity: Activity,
        state: LifeState,
        context: Context[Lives],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """Remember what is open, and what ended soon."""
        if activity.outcome is Outcome.FAILURE:
            return
        time = activity.time
        state.waiting = waiting = {
            label: since for label, since in state.waiting.items() if time - since <= AGES[-1]
        }
        if activity.action in ENDS:
            age, label = _age(activity, state), _label(activity)
            if age is not None:
                del waiting[label]
                state.ended[label] = bisect_left(AGES, age)
                if len(state.ended) > WAITING:
                    del state.ended[next(iter(state.ended))]
            return
        waiting[_label(activity)] = time
        if len(waiting) > WAITING:
            del waiting[min(waiting, key=waiting.__getitem__)]

    def learn(self, activity: Activity, state: LifeState, context: Context[Lives]) -> None:
        """Count what was opened, and what is gone again within minutes."""
        if activity.outcome is Outcome.FAILURE:
            return
        index: int | None = None
        if activity.action in ENDS:
            index = state.ended.pop(_label(activity), None)
            if index is None:
                return
        for level in (state.lives, *shared_levels(context)):
            level.learn(activity.time, index)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A branch of one second, and a bot's."""
        repository = "github.com/example/action"

        def branch(action: str, account: str, time: float, name: str) -> Activity:
            return change_ref(action, account, time, repository, f"refs/heads/{name}")

        def request(action: str, account: str, time: float, number: int) -> Activity:
            target = Target(TargetKind.PULL_REQUEST, str(number), repository)
            return activity(action, account, time, target=target)

        def lives(account: str, seconds: float) -> list[Activity]:
            return [
                event
                for i in range(120)
                for event in (
                    branch(Action.BRANCH_CREATE, account, i * DAY, f"task-{i}"),
                    branch(Action.BRANCH_DELETE, account, i * DAY + seconds, f"task-{i}"),
                )
            ]

        now = 120 * DAY
        opened = branch(Action.BRANCH_CREATE, "github:mara", now, "quick")
        deleted = branch(Action.BRANCH_DELETE, "github:mara", now + 1.0, "quick")
        usual = lives("github:mara", 5 * HOUR)
        return (
            Example("a branch deleted a second later", lambda: [*usual, opened, deleted], True),
            Example(
                "a pull request opened and closed within seconds",
                lambda: [
                    *usual,
                    request(Action.PULL_REQUEST_OPEN, "github:mara", now, 7),
                    request(Action.PULL_REQUEST_CLOSE, "github:mara", now + 8.0, 7),
                ],
                True,
            ),
            Example("branches that live for hours", lambda: usual, False),
            Example("a bot whose branches live for a second", lambda: lives("b", 1.0), False),
            Example(
                "a pull request withdrawn after ten minutes",
                lambda: [
                    *usual,
                    request(Action.PULL_REQUEST_OPEN, "github:mara", now, 7),
                    request(Action.PULL_REQUEST_CLOSE, "github:mara", now + 10 * MINUTE, 7),
                ],
                False,
            ),
            Example("the very first branch, a typing error", lambda: [opened, deleted], False),
        )


def _name(activity: Activity) -> str:
    target = activity.target
    return f"{target.repository} {target.name}" if target else ""


def _label(activity: Activity) -> int:
    kind = "branch" if activity.action in (Action.BRANCH_CREATE, Action.BRANCH_DELETE) else "pull"
    return label_of(f"{kind} {_name(activity)}")


def _age(activity: Activity, state: LifeState) -> float | None:
    """Seconds since this identity opened it; None if it did not, or longer ago."""
    since = state.waiting.get(_label(activity))
    if since is None or not 0.0 <= activity.time - since <= AGES[-1]:
        return None
    return activity.time - since
