"""Soon after the own second factor was changed: a right given, a guard changed, a token made."""

from collections.abc import Iterable
from itertools import chain

import msgspec

from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.samples import (
    DAY,
    HOUR,
    INTRUDER,
    MONDAY,
    NEW_LAPTOP,
    abroad,
    act,
    at_work,
    factor,
    login,
    team_logins,
    token,
    working_days,
)
from detectors.toolbox.firsts import FirstModel
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.occasions import Occasions
from detectors.toolbox.proportion import Proportion, of_group
from detectors.toolbox.subjects import is_own
from detectors.toolbox.uses import ACTIVE, COLD_DAYS, HORIZON, PER_DAY
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome, Target, TargetKind
from schemas.signal import Feature, bits

RECENT = 12 * HOUR
HALF_LIFE = 180 * DAY
# Days with a privileged act that follow a change of the own factor, nobody being known: who gets a
# new laptop does both. Worth that many such days.
FOLLOWS = 0.05
FOLLOWS_WORTH = 20.0
_CHANGES = frozenset({Action.FACTOR_ENROLL, Action.FACTOR_REMOVE, Action.FACTOR_RESET})
_TOKENS = frozenset({Action.TOKEN_CREATE, Action.KEY_ADD})
_POWERS = frozenset(
    {
        Action.PRIVILEGE_GRANT,
        Action.MEMBER_ADD,
        Action.PACKAGE_OWNER,
        Action.POLICY_CHANGE,
        Action.PROTECTION_CHANGE,
        Action.AUDIT_CHANGE,
        Action.VISIBILITY_CHANGE,
        Action.APP_INSTALL,
        Action.WEBHOOK_CHANGE,
        Action.RUNNER_CHANGE,
        Action.SECRET_CHANGE,
    }
)


class SharedPowers(msgspec.Struct, array_like=True):
    """A group.

    Attributes:
        factors, powers, tokens: its members' first days with a change of the own factor, with a
            privileged act, with a token or key made.
        powers_after: of the days with a privileged act, those right after a factor change.
        tokens_after: the same for tokens.
    """

    factors: Proportion = msgspec.field(default_factory=Proportion)
    powers: Proportion = msgspec.field(default_factory=Proportion)
    tokens: Proportion = msgspec.field(default_factory=Proportion)
    powers_after: Proportion = msgspec.field(default_factory=Proportion)
    tokens_after: Proportion = msgspec.field(default_factory=Proportion)


class Powers(Occasions):
    """One identity: its active days, and those with a change of the own factor (`hits`).

    Attributes:
        powers, tokens: decayed number of days with a privileged act, and with a token or key made.
        powered, made: the last of either, since the epoch; -1 for never.
        changed: time of the last factor change, whole seconds.
    """

    powers: int | float = 0
    powered: int = -1
    tokens: int | float = 0
    made: int = -1
    changed: int = 0

    def with_power(self) -> Occasions:
        """Days with a privileged act."""
        return Occasions(self.powers, self.trials, self.at, self.powered)

    def with_token(self) -> Occasions:
        """Days with a token or key made."""
        return Occasions(self.tokens, self.trials, self.at, self.made)


