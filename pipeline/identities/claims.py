"""Whose an account is by an operator's word: the file first, then the entries of the topic."""

from bisect import insort
from collections.abc import Iterator

from pipeline.identities.entries import Imported
from schemas.activity import ActorKind
from schemas.identity import Identity, IdentityMap
from schemas.link import IDPS


class Claims:
    """Accounts and addresses to the entry that has them.

    Args:
        file: the operator's file.
    """

    def __init__(self, file: IdentityMap) -> None:
        self._file = file
        self._named = {entry.identity: entry for entry in file}
        self._emails = {
            entry.email.lower(): entry
            for entry in reversed(list(file))
            if entry.email and entry.kind is ActorKind.PERSON
        }
        self._imported: dict[str, Imported] = {}
        self._claims: dict[str, list[Imported]] = {}  # by account, and by address

    def __len__(self) -> int:
        """How many entries were imported."""
        return len(self._imported)

    def put(self, entry: Imported) -> list[tuple[str, str, str]]:
        """Take in an entry in place of the one of its name.

        Returns:
            What others claim too: account, who keeps it, who does not.
        """
        self.remove(entry.identity)
        self._imported[entry.identity] = entry
        conflicts: list[tuple[str, str, str]] = []
        for name in _names(entry):
            claims = self._claims.setdefault(name, [])
            insort(claims, entry, key=lambda claim: claim.order)
            if ":" in name:
                conflicts += [(name, claims[0].identity, c.identity) for c in claims[1:]]
        return conflicts

    def remove(self, identity: str) -> bool:
        """Forget an imported entry; says whether there was one."""
        entry = self._imported.pop(identity, None)
        if entry is None:
            return False
        for name in _names(entry):
            self._claims[name].remove(entry)
            if not self._claims[name]:
                del self._claims[name]
        return True

    def find(self, account: str) -> Identity | None:
        """The entry that has the account."""
        entry = self._file.find(account)
        if entry is None and (claims := self._claims.get(account)):
            entry = self._named.get(claims[0].identity, claims[0])
        return entry

    def owner(self, address: str) -> Identity | None:
        """The entry that has the identity provider's account of the address, or the address."""
        for system in IDPS:
            if entry := self.find(f"{system}:{address}"):
                return entry
        entry = self._emails.get(address)
        if entry is None and (claims := self._claims.get(address)):
            entry = self._named.get(claims[0].identity, claims[0])
        return entry

    def accounts(self, entry: Identity) -> Iterator[str]:
        """The accounts that are the entry's, those that another one keeps left out."""
        both = (entry, self._imported.get(entry.identity, entry))
        for account in {name.lower() for known in both for name in known.accounts}:
            found = self.find(account)
            if found is not None and found.identity == entry.identity:
                yield account

    def is_file(self, entry: Identity) -> bool:
        """Whether the entry is the file's."""
        return entry.identity in self._named

    def imported(self) -> list[Imported]:
        """All imported entries, by name."""
        return [entry for _, entry in sorted(self._imported.items())]


def _names(entry: Identity) -> set[str]:
    names = {account.lower() for account in entry.accounts}
    if entry.email and entry.kind is ActorKind.PERSON:
        names.add(entry.email.lower())
    return names
