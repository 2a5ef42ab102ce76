"""What an import changes on the topic, and what stands in its way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from pipeline.identities.entries import LEARNED, Imported
from schemas.identity import Identity, IdentityMap, IdentityMapError


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import writes.

    Attributes:
        new: entries of identities that the topic does not know.
        changed: entries that replace others.
        unchanged: names of those that stand there already, word for word.
        removed: names of those that go.
    """

    new: Sequence[Imported]
    changed: Sequence[Imported]
    unchanged: Sequence[str]
    removed: Sequence[str]


def plan(
    wanted: IdentityMap, known: Iterable[Imported], *, now: float, replace: bool = False
) -> Plan:
    """Compare a map with the topic.

    Args:
        wanted: what is to be imported.
        known: the topic's entries.
        now: seconds since the epoch.
        replace: whether entries that `wanted` does not name go.

    Raises:
        IdentityMapError: an account is another entry's, which stays; a name cannot be.
    """
    there = {entry.identity: entry for entry in known}
    names = {entry.identity for entry in wanted}
    staying = {} if replace else {n: e for n, e in there.items() if n not in names}
    owners = {account.lower(): name for name, e in staying.items() for account in e.accounts}
    problems = [
        f"account {account!r} of {entry.identity!r} is already claimed by {owner!r}, which the "
        f"files do not name: import both together, or first "
        f"`devspm identities remove {owner}`"
        for entry in wanted
        for account in entry.accounts
        if (owner := owners.get(account.lower()))
    ]
    problems += [
        f"identity {entry.identity!r} is the name of an account of {owner!r}"
        for entry in wanted
        if (owner := owners.get(entry.identity.lower()))
    ]
    problems += [
        f"identity {entry.identity!r}: no name begins with {LEARNED!r}"
        for entry in wanted
        if entry.identity.startswith(LEARNED)
    ]
    if problems:
        raise IdentityMapError(problems)
    new = [_imported(entry, now) for entry in wanted if entry.identity not in there]
    changed, unchanged = [], []
    for entry in wanted:
        before = there.get(entry.identity)
        if before is not None:
            after = _imported(entry, before.since)
            if after == before:
                unchanged.append(entry.identity)
            else:
                changed.append(after)
    removed = sorted(there.keys() - names) if replace else []
    return Plan(new, changed, unchanged, removed)


def _imported(entry: Identity, since: float) -> Imported:
    fields = msgspec.structs.asdict(entry)
    accounts = list(dict.fromkeys(account.lower() for account in entry.accounts))
    return Imported(**{**fields, "accounts": accounts}, since=since)
