"""What GitHub's audit log and its webhooks have in common: who acts, and as what."""

from functools import lru_cache

from schemas.activity import Actor, ActorKind
from schemas.sources.fields import account

_CACHED = 65_536
NOBODY = Actor("")
# Logins of the coding agents that act on GitHub under their own name.
AGENTS = frozenset(
    {
        "chatgpt-codex-connector[bot]",
        "claude[bot]",
        "codegen-sh[bot]",
        "copilot",
        "copilot-swe-agent",
        "copilot-swe-agent[bot]",
        "cursor[bot]",
        "devin-ai-integration[bot]",
        "gemini-code-assist[bot]",
        "google-labs-jules[bot]",
        "openhands-ai[bot]",
        "sweep-ai[bot]",
    }
)


@lru_cache(_CACHED)
def actor_of(login: str, bot: bool = False, email: str = "", peers: str = "") -> Actor:
    """The actor behind a login; `NOBODY` without one.

    Args:
        login: as GitHub writes it, in any case.
        bot: the vendor calls it a bot. A login that ends in `[bot]` always is one.
        email: address of the linked identity, lower case.
        peers: peer group where the event tells one.
    """
    name = account("github", login)
    if not name:
        return NOBODY
    bare = name.removeprefix("github:")
    if bare in AGENTS:
        kind = ActorKind.AGENT
    elif bot or bare.endswith("[bot]"):
        kind = ActorKind.BOT
    else:
        kind = ActorKind.UNKNOWN
    return Actor(name, "", kind, email, "", peers)


def package_name(ecosystem: str, owner: str, name: str) -> str:
    """`<ecosystem>/<name>` of a package on GitHub Packages, where every name is its owner's.

    >>> package_name("npm", "example-org", "widget")
    'npm/@example-org/widget'
    """
    if not owner or "/" in name:
        return f"{ecosystem}/{name}"
    return f"{ecosystem}/{'@' if ecosystem == 'npm' else ''}{owner}/{name}"
