"""Text that reads like orders to an AI agent, in an issue, a pull request or a comment."""

from collections.abc import Iterable
from itertools import chain

import msgspec

from detectors.artifact_samples import DAY, HOUR, activity
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.decay import factor
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Target, TargetKind
from schemas.signal import Feature, bits

# Scores of `schemas.sources.instructions`, in classes: one kind of evidence, two, hidden or more.
CLASSES = (0.45, 0.65, 0.8)
HALF_LIFE = 180 * DAY
# Before anybody has been watched: texts at least so suspicious, of all.
DEFAULT = (0.01, 0.003, 0.001)
STRENGTH = 200.0  # texts of others that these guesses are worth
OWN_STRENGTH = 20.0  # repositories differ much: a project about agents writes of little else
RAREST = 0.0005
OWN_TEXTS = 20.0
_EDITS = frozenset(
    f"github.webhook/{event}.edited"
    for event in ("issues", "pull_request", "issue_comment", "pull_request_review_comment")
) | {"gitlab.webhook/issue.update", "gitlab.webhook/merge_request.update"}


class Texts(msgspec.Struct, array_like=True):
    """Decayed number of texts: all, and those in each class or a higher one."""

    total: float = 0.0
    at_least: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(CLASSES))
    time: float = 0.0

    def add(self, reached: int, time: float) -> None:
        """Fade, then count a text that reached so many classes."""
        keep = factor(time - self.time, HALF_LIFE) if self.time else 1.0
        self.total = self.total * keep + 1.0
        self.at_least = [
            count * keep + (index < reached) for index, count in enumerate(self.at_least)
        ]
        self.time = max(self.time, time)


class AgentInstructions(Detector[Texts, Texts]):
    """The share of texts at least so suspicious, here and in the organisation.

    The classes are ordered, so P(class at least this high) is a p-value however often each occurs:
    Beta-Bernoulli as in `detectors.toolbox.proportion`, the prior from other repositories.
    """

    meta = Metadata(
        id="agent_instructions",
        title="Orders to an AI agent in a text",
        description=(
            "The title, body or branch name of an issue, pull request or comment reads like orders"
            " to an AI agent: it overrides instructions, addresses an assistant, asks for secrecy"
            " or secrets, hides in HTML comments or invisible characters, or carries a shell"
            " command in a title. Compared with how often such texts occur in this repository. The"
            " text itself is not kept."
        ),
        scope=Scope.REPOSITORY,
        actions=frozenset(
            {Action.ISSUE_OPEN, Action.PULL_REQUEST_OPEN, Action.COMMENT, Action.REVIEW}
        )
        | _EDITS,
        technique=Technique.STATISTICAL,
        stage=Stage.ACCESS,
        phrase="with orders to an AI agent in it",
        judged_per_day=1.0,
        attack=("T1199", "T1059"),
        runbook=(
            "Read the source of the text, not its rendering: comments and invisible characters.",
            "Find out which agents and workflows read it, and what they did since.",
            "Delete or neutralise the text before another agent reads it; block the author.",
            "Give agents that read what strangers write neither secrets nor write access.",
        ),
        blind_spots=(
            "Orders in other words or languages, in images, in linked pages, in code and its"
            " comments; a text that is harmless by itself. Only webhooks carry texts."
        ),
    )
    State = Texts
    Shared = Texts

    def judge(self, activity: Activity, state: Texts, context: Context[Texts]) -> Score | None:
        """P-value of a text at least so suspicious; None where the vendor tells no text."""
        reached = _reached(activity)
        if not reached:
            return None
        index = reached - 1
        everybody = context.organization
        others = max(0.0, everybody.at_least[index] - state.at_least[index])
        total = max(others, everybody.total - state.total)
        prior = max(RAREST, (others + STRENGTH * DEFAULT[index]) / (total + STRENGTH))
        own = state.at_least[index]
        p = min(1.0, (own + OWN_STRENGTH * prior) / (state.total + OWN_STRENGTH))
        cold = state.total < OWN_TEXTS
        if p > context.signal_below:
            return Score(p, cold=cold)
        feature = Feature(
            "text like orders to an agent",
            f"score {activity.facts[facts.INSTRUCTIONS]:.2f} of 1",
            f"{own:.0f} of {state.total:.0f} texts here so much",
            bits(p),
        )
        target = activity.target
        where = f"{target.kind} {target.name} of {target.repository}" if target else ""
        title = f"{activity.actor.account} wrote what reads like orders to an AI agent: {where}"
        return Score(p, (feature,), cold, title)

    def learn(self, activity: Activity, state: Texts, context: Context[Texts]) -> None:
        """Count the text."""
        reached = _reached(activity)
        if reached is not None:
            for level in (state, context.organization):
                level.add(reached, activity.time)

    @staticmethod
    def examples() -> Iterable[Example]:
        """An order among ordinary issues; a project about agents sees them every day."""
        repository = "github.com/example/left"

        def issue(number: int, time: float, score: float, who: str = "github:mara") -> Activity:
            target = Target(TargetKind.ISSUE, str(number), repository)
            values = {facts.INSTRUCTIONS: score}
            return activity(Action.ISSUE_OPEN, who, time, target=target, values=values)

        def ordinary(*last: Activity) -> Iterable[Activity]:
            texts = (issue(n, n * 6 * HOUR, 0.3 if n % 20 == 0 else 0.0) for n in range(200))
            return chain(texts, last)

        now = 50 * DAY
        loud = [issue(n, n * 6 * HOUR, 0.8 if n % 5 == 0 else 0.5) for n in range(200)]
        silent = activity(
            Action.ISSUE_OPEN, "github:mara", now, target=Target(TargetKind.ISSUE, "9", repository)
        )
        return (
            Example(
                "hidden orders in an issue",
                lambda: ordinary(issue(200, now, 0.94, "github:mallory")),
                True,
            ),
            Example("a title that overrides", lambda: ordinary(issue(200, now, 0.6)), True),
            Example("a bug report about a prompt", lambda: ordinary(issue(200, now, 0.4)), False),
            Example("a repository about agents", lambda: [*loud, issue(200, now, 0.94)], False),
            Example("a source that tells no text", lambda: ordinary(silent), False),
        )


def _reached(activity: Activity) -> int | None:
    """How many classes the text reaches; None if nothing is known of it."""
    score = activity.facts.get(facts.INSTRUCTIONS)
    if not isinstance(score, float | int):
        return None
    return sum(score >= limit for limit in CLASSES)
