"""Claude Code's OpenTelemetry events, as log records with their attributes in one flat map."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from pipeline.generator.people import Machine, Person
from pipeline.generator.records import Event, Timed, hex_id, iso, likely, record, seeded, uuid

TOOLS = ("Bash", "Edit", "Read", "Grep", "Glob", "Write", "TodoWrite", "WebFetch")
TOOL_WEIGHTS = (22, 24, 28, 10, 6, 5, 4, 1)
ASKED = frozenset({"Bash", "Edit", "Write", "WebFetch"})
"""The tools a person is asked about."""
COMMANDS = ("npm test", "git status", "git diff", "npm run lint", "ls src", "node --test")
VERSION = "2.1.121"
MODEL = "claude-sonnet-4-20250514"
BYPASS = "bypassPermissions"
SERVER_TOOLS = 0.12
"""Share of the calls of tools that go to a tool server, where one is connected; an assumption."""
ORGANISATION_ID = "00000000-0000-4000-a000-00000000c0de"


@dataclass(frozen=True, slots=True)
class Setup:
    """With what somebody uses the tool.

    Attributes:
        model: that answers.
        servers: tool servers (MCP) that are connected when a session starts.
        version: of Claude Code.
        bypass: whether permission prompts are switched off.
        scheduled: whether the session was started by a script, without anybody at a terminal.
        used: whether the tool is used at all on that day.
    """

    model: str = MODEL
    servers: tuple[str, ...] = ()
    version: str = VERSION
    bypass: bool = False
    scheduled: bool = False
    used: bool = True


class _Conversation:
    def __init__(self, owner: Person | Machine, rng: Random, setup: Setup) -> None:
        self.rng = rng
        self.sequence = 0
        self.setup = setup
        agent = isinstance(owner, Machine) or setup.scheduled
        identity = owner.claude_id if isinstance(owner, Person) else uuid(seeded(owner.claude))
        self.common = {
            "session.id": uuid(rng),
            "organization.id": ORGANISATION_ID,
            "user.id": hex_id(seeded("claude", owner.claude), 64),
            "user.account_uuid": identity,
            "user.email": owner.claude,
            "terminal.type": "non-interactive" if agent else "vscode",
            "app.version": setup.version,
        }

    def say(self, at: float, name: str, **attributes: str) -> Timed:
        self.sequence += 1
        if name == "user_prompt":
            self.common["prompt.id"] = uuid(self.rng)
        made: Event = {
            "timeUnixNano": str(round(at * 1000) * 1_000_000),
            "severityText": "INFO",
            "body": f"claude_code.{name}",
            "attributes": {
                **self.common,
                "event.name": name,
                "event.timestamp": iso(at),
                "event.sequence": self.sequence,
                **attributes,
            },
            "resource": {"service.name": "claude-code", "service.version": self.setup.version},
            "scope": {
                "name": "com.anthropic.claude_code.events",
                "version": self.setup.version,
            },
        }
        return record("claude_code.otel", at, made)

    def tool(self, at: float, *, asked: bool) -> tuple[float, list[Timed]]:
        rng = self.rng
        (name,) = rng.choices(TOOLS, TOOL_WEIGHTS)
        if self.setup.servers and likely(rng, SERVER_TOOLS):
            name = f"mcp__{rng.choice(self.setup.servers)}__search"
        prompted = asked and name in ASKED and likely(rng, 0.4)  # else allowed before
        rejected = prompted and likely(rng, 0.04)  # a habit of the generated
        decision = "reject" if rejected else "accept"
        source = ("user_reject" if rejected else "user_temporary") if prompted else "config"
        made = [self.say(at, "tool_decision", tool_name=name, decision=decision, source=source)]
        took = rng.expovariate(1 / 1.5)
        if not rejected:
            extra = {}
            if name == "Bash":
                extra["tool_parameters"] = f'{{"bash_command": "{rng.choice(COMMANDS)}"}}'
            made.append(
                self.say(
                    at + took, "tool_result", tool_name=name, decision_type=decision,
                    decision_source=source, duration_ms=str(round(took * 1000)),
                    success="true" if likely(rng, 0.95) else "false", **extra,
                )
            )  # fmt: skip
        return at + took, made


USUAL = Setup()


def conversation(
    at: float, owner: Person | Machine, rng: Random, prompts: int, setup: Setup = USUAL
) -> tuple[float, list[Timed]]:
    """A session of so many prompts from `at` on; returns when it ended, and its events.

    Machines and scripts work without a person to ask: their tools are allowed by configuration.
    """
    talk = _Conversation(owner, rng, setup)
    person = isinstance(owner, Person) and not setup.scheduled
    made: list[Timed] = [
        talk.say(
            at - 8 + number, "mcp_server_connection", status="connected", server_name=name,
            transport_type="stdio", server_scope="user",
        )
        for number, name in enumerate(setup.servers)
    ]  # fmt: skip
    if setup.bypass:
        made.append(
            talk.say(
                at - 2, "permission_mode_changed", from_mode="default", to_mode=BYPASS,
                trigger="shift_tab",
            )
        )  # fmt: skip
    elif person and likely(rng, 0.06):
        made.append(
            talk.say(
                at - 5, "permission_mode_changed", from_mode="default", to_mode="acceptEdits",
                trigger="shift_tab",
            )
        )  # fmt: skip
    for _ in range(prompts):
        made.append(talk.say(at, "user_prompt", prompt_length=str(rng.randint(12, 900))))
        for _ in range(rng.randint(1, 4)):
            took = rng.uniform(2, 20)
            at += took
            made.append(
                talk.say(
                    at, "api_request", model=setup.model,
                    cost_usd=f"{rng.uniform(0.002, 0.2):.4f}", duration_ms=str(round(took * 1000)),
                    input_tokens=str(rng.randint(4, 3000)),
                    output_tokens=str(rng.randint(20, 1500)),
                    cache_read_tokens=str(rng.randint(0, 60000)),
                    cache_creation_tokens=str(rng.randint(0, 9000)),
                )
            )  # fmt: skip
            for _ in range(rng.randint(0, 2)):
                at, used = talk.tool(at + 0.1, asked=person and not setup.bypass)
                made.extend(used)
        at += rng.uniform(15, 240)
    return at, made
