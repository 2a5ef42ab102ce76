"""Many tags moved, releases deleted, default branches overwritten by one identity at once."""

from collections.abc import Iterable

import msgspec

from detectors.artifact_samples import MINUTE, change_ref
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox import burst
from detectors.toolbox.burst import Bursts
from detectors.toolbox.decay import DAY
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.proportion import Proportion, of_group
from detectors.toolbox.sessions import Sessions
from detectors.toolbox.window import label_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome
from schemas.signal import Feature, bits

GAP = 30 * MINUTE  # the usual timeout that separates two sessions of one user
HALF_LIFE = 180 * DAY
KEEP = 2 * DAY  # a held-out event is learned a day late and looks for its session then
# Chance that a second ref follows the first, and one more each further one, before anybody has
# been watched: as for publishes.
HISTORY = (0.25, 0.5)
FORCED = 0.05  # pushes to a default branch that rewrite it, nobody being known
STRENGTH = 1.0
GROUP_STRENGTH = 10.0  # people differ: ten pushes of others tell as much as one
OWN_BURSTS = 5.0
# Whoever corrects the notes of one release often corrects those of others.
EDITS = (0.5, 0.5)
REWRITES = frozenset({Action.TAG_MOVE, Action.TAG_DELETE, Action.RELEASE_DELETE, Action.PUSH})
APART = frozenset({Action.RELEASE_EDIT})


class RewriteState(msgspec.Struct, array_like=True):
    """One identity.

    Attributes:
        forced: share of forced pushes.
        sessions: by what they are of; see `_kind`.
    """

    forced: Proportion = msgspec.field(default_factory=Proportion)
    sessions: dict[int, Sessions] = msgspec.field(default_factory=dict)


class RewriteShared(msgspec.Struct, array_like=True):
    """A group's sizes of the same, and its share of forced pushes."""

    history: Bursts = msgspec.field(default_factory=Bursts)
    forced: Proportion = msgspec.field(default_factory=Proportion)
    edits: Bursts = msgspec.field(default_factory=Bursts)

    def sizes_of(self, action: str) -> Bursts:
        """Sizes of the sessions that the action belongs to."""
        return self.edits if action == Action.RELEASE_EDIT else self.history


