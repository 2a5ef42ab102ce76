"""An AI agent uses a tool, a tool server or a repository that it does not use."""

from collections.abc import Iterable, Sequence
from itertools import chain

import msgspec

from detectors.agent_samples import REPOSITORY, agent, days, tool, working_days
from detectors.artifact_samples import DAY, HOUR
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.categories import Categories, CategoryModel
from detectors.toolbox.combine import cauchy
from detectors.toolbox.daily import ChoiceModel, Choices
from detectors.toolbox.levels import shared_levels
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome, Target, TargetKind
from schemas.signal import Feature, bits

_MCP = "mcp__"


class Reach(msgspec.Struct, array_like=True):
    """Tools and repositories of one agent, or of the agent of one person."""

    tools: Choices = msgspec.field(default_factory=Choices)
    repositories: Choices = msgspec.field(default_factory=Choices)


class SharedReach(msgspec.Struct, array_like=True):
    """The same of a group: what agents come to that they have not used before."""

    tools: Categories = msgspec.field(default_factory=Categories)
    repositories: Categories = msgspec.field(default_factory=Categories)


class AgentReach(Detector[Reach, SharedReach]):
    """Novelty of tool and repository at their first use of the day; both by Cauchy."""

    meta = Metadata(
        id="agent_reach",
        title="AI agent beyond its usual reach",
        description=(
            "An AI agent uses a tool or tool server, or works on a repository, that it has not"
            " been using. How surprising that is follows from how often this agent, its peers and"
            " the organisation's agents come to something new. Tools of one server count as one."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset(
            {
                Action.AGENT_TOOL,
                Action.PUSH,
                Action.BRANCH_CREATE,
                Action.PULL_REQUEST_OPEN,
                Action.PULL_REQUEST_MERGE,
                Action.CLONE,
                Action.FETCH,
            }
        ),
        technique=Technique.STATISTICAL,
        stage=Stage.COLLECTION,
        phrase="by an agent that does not usually",
        judged_per_day=2.0,
        attack=("T1213.003", "T1059"),
        runbook=(
            "Ask the person the agent works for whether the task needed it.",
            "Read the session: what was asked, and what text of others the agent had read before.",
            "If it was steered, revoke the agent's tokens and check what it changed or sent.",
        ),
        blind_spots=(
            "Harm done with the usual tools on the usual repositories; a shell reaches everything."
            " Tools that the vendor does not name. A local agent's pushes count as the person's."
        ),
    )
    State = Reach
    Shared = SharedReach

    model = ChoiceModel(CategoryModel(half_life=90 * DAY, cap=16, shared_cap=256))

    def judge(
        self, activity: Activity, state: Reach, context: Context[SharedReach]
    ) -> Score | None:
        """P-value of the tool and repository, at the first use of the day."""
        if activity.actor.kind is not ActorKind.AGENT:
            return None
        judged: list[tuple[str, str, Choices, float]] = []
        for name, value, own, above in _parts(activity, state, context):
            p = self.model.judge(value, activity.time, own, above)
            if p is not None:
                judged.append((name, value, own, p))
        if not judged:
            return None
        p = cauchy([part[3] for part in judged])
        cold = all(self.model.cold(own, activity.time) for _, _, own, _ in judged)
        if p > context.signal_below:
            return Score(p, cold=cold)
        features = tuple(
            Feature(name, value, own.values.usual(), bits(p)) for name, value, own, p in judged
        )
        name, value, _, _ = min(judged, key=lambda part: part[3])
        title = f"Agent of {activity.actor.identity} uses {name} {value}, which it does not usually"
        return Score(p, features, cold, title)

    def observe(self, activity: Activity, state: Reach, context: Context[SharedReach]) -> None:
        """What is unknown is judged once, not at every use."""
        if activity.actor.kind is ActorKind.AGENT:
            for _, value, own, _ in _parts(activity, state, context):
                self.model.observe(value, activity.time, own)

    def learn(self, activity: Activity, state: Reach, context: Context[SharedReach]) -> None:
        """Count tool and repository once a day."""
        if activity.actor.kind is ActorKind.AGENT:
            for _, value, own, above in _parts(activity, state, context):
                self.model.learn(value, activity.time, own, above)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A steady agent meets something new; colleagues' tools and newcomers stay quiet."""

        def push(time: float, repository: str) -> Activity:
            target = Target(TargetKind.BRANCH, "refs/heads/topic", repository)
            return agent(Action.PUSH, time, target=target)

        def team(*last: Activity) -> Iterable[Activity]:
            return chain(working_days(120), last)

        def history(*last: Activity) -> Iterable[Activity]:
            return chain((push(day, REPOSITORY) for day in days(120)), last)

        colleagues = [
            tool(day + 60.0 * n, "mcp__tracker__search", who=f"colleague{n}")
            for day in days(120)
            for n in range(6)
        ]
        now = 120 * DAY + HOUR
        return (
            Example(
                "a tool server that nobody here uses",
                lambda: team(tool(now, "mcp__mailer__send")),
                True,
            ),
            Example("a tool never used", lambda: team(tool(now, "WebFetch")), True),
            Example(
                "a push to a repository it has not touched",
                lambda: history(push(now, "github.com/example/payroll")),
                True,
            ),
            Example("another tool of a server in daily use", lambda: colleagues, False),
            Example("the usual tools", lambda: team(tool(now)), False),
            Example(
                "the new tool for the twentieth time that day",
                lambda: team(*(tool(now + 60.0 * n, "WebFetch") for n in range(20))),
                False,
            ),
            Example("an agent's first day", lambda: [tool(now, "WebFetch")], False),
        )


def _parts(
    activity: Activity, state: Reach, context: Context[SharedReach]
) -> Iterable[tuple[str, str, Choices, Sequence[Categories]]]:
    """Name, value, own and shared counts of what the activity tells; nothing of a failure.

    Only what is not counted today.
    """
    if activity.outcome is Outcome.FAILURE:
        return
    time, is_counted = activity.time, AgentReach.model.is_counted
    told = activity.facts.get(facts.TOOL)
    tool = _tool(told) if isinstance(told, str) and told else ""
    if tool and not is_counted(tool, time, state.tools):
        levels = [level.tools for level in shared_levels(context)]
        yield "tool", tool, state.tools, levels
    repository = activity.target.repository if activity.target else ""
    if repository and not is_counted(repository, time, state.repositories):
        levels = [level.repositories for level in shared_levels(context)]
        yield "repository", repository, state.repositories, levels


def _tool(name: str) -> str:
    """The tool, or the server that it is of.

    >>> _tool("mcp__tracker__search"), _tool("Bash")
    ('mcp__tracker', 'Bash')
    """
    return _MCP + name[len(_MCP) :].partition("__")[0] if name.startswith(_MCP) else name
