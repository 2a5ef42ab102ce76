"""Identity: one person, bot, service or agent behind all of its accounts.

The map is a file that the operator keeps (YAML, JSON, JSON lines or CSV), one entry an identity:

    - identity: mara
      kind: person              # person (default), bot, service, agent
      peers: web-team           # newcomers are judged by the group's habits
      email: mara@example.com
      accounts: [okta:mara@example.com, github:mara-k, npm:marak]

Accounts are exact names: a bot is known by its name, never as a class, so wildcards are refused.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec

from schemas.activity import ActorKind
from schemas.identity_file import IdentityMapError, Located, numbered, read

__all__ = ["Identity", "IdentityMap", "IdentityMapError"]

_WILDCARDS: Final = frozenset("*?")


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of the map.

    Attributes:
        identity: its name in findings and as a state key.
        accounts: `<system>:<login>`, any case, e.g. `github:mara-k`.
        kind: what it is.
        peers: name of its peer group.
        email: address, filled in where the vendor gives none.
    """

    identity: str
    accounts: list[str]
    kind: ActorKind = ActorKind.PERSON
    peers: str = ""
    email: str = ""


class IdentityMap:
    """Finds the identity behind an account, in constant time.

    Args:
        entries: identities as dicts with the fields of `Identity`.

    Raises:
        IdentityMapError: bad shape, unknown kind, an account or a name claimed twice.
    """

    def __init__(self, entries: Iterable[Mapping[str, object]] = ()) -> None:
        self._by_account = _index(numbered(entries))

    @classmethod
    def load(cls, *paths: Path) -> "IdentityMap":
        """Read files as one map; the suffix tells the format.

        It is one of .yaml, .yml, .json, .jsonl, .ndjson, .csv.

        Raises:
            IdentityMapError: as the constructor, or a file is not of its format.
            OSError: one cannot be read.
        """
        self = cls()
        self._by_account = _index(chain.from_iterable(map(read, paths)))
        return self

    def __len__(self) -> int:
        return len({entry.identity for entry in self._by_account.values()})

    def __iter__(self) -> Iterator[Identity]:
        """All entries, in the order they were given."""
        return iter({entry.identity: entry for entry in self._by_account.values()}.values())

    def find(self, account: str) -> Identity | None:
        """The identity that the account belongs to, if the map knows it."""
        return self._by_account.get(account.lower())


def _index(entries: Iterable[Located]) -> dict[str, Identity]:
    by_account: dict[str, Identity] = {}
    seen: dict[str, str] = {}
    problems: list[str] = []
    for where, raw in entries:
        try:
            entry = msgspec.convert(raw, Identity)
        except msgspec.ValidationError as error:
            problems.append(f"{where}: {error}")
            continue
        first = seen.setdefault(entry.identity, where)
        if first is not where:
            problems.append(f"{where}: identity {entry.identity!r} stands already at {first}")
        problems.extend(f"{where}: {problem}" for problem in _claim(entry, by_account))
    problems.extend(
        f"{where}: identity {name!r} is the name of an account of {owner.identity!r}"
        for name, where in seen.items()
        if (owner := by_account.get(name.lower())) and owner.identity != name
    )
    if problems:
        raise IdentityMapError(problems)
    return by_account


def _claim(entry: Identity, by_account: dict[str, Identity]) -> Iterator[str]:
    if not entry.identity.strip():
        yield "identity is empty"
    if not entry.accounts:
        yield f"identity {entry.identity!r} has no accounts"
    for account in entry.accounts:
        system, colon, login = account.partition(":")
        if not (system.strip() and colon and login.strip()):
            yield f"account {account!r} is not of the form <system>:<login>"
        elif not _WILDCARDS.isdisjoint(account):
            yield f"account {account!r} has a wildcard; accounts are exact names"
        else:
            owner = by_account.setdefault(account.lower(), entry)
            if owner.identity != entry.identity:
                yield f"account {account!r} is already claimed by {owner.identity!r}"
