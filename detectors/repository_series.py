"""Repositories made public, given away or deleted one after the other."""

from collections.abc import Iterable

import msgspec

from detectors.artifact_samples import DAY, HOUR, MINUTE, push, touch
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox import burst
from detectors.toolbox.burst import Bursts
from detectors.toolbox.levels import levels_of, shared_levels
from detectors.toolbox.rare_kind import Kinds, RareKindModel
from detectors.toolbox.sessions import Sessions
from detectors.toolbox.window import label_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Fact, Outcome
from schemas.signal import Feature, bits

GAP = 30 * MINUTE  # the usual timeout that separates two sessions of one user
HALF_LIFE = 180 * DAY
KEEP = 2 * DAY  # a held-out act is learned a day late and looks for its session then
# Chance that a second repository follows the first, and one more each further one, before anybody
# has been watched. Who cleans up deletes several; who publishes work mostly publishes one.
EXPOSED = (0.25, 0.5)
REMOVED = (0.5, 0.5)
OWN_DAYS = 10.0
PUBLIC = "made public"
DONE: dict[str, str] = {
    Action.VISIBILITY_CHANGE: PUBLIC,
    Action.REPOSITORY_CREATE: PUBLIC,
    Action.REPOSITORY_TRANSFER: "transferred",
    Action.REPOSITORY_DELETE: "deleted",
}


class SeriesState(msgspec.Struct, array_like=True):
    """One identity: days with either kind of act, and sessions of each: 1 exposed, 0 removed."""

    acts: Kinds = msgspec.field(default_factory=Kinds)
    sessions: dict[int, Sessions] = msgspec.field(default_factory=dict)


class SeriesShared(msgspec.Struct, array_like=True):
    """The same of a group, with the sizes its sessions reached."""

    acts: Kinds = msgspec.field(default_factory=Kinds)
    exposed: Bursts = msgspec.field(default_factory=Bursts)
    removed: Bursts = msgspec.field(default_factory=Bursts)


