"""A tool server (MCP) is connected that this identity does not work with."""

from collections.abc import Iterable, Sequence
from itertools import chain

from detectors.agent_samples import connect, days, tool
from detectors.artifact_samples import DAY, HOUR
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.categories import Categories, CategoryModel
from detectors.toolbox.daily import ChoiceModel, Choices
from detectors.toolbox.levels import shared_levels
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome
from schemas.signal import Feature, bits


class McpServerNew(Detector[Choices, Categories]):
    """Novelty of the server's name against the identity's own, its peers', everybody's."""

    meta = Metadata(
        id="mcp_server_new",
        title="New tool server connected",
        description=(
            "A tool server (MCP) is connected, or called through a gateway, that this identity has"
            " not been using. A server that colleagues use surprises less than one that nobody in"
            " the organisation knows; who tries a new server every week is expected to."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset({Action.AGENT_CONNECT, Action.AGENT_TOOL}),
        technique=Technique.STATISTICAL,
        stage=Stage.PERSISTENCE,
        phrase="of a tool server new here",
        judged_per_day=1.0,
        attack=("T1195.001", "T1199"),
        runbook=(
            "Find out what the server is, who publishes it, and which settings file added it.",
            "Read the descriptions of its tools: hidden orders to the model stand there.",
            "List which of its tools were called, with what, and what came back.",
            "If nobody vouches for it, remove it and revoke what it could reach.",
        ),
        blind_spots=(
            "A harmful server under the name of a known one; a known server that turns harmful"
            " (`tool_redefined` sees a changed definition). Servers whose names the tool hides."
        ),
    )
    State = Choices
    Shared = Categories

    _model = ChoiceModel(CategoryModel(half_life=90 * DAY, cap=16, shared_cap=256))

    def judge(
        self, activity: Activity, state: Choices, context: Context[Categories]
    ) -> Score | None:
        """P-value of the server, at the first contact of the day."""
        server = _server(activity)
        if not server:
            return None
        p = self._model.judge(server, activity.time, state, _above(context))
        if p is None:
            return None
        cold = self._model.cold(state, activity.time)
        if p > context.signal_below:
            return Score(p, cold=cold)
        feature = Feature("tool server", server, state.values.usual(), bits(p))
        known = any(level.knows(server) for level in _above(context))
        who = "this identity" if known else "anybody here"
        title = f"{activity.actor.identity} connected tool server {server}, new to {who}"
        return Score(p, (feature,), cold, title)

    def observe(
        self,
        activity: Activity,
        state: Choices,
        context: Context[Categories],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """An unknown server is judged once, not at every call."""
        if server := _server(activity):
            self._model.observe(server, activity.time, state)

    def learn(self, activity: Activity, state: Choices, context: Context[Categories]) -> None:
        """Count the server once a day."""
        if server := _server(activity):
            self._model.learn(server, activity.time, state, _above(context))

    @staticmethod
    def examples() -> Iterable[Example]:
        """The first new server in months; colleagues' servers and experimenters stay quiet."""
        people = ("mara", "jonas", "aiko")

        def usual(*last: Activity) -> Iterable[Activity]:
            history = (
                connect(day + 60.0 * n, server, who=who)
                for day in days(120)
                for n, who in enumerate(people)
                for server in ("tracker", "browser")
            )
            return chain(history, last)

        now = 120 * DAY + HOUR
        tries = [
            connect(day + n, server)
            for n, day in enumerate(days(120))
            for server in ("tracker", f"trial-{n // 3}")
        ]
        return (
            Example("a server nobody here knows", lambda: usual(connect(now, "mailer")), True),
            Example(
                "the same through a gateway that logs calls only",
                lambda: usual(tool(now, "mcp__mailer__send")),
                True,
            ),
            Example("the usual server", lambda: usual(connect(now, "tracker")), False),
            Example("a newcomer's first server", lambda: [connect(now, "tracker")], False),
            Example(
                "a newcomer connects what all use",
                lambda: usual(connect(now, "tracker", who="lena")),
                False,
            ),
            Example(
                "one who tries a new server twice a week",
                lambda: [*tries, connect(now, "trial-99")],
                False,
            ),
        )


def _server(activity: Activity) -> str:
    server = activity.facts.get(facts.SERVER)
    if not isinstance(server, str) or activity.outcome is Outcome.FAILURE:
        return ""
    return server


def _above(context: Context[Categories]) -> Sequence[Categories]:
    return shared_levels(context)
