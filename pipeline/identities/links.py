"""Learned links as they stand: of proofs that contradict each other, the earliest."""

from bisect import insort

from pipeline.identities.entries import key_of
from schemas.link import Link, login_of


class Links:
    """Accounts to the addresses and to the other accounts of whoever has them."""

    def __init__(self) -> None:
        self._links: dict[tuple[str, str], Link] = {}
        self._proofs: dict[tuple[str, bool], list[Link]] = {}  # (account, to an account?)
        self._pointing: dict[str, set[str]] = {}  # account to those that once were proven its

    def __len__(self) -> int:
        return len(self._links)

    def known(self, link: Link) -> Link | None:
        """The link of the same two names, if there is one already."""
        return self._links.get((link.account, link.to))

    def all(self) -> list[Link]:
        """All links, by account."""
        return sorted(self._links.values(), key=lambda link: (link.account, link.order))

    def standing(self, account: str, *, alias: bool) -> Link | None:
        """The link of the account to another account, or to an address."""
        proofs = self._proofs.get((account, alias))
        return proofs[0] if proofs else None

    def contradicted(self, link: Link) -> Link | None:
        """The link that stands in the way of this one."""
        standing = self.standing(link.account, alias=_is_alias(link))
        return None if standing is None or standing.to == link.to else standing

    def put(self, link: Link) -> None:
        """Take in a link in place of the one with the same two names."""
        known = self.known(link)
        if known is not None:
            self._forget(known)
        self._links[link.account, link.to] = link
        proofs = self._proofs.setdefault((link.account, _is_alias(link)), [])
        insort(proofs, link, key=lambda proof: proof.order)
        if _is_alias(link):
            self._pointing.setdefault(link.to, set()).add(link.account)

    def remove(self, key: bytes) -> bool:
        """Forget the link with this key; says whether there was one."""
        link = next((link for link in self._links.values() if key_of(link) == key), None)
        if link is None:
            return False
        self._forget(link)
        return True

    def _forget(self, link: Link) -> None:
        del self._links[link.account, link.to]
        slot = (link.account, _is_alias(link))
        self._proofs[slot].remove(link)
        if not self._proofs[slot]:
            del self._proofs[slot]
        if _is_alias(link):
            self._pointing[link.to].discard(link.account)
            if not self._pointing[link.to]:
                del self._pointing[link.to]

    def names(self, account: str) -> list[str]:
        """All names of the account in its own system, itself first, the others by name."""
        found = {account}
        waiting = [account]
        while waiting:
            name = waiting.pop()
            near = {
                other
                for other in self._pointing.get(name, ())
                if (link := self.standing(other, alias=True)) and link.to == name
            }
            if link := self.standing(name, alias=True):
                near.add(link.to)
            if login := login_of(name):
                near.add(login)
            waiting += near - found
            found |= near
        return [account, *sorted(found - {account})]


def _is_alias(link: Link) -> bool:
    return ":" in link.to
