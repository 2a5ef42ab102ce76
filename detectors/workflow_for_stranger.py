"""A workflow with the repository's secrets runs for somebody the repository does not know."""

from collections.abc import Iterable

from detectors.artifact_samples import DAY, HOUR, activity, push
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.newcomers import Newcomers
from detectors.toolbox.proportion import Proportion
from detectors.toolbox.window import label_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome, Target, TargetKind
from schemas.signal import Feature, bits

HALF_LIFE = 365 * DAY
DEFAULT = 0.1  # share of such runs where no repository has been watched
STRENGTH = 10.0  # repositories differ: ten runs elsewhere tell as much as one here
OWN_RUNS = 10.0
NORMAL = Score(1.0)
PRIVILEGED = "pull_request_target"  # the base's workflow and secrets, the stranger's input
BELONGING = frozenset({Action.PUSH, Action.PULL_REQUEST_MERGE, Action.REVIEW})
LATER = frozenset({"in_progress", "completed"})  # the same run again


class WorkflowForStranger(Detector[Newcomers, Proportion]):
    """Judges privileged runs by how often this repository has one for a stranger."""

    meta = Metadata(
        id="workflow_for_stranger",
        title="Privileged workflow run for a stranger",
        description=(
            "A workflow on `pull_request_target`, which sees the repository's secrets, runs for an"
            " account that was not seen pushing, merging or reviewing here a day or more before."
            " Measured by the share of such runs among all runs of the repository: where a bot"
            " labels every stranger's pull request it is ordinary."
        ),
        scope=Scope.REPOSITORY,
        actions=BELONGING | {Action.WORKFLOW_RUN},
        technique=Technique.STATISTICAL,
        stage=Stage.ACCESS,
        phrase="with the repository's secrets, for a stranger",
        judged_per_day=2.0,
        attack=("T1677", "T1195.002", "T1199"),
        severity_floor=3,
        runbook=(
            "Read the pull request: title, branch name and changed files are the stranger's input.",
            "See whether the workflow checks that code out or puts such text into a shell.",
            "If so, revoke every secret and token the run could read, and look for their use.",
            "Ask for approval of runs for all outside collaborators, or change the trigger.",
        ),
        blind_spots=(
            "Other triggers that mix secrets and foreign input (issue_comment, workflow_run); what"
            " the run does. A repository where strangers cause such runs every week."
        ),
        version=2,
    )
    State = Newcomers
    Shared = Proportion

    def judge(
        self, activity: Activity, state: Newcomers, context: Context[Proportion]
    ) -> Score | None:
        """P-value of a privileged run for a stranger; 1 for other runs."""
        if not _is_start(activity) or not state.known:
            return None
        if not _is_privileged(activity) or not state.is_news(_label(activity), activity.time):
            return NORMAL
        p = state.share.probability(context.organization.probability(DEFAULT, STRENGTH), STRENGTH)
        past = state.share
        cold = past.trials < OWN_RUNS
        if p > context.signal_below:
            return Score(p, cold=cold)
        feature = Feature(
            "whom a privileged workflow runs for",
            f"{activity.actor.account}, a stranger here",
            f"a stranger in {past.hits:.0f} of {past.trials:.0f} runs",
            bits(p),
        )
        where = activity.target.repository if activity.target else ""
        title = (
            f"{where} ran a {PRIVILEGED} workflow for {activity.actor.account}, a stranger there"
        )
        return Score(p, (feature,), cold, title)

    def observe(
        self,
        activity: Activity,
        state: Newcomers,
        context: Context[Proportion],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """A stranger is judged once."""
        if _is_start(activity) and _is_privileged(activity):
            state.note(_label(activity), activity.time)

    def learn(self, activity: Activity, state: Newcomers, context: Context[Proportion]) -> None:
        """Meet who works here; count runs."""
        if activity.action != Action.WORKFLOW_RUN:
            if activity.outcome is not Outcome.FAILURE and activity.actor.account:
                state.meet(_label(activity), activity.time)
            return
        if not _is_start(activity):
            return
        if _is_privileged(activity):
            news = state.act(_label(activity), activity.time)
        elif state.known:
            news = False
            state.share.learn(False, activity.time, HALF_LIFE)
        else:
            news = None
        if news is not None:
            context.organization.learn(news, activity.time, HALF_LIFE)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A repository's runs, and one for a stranger."""
        repository = "github.com/example/left"

        def run(account: str, time: float, trigger: str) -> Activity:
            target = Target(TargetKind.WORKFLOW, ".github/workflows/ci.yml", repository)
            values = {facts.TRIGGER: trigger, facts.STATUS: "queued"}
            return activity(Action.WORKFLOW_RUN, account, time, target=target, values=values)

        past = [
            event
            for i in range(60)
            for event in (
                push("github:mara", i * DAY, repository),
                run("github:mara", i * DAY + 5, "push"),
            )
        ]
        labelled = [run(f"github:visitor-{i}", i * DAY + HOUR, PRIVILEGED) for i in range(1, 60, 3)]
        stranger = run("github:mallory", 60 * DAY, PRIVILEGED)
        return (
            Example("the first privileged run for a stranger", lambda: [*past, stranger], True),
            Example(
                "a repository that labels strangers' pull requests",
                lambda: [*sorted([*past, *labelled], key=lambda event: event.time), stranger],
                False,
            ),
            Example(
                "a privileged run for somebody who works here",
                lambda: [*past, run("github:mara", 60 * DAY, PRIVILEGED)],
                False,
            ),
            Example(
                "a stranger's pull request without secrets",
                lambda: [*past, run("github:mallory", 60 * DAY, "pull_request")],
                False,
            ),
        )


def _label(activity: Activity) -> int:
    return label_of(activity.actor.identity or activity.actor.account)


def _is_start(activity: Activity) -> bool:
    return (
        activity.action == Action.WORKFLOW_RUN
        and activity.facts.get(facts.STATUS) not in LATER
        and bool(activity.actor.account)
    )


def _is_privileged(activity: Activity) -> bool:
    return activity.facts.get(facts.TRIGGER) == PRIVILEGED
