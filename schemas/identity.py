"""Identity: one person, bot, service or agent behind all of its accounts.

The map is a file that the operator keeps (YAML, JSON or JSON lines), one entry an identity:

    - identity: mara
      kind: person              # person (default), bot, service, agent
      peers: web-team           # newcomers are judged by the group's habits
      email: mara@example.com
      accounts: [okta:mara@example.com, github:mara-k, npm:marak]

Accounts are exact names: a bot is known by its name, never as a class, so wildcards are refused.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson
import yaml

from schemas.activity import Activity, Actor, ActorKind

_CACHED_ACTORS: Final = 65_536
_PROBLEMS_SHOWN: Final = 20
_WILDCARDS: Final = frozenset("*?")


class IdentityMapError(ValueError):
    """The map cannot be used. `problems` holds one line for each thing that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        shown = problems[:_PROBLEMS_SHOWN]
        if len(problems) > len(shown):
            shown.append(f"and {len(problems) - len(shown)} more")
        super().__init__("\n".join(shown))
        self.problems = problems


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


_Located = tuple[str, object]  # where an entry stands, in words; the entry as decoded


class IdentityMap:
    """Finds the identity behind an account, in constant time.

    Args:
        entries: identities as dicts with the fields of `Identity`.

    Raises:
        IdentityMapError: bad shape, unknown kind, an account or a name claimed twice.
    """

    def __init__(self, entries: Iterable[Mapping[str, object]] = ()) -> None:
        self._start(_numbered(entries))

    @classmethod
    def load(cls, path: Path) -> "IdentityMap":
        """Read a map; the suffix tells the format: .yaml, .yml, .json, .jsonl, .ndjson.

        Raises:
            IdentityMapError: as the constructor, or the file is not of its format.
            OSError: it cannot be read.
        """
        self = cls.__new__(cls)
        self._start(_read(path))
        return self

    def _start(self, entries: Iterable[_Located]) -> None:
        self._by_account = _index(entries)
        self._linked = lru_cache(_CACHED_ACTORS)(self._link)

    def __len__(self) -> int:
        return len({entry.identity for entry in self._by_account.values()})

    def find(self, account: str) -> Identity | None:
        """The identity that the account belongs to, if the map knows it."""
        return self._by_account.get(account.lower())

    def resolve(self, activity: Activity) -> Activity:
        """The activity with its actor's identity, kind, peers and address filled in.

        An unknown account is its own identity. Where the parser knows that an agent is at work,
        it stays an agent, also under its person's account.
        """
        actor = self._linked(activity.actor)
        if actor is activity.actor:
            return activity
        return msgspec.structs.replace(activity, actor=actor)

    def _link(self, actor: Actor) -> Actor:
        entry = self.find(actor.account)
        if entry is None:
            if actor.identity:
                return actor
            return msgspec.structs.replace(actor, identity=actor.account)
        return msgspec.structs.replace(
            actor,
            identity=entry.identity,
            kind=actor.kind if actor.kind is ActorKind.AGENT else entry.kind,
            email=actor.email or entry.email.lower(),
            peers=entry.peers or actor.peers,
        )


def _index(entries: Iterable[_Located]) -> dict[str, Identity]:
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


def _numbered(entries: Iterable[object]) -> Iterator[_Located]:
    return ((f"entry {number}", entry) for number, entry in enumerate(entries, 1))


def _read(path: Path) -> Iterable[_Located]:
    text = path.read_text(encoding="utf-8")
    match path.suffix:
        case ".yaml" | ".yml":
            return _from_yaml(path, text)
        case ".json":
            return _from_json(path, text)
        case ".jsonl" | ".ndjson":
            return _from_json_lines(path, text)
    raise IdentityMapError([f"{path}: the suffix is none of .yaml .yml .json .jsonl .ndjson"])


def _from_yaml(path: Path, text: str) -> list[_Located]:
    loader: Any = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise IdentityMapError([f"{path}: expected a list of identities"])
        return [
            (f"{path}, line {item.start_mark.line + 1}", loader.construct_object(item, deep=True))
            for item in node.value
        ]
    except yaml.YAMLError as error:
        raise IdentityMapError([f"{path}: {' '.join(str(error).split())}"]) from None
    finally:
        loader.dispose()


def _from_json(path: Path, text: str) -> list[_Located]:
    try:
        entries = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise IdentityMapError([f"{path}: {error}"]) from None
    if not isinstance(entries, list):
        raise IdentityMapError([f"{path}: expected a list of identities"])
    return [(f"{path}, {where}", entry) for where, entry in _numbered(entries)]


def _from_json_lines(path: Path, text: str) -> list[_Located]:
    entries: list[_Located] = []
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            entries.append((where, orjson.loads(line)))
        except orjson.JSONDecodeError as error:
            problems.append(f"{where}: {error}")
    if problems:
        raise IdentityMapError(problems)
    return entries