class RefRewrite(Detector[RewriteState, RewriteShared]):
    """Judges each rewritten ref by how many there are in the session, and forced pushes singly."""

    meta = Metadata(
        id="ref_rewrite",
        title="Refs rewritten in bulk",
        description=(
            "One identity moves or deletes many tags, deletes releases or overwrites default"
            " branches within minutes, while it usually touches one at a time; or overwrites a"
            " default branch at all where it never does. Force pushes to other branches and deleted"
            " branches are everyday work and not looked at; edited releases are measured by"
            " themselves. A release deleted together with its tag counts once."
        ),
        scope=Scope.IDENTITY,
        actions=REWRITES | APART,
        technique=Technique.STATISTICAL,
        stage=Stage.TAMPERING,
        judged_per_day=0.5,
        attack=("T1195.002", "T1565.001", "T1070"),
        severity_floor=3,
        runbook=(
            "List where each tag pointed before and points now; look at the commits they share.",
            "Ask the account's owner over a second channel; if in doubt revoke its tokens.",
            "Move the tags back, and tell those who depend on them to check what they ran.",
            "Protect tags and default branches against being moved.",
        ),
        blind_spots=(
            "One moved tag that many depend on is no burst. Webhooks say that a tag was moved only"
            " as a deletion and a creation, unless it was pushed with force."
        ),
        version=3,
    )
    State = RewriteState
    Shared = RewriteShared

    def judge(
        self, activity: Activity, state: RewriteState, context: Context[RewriteShared]
    ) -> Score | None:
        """P-value of the session's size, or of the forced push, whichever is smaller."""
        label = _label(activity)
        if not label:
            return None
        action = activity.action
        sessions = state.sessions.get(_kind(action)) or Sessions()
        size = sessions.size_with(activity.time, label, GAP)
        by_size = 1.0
        if size > 1:
            peers, everybody = context.peers.sizes_of(action), context.organization.sizes_of(action)
            prior = burst.of_group(peers, everybody, _DEFAULTS.get(action, HISTORY))
            by_size = sessions.sizes.at_least(size, prior)
        if activity.action != Action.PUSH:
            if not size:
                return None
            return self._score(by_size, size, activity, sessions, context.signal_below)
        group = of_group(context.peers.forced, context.organization.forced, FORCED, GROUP_STRENGTH)
        by_force = state.forced.probability(group, STRENGTH)
        p = min(1.0, 2.0 * min(by_size, by_force))  # two looks at one push: Bonferroni
        if by_size <= by_force or p > context.signal_below:
            return self._score(p, size, activity, sessions, context.signal_below)
        past = state.forced
        feature = Feature(
            "push to the default branch",
            "forced",
            f"forced in {past.hits:.0f} of {past.trials:.0f}",
            bits(p),
        )
        title = f"{activity.actor.account} overwrote a default branch: {_where(activity)}"
        return Score(p, (feature,), past.trials < OWN_BURSTS, title)

    def _score(
        self, p: float, size: int, activity: Activity, sessions: Sessions, signal_below: float
    ) -> Score:
        known = sessions.sizes.count
        cold = known < OWN_BURSTS
        if p > signal_below:
            return Score(p, cold=cold)
        minutes = (activity.time - sessions.began(activity.time, GAP)) / MINUTE
        what = _WHAT.get(activity.action, "refs rewritten")
        observed = f"{size} within {minutes:.0f} min"
        feature = Feature(what, observed, f"{known:.0f} earlier sessions, few so large", bits(p))
        title = f"{activity.actor.account}: {what}: {observed}, latest in {_where(activity)}"
        return Score(p, (feature,), cold, title)

    def observe(
        self,
        activity: Activity,
        state: RewriteState,
        context: Context[RewriteShared],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """Remember the ref as part of the present session, normal or not."""
        label = _label(activity)
        if label:
            sessions = state.sessions.setdefault(_kind(activity.action), Sessions())
            sessions.observe(activity.time, label, KEEP)

    def learn(
        self, activity: Activity, state: RewriteState, context: Context[RewriteShared]
    ) -> None:
        """Count the size that the session has reached as normal; and pushes, forced or not."""
        groups = shared_levels(context)
        time = activity.time
        if _to_default_branch(activity):
            forced = activity.facts.get(facts.FORCED) is True
            state.forced.learn(forced, time, HALF_LIFE)
            for group in groups:
                group.forced.learn(forced, time, HALF_LIFE)
        label = _label(activity)
        if not label:
            return
        sessions = state.sessions.setdefault(_kind(activity.action), Sessions())
        growth = sessions.learn(time, label, GAP, KEEP, HALF_LIFE)
        if growth:
            for group in groups:
                group.sizes_of(activity.action).learn(*growth, time, HALF_LIFE)

    @staticmethod
    def examples() -> Iterable[Example]:
        """An action project's releases, a takeover of its tags, everyday force pushes."""
        repository = "github.com/example/action"

        def move(time: float, tag: str) -> Activity:
            return change_ref(
                Action.TAG_MOVE, "github:release-bot", time, repository, f"refs/tags/{tag}"
            )

        def push(time: float, branch: str, *, forced: bool, default: bool) -> Activity:
            return change_ref(
                Action.PUSH,
                "github:mara",
                time,
                repository,
                f"refs/heads/{branch}",
                values={facts.FORCED: forced, facts.DEFAULT_BRANCH: default},
            )

        releases = [move(week * 7 * DAY, "v1") for week in range(30)]
        takeover = [move(210 * DAY + i, f"v1.{i}") for i in range(4)]
        pushes = [push(i * DAY, "main", forced=False, default=True) for i in range(60)]
        overwritten = push(60 * DAY, "main", forced=True, default=True)
        features = [push(i * 60.0, f"topic-{i}", forced=True, default=False) for i in range(20)]

        def release(action: str, time: float, tag: str) -> Activity:
            return change_ref(action, "github:mara", time, repository, tag)

        def withdrawn(time: float, tag: str) -> tuple[Activity, Activity]:
            return (
                release(Action.RELEASE_DELETE, time, tag),
                release(Action.TAG_DELETE, time + 2, f"refs/tags/{tag}"),
            )

        singly = [event for i in range(20) for event in withdrawn(i * 9 * DAY, f"v0.{i}")]
        notes = [
            release(Action.RELEASE_EDIT, month * 30 * DAY + 40.0 * i, f"v1.{i}")
            for month in range(6)
            for i in range(6)
        ]
        return (
            Example(
                "four tags moved in seconds, one a week before", lambda: releases + takeover, True
            ),
            Example("the weekly move of the major tag", lambda: [*releases, takeover[0]], False),
            Example("the first overwritten default branch", lambda: [*pushes, overwritten], True),
            Example("force pushes to own branches", lambda: features, False),
            Example(
                "a dozen releases deleted, one now and then before",
                lambda: (
                    singly
                    + [release(Action.RELEASE_DELETE, 180 * DAY + i, f"v1.{i}") for i in range(12)]
                ),
                True,
            ),
            Example("a release withdrawn together with its tag", lambda: singly, False),
            Example("the notes of six releases corrected, as every month", lambda: notes, False),
        )


_DEFAULTS: dict[str, tuple[float, ...]] = {
    Action.RELEASE_EDIT: EDITS,
}
_WHAT: dict[str, str] = {
    Action.RELEASE_EDIT: "releases edited",
    Action.RELEASE_DELETE: "tags and releases rewritten",
}


def _kind(action: str) -> int:
    """What a session is of: 0 rewritten history, 1 edited releases."""
    return int(action == Action.RELEASE_EDIT)


def _to_default_branch(activity: Activity) -> bool:
    return activity.action == Action.PUSH and activity.facts.get(facts.DEFAULT_BRANCH) is True


def _where(activity: Activity) -> str:
    target = activity.target
    ref = activity.facts.get(facts.REF)
    if target is None:
        return ""
    name = ref if isinstance(ref, str) else target.name
    return f"{target.repository} {name.removeprefix('refs/tags/')}"


def _label(activity: Activity) -> int:
    """Label of the ref that was rewritten or deleted; 0 if none was."""
    if activity.target is None or activity.outcome == Outcome.FAILURE:
        return 0
    if activity.action == Action.PUSH and not (
        _to_default_branch(activity) and activity.facts.get(facts.FORCED) is True
    ):
        return 0
    return label_of(_where(activity)) or 1
