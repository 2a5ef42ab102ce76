"""A tool of a known tool server (MCP) is not defined as it was."""

from collections.abc import Iterable
from itertools import chain
from zlib import crc32

import msgspec

from detectors.agent_samples import agent, days
from detectors.artifact_samples import DAY, HOUR
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.proportion import Proportion
from detectors.toolbox.window import label_of
from schemas import facts
from schemas.activity import Activity, Fact, Target, TargetKind
from schemas.signal import Feature, bits

MOST = 128  # tools of one server
HALF_LIFE = 180 * DAY
# Days with a changed definition among days on which a server is asked, nobody being watched yet:
# a release a month that touches what is known.
DEFAULT = 0.05
STRENGTH = 10.0
OWN_STRENGTH = 5.0
RAREST = 0.005
OWN_DAYS = 5.0
LISTED = "mcp.gateway/tools/list"


class Definitions(msgspec.Struct, array_like=True):
    """One tool server.

    Attributes:
        tools: 32-bit hash of a tool's name -> the same of its definition's hash.
        changes: days on which it was asked, and those with a changed definition.
        day: latest day it was asked, since the epoch.
        changed: latest day with a change.
        judged: latest change that was judged: a label of what it changed to.
        judged_at: and when, whole seconds.
    """

    tools: dict[int, int] = {}
    changes: Proportion = msgspec.field(default_factory=Proportion)
    day: int = -1
    changed: int = -1
    judged: int = 0
    judged_at: int = 0


class ToolRedefined(Detector[Definitions, Proportion]):
    """The share of days on which this server, or others, changed what was known of its tools."""

    meta = Metadata(
        id="tool_redefined",
        title="Tool of a known server redefined",
        description=(
            "A tool server (MCP) that has been in use lists a tool under a known name with another"
            " description, schema or annotation: what a person approved is not what the model is"
            " told now. New tools beside unchanged ones are not looked at. Compared with how often"
            " this server's definitions change."
        ),
        scope=Scope.SERVER,
        actions=frozenset({LISTED}),
        technique=Technique.STATISTICAL,
        stage=Stage.PERSISTENCE,
        phrase="of a tool server whose tools changed",
        judged_per_day=1.0,
        attack=("T1195.001", "T1554"),
        runbook=(
            "Compare the definitions before and after: look for orders to the model in them.",
            "Find out whether the server was updated, by whom, and from where it came.",
            "Until then take the server away from agents; look at what its tools did since.",
        ),
        blind_spots=(
            "Only a gateway sees definitions, not the tools themselves. What a tool does may change"
            " behind an unchanged definition. Two servers of one name look like one that changes."
        ),
        version=2,
    )
    State = Definitions
    Shared = Proportion

    def judge(
        self, activity: Activity, state: Definitions, context: Context[Proportion]
    ) -> Score | None:
        """P-value of changed definitions, once for each change."""
        told = _definitions(activity)
        changed = _changed(told, state)
        if not changed or _content(told) == state.judged:
            return None
        others = Proportion(
            max(0.0, context.organization.hits - state.changes.hits),
            max(0.0, context.organization.trials - state.changes.trials),
        )
        prior = max(RAREST, min(1.0, others.probability(DEFAULT, STRENGTH)))
        past = state.changes
        p = min(1.0, past.probability(prior, OWN_STRENGTH))
        cold = past.trials < OWN_DAYS
        if p > context.signal_below:
            return Score(p, cold=cold)
        names = ", ".join(changed[:3])
        feature = Feature(
            "definition of a known tool",
            f"changed: {names}",
            f"so on {past.hits:.0f} of {past.trials:.0f} days",
            bits(p),
        )
        server = activity.facts.get(facts.SERVER)
        title = f"Tool server {server} redefined {len(changed)} of its known tools: {names}"
        return Score(p, (feature,), cold, title)

    def observe(
        self,
        activity: Activity,
        state: Definitions,
        context: Context[Proportion],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """A change is judged once, not for everybody who lists the tools."""
        told = _definitions(activity)
        if _changed(told, state) and _content(told) != state.judged:
            state.judged, state.judged_at = _content(told), int(activity.time)

    def learn(self, activity: Activity, state: Definitions, context: Context[Proportion]) -> None:
        """Take the definitions in; count the day."""
        told = _definitions(activity)
        if not told:
            return
        day = int(activity.time // DAY)
        changed = bool(_changed(told, state))
        if changed and _content(told) == state.judged and int(activity.time) != state.judged_at:
            return  # the first listing of it may be held out; this one waits with it
        levels = (state.changes, context.organization)
        if day > state.day:
            state.day = day
            if state.tools:
                for level in levels:
                    level.learn(False, activity.time, HALF_LIFE)
        if changed and day > state.changed:
            state.changed = day
            for level in levels:
                level.hits = min(level.hits + 1, level.trials)
        known = {**state.tools, **{label: content for _, label, content in told}}
        state.tools = dict(list(known.items())[-MOST:])

    @staticmethod
    def examples() -> Iterable[Example]:
        """A known tool with another description; new tools and restless servers stay quiet."""

        def listed(time: float, *tools: str, who: str = "mara") -> Activity:
            values: dict[str, Fact] = {facts.SERVER: "tracker", facts.DEFINITIONS: list(tools)}
            target = Target(TargetKind.TOOL, "tracker")
            return agent(LISTED, time, who=who, target=target, values=values)

        def steady(*last: Activity) -> Iterable[Activity]:
            return chain((listed(day, "search=1", "close=1") for day in days(90)), last)

        now = 90 * DAY + HOUR
        restless = [listed(day, f"search={n // 3}") for n, day in enumerate(days(90))]
        return (
            Example(
                "a tool in use for months has another definition",
                lambda: steady(listed(now, "search=2", "close=1")),
                True,
            ),
            Example(
                "a colleague lists the changed tools an hour later",
                lambda: steady(
                    listed(now, "search=2", "close=1"),
                    listed(now + HOUR, "search=2", "close=1", who="jonas"),
                ),
                False,
            ),
            Example(
                "a new tool beside the known ones",
                lambda: steady(listed(now, "assign=1", "close=1", "search=1")),
                False,
            ),
            Example(
                "a server that changes twice a week",
                lambda: [*restless, listed(now, "search=99")],
                False,
            ),
            Example("a server seen for the first time", lambda: [listed(now, "search=1")], False),
        )


def _definitions(activity: Activity) -> list[tuple[str, int, int]]:
    """Name, label and 32-bit hash of each definition told."""
    told = activity.facts.get(facts.DEFINITIONS)
    if not isinstance(told, list):
        return []
    return [(name, _hash(name), _hash(content)) for name, content in map(_parted, told[:MOST])]


def _parted(definition: str) -> tuple[str, str]:
    name, _, content = definition.rpartition("=")
    return name, content


def _hash(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"))


def _changed(told: list[tuple[str, int, int]], state: Definitions) -> list[str]:
    return [name for name, label, content in told if state.tools.get(label, content) != content]


def _content(told: list[tuple[str, int, int]]) -> int:
    return label_of(" ".join(str(content) for _, _, content in told)) or 1
