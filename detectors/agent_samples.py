"""Builders of made-up activities of AI agents and tools for the detectors' examples.

Everything here is invented; names and addresses are reserved ones.
"""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from detectors.artifact_samples import DAY, HOUR, activity
from schemas import facts
from schemas.action import Action
from schemas.activity import NO_ORIGIN, Activity, ActorKind, Fact, Origin, Target, TargetKind

DESK = Origin(network="AS64496", client="claude-code/2", device="desk")
REPOSITORY = "github.com/example/left"


def agent(
    action: str,
    time: float,
    *,
    who: str = "mara",
    target: Target | None = None,
    origin: Origin = DESK,
    values: Mapping[str, Fact] | None = None,
) -> Activity:
    """An agent at work for somebody; `time` in seconds after a Monday morning."""
    made = activity(action, who, time, target=target, values=values)
    name = f"claude_code:{who}@example.com"
    actor = replace(made.actor, account=name, kind=ActorKind.AGENT, on_behalf_of=name)
    return replace(made, actor=actor, origin=origin, source="claude_code.otel")


def tool(time: float, name: str = "Bash", *, who: str = "mara", origin: Origin = DESK) -> Activity:
    """An agent uses a tool, `mcp__<server>__<tool>` for one of a server."""
    values: dict[str, Fact] = {facts.TOOL: name}
    if name.startswith("mcp__"):
        values[facts.SERVER] = name.split("__")[1]
    target = Target(TargetKind.TOOL, name)
    return agent(Action.AGENT_TOOL, time, who=who, target=target, origin=origin, values=values)


def request(
    time: float, model: str = "claude-sonnet-4", *, who: str = "mara", client: str = "claude-code/2"
) -> Activity:
    """A call of a model."""
    target = Target(TargetKind.MODEL, model)
    origin = replace(DESK, client=client)
    return agent(
        Action.AGENT_REQUEST,
        time,
        who=who,
        target=target,
        origin=origin,
        values={facts.MODEL: model},
    )


def connect(time: float, server: str, *, who: str = "mara") -> Activity:
    """A tool server is connected."""
    target = Target(TargetKind.TOOL, server)
    return agent(Action.AGENT_CONNECT, time, who=who, target=target, values={facts.SERVER: server})


def person(
    action: str,
    time: float,
    *,
    who: str = "mara",
    origin: Origin = NO_ORIGIN,
    values: Mapping[str, Fact] | None = None,
) -> Activity:
    """The person does something."""
    return replace(activity(action, who, time, values=values), origin=origin)


def days(count: int, start: int = 0) -> Iterator[float]:
    """Working days' nine o'clock, in seconds after the Monday that the builders count from."""
    return (day * DAY for day in range(start, start + count) if day % 7 < 5)  # noqa: PLR2004


def working_days(count: int, *, who: str = "mara") -> Iterator[Activity]:
    """Days of work: a login in the morning, then prompts, the model, and tools until five."""
    for morning in days(count):
        yield person(Action.LOGIN, morning, who=who, origin=Origin(network="AS64496"))
        for hour in (1, 3, 7):
            at = morning + hour * HOUR
            yield person(Action.AGENT_PROMPT, at, who=who)
            yield request(at + 5.0, who=who)
            for number, name in enumerate(("Read", "Bash", "Edit")):
                yield tool(at + 10.0 * (number + 1), name, who=who)