class NewFactorPrivilege(Detector[Powers, SharedPowers]):
    """Chance of such an act, times the chance that a factor change comes just before one."""

    meta = Metadata(
        id="new_factor_privilege",
        title="Privileged act after a factor change",
        description=(
            "An identity changes its own second factor and within twelve hours gives rights, adds "
            "a member, changes a policy or protection, installs an app or webhook, or makes a "
            "token. Weighed by how seldom it does either, and by how often the one follows the "
            "other here: who sets up a new laptop does both on one day."
        ),
        scope=Scope.IDENTITY,
        actions=_CHANGES | _TOKENS | _POWERS | ACTIVE,
        technique=Technique.STATISTICAL,
        stage=Stage.PERSISTENCE,
        judged_per_day=PER_DAY,
        attack=("T1098.005", "T1556.006", "T1098.003"),
        severity_floor=3,
        runbook=(
            "Ask the person, not over the new factor, whether they changed it.",
            "Look at where both were done from, and at the login before.",
            "If not: remove the factor, end the sessions, undo what was done with the rights.",
        ),
        blind_spots=(
            "Factors that an administrator resets for somebody else, and what that account does "
            "then; an intruder who waits for more than twelve hours."
        ),
        version=2,
    )
    State = Powers
    Shared = SharedPowers

    _days = FirstModel()

    def judge(
        self, activity: Activity, state: Powers, context: Context[SharedPowers]
    ) -> Score | None:
        """Score a privileged act or a token after a recent factor change."""
        action = activity.action
        token = action in _TOKENS
        since = activity.time - state.changed
        if not 0.0 <= since <= RECENT or not (token or action in _POWERS) or not _worked(activity):
            return None
        peers, organization = context.peers, context.organization
        if token:
            own, firsts = state.with_token(), (peers.tokens, organization.tokens)
            learned = peers.tokens_after, organization.tokens_after
        else:
            own, firsts = state.with_power(), (peers.powers, organization.powers)
            learned = peers.powers_after, organization.powers_after
        cold = state.trials < COLD_DAYS
        # Whoever is new sets up everything at once.
        chance = 1.0 if cold else self._days.chance(own, *firsts, HORIZON)
        changes = peers.factors, organization.factors
        after = max(
            self._days.chance(state, *changes, RECENT / DAY),
            of_group(*learned, FOLLOWS, FOLLOWS_WORTH),
        )
        p = chance * after
        if p > context.signal_below:
            return Score(p)
        what = "token or key" if token else "privileged act"
        minutes = f"{since / 60.0:.0f} minutes"
        return Score(
            p,
            (
                Feature(what, activity.native, own.usual(), bits(chance)),
                Feature("factor change", f"{minutes} before", state.usual(), bits(after)),
            ),
            cold,
            f"{activity.actor.account} changed its second factor and {minutes} later did "
            f"{activity.native}",
        )

    def observe(
        self,
        activity: Activity,
        state: Powers,
        context: Context[SharedPowers],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """Remember the factor change, normal or not."""
        if _is_change(activity):
            state.changed = max(state.changed, int(activity.time))

    def learn(self, activity: Activity, state: Powers, context: Context[SharedPowers]) -> None:
        """Count the day, and what there was on it."""
        if not _worked(activity):
            return
        time, action = activity.time, activity.action
        power, token, change = action in _POWERS, action in _TOKENS, _is_change(activity)
        day = int(time // DAY)
        if day <= state.day and not (power or token or change):
            return
        followed = 0.0 <= time - state.changed <= RECENT
        groups = shared_levels(context)
        if power and day > state.powered:
            for group in groups:
                group.powers_after.learn(followed, time, HALF_LIFE)
        if token and day > state.made:
            for group in groups:
                group.tokens_after.learn(followed, time, HALF_LIFE)
        powers, tokens = state.with_power(), state.with_token()
        self._days.learn(power, time, powers, [group.powers for group in groups])
        self._days.learn(token, time, tokens, [group.tokens for group in groups])
        state.powers, state.powered = powers.hits, powers.hit
        state.tokens, state.made = tokens.hits, tokens.hit
        self._days.learn(change, time, state, [group.factors for group in groups])

    @staticmethod
    def examples() -> Iterable[Example]:
        """A stranger's factor and then an owner; an administrator's; a new laptop."""
        noon = MONDAY + DAY + 12 * HOUR
        stranger = abroad(INTRUDER)

        def grant(time: float, who: str = "mara") -> Activity:
            target = Target(TargetKind.ACCOUNT, "stranger@example.com")
            return act(Action.PRIVILEGE_GRANT, time, who=who, origin=at_work(), target=target)

        def team() -> list[Activity]:
            weekly = (grant(day + 9 * HOUR, "colleague1") for day in list(working_days(12))[::5])
            return sorted([*team_logins(), *weekly], key=lambda activity: activity.time)

        yield Example(
            "a factor is enrolled, and rights given half an hour later by one who never gives any",
            lambda: [*team(), factor(noon, stranger), grant(noon + 1800)],
            fires=True,
        )
        yield Example(
            "an administrator's new telephone on a day of grants",
            lambda: [
                *team(),
                factor(noon, at_work(), "colleague1"),
                grant(noon + 60, "colleague1"),
            ],
            fires=False,
        )
        yield Example(
            "rights given two days after a factor change",
            lambda: [*team(), factor(noon - 2 * DAY, at_work()), grant(noon)],
            fires=False,
        )
        yield Example(
            "a newcomer enrols a factor and makes a token",
            lambda: chain(
                team(),
                [
                    login(noon, at_work(NEW_LAPTOP), "newcomer"),
                    factor(noon + 300, at_work(NEW_LAPTOP), "newcomer"),
                    token(noon + 900, at_work(NEW_LAPTOP), "newcomer"),
                ],
            ),
            fires=False,
        )


def _worked(activity: Activity) -> bool:
    return activity.outcome is Outcome.SUCCESS and not (
        activity.action == Action.MEMBER_ADD and is_own(activity)
    )


def _is_change(activity: Activity) -> bool:
    """The own factor changed; an administrator's work on others' factors is no sign here."""
    return (
        activity.action in _CHANGES
        and activity.outcome is Outcome.SUCCESS
        and not activity.facts.get(facts.SUBJECT)
    )
