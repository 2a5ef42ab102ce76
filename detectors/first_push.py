"""An account's first push to a repository goes straight to the default branch."""

from collections.abc import Iterable

from detectors.artifact_samples import DAY, MINUTE, push
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.newcomers import Newcomers
from detectors.toolbox.proportion import Proportion
from detectors.toolbox.window import label_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome
from schemas.signal import Feature, bits

HALF_LIFE = 365 * DAY
DEFAULT = 0.1  # share of newcomers' first pushes where no repository has been watched
STRENGTH = 10.0  # teams differ: ten pushes elsewhere tell as much as one here
OWN_PUSHES = 10.0
NORMAL = Score(1.0)
# What people who belong to a repository do there.
BELONGING = frozenset(
    {
        Action.PUSH,
        Action.BRANCH_CREATE,
        Action.PULL_REQUEST_OPEN,
        Action.PULL_REQUEST_MERGE,
        Action.REVIEW,
    }
)


class FirstPush(Detector[Newcomers, Proportion]):
    """Judges pushes to a default branch by how often a newcomer makes one in this repository."""

    meta = Metadata(
        id="first_push",
        title="First push of a stranger, to the default branch",
        description=(
            "The first that a repository sees of an account is a push straight to its default"
            " branch: no branch, pull request or review of that account a day or more before."
            " Measured by the share of such pushes among all to the repository's default branch."
        ),
        scope=Scope.REPOSITORY,
        actions=BELONGING,
        technique=Technique.STATISTICAL,
        stage=Stage.TAMPERING,
        phrase="as a newcomer, straight to the default branch",
        judged_per_day=1.0,
        attack=("T1195.001", "T1078.004"),
        runbook=(
            "Find out who the account belongs to, who gave it write access, and when.",
            "Read the pushed commits: build scripts, workflows and packaging first.",
            "If nobody vouches for it, revert, take the access away, stop the next release.",
            "Protect the default branch so that changes need a review.",
        ),
        blind_spots=(
            "An intruder in the account of somebody who belongs to the repository; one who opens a"
            " pull request first and waits for a day. Repositories where newcomers push every week."
        ),
        version=2,
    )
    State = Newcomers
    Shared = Proportion

    def judge(
        self, activity: Activity, state: Newcomers, context: Context[Proportion]
    ) -> Score | None:
        """P-value of a newcomer's first push to the default branch; 1 for all others."""
        if not _to_default_branch(activity) or not state.known:
            return None
        if not state.is_news(_label(activity), activity.time):
            return NORMAL
        p = state.share.probability(context.organization.probability(DEFAULT, STRENGTH), STRENGTH)
        past = state.share
        cold = past.trials < OWN_PUSHES
        if p > context.signal_below:
            return Score(p, cold=cold)
        feature = Feature(
            "who pushes to the default branch",
            f"{activity.actor.account}, never seen here before",
            f"newcomers in {past.hits:.0f} of {past.trials:.0f} pushes",
            bits(p),
        )
        where = activity.target.repository if activity.target else ""
        title = f"First push of {activity.actor.account} to {where}, straight to its default branch"
        return Score(p, (feature,), cold, title)

    def observe(
        self,
        activity: Activity,
        state: Newcomers,
        context: Context[Proportion],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """A newcomer is judged once."""
        if _to_default_branch(activity):
            state.note(_label(activity), activity.time)

    def learn(self, activity: Activity, state: Newcomers, context: Context[Proportion]) -> None:
        """Meet who works here; count pushes to the default branch."""
        if activity.outcome is Outcome.FAILURE or not activity.actor.account:
            return
        if not _to_default_branch(activity):
            state.meet(_label(activity), activity.time)
            return
        news = state.act(_label(activity), activity.time)
        if news is not None:
            context.organization.learn(news, activity.time, HALF_LIFE)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A team's repository, and who comes to it."""
        repository = "github.com/example/left"
        team = ("github:mara", "github:jonas", "github:aiko")
        past = [push(team[i % 3], i * DAY / 2, repository) for i in range(120)]
        stranger = push("github:mallory", 60 * DAY, repository)
        branch = push("github:lena", 58 * DAY, repository, branch="topic")
        arrivals = [
            push(f"github:newcomer-{i // 4}", i * DAY, repository, branch="main") for i in range(80)
        ]
        return (
            Example(
                "a push by an account that was never seen here", lambda: [*past, stranger], True
            ),
            Example(
                "a push to a branch an hour before is no introduction",
                lambda: [
                    *past,
                    push("github:mallory", 60 * DAY - 60 * MINUTE, repository, branch="stability"),
                    stranger,
                ],
                True,
            ),
            Example(
                "the first merge of somebody who has worked on branches",
                lambda: [
                    *past[:116],
                    branch,
                    *past[116:],
                    push("github:lena", 60 * DAY, repository),
                ],
                False,
            ),
            Example(
                "a regular's next push", lambda: [*past, push(team[0], 60 * DAY, repository)], False
            ),
            Example(
                "a repository to which somebody new pushes every fourth time",
                lambda: [*arrivals, push("github:newcomer-20", 80 * DAY, repository)],
                False,
            ),
            Example("the first push to a new repository", lambda: [stranger], False),
        )


def _label(activity: Activity) -> int:
    return label_of(activity.actor.identity or activity.actor.account)


def _to_default_branch(activity: Activity) -> bool:
    return (
        activity.action == Action.PUSH
        and activity.facts.get(facts.DEFAULT_BRANCH) is True
        and activity.outcome is not Outcome.FAILURE
        and bool(activity.actor.account)
    )
