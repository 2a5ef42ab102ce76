"""Rights given, or members added, by somebody who does not do that."""

from collections.abc import Iterable
from itertools import chain

from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.samples import DAY, HOUR, MONDAY, act, at_work, login, team_logins, working_days
from detectors.toolbox import uses
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.subjects import beneficiary, is_own
from detectors.toolbox.uses import SharedUses, UseModel, Uses
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome, Target, TargetKind

_GRANTS = frozenset({Action.PRIVILEGE_GRANT, Action.MEMBER_ADD, Action.PACKAGE_OWNER})


class PrivilegeGrant(Detector[Uses, SharedUses]):
    """Whether this actor gives rights at all, and whether this kind of grant is usual here."""

    meta = Metadata(
        id="privilege_grant",
        title="Rights given by someone who never does",
        description=(
            "A role is raised, an owner, member or outside collaborator is added by an identity "
            "that does not do so, the more so when this kind of grant is rare in the organisation. "
            "Administrators, team leads and provisioning that grant every week stay quiet; so do "
            "people who accept an invitation for themselves."
        ),
        scope=Scope.IDENTITY,
        actions=_GRANTS | uses.ACTIVE,
        technique=Technique.STATISTICAL,
        stage=Stage.PERSISTENCE,
        phrase="which it does not do",
        judged_per_day=uses.PER_DAY,
        attack=("T1098", "T1098.003"),
        severity_floor=3,
        runbook=(
            "Ask who gave the right, over a second channel, whether they did and for whom.",
            "Look at the account that received it: is it a colleague's, how old is it?",
            "If not: take the right back, end the granter's sessions, look for other grants.",
        ),
        blind_spots=(
            "An administrator's session in an intruder's hands that grants what the administrator "
            "grants every week; rights that come with a group changed at the identity provider of "
            "another company."
        ),
        version=2,
    )
    State = Uses
    Shared = SharedUses

    _model = UseModel()

    def judge(self, activity: Activity, state: Uses, context: Context[SharedUses]) -> Score | None:
        """Score a grant; the rest only shows that the identity is active."""
        if activity.action not in _GRANTS or not (kind := _kind(activity)):
            return None
        groups = shared_levels(context)
        verdict = self._model.judge(kind, activity.time, state, groups)
        if verdict.p > context.signal_below:
            return Score(verdict.p)
        whom = beneficiary(activity)
        to = " to itself" if is_own(activity) else f" to {whom}" if whom else ""
        where = activity.target.repository or activity.target.package if activity.target else ""
        return Score(
            verdict.p,
            tuple(uses.features(verdict, state, "grants", kind, groups)),
            uses.cold(state),
            f"{activity.actor.account} gave rights{to} ({kind})"
            + (f" in {where}" if where else "")
            + ", which it does not do",
        )

    def observe(
        self,
        activity: Activity,
        state: Uses,
        context: Context[SharedUses],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """Count the grants of the day."""
        if activity.action in _GRANTS and _kind(activity):
            self._model.observe(activity.time, state)

    def learn(self, activity: Activity, state: Uses, context: Context[SharedUses]) -> None:
        """Learn grants, and days without one."""
        kind = _kind(activity) if activity.action in _GRANTS else ""
        if activity.outcome is Outcome.SUCCESS:
            self._model.learn(kind, activity.time, state, shared_levels(context))

    @staticmethod
    def examples() -> Iterable[Example]:
        """A developer who makes an owner; an administrator who does it weekly."""
        noon = MONDAY + DAY + 12 * HOUR

        def grant(time: float, who: str, role: str, whom: str) -> Activity:
            return act(
                Action.PRIVILEGE_GRANT,
                time,
                who=who,
                origin=at_work(),
                target=Target(TargetKind.ACCOUNT, whom),
                facts={facts.SCOPES: [role], facts.SUBJECT: f"okta:{whom}@example.com"},
            )

        def team() -> Iterable[Activity]:
            weekly = chain(
                team_logins(),
                (
                    grant(day + 10 * HOUR, "colleague1", "write", "joe")
                    for day in list(working_days(12))[::5]
                ),
            )
            return sorted(weekly, key=lambda activity: activity.time)

        yield Example(
            "a developer who never gave rights makes a stranger owner",
            lambda: [*team(), grant(noon, "mara", "owner", "stranger")],
            fires=True,
        )
        yield Example(
            "the administrator's weekly grant",
            lambda: [*team(), grant(noon, "colleague1", "write", "kim")],
            fires=False,
        )
        yield Example(
            "an invitation that the invited person accepts",
            lambda: [
                *team(),
                login(noon, at_work(), "newcomer"),
                act(
                    Action.MEMBER_ADD,
                    noon + 60,
                    who="newcomer",
                    target=Target(TargetKind.ACCOUNT, "newcomer@example.com"),
                ),
            ],
            fires=False,
        )


def _kind(activity: Activity) -> str:
    """Vendor's name of the grant, and the role; empty for what gives nobody else anything."""
    if activity.outcome is not Outcome.SUCCESS or activity.facts.get(facts.ADDED) is False:
        return ""
    if activity.action == Action.MEMBER_ADD and is_own(activity):
        return ""
    scopes = activity.facts.get(facts.SCOPES)
    role = scopes[0] if isinstance(scopes, list) and scopes else ""
    return f"{activity.native}:{role}" if role else activity.native
