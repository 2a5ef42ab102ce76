"""A runner, webhook, deploy key or app added by somebody new to it."""

import re
from collections.abc import Iterable

import msgspec

from detectors.artifact_samples import DAY, HOUR, activity, push, touch
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.levels import levels_of
from detectors.toolbox.rare_kind import Kinds, RareKindModel
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome, Target, TargetKind
from schemas.signal import Feature, bits

KINDS: dict[str, str] = {
    Action.RUNNER_CHANGE: "runner",
    Action.WEBHOOK_CHANGE: "webhook",
    Action.KEY_ADD: "deploy key",
    Action.APP_INSTALL: "app",
}
OWN_DAYS = 10.0
# Vendors have one name for adding and another for taking away, under one action here.
_TAKEN_AWAY = re.compile(r"remove|destroy|delete|disable|suspend|unregister|revoke", re.IGNORECASE)


class IntegrationAdded(Detector[Kinds, Kinds]):
    """The chance that this identity adds one of so rare a kind within a month of work.

    Daily chance of any integration, times the chance of a kind at most as likely as this one.
    """

    meta = Metadata(
        id="integration_added",
        title="Integration added by somebody new to it",
        description=(
            "A self-hosted runner is registered, a webhook made or changed, a deploy key added or"
            " an app installed by somebody who does not usually do that, compared with how often"
            " they and their peers do. Administrators and automation that do it all the time are"
            " expected; what is taken away is not looked at."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset(KINDS) | {Action.LOGIN, Action.PUSH},
        technique=Technique.STATISTICAL,
        stage=Stage.PERSISTENCE,
        judged_per_day=1 / 32,
        attack=("T1072", "T1098.004", "T1199", "T1020"),
        severity_floor=3,
        runbook=(
            "Ask whoever added it what it is for, over a second channel.",
            "Runner: which host is it, and which jobs ran there. Webhook: where does it send.",
            "Key or app: what may it read and write, and what has it done since.",
            "If nobody vouches for it, remove it, then rotate the secrets it could reach.",
        ),
        blind_spots=(
            "An intruder in the account of whoever administers integrations. Runners that jobs"
            " register and drop by themselves make new ones ordinary for that account."
        ),
        version=2,
    )
    State = Kinds
    Shared = Kinds

    _model = RareKindModel()

    def judge(
        self,
        activity: Activity,
        state: Kinds,
        context: Context[Kinds],
    ) -> Score | None:
        """P-value of an integration added; everything else is only learned."""
        kind = _kind(activity)
        if not kind:
            return None
        daily, of_kind = self._model.judge(kind, activity.time, levels_of(state, context))
        p = self._model.within(daily * of_kind)
        cold = state.occasions.trials < OWN_DAYS
        if p > context.signal_below:
            return Score(p, cold=cold)
        name = activity.target.name if activity.target else ""
        features = (
            Feature("integrations added", f"{kind} {name}", state.occasions.usual(), bits(daily)),
            Feature("kind of integration", kind, state.kinds.usual(), bits(of_kind)),
        )
        where = _where(activity)
        title = f"{activity.actor.account} added a {kind} to {where}, who seldom or never does"
        return Score(p, features, cold, title)

    def learn(
        self,
        activity: Activity,
        state: Kinds,
        context: Context[Kinds],
    ) -> None:
        """Count the active day, and the integration if it is one."""
        if activity.outcome is not Outcome.FAILURE:
            self._model.learn(_kind(activity), activity.time, levels_of(state, context))

    @staticmethod
    def examples() -> Iterable[Example]:
        """A developer's first runner, an administrator's and automation's daily work."""
        repository = "github.com/example/left"

        def days(account: str = "github:mara") -> list[Activity]:
            return [push(account, i * DAY, repository) for i in range(90)]

        def runner(account: str, time: float, native: str = "", *, bot: bool = False) -> Activity:
            target = Target(TargetKind.OTHER, "build-7", repository)
            made = activity(Action.RUNNER_CHANGE, account, time, target=target, bot=bot)
            return msgspec.structs.replace(made, native=native) if native else made

        def hook(account: str, time: float) -> Activity:
            return touch(Action.WEBHOOK_CHANGE, account, time, repository)

        admin = [
            event
            for i, day in enumerate(days("github:admin"))
            for event in ((day, hook("github:admin", i * DAY + HOUR)) if i % 9 == 0 else (day,))
        ]
        team = [event for i in range(10) for event in days(f"github:colleague-{i}")]
        jobs = [runner("github:autoscaler[bot]", i * HOUR, bot=True) for i in range(300)]
        now = 90 * DAY
        return (
            Example(
                "the first runner of a developer, in a team with an administrator",
                lambda: [
                    *sorted([*days(), *team, *admin], key=lambda event: event.time),
                    runner("github:mara", now),
                ],
                True,
            ),
            Example(
                "an administrator's webhook", lambda: [*admin, hook("github:admin", now)], False
            ),
            Example(
                "a runner that automation registers every hour",
                lambda: [*jobs, runner("github:autoscaler[bot]", 300 * HOUR, bot=True)],
                False,
            ),
            Example(
                "a runner taken away",
                lambda: [*days(), runner("github:mara", now, "repo.remove_self_hosted_runner")],
                False,
            ),
            Example(
                "a key of one's own, on the first day",
                lambda: [activity(Action.KEY_ADD, "github:newcomer", now)],
                False,
            ),
        )


def _kind(activity: Activity) -> str:
    """What was added; empty if nothing was."""
    kind = KINDS.get(activity.action)
    if kind is None or activity.outcome is Outcome.FAILURE:
        return ""
    if activity.action == Action.KEY_ADD and not (activity.target and activity.target.repository):
        return ""  # a person's own key
    if activity.facts.get(facts.ADDED) is False or _TAKEN_AWAY.search(activity.native):
        return ""
    return kind


def _where(activity: Activity) -> str:
    target = activity.target
    return (target.repository or target.organization) if target else ""
