"""The same workflow file pushed to one repository after another."""

from collections.abc import Iterable

import msgspec

from detectors.artifact_samples import DAY, HOUR, MINUTE, push
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.burst import Bursts, of_group
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.sessions import Sessions
from detectors.toolbox.window import label_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome
from schemas.signal import Feature, bits

GAP = 2 * HOUR  # by hand from one repository to the next; a worm takes seconds
HALF_LIFE = 180 * DAY
KEEP = 2 * DAY  # a held-out push is learned a day late and looks for its session then
# Chance that a second repository follows the first, and one more each further one, before anybody
# has been watched. Keeping workflows alike everywhere is what some automation is for.
PERSON = (0.25, 0.5)
AUTOMATION = (0.75, 0.75)
FILES = 8
OWN_BURSTS = 5.0


class SpreadState(msgspec.Struct, array_like=True):
    """One identity: sessions of repositories with changed workflows; files of the open one."""

    sessions: Sessions = msgspec.field(default_factory=Sessions)
    files: list[int] = []


class WorkflowSpread(Detector[SpreadState, Bursts]):
    """Judges a push by the repositories of its session, if it repeats a file of that session.

    What is learned is the number of repositories with any changed workflow, repeated or not: at
    least as many, so the p-value is on the safe side.
    """

    meta = Metadata(
        id="workflow_spread",
        title="One workflow into many repositories",
        description=(
            "One identity pushes a workflow file of the same name to a second, a third repository"
            " within hours, while it usually changes workflows in one at a time. A bot or a"
            " platform team that does so as a habit is expected."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset({Action.PUSH}),
        technique=Technique.STATISTICAL,
        stage=Stage.TAMPERING,
        phrase="spreading one workflow over repositories",
        judged_per_day=1 / 16,
        attack=("T1677", "T1195.002", "T1552.001"),
        severity_floor=3,
        runbook=(
            "Compare the file in the repositories it went to; look for secrets sent elsewhere.",
            "Ask the account's owner over a second channel; if in doubt revoke its tokens.",
            "Remove the file, cancel its runs, and rotate every secret these could read.",
            "Search for the same file in all other repositories of the organisation.",
        ),
        blind_spots=(
            "A file under another name in each repository; one repository every few hours; branches"
            " of forks that the organisation's sources do not see."
        ),
        version=2,
    )
    State = SpreadState
    Shared = Bursts

    def judge(
        self, activity: Activity, state: SpreadState, context: Context[Bursts]
    ) -> Score | None:
        """P-value of the number of repositories, for a file that went to another one before."""
        files = _files(activity)
        if not files:
            return None
        size = state.sessions.size_with(activity.time, _label(activity), GAP)
        repeated = next((file for file in files if label_of(file) in state.files), "")
        if size < 2 or not repeated:  # noqa: PLR2004 - the second repository
            return None
        default = PERSON if activity.actor.kind is ActorKind.PERSON else AUTOMATION
        if activity.actor.kind is ActorKind.UNKNOWN:
            default = PERSON
        prior = of_group(context.peers, context.organization, default)
        p = state.sessions.sizes.at_least(size, prior)
        known = state.sessions.sizes.count
        cold = known < OWN_BURSTS
        if p > context.signal_below:
            return Score(p, cold=cold)
        minutes = (activity.time - state.sessions.began(activity.time, GAP)) / MINUTE
        observed = f"{size} repositories within {minutes:.0f} min"
        feature = Feature(
            f"workflow {repeated}", observed, f"{known:.0f} sessions, few so wide", bits(p)
        )
        return Score(
            p, (feature,), cold, f"{activity.actor.account} pushed {repeated} to {observed}"
        )

    def observe(
        self,
        activity: Activity,
        state: SpreadState,
        context: Context[Bursts],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """The push belongs to the open session, normal or not."""
        files = _files(activity)
        if not files:
            return
        if not state.sessions.recent.session(activity.time, GAP):
            state.files = []
        labels = {label_of(file) for file in files[:FILES]}
        others = [known for known in state.files if known not in labels]
        state.files = [*others, *sorted(labels)][-FILES:]
        state.sessions.observe(activity.time, _label(activity), KEEP)

    def learn(self, activity: Activity, state: SpreadState, context: Context[Bursts]) -> None:
        """Count the repositories of closed sessions as normal."""
        if not _files(activity):
            return
        time = activity.time
        growth = state.sessions.learn(time, _label(activity), GAP, KEEP, HALF_LIFE)
        if growth:
            for group in shared_levels(context):
                group.learn(*growth, time, HALF_LIFE)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A worm's file in four repositories, and a platform team's."""
        ci = ".github/workflows/ci.yml"
        security = ".github/workflows/security.yml"

        def change(account: str, time: float, repository: int, file: str) -> Activity:
            name = f"github.com/example/service-{repository}"
            return push(account, time, name, workflows=[file])

        past = [change("github:mara", week * 7 * DAY, week % 4, ci) for week in range(30)]
        now = 210 * DAY
        spread = [change("github:mara", now + 20.0 * i, i, security) for i in range(4)]
        platform = [
            change("github:platform", month * 30 * DAY + MINUTE * i, i, ci)
            for month in range(8)
            for i in range(12)
        ]
        return (
            Example(
                "a file pushed to four repositories within a minute", lambda: past + spread, True
            ),
            Example(
                "different workflows of two repositories on one morning",
                lambda: [*past, change("github:mara", now, 0, ci), spread[1]],
                False,
            ),
            Example(
                "a platform team's file in twelve repositories, as every month",
                lambda: (
                    platform
                    + [change("github:platform", 240 * DAY + MINUTE * i, i, ci) for i in range(12)]
                ),
                False,
            ),
            Example("a file that comes to a second repository", lambda: [*spread[:2]], False),
        )


def _files(activity: Activity) -> list[str]:
    files = activity.facts.get(facts.WORKFLOW_FILES)
    if activity.outcome is Outcome.FAILURE or not isinstance(files, list) or not _where(activity):
        return []
    return files


def _where(activity: Activity) -> str:
    return activity.target.repository if activity.target else ""


def _label(activity: Activity) -> int:
    return label_of(_where(activity))
