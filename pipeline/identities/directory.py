"""The directory: what account is whose, by all that is known now.

What an account belongs to is a function of the set of entries and links, not of the order in
which they came: all workers agree, and so does one that starts later. In order of weight:

1. the entry of the operator's file that claims the account;
2. the entry of the topic that claims it;
3. an entry that claims the account by another of its names (a login and its number);
4. the identity that owns the address which the account is proven to belong to: the one that has
   the identity provider's account of that address or, if a person, names it as its `email`; if
   there is none, the address is the identity's name;
5. nobody: the account is an identity of its own.

An agent is linked by an operator only: it has habits of its own.
"""

import logging
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import msgspec

from pipeline.identities.claims import Claims
from pipeline.identities.entries import Imported, UnreadableEntryError, decode
from pipeline.identities.links import Links
from schemas.activity import Activity, Actor, ActorKind
from schemas.identity import Identity, IdentityMap
from schemas.link import Link, address_of, login_of

logger = logging.getLogger(__name__)

CONFLICTS: Final = ("account", "link", "limit", "unreadable")
ORIGINS: Final = ("file", "imported", "learned")
MAX_LINKS: Final = 200_000
_CACHED_ACTORS: Final = 65_536
_MAX_LOGGED: Final = 10_000


@dataclass(slots=True)
class DirectoryStats:
    """What the directory holds, and what it could not use. Keys come from closed sets."""

    entries: Counter[str] = field(default_factory=Counter)  # by one of ORIGINS
    conflicts: Counter[str] = field(default_factory=Counter)  # by one of CONFLICTS


