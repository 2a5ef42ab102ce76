"""AI agents in commits: under which addresses they commit, and who they say they work for.

A commit names further authors in trailers, `Co-authored-by: Name <address>`
(https://docs.github.com/pull-requests/committing-changes-to-your-project/creating-and-editing-commits/creating-a-commit-with-multiple-authors).
Agents use them both ways: one that commits under its own address names the person who asked for
the work; one that commits under the person's address names itself. Like the author line, a trailer
is a claim: it says for whom an agent acts, it links no accounts.

The addresses are those that the tools write by themselves: Claude Code, Cursor, Codex, Aider and
OpenHands by their documentation and prompts; Copilot and the agents that are GitHub apps by their
login, of which GitHub makes the address `ID+login@users.noreply.github.com`
(https://docs.github.com/account-and-profile/reference/email-addresses-reference).
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from schemas.activity import Actor, ActorKind
from schemas.sources.fields import account, text
from schemas.sources.github import AGENTS as GITHUB_AGENTS

MAX_NAMED: Final = 16
_CACHED: Final = 65_536
_TAIL: Final = 4096  # characters of a message in which its trailers stand
_ADDRESSES: Final = frozenset(
    {
        "aider@aider.chat",
        "codex@openai.com",
        "copilot@github.com",
        "cursoragent@cursor.com",
        "noreply@aider.chat",
        "noreply@anthropic.com",
        "noreply@openai.com",
        "openhands@all-hands.dev",
    }
)
_NOREPLY: Final = re.compile(
    r"(?:\d{1,20}\+)?([a-z\d-]{1,64}(?:\[bot\])?)@users\.noreply\.github\.com"
)
_TRAILER: Final = re.compile(
    r"^co-authored-by:[^<\n]{0,200}<([^<>\s]{3,254})>[ \t\r]*$", re.MULTILINE
)


class Credit(NamedTuple):
    """Who made a commit, by its own words.

    Attributes:
        agents: accounts of the agents that it names, sorted.
        behalf: account of the one person that an agent's commit names beside it; "" if the author
            is no agent, or the commit names nobody else, or several.
    """

    agents: tuple[str, ...]
    behalf: str


NOBODY: Final = Credit((), "")


@lru_cache(_CACHED)
def account_of(address: str) -> str:
    """The account behind an address in a commit: GitHub's where the address is made of it.

    >>> account_of("1001+mara-k@users.noreply.github.com"), account_of("mara@example.com")
    ('github:mara-k', 'git:mara@example.com')
    """
    found = _NOREPLY.fullmatch(address)
    return f"github:{found[1]}" if found else account("git", address)


@lru_cache(_CACHED)
def is_agent(address: str) -> bool:
    """Does an AI agent commit under this address, lower case."""
    if address in _ADDRESSES:
        return True
    found = _NOREPLY.fullmatch(address)
    return found is not None and found[1] in GITHUB_AGENTS


def co_authors(message: object) -> tuple[str, ...]:
    r"""Addresses of a commit message's `Co-authored-by` trailers, lower case, in their order.

    >>> co_authors("Fix it\n\nCo-authored-by: Mara <mara@example.com>")
    ('mara@example.com',)
    """
    if not isinstance(message, str):
        return ()
    tail = message[-_TAIL:].lower()
    if "co-authored-by:" not in tail:
        return ()
    return tuple(text(name) for name in _TRAILER.findall(tail)[:MAX_NAMED])


@lru_cache(_CACHED)
def credit(author: str, committer: str, others: tuple[str, ...] = ()) -> Credit:
    """Which agents a commit names, and for whom its author works if that is one of them.

    Args:
        author: address of the author line, lower case.
        committer: address of the committer line, lower case, or "".
        others: addresses of the co-authors.
    """
    named = {author, committer, *others} - {""}
    agents = {address for address in named if is_agent(address)}
    if not agents:
        return NOBODY
    people = {account_of(address) for address in others if address not in agents}
    behalf = people.pop() if author in agents and len(people) == 1 else ""
    return Credit(tuple(sorted({account_of(address) for address in agents})), behalf)


@lru_cache(_CACHED)
def author_of(address: str, behalf: str) -> Actor:
    """The actor of an author line.

    Args:
        address: as the line has it, or a pseudonym, lower case.
        behalf: account of the person an agent works for.
    """
    kind = ActorKind.AGENT if is_agent(address) else ActorKind.UNKNOWN
    email = address if "@" in address else ""
    return Actor(account("git", address), kind=kind, email=email, on_behalf_of=behalf)


@lru_cache(_CACHED)
def working_for(actor: Actor, behalf: str) -> Actor:
    """The agent, acting for a person."""
    return Actor(actor.account, actor.identity, actor.kind, actor.email, behalf, actor.peers)
