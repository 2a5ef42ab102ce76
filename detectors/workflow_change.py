"""CI workflows changed by somebody new to them."""

from collections.abc import Iterable

import msgspec

from detectors.artifact_samples import DAY, push
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.decay import factor
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.proportion import Proportion, of_group
from detectors.toolbox.window import label_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome
from schemas.signal import Feature, bits

HALF_LIFE = 180 * DAY
CHANGE = 0.1  # share of pushes that change workflows, nobody being known
ELSEWHERE = 0.05  # share that does so where the pusher never did
# A hundred pushes without one do not make it impossible: half of the pushes of four months.
STRENGTH = 50.0
GROUP_STRENGTH = 50.0
OWN_PUSHES = 20.0
REPOSITORIES = 16  # remembered, in which the identity has changed workflows
NORMAL = Score(1.0)


class WorkflowState(Proportion):
    """One identity: pushes, and those that changed workflows.

    Attributes:
        elsewhere: those that did so in a repository where the identity never did.
        repositories: labels of those where it did, latest last.
    """

    elsewhere: int | float = 0
    repositories: list[int] = msgspec.field(default_factory=list)

    def count(self, time: float, *, changed: bool, elsewhere: bool) -> None:
        """Count a push."""
        if self.elsewhere:
            self.elsewhere *= factor(int(time) - self.at, HALF_LIFE)
        self.elsewhere += elsewhere
        self.learn(changed, time, HALF_LIFE)

    def with_elsewhere(self) -> Proportion:
        """Pushes, and those that changed workflows elsewhere."""
        return Proportion(self.elsewhere, self.trials, self.at)


class WorkflowShared(msgspec.Struct, array_like=True):
    """The shares of a group."""

    changes: Proportion = msgspec.field(default_factory=Proportion)
    elsewhere: Proportion = msgspec.field(default_factory=Proportion)


class WorkflowChange(Detector[WorkflowState, WorkflowShared]):
    """Ordered evidence: nothing changed, changed where the identity did before, changed elsewhere.

    The p-value is the chance of a push at least so far along this order.
    """

    meta = Metadata(
        id="workflow_change",
        title="Workflow changed by somebody new to it",
        description=(
            "A push changes CI workflow files, or a pipeline is edited or switched off, by somebody"
            " who seldom does that, the more so in a repository where they never did. Measured by"
            " the share of such pushes among the identity's own, newcomers by their peers'."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset({Action.PUSH, Action.WORKFLOW_CHANGE}),
        technique=Technique.STATISTICAL,
        stage=Stage.TAMPERING,
        phrase="changing CI workflows",
        judged_per_day=2.0,
        attack=("T1677", "T1195.002"),
        runbook=(
            "Read the change: new steps, triggers, permissions, and where secrets go.",
            "Ask the account's owner over a second channel whether it is theirs.",
            "See whether the workflow has run since; if so, revoke what it could read.",
        ),
        blind_spots=(
            "Changes to scripts that a workflow calls; an intruder in the account of whoever keeps"
            " the workflows. Sources that do not name the files of a push."
        ),
        version=2,
    )
    State = WorkflowState
    Shared = WorkflowShared

    def judge(
        self, activity: Activity, state: WorkflowState, context: Context[WorkflowShared]
    ) -> Score | None:
        """P-value of a change to workflows; 1 for a push without one."""
        changed = _changes_workflow(activity)
        if not changed:
            return None if changed is None else NORMAL
        elsewhere = _label(activity) not in state.repositories
        peers, organization = context.peers, context.organization
        if elsewhere:
            own: Proportion = state.with_elsewhere()
            group = of_group(peers.elsewhere, organization.elsewhere, ELSEWHERE, GROUP_STRENGTH)
        else:
            own = state
            group = of_group(peers.changes, organization.changes, CHANGE, GROUP_STRENGTH)
        p = min(1.0, own.probability(group, STRENGTH))
        cold = own.trials < OWN_PUSHES
        if p > context.signal_below:
            return Score(p, cold=cold)
        files = activity.facts.get(facts.WORKFLOW_FILES)
        named = ", ".join(files[:3]) if isinstance(files, list) else activity.native
        where = activity.target.repository if activity.target else ""
        feature = Feature(
            "workflows changed" + (", here for the first time" if elsewhere else ""),
            named,
            f"so in {own.hits:.0f} of {own.trials:.0f} pushes, {group:.1%} among peers",
            bits(p),
        )
        return Score(
            p, (feature,), cold, f"{activity.actor.account} changed workflows of {where}: {named}"
        )

    def learn(
        self, activity: Activity, state: WorkflowState, context: Context[WorkflowShared]
    ) -> None:
        """Count pushes, and the changes to workflows among them."""
        changed = _changes_workflow(activity)
        if changed is None:
            return
        label = _label(activity)
        elsewhere = changed and label not in state.repositories
        state.count(activity.time, changed=changed, elsewhere=elsewhere)
        for group in shared_levels(context):
            group.changes.learn(changed, activity.time, HALF_LIFE)
            group.elsewhere.learn(elsewhere, activity.time, HALF_LIFE)
        if changed:
            others = [known for known in state.repositories if known != label]
            state.repositories = [*others, label][-REPOSITORIES:]

    @staticmethod
    def examples() -> Iterable[Example]:
        """Who keeps the workflows, and who never touched them."""
        repository = "github.com/example/left"
        release = ".github/workflows/release.yml"

        def colleagues(count: int) -> list[Activity]:
            return [
                push(
                    f"github:colleague-{i % 8}",
                    i * DAY / 8,
                    repository,
                    workflows=[release] if i % 8 == 0 and i % 40 == 0 else (),
                )
                for i in range(count)
            ]

        def with_mara(*workflows: str, every: int = 0) -> list[Activity]:
            own = [
                push(
                    "github:mara",
                    i * DAY / 4,
                    repository,
                    workflows=workflows if every and i % every == 0 else (),
                )
                for i in range(400)
            ]
            return sorted([*colleagues(800), *own], key=lambda event: event.time)

        now = 100 * DAY
        changed = push("github:mara", now, repository, workflows=[release])
        return (
            Example(
                "the first change to a workflow in four hundred pushes",
                lambda: [*with_mara(), changed],
                True,
            ),
            Example(
                "whoever changes them every tenth push",
                lambda: [*with_mara(release, every=10), changed],
                False,
            ),
            Example(
                "a newcomer's first push changes one",
                lambda: [push("github:newcomer", now, repository, workflows=[release])],
                False,
            ),
            Example(
                "a push without workflows",
                lambda: [*with_mara(), push("github:mara", now, repository)],
                False,
            ),
        )


def _label(activity: Activity) -> int:
    return label_of(activity.target.repository if activity.target else "")


def _changes_workflow(activity: Activity) -> bool | None:
    """Whether workflows changed; None: the source does not say, or nothing was pushed."""
    if activity.outcome is Outcome.FAILURE:
        return None
    if activity.action == Action.WORKFLOW_CHANGE:
        return True
    if activity.facts.get(facts.WORKFLOW_FILES):
        return True
    return False if activity.facts.get(facts.COMMITS) else None
