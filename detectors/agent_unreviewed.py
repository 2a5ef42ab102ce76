"""An AI agent pushes to a default branch, and nobody has looked at it."""

from collections.abc import Iterable
from itertools import chain

import msgspec
from msgspec.structs import replace

from detectors.artifact_samples import DAY, HOUR, MINUTE, push, touch
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.proportion import Proportion
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome
from schemas.signal import Feature, bits

BEFORE = DAY  # a review, or a pull request, of the day before may be of what is pushed now
AFTER = 10 * MINUTE  # a merge and its push are told in either order, by two sources even later
HALF_LIFE = 180 * DAY
# Before anybody has been watched: one push to a default branch in twenty is an agent's alone.
DEFAULT = 0.05
STRENGTH = 10.0  # repositories differ: ten pushes of others tell as much as one here
OWN_STRENGTH = 5.0
RAREST = 0.01  # no past shows that an agent will never be let in: one push in a hundred, elsewhere
OWN_PUSHES = 10.0
PENDING = 8
_REVIEWED = frozenset({Action.PULL_REQUEST_MERGE, Action.REVIEW, Action.PULL_REQUEST_CLOSE})


class Reviews(msgspec.Struct, array_like=True):
    """One repository.

    Attributes:
        alone: pushes to the default branch, and those among them by an agent without a review.
        reviewed: when a pull request was last reviewed, merged or closed by a person, whole
            seconds.
        pending: learned pushes of agents whose wait is not over, whole seconds.
    """

    alone: Proportion = msgspec.field(default_factory=Proportion)
    reviewed: int = 0
    pending: list[int] = []


class AgentUnreviewed(Detector[Reviews, Proportion]):
    """Judges an agent's push ten minutes later, when the time for a late merge event is over."""

    meta = Metadata(
        id="agent_unreviewed",
        title="Agent's push to a default branch without review",
        description=(
            "An AI agent pushes straight to the default branch of a repository, and no person has"
            " reviewed, merged or closed a pull request there since the day before. Measured by"
            " the share of such pushes among all to this default branch; a repository in which an"
            " agent commits by itself every day is expected to see one."
        ),
        scope=Scope.REPOSITORY,
        actions=_REVIEWED | {Action.PUSH},
        technique=Technique.STATISTICAL,
        stage=Stage.TAMPERING,
        phrase="to a default branch without review",
        judged_per_day=0.5,
        attack=("T1195.001", "T1195.002"),
        runbook=(
            "Read the pushed commits: build scripts, workflows and dependencies first.",
            "Find out who started the agent, on what task, and which text of others it had read.",
            "If nobody vouches for it, revert, and stop the release until it is reverted.",
            "Protect the default branch so that agents need a pull request too.",
        ),
        blind_spots=(
            "Agents that push with a person's credentials count as the person. A review of another"
            " change on the same day passes for a review of this one."
        ),
        version=2,
    )
    State = Reviews
    Shared = Proportion

    def judge(
        self, activity: Activity, state: Reviews, context: Context[Proportion]
    ) -> Score | None:
        """Asks to be woken for an agent's push; nothing is known of it yet."""
        if _is_agents(activity) and not _is_reviewed(activity.time, state):
            context.wake(activity.time + AFTER, activity)
        return None

    def due(self, activity: Activity, state: Reviews, context: Context[Proportion]) -> Score | None:
        """P-value of a push that nobody has looked at by now."""
        if _is_reviewed(activity.time, state):
            return None
        past = state.alone
        p = past.probability(_elsewhere(past, context.organization), OWN_STRENGTH)
        cold = past.trials < OWN_PUSHES
        if p > context.signal_below:
            return Score(p, cold=cold)
        feature = Feature(
            "push to the default branch",
            "by an agent, without a review",
            f"so in {past.hits:.0f} of {past.trials:.0f} pushes here",
            bits(p),
        )
        where = activity.target.repository if activity.target else ""
        title = f"Agent {activity.actor.account} pushed to the default branch of {where} unreviewed"
        return Score(p, (feature,), cold, title)

    def observe(
        self,
        activity: Activity,
        state: Reviews,
        context: Context[Proportion],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """Note what people looked at."""
        if activity.action in _REVIEWED and activity.actor.kind is not ActorKind.AGENT:
            state.reviewed = max(state.reviewed, int(activity.time))

    def learn(self, activity: Activity, state: Reviews, context: Context[Proportion]) -> None:
        """Count pushes to the default branch; an agent's once its wait is over."""
        self.observe(activity, state, context)
        levels = [state.alone, context.organization]
        waiting = []
        for second in state.pending:
            if second + AFTER > activity.time:
                waiting.append(second)
            elif not _is_reviewed(second, state):
                for level in levels:
                    level.hits = min(level.hits + 1, level.trials)
        state.pending = waiting
        if not _to_default_branch(activity):
            return
        for level in levels:
            level.learn(False, activity.time, HALF_LIFE)
        if activity.actor.kind is ActorKind.AGENT:
            state.pending = [*waiting, int(activity.time)][-PENDING:]

    @staticmethod
    def examples() -> Iterable[Example]:
        """An agent's first push of its own; merges and repositories kept by agents stay quiet."""
        repository = "github.com/example/left"
        now = 60 * DAY

        def by_agent(time: float) -> Activity:
            made = push("github:copilot-swe-agent[bot]", time, repository, bot=True)
            return replace(made, actor=replace(made.actor, kind=ActorKind.AGENT))

        def team(*last: Activity) -> Iterable[Activity]:
            names = ("github:mara", "github:jonas")
            return chain((push(names[n % 2], n * DAY / 2, repository) for n in range(118)), last)

        merge = touch(Action.PULL_REQUEST_MERGE, "github:mara", now + MINUTE, repository)
        own = [by_agent(n * DAY) for n in range(60)]
        return (
            Example(
                "an agent's push where only people push",
                lambda: team(by_agent(now)),
                True,
                advance=HOUR,
            ),
            Example(
                "the push of a pull request that a person merged, told a minute late",
                lambda: team(by_agent(now), merge),
                False,
                advance=HOUR,
            ),
            Example(
                "an agent that keeps a repository by itself",
                lambda: [*own, by_agent(now)],
                False,
                advance=HOUR,
            ),
            Example(
                "a new repository, begun by an agent", lambda: [by_agent(now)], False, advance=HOUR
            ),
        )


def _to_default_branch(activity: Activity) -> bool:
    return (
        activity.action == Action.PUSH
        and activity.facts.get(facts.DEFAULT_BRANCH) is True
        and activity.outcome is not Outcome.FAILURE
    )


def _is_agents(activity: Activity) -> bool:
    return activity.actor.kind is ActorKind.AGENT and _to_default_branch(activity)


def _elsewhere(own: Proportion, everywhere: Proportion) -> float:
    """Share in other repositories: what is known of this one must not count twice."""
    others = Proportion(
        max(0.0, everywhere.hits - own.hits), max(0.0, everywhere.trials - own.trials)
    )
    return max(RAREST, min(1.0, others.probability(DEFAULT, STRENGTH)))


def _is_reviewed(time: float, state: Reviews) -> bool:
    return -AFTER <= time - state.reviewed <= BEFORE
