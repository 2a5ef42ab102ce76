"""An AI tool or a family of models that nobody here uses yet."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain

import msgspec

from detectors.agent_samples import days, request, working_days
from detectors.artifact_samples import DAY, HOUR
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.categories import Categories, CategoryModel
from detectors.toolbox.combine import cauchy
from detectors.toolbox.daily import ChoiceModel, Choices
from detectors.toolbox.levels import shared_levels
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity
from schemas.signal import Feature, bits

_DIGIT = re.compile(r"\d")


class Tools(msgspec.Struct, array_like=True):
    """AI tools and families of models that one identity uses."""

    clients: Choices = msgspec.field(default_factory=Choices)
    models: Choices = msgspec.field(default_factory=Choices)


class SharedTools(msgspec.Struct, array_like=True):
    """The same of a group."""

    clients: Categories = msgspec.field(default_factory=Categories)
    models: Categories = msgspec.field(default_factory=Categories)


class AiUnapproved(Detector[Tools, SharedTools]):
    """Novelty of tool and model family at their first use of the day; both by Cauchy.

    There is no list of what is approved: it is what people here use.
    """

    meta = Metadata(
        id="ai_unapproved",
        title="AI tool or model not in use here",
        description=(
            "An AI coding tool or a family of models is used that neither this identity nor its"
            " peers nor the organisation has been using. A new version of a known model or tool is"
            " an update and not looked at; what colleagues use already surprises less."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset({Action.AGENT_REQUEST, Action.AGENT_PROMPT}),
        technique=Technique.STATISTICAL,
        stage=Stage.PERSISTENCE,
        phrase="with an AI tool or model not in use here",
        judged_per_day=2.0,
        attack=("T1204", "T1567"),
        runbook=(
            "Ask the person whether they chose it, and whether its use is agreed.",
            "Find out where the model runs: code and secrets of the session went there.",
            "If nobody chose it, look for a changed endpoint, a plugin or malware that calls it.",
        ),
        blind_spots=(
            "Tools that send no telemetry and pass no gateway. Another endpoint under the name of"
            " a known model. A model that many start to use on one day is news for all of them."
        ),
    )
    State = Tools
    Shared = SharedTools

    model = ChoiceModel(CategoryModel(half_life=90 * DAY, cap=8, shared_cap=64))

    def judge(
        self, activity: Activity, state: Tools, context: Context[SharedTools]
    ) -> Score | None:
        """P-value of tool and model, at the first use of the day."""
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
        title = f"{activity.actor.identity} uses an {name} not in use here: {value}"
        return Score(p, features, cold, title)

    def observe(self, activity: Activity, state: Tools, context: Context[SharedTools]) -> None:
        """What is unknown is judged once, not at every call."""
        for _, value, own, _ in _parts(activity, state, context):
            self.model.observe(value, activity.time, own)

    def learn(self, activity: Activity, state: Tools, context: Context[SharedTools]) -> None:
        """Count tool and model once a day."""
        for _, value, own, above in _parts(activity, state, context):
            self.model.learn(value, activity.time, own, above)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A tool and a model that are new here; updates and colleagues' choices stay quiet."""
        people = ["mara", *(f"colleague{n}" for n in range(5))]
        history = sorted(
            (event for who in people for event in working_days(120, who=who)),
            key=lambda event: event.time,
        )
        others = [
            request(day + n, "gpt-5", who=f"other{n}", client="codex/1")
            for day in days(60)
            for n in range(20)
        ]
        now = 120 * DAY + HOUR

        def after(*last: Activity) -> Iterable[Activity]:
            return chain(history, last)

        return (
            Example(
                "a tool with a model that nobody here uses",
                lambda: after(request(now, "deepseek-r1", client="othertool/1")),
                True,
            ),
            Example(
                "an unknown model in the usual tool", lambda: after(request(now, "grok-4")), True
            ),
            Example(
                "a new version of the usual model and tool",
                lambda: after(request(now, "claude-sonnet-5-20260101", client="claude-code/3")),
                False,
            ),
            Example(
                "the tool that another team uses every day",
                lambda: [*others, request(60 * DAY, "gpt-5", who="newcomer", client="codex/1")],
                False,
            ),
            Example("the first AI tool of an organisation", lambda: [request(now)], False),
        )


def _parts(
    activity: Activity, state: Tools, context: Context[SharedTools]
) -> Iterable[tuple[str, str, Choices, Sequence[Categories]]]:
    """Name, value, own and shared counts of tool and model, as far as not counted today."""
    time, is_counted = activity.time, AiUnapproved.model.is_counted
    client = activity.origin.client.partition("/")[0] or activity.source.partition(".")[0]
    if client and not is_counted(client, time, state.clients):
        yield "AI tool", client, state.clients, [lvl.clients for lvl in shared_levels(context)]
    model = activity.facts.get(facts.MODEL)
    family = family_of(model) if isinstance(model, str) and model else ""
    if family and not is_counted(family, time, state.models):
        levels = [level.models for level in shared_levels(context)]
        yield "AI model", family, state.models, levels


@lru_cache(1024)
def family_of(model: str) -> str:
    """The model's name up to its version: what an update does not change.

    >>> [family_of(m) for m in ("claude-sonnet-4-20250514", "gpt-4.1-mini", "o3")]
    ['claude-sonnet', 'gpt', 'o3']
    >>> family_of("eu.anthropic.claude-sonnet-4-20250514-v1:0")
    'eu.anthropic.claude-sonnet'
    """
    parts = model.lower().split("-")
    kept = [parts[0]]
    for part in parts[1:]:
        if _DIGIT.search(part):
            break
        kept.append(part)
    return "-".join(kept)
