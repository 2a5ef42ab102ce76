"""Calls that AI tools make through the organisation's gateway of tool servers (MCP).

Assumed: six in ten users of the tool work through it on a working day, two to six calls. A server
is updated every 25 days on average; two updates in five change the definition of a known tool, the
others add one.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from pipeline.generator.life.today import Today, moment
from pipeline.generator.people import Person
from pipeline.generator.places import CLOUD
from pipeline.generator.records import Event, Timed, hex_id, iso, likely, record, seeded, uuid

GATEWAY_SERVERS = {
    "tickets": ("create_ticket", "search", "comment"),
    "docs-search": ("search", "read_page"),
    "errors": ("list_errors", "read_trace"),
}
UPDATE_DAYS = 25.0


def habit(today: Today) -> Iterator[Timed]:
    """Sessions at the gateway today."""
    rng = today.rng("gateway")
    for workday in today.happening(rng, 0.6):
        if workday.person.claude and workday.day.commits:
            at, server = moment(workday, rng), rng.choice(list(GATEWAY_SERVERS))
            yield from session(at, workday.person, server, tools_on(today, server), rng)


def tools_on(today: Today, server: str) -> list[Event]:
    """The tools as the server lists them that day."""
    rng = seeded(today.seed, "server", server)
    tools: dict[str, Event] = {
        name: {"name": name, "description": f"{name} of {server}.", "inputSchema": _SCHEMA}
        for name in GATEWAY_SERVERS[server]
    }
    at, number = rng.expovariate(1 / UPDATE_DAYS), 0
    while at <= today.number:
        number += 1
        if likely(rng, 0.4):
            changed = rng.choice(list(tools))
            tools[changed] = tools[changed] | {"description": f"{changed}, revision {number}."}
        else:
            name = f"tool_{number}"
            tools[name] = {"name": name, "description": "New.", "inputSchema": _SCHEMA}
        at += rng.expovariate(1 / UPDATE_DAYS)
    return list(tools.values())


def session(
    at: float, person: Person, server: str, tools: list[Event], rng: Random
) -> Iterator[Timed]:
    """A client connects, lists the tools, and calls some of them."""
    name = uuid(rng)

    def call(at: float, number: int, method: str, params: Event, result: Event) -> Timed:
        return record(
            "mcp.gateway", at, {
                "time": iso(at),
                "id": hex_id(rng, 24),
                "caller": {
                    "user": person.claude, "agent": "claude-code", "ip": CLOUD.address(rng),
                    "user_agent": "claude-code/2.1",
                },
                "server": server,
                "session": name,
                "request": {"jsonrpc": "2.0", "id": number, "method": method, "params": params},
                "response": {"jsonrpc": "2.0", "id": number, "result": result},
            },
        )  # fmt: skip

    yield call(at, 1, "initialize", {"clientInfo": {"name": "claude-code", "version": "2.1"}}, {})
    yield call(at + 1, 2, "tools/list", {}, {"tools": tools})
    for number in range(rng.randint(2, 6)):
        at += rng.uniform(10, 400)
        tool = rng.choice(tools)["name"]
        yield call(at, 3 + number, "tools/call", {"name": tool, "arguments": {"q": "x"}}, {})


_SCHEMA: Event = {"type": "object"}
