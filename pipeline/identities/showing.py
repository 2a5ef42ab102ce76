"""One identity in words: its accounts, and why they are its."""

from datetime import UTC, datetime
from typing import Any

from pipeline.identities.directory import Directory
from schemas.link import Link


def describe(directory: Directory, name: str) -> dict[str, Any] | None:
    """An identity by its name, one of its accounts or its address; None if nothing is linked.

    Returns:
        `identity`, `kind`, `peers`, `email` and `accounts`, each with `account` and `why`.
    """
    entries = {entry.identity: entry for entry in directory.claims.imported()}
    entry = entries.get(name)
    identity = entry.identity if entry else directory.identity(name)[0]
    entry = entry or entries.get(identity)
    why = dict.fromkeys(directory.claims.accounts(entry) if entry else (), "imported")
    for link in directory.links.all():
        for account in (link.account, link.to):
            if ":" in account and directory.identity(account)[0] == identity:
                why.setdefault(account, _proof(link))
    if not why:
        return None
    return {
        "identity": identity,
        "kind": str(entry.kind) if entry else "unknown",
        "peers": entry.peers if entry else "",
        "email": entry.email if entry else identity if "@" in identity else "",
        "accounts": [{"account": a, "why": reason} for a, reason in sorted(why.items())],
    }


def _proof(link: Link) -> str:
    at = datetime.fromtimestamp(link.time, UTC).isoformat(timespec="seconds")
    return f"learned: {link.account} is {link.to} by {link.source} event {link.event} of {at}"
