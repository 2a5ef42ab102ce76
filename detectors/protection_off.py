"""A protection or policy is weakened by somebody who does not do that."""

from collections.abc import Iterable

from msgspec.structs import replace

from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.samples import DAY, HOUR, MONDAY, act, at_work, team_logins, working_days
from detectors.toolbox import uses
from detectors.toolbox.guards import weakened, where
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.uses import SharedUses, UseModel, Uses
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome, Target, TargetKind

_GUARDS = frozenset({Action.PROTECTION_CHANGE, Action.POLICY_CHANGE})


class ProtectionOff(Detector[Uses, SharedUses]):
    """Whether this actor weakens guards at all, and whether this guard is ever weakened here."""

    meta = Metadata(
        id="protection_off",
        title="Protection weakened",
        description=(
            "A branch protection, ruleset, secret scanning, push protection, or the requirement of "
            "a second factor or of single sign-on is switched off or loosened by an identity that "
            "does not do so, the more so when nobody here weakens this guard. Who loosens the same "
            "guard of other repositories every week stays quiet; so does whoever tightens one."
        ),
        scope=Scope.IDENTITY,
        actions=_GUARDS | uses.ACTIVE,
        technique=Technique.STATISTICAL,
        stage=Stage.TAMPERING,
        phrase="to be weaker",
        judged_per_day=uses.PER_DAY,
        attack=("T1562.001", "T1556.009", "T1556.006"),
        severity_floor=3,
        runbook=(
            "Ask the person what needed the protection to be off, and for how long.",
            "Look at what was pushed, merged or released there since.",
            "Switch it on again; if it was not them, end the sessions and revoke the tokens.",
        ),
        blind_spots=(
            "Changes of which the vendor does not say whether they weaken; an administrator's "
            "stolen session that does what the administrator does every week."
        ),
        version=2,
    )
    State = Uses
    Shared = SharedUses

    _model = UseModel()

    def judge(self, activity: Activity, state: Uses, context: Context[SharedUses]) -> Score | None:
        """Score a weakening; the rest only shows that the identity is active."""
        if activity.action not in _GUARDS or not weakened(activity):
            return None
        groups = shared_levels(context)
        verdict = self._model.judge(activity.native, activity.time, state, groups)
        if verdict.p > context.signal_below:
            return Score(verdict.p)
        place = where(activity)
        return Score(
            verdict.p,
            tuple(uses.features(verdict, state, "weakened guards", activity.native, groups)),
            uses.cold(state),
            f"{activity.actor.account} weakened a protection ({activity.native})"
            + (f" of {place}" if place else ""),
        )

    def observe(
        self,
        activity: Activity,
        state: Uses,
        context: Context[SharedUses],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """Count the weakenings of the day."""
        if activity.action in _GUARDS and weakened(activity):
            self._model.observe(activity.time, state)

    def learn(self, activity: Activity, state: Uses, context: Context[SharedUses]) -> None:
        """Learn weakenings, and days without one."""
        if activity.outcome is Outcome.SUCCESS:
            act_now = activity.action in _GUARDS and weakened(activity)
            kind = activity.native if act_now else ""
            self._model.learn(kind, activity.time, state, shared_levels(context))

    @staticmethod
    def examples() -> Iterable[Example]:
        """A developer who switches protections off; a platform engineer who tunes them."""
        noon = MONDAY + DAY + 12 * HOUR

        def change(time: float, who: str, *, weaker: bool, native: str = "") -> Activity:
            made = act(
                Action.PROTECTION_CHANGE,
                time,
                who=who,
                origin=at_work(),
                target=Target(TargetKind.BRANCH, "main", "git.example.com/team/shop"),
                facts={facts.WEAKENED: weaker},
            )
            return replace(made, native=native or "protected_branch.update_required_status_checks")

        def team() -> list[Activity]:
            tuned = (
                change(day + 10 * HOUR, "colleague1", weaker=True)
                for day in list(working_days(12))[::5]
            )
            return sorted([*team_logins(), *tuned], key=lambda activity: activity.time)

        off = "secret_scanning_push_protection.disable"
        yield Example(
            "a developer who never did switches push protection off",
            lambda: [*team(), change(noon, "mara", weaker=True, native=off)],
            fires=True,
        )
        yield Example(
            "the platform engineer tunes a check as always",
            lambda: [*team(), change(noon, "colleague1", weaker=True)],
            fires=False,
        )
        yield Example(
            "a developer tightens a protection",
            lambda: [*team(), change(noon, "mara", weaker=False)],
            fires=False,
        )