class RepositorySeries(Detector[SeriesState, SeriesShared]):
    """The chance that this identity does so to so many repositories at once, in a month of work.

    Daily chance of an act of this kind, times the chance that a session of it grows so large.
    """

    meta = Metadata(
        id="repository_series",
        title="Repositories made public or removed in series",
        description=(
            "One identity makes repositories public (or creates public ones), transfers or deletes"
            " them, one after the other, though it seldom does that and not to several at once."
            " Exposing and removing are measured apart, against the identity's own past and that of"
            " its peers. Making a repository private is not looked at."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset(DONE) | {Action.LOGIN, Action.PUSH},
        technique=Technique.STATISTICAL,
        stage=Stage.TAMPERING,
        judged_per_day=1 / 32,
        attack=("T1567.001", "T1537", "T1485"),
        severity_floor=3,
        runbook=(
            "Set the repositories private again at once; ask whoever did it afterwards.",
            "If it was not them, end the account's sessions and revoke its tokens.",
            "List the secrets in what was public and rotate them; forks may remain.",
            "Restore deleted repositories, recall transfers: hosts keep both open for some time.",
        ),
        blind_spots=(
            "One repository made public by somebody who does that now and then; a series spread"
            " over days; secrets pushed to a repository that was public before."
        ),
        version=2,
    )
    State = SeriesState
    Shared = SeriesShared

    _model = RareKindModel()

    def judge(
        self, activity: Activity, state: SeriesState, context: Context[SeriesShared]
    ) -> Score | None:
        """P-value of the series so far; logins and pushes are only learned."""
        done = _done(activity)
        if not done:
            return None
        exposed = done == PUBLIC
        own = state.sessions.get(exposed) or Sessions()
        size = own.size_with(activity.time, _label(activity), GAP)
        if not size:
            return None
        kind = "exposed" if exposed else "removed"
        levels = levels_of(state, context)
        daily, of_kind = self._model.judge(kind, activity.time, [level.acts for level in levels])
        peers, everybody = context.peers, context.organization
        prior = (
            burst.of_group(peers.exposed, everybody.exposed, EXPOSED)
            if exposed
            else burst.of_group(peers.removed, everybody.removed, REMOVED)
        )
        so_many = own.sizes.at_least(size, prior)
        p = self._model.within(daily * of_kind * so_many)
        days = state.acts.occasions
        cold = days.trials < OWN_DAYS
        if p > context.signal_below:
            return Score(p, cold=cold)
        what = PUBLIC if exposed else "given away or deleted"
        minutes = (activity.time - own.began(activity.time, GAP)) / MINUTE
        features = (
            Feature(f"repositories {what}", "today", days.usual(), bits(daily * of_kind)),
            Feature(
                "at once",
                f"{size} within {minutes:.0f} min",
                f"{own.sizes.count:.0f} earlier sessions, few so large",
                bits(so_many),
            ),
        )
        title = (
            f"{activity.actor.account}: {size} {'repository' if size == 1 else 'repositories'}"
            f" {what} within {minutes:.0f} min, latest {_where(activity)}"
        )
        return Score(p, features, cold, title)

    def observe(
        self,
        activity: Activity,
        state: SeriesState,
        context: Context[SeriesShared],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """The repository belongs to the open session, normal or not."""
        if done := _done(activity):
            own = state.sessions.setdefault(int(done == PUBLIC), Sessions())
            own.observe(activity.time, _label(activity), KEEP)

    def learn(self, activity: Activity, state: SeriesState, context: Context[SeriesShared]) -> None:
        """Count the active day, and the series as normal."""
        if activity.outcome is Outcome.FAILURE:
            return
        time, done = activity.time, _done(activity)
        exposed = done == PUBLIC
        kind = "" if not done else "exposed" if exposed else "removed"
        self._model.learn(kind, time, [level.acts for level in levels_of(state, context)])
        if not done:
            return
        own = state.sessions.setdefault(int(exposed), Sessions())
        growth = own.learn(time, _label(activity), GAP, KEEP, HALF_LIFE)
        if growth:
            for group in shared_levels(context):
                (group.exposed if exposed else group.removed).learn(*growth, time, HALF_LIFE)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A leak in series, a clean-up by whoever cleans up, single acts."""

        def repository(number: int) -> str:
            return f"github.com/example/service-{number}"

        def publish(account: str, time: float, number: int, visibility: str = "public") -> Activity:
            values: dict[str, Fact] = {facts.VISIBILITY: visibility}
            return touch(Action.VISIBILITY_CHANGE, account, time, repository(number), values=values)

        def delete(account: str, time: float, number: int, *, bot: bool = False) -> Activity:
            return touch(Action.REPOSITORY_DELETE, account, time, repository(number), bot=bot)

        days = [push("github:mara", i * DAY, repository(i % 3)) for i in range(90)]
        now = 90 * DAY
        cleanups = [
            delete("github:janitor[bot]", week * 7 * DAY + 20.0 * i, 40 * week + i, bot=True)
            for week in range(12)
            for i in range(6)
        ]
        return (
            Example(
                "three private repositories made public within a minute",
                lambda: [*days, *(publish("github:mara", now + 20.0 * i, i) for i in range(3))],
                True,
            ),
            Example(
                "four repositories deleted by somebody who never deletes",
                lambda: [*days, *(delete("github:mara", now + 20.0 * i, i) for i in range(4))],
                True,
            ),
            Example(
                "one repository published", lambda: [*days, publish("github:mara", now, 1)], False
            ),
            Example(
                "three repositories made private",
                lambda: [
                    *days,
                    *(publish("github:mara", now + 20.0 * i, i, "private") for i in range(3)),
                ],
                False,
            ),
            Example(
                "the weekly clean-up",
                lambda: (
                    cleanups
                    + [
                        delete("github:janitor[bot]", 84 * DAY + HOUR + 20.0 * i, 900 + i, bot=True)
                        for i in range(6)
                    ]
                ),
                False,
            ),
        )


def _done(activity: Activity) -> str:
    """What was done to a repository; empty: nothing of interest."""
    done = DONE.get(activity.action, "")
    if not done or activity.outcome is Outcome.FAILURE or not _where(activity):
        return ""
    if done == PUBLIC and activity.facts.get(facts.VISIBILITY) != "public":
        return ""
    return done


def _where(activity: Activity) -> str:
    target = activity.target
    return (target.repository or target.name) if target else ""


def _label(activity: Activity) -> int:
    return label_of(_where(activity))