class Directory:
    """Finds the identity behind an account, in constant time, and takes in what is new.

    It belongs to one thread.

    Args:
        file: the operator's file; it outweighs everything else.
        stats: where to count.
    """

    def __init__(
        self, file: IdentityMap | None = None, stats: DirectoryStats | None = None
    ) -> None:
        self.stats = stats or DirectoryStats()
        self.claims = Claims(file or IdentityMap())
        self.links = Links()
        self._conflicts: set[tuple[str, str]] = set()
        self._moved: dict[str, str] = {}  # old name of an identity to its new one
        self._moves: list[tuple[str, str]] = []
        self._linked = lru_cache(_CACHED_ACTORS)(self._link)
        self.stats.entries["file"] = len(file or ())

    # What is new

    def apply(self, key: bytes, value: bytes | None) -> None:
        """Take in a record of the topic `identities`; None removes what the key stood for."""
        if value is None:
            if self.claims.remove(key.decode("utf-8", "replace")) or self.links.remove(key):
                self._changed()
            return
        try:
            entry = decode(key, value)
        except UnreadableEntryError as error:
            self._conflict("unreadable", repr(key), str(error))
            return
        if not isinstance(entry, Link):
            self._put(entry)
        elif self.links.known(entry) == entry:
            return
        else:
            self._contradicted(entry)
            self.links.put(entry)
        self._changed()

    def learn(self, link: Link) -> bool:
        """Take in a link that an event has proven; says whether others should hear of it.

        Not so if there is an earlier proof, of the same or of something else, or if an operator
        has said whose the account is.
        """
        known = self.links.known(link)
        if (known is not None and known.order <= link.order) or self.claims.find(link.account):
            return False
        standing = self._contradicted(link)
        if standing is not None and standing.order < link.order:
            return False
        if known is None and len(self.links) >= MAX_LINKS:
            self._conflict("limit", f"{MAX_LINKS} links", "no more will be learned")
            return False
        self.links.put(link)
        self._changed()
        return True

    def _put(self, entry: Imported) -> None:
        for account, keeper, other in self.claims.put(entry):
            self._conflict(
                "account",
                f"{account}: {keeper} and {other}",
                f"both entries claim it, {keeper!r} keeps it; mend one and import it again",
            )

    def _contradicted(self, link: Link) -> Link | None:
        standing = self.links.contradicted(link)
        if standing is not None:
            first, second = sorted((standing, link), key=lambda proof: proof.order)
            self._conflict(
                "link",
                f"{link.account}: {first.to} and {second.to}",
                f"proven by {first.source} event {first.event} and by {second.source} event "
                f"{second.event}; the first stands until an imported entry has the account",
            )
        return standing

    def _conflict(self, kind: str, about: str, text: str) -> None:
        if (kind, about) in self._conflicts:
            return
        self.stats.conflicts[kind] += 1
        if len(self._conflicts) < _MAX_LOGGED:
            self._conflicts.add((kind, about))
            logger.warning("identities: %s: %s", about, text)

    def _changed(self) -> None:
        self.stats.entries["imported"] = len(self.claims)
        self.stats.entries["learned"] = len(self.links)
        self._linked.cache_clear()

    # Who is who

    def resolve(self, activity: Activity) -> Activity:
        """The activity with its actor's identity, kind, peers and address filled in.

        Where the parser knows that an agent is at work, it stays an agent, also under its
        person's account.
        """
        actor = self._linked(activity.actor)
        if actor is activity.actor:
            return activity
        return msgspec.structs.replace(activity, actor=actor)

    def identity(self, account: str, kind: ActorKind = ActorKind.UNKNOWN) -> tuple[str, set[str]]:
        """Name of the identity that has an account, and the names it may have had before."""
        found, address, names = self._find(account.lower(), kind)
        if isinstance(found, str):
            name = found
        else:
            name = found.identity
            names |= set(self.claims.accounts(found))
            if self.claims.owner(found.email.lower()) is found:
                names.add(found.email.lower())
        # By its name alone a provider's account is its address, and a noreply address its login.
        before = {address_of(old) or login_of(old) or old for old in names}
        return name, (before | {address}) - {name, ""}

    def entry(self, account: str, kind: ActorKind = ActorKind.UNKNOWN) -> Identity | None:
        """The operator's entry of the identity that has an account; None if there is none."""
        found, _, _ = self._find(account.lower(), kind)
        return None if isinstance(found, str) else found

    def take_moves(self) -> list[tuple[str, str]]:
        """Old and new names of identities that were renamed by a link, since the last call.

        All that an account of them may have been known by before, once for each that acts: what
        is remembered of the old name is the new one's.
        """
        moves, self._moves = self._moves, []
        return moves

    def _find(self, account: str, kind: ActorKind) -> tuple[Identity | str, str, set[str]]:
        own = self.claims.find(account)
        if kind is ActorKind.AGENT:
            return own or account, "", set()
        names = self.links.names(account)
        if own is None:
            claimed = [entry for name in names if (entry := self.claims.find(name))]
            own = min(
                claimed,
                key=lambda entry: (not self.claims.is_file(entry), entry.identity),
                default=None,
            )
        if own is not None:
            unclaimed = {name for name in names if (self.claims.find(name) or own) is own}
            return own, "", unclaimed
        address = self._address(names)
        if address:
            return self.claims.owner(address) or address, address, set(names)
        logins = {login_of(name) or name for name in names}
        return min(logins, key=lambda n: (n.partition(":")[2].isdigit(), n)), "", logins

    def _address(self, names: list[str]) -> str:
        if address := address_of(names[0]):
            return address
        proofs = [link for name in names if (link := self.links.standing(name, alias=False))]
        if proofs:
            own = [link for link in proofs if link.account == names[0]]
            return min(own or proofs, key=lambda link: link.order).to
        return next(filter(None, map(address_of, names)), "")

    def _link(self, actor: Actor) -> Actor:
        if not actor.account or (actor.identity and not self.claims.find(actor.account)):
            return actor
        name, before = self.identity(actor.account, actor.kind)
        self._moved.pop(name, None)
        for old in sorted(before):
            if self._moved.get(old) != name:
                self._moved[old] = name
                self._moves.append((old, name))
        entry = self.entry(actor.account, actor.kind)
        if entry is None:
            return msgspec.structs.replace(actor, identity=name)
        return msgspec.structs.replace(
            actor,
            identity=name,
            kind=actor.kind if actor.kind is ActorKind.AGENT else entry.kind,
            email=actor.email or entry.email.lower(),
            peers=entry.peers or actor.peers,
        )
