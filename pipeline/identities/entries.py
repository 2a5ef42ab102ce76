"""Records of the topic `identities`: what operators import, and links that were learned.

The key of an imported entry is the identity's name. A learned link has a key of its own, made of
its two names, so that it never replaces what an operator said, nor another worker's link. A record
without a value removes what its key stood for.
"""

from typing import Final

import msgspec

from schemas.identity import Identity
from schemas.link import Link

LEARNED: Final = "learned/"
"""Begins the keys of learned links; no identity may have such a name."""


class Imported(Identity, frozen=True, kw_only=True):
    """An entry as it stands on the topic.

    Attributes:
        since: when it was first imported, seconds since the epoch. Of two entries that claim one
            account, which only two imports at the same moment can bring about, the first stands.
    """

    since: float = 0.0

    @property
    def order(self) -> tuple[float, str]:
        """Of two that claim the same account the smaller stands."""
        return self.since, self.identity


class UnreadableEntryError(ValueError):
    """A record of the topic is neither an entry nor a link."""


_encode = msgspec.json.Encoder().encode
_entry = msgspec.json.Decoder(Imported).decode
_link = msgspec.json.Decoder(Link).decode


def key_of(entry: Identity | Link) -> bytes:
    """Key of an entry's record."""
    name = f"{LEARNED}{entry.account}/{entry.to}" if isinstance(entry, Link) else entry.identity
    return name.encode("utf-8", "replace")


def encode(entry: Imported | Link) -> bytes:
    """Value of an entry's record: JSON, one object."""
    return _encode(entry)


def decode(key: bytes, value: bytes) -> Imported | Link:
    """A record back to its entry.

    Raises:
        UnreadableEntryError: it is none, or its key is not its name.
    """
    try:
        entry = _link(value) if key.startswith(LEARNED.encode()) else _entry(value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnreadableEntryError(str(error)) from None
    if key_of(entry) != key:
        raise UnreadableEntryError("the key is not the entry's name")
    return entry
