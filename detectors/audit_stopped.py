"""An audit stream is paused, narrowed or removed."""

from collections.abc import Iterable

from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.samples import DAY, HOUR, MONDAY, act, at_work, team_logins, working_days
from detectors.toolbox import uses
from detectors.toolbox.guards import weakened, where
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.uses import SharedUses, UseModel, Uses
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome, Target, TargetKind

_FIRST = 2.0**-8  # the rule's own weight: just enough to be seen, until an actor has done it before


class AuditStopped(Detector[Uses, SharedUses]):
    """A rule with a memory: shown whenever the actor has not been seen to do it."""

    meta = Metadata(
        id="audit_stopped",
        title="Audit stream stopped",
        description=(
            "A stream of audit events is paused, narrowed or removed: what follows is no longer "
            "seen. Shown by itself when the actor has never done it before, because it is rare, "
            "and what attackers do before they go on; an actor that has done it before is judged "
            "by its habit."
        ),
        scope=Scope.IDENTITY,
        actions=uses.ACTIVE | {Action.AUDIT_CHANGE},
        technique=Technique.RULE,
        stage=Stage.TAMPERING,
        phrase="so that it sees less",
        judged_per_day=1 / 64,
        attack=("T1562.008",),
        severity_floor=4,
        runbook=(
            "Ask the person, over a second channel, whether they stopped it and what for.",
            "Start the stream again, and fetch what it missed over the vendor's API.",
            "Look at what the account did in the hours before, and at what was done in the gap.",
        ),
        blind_spots=(
            "Streams that are cut where the vendor does not see it: a full disk, a lost network, a "
            "receiver that was switched off."
        ),
        version=2,
    )
    State = Uses
    Shared = SharedUses

    _model = UseModel()

    def judge(self, activity: Activity, state: Uses, context: Context[SharedUses]) -> Score | None:
        """Score a stream that was weakened; the rest only shows that the identity is active."""
        if activity.action != Action.AUDIT_CHANGE or not weakened(activity):
            return None
        groups = shared_levels(context)
        verdict = self._model.judge(activity.native, activity.time, state, groups)
        p = verdict.p
        if state.occasions.hit < 0:
            p = min(p, _FIRST)
        if p > context.signal_below:
            return Score(p)
        place = where(activity)
        return Score(
            p,
            tuple(uses.features(verdict, state, "audit streams", activity.native, groups)),
            uses.cold(state),
            f"{activity.actor.account} stopped an audit stream ({activity.native})"
            + (f" of {place}" if place else ""),
        )

    def observe(
        self,
        activity: Activity,
        state: Uses,
        context: Context[SharedUses],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """Count the stops of the day."""
        if activity.action == Action.AUDIT_CHANGE and weakened(activity):
            self._model.observe(activity.time, state)

    def learn(self, activity: Activity, state: Uses, context: Context[SharedUses]) -> None:
        """Learn stops, and days without one."""
        if activity.outcome is Outcome.SUCCESS:
            stopped = activity.action == Action.AUDIT_CHANGE and weakened(activity)
            kind = activity.native if stopped else ""
            self._model.learn(kind, activity.time, state, shared_levels(context))

    @staticmethod
    def examples() -> Iterable[Example]:
        """The first stop ever, by anybody; and one who restarts streams all the time."""
        noon = MONDAY + DAY + 12 * HOUR

        def change(time: float, who: str, *, weaker: bool) -> Activity:
            return act(
                Action.AUDIT_CHANGE,
                time,
                who=who,
                origin=at_work(),
                target=Target(TargetKind.POLICY, "siem", organization="example"),
                facts={facts.WEAKENED: weaker},
            )

        def team() -> list[Activity]:
            rolled = (
                change(day + 10 * HOUR, "colleague1", weaker=True) for day in working_days(12)
            )
            return sorted([*team_logins(), *rolled], key=lambda activity: activity.time)

        yield Example(
            "somebody stops the stream for the first time",
            lambda: [*team(), change(noon, "mara", weaker=True)],
            fires=True,
        )
        yield Example(
            "one who rolls the stream over every day",
            lambda: [*team(), change(noon, "colleague1", weaker=True)],
            fires=False,
        )
        yield Example(
            "a stream is set up",
            lambda: [*team(), change(noon, "mara", weaker=False)],
            fires=False,
        )
