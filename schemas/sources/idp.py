"""What the parsers of identity providers share: who, and where from."""

from functools import lru_cache

from schemas.activity import NO_ORIGIN, Actor, ActorKind, Origin, pseudonym
from schemas.sources.client import client_of
from schemas.sources.countries import country_code
from schemas.sources.origin import address_of, network_of
from schemas.sources.remember import remembered
from schemas.sources.values import lower, text

CACHED = 65_536
NOBODY = frozenset({"", "unknown", "not available", "null", "undefined"})
"""What vendors write for nothing."""


@lru_cache(4096)
def word(told: str | None) -> str:
    """`lower`, remembered: of what vendors take from a list, as kinds, names of fields, factors."""
    return lower(told)


@lru_cache(CACHED)
def actor_named(system: str, login: str, kind: ActorKind, email: str = "") -> Actor:
    """The actor of a login; the address is the login where that is one and no other is given."""
    login, email = login.lower(), email.lower()
    if not email and "@" in login and "#" not in login:
        email = login
    return Actor(f"{system}:{login}", kind=kind, email=email if "@" in email else "")


def guarded(name: str) -> str:
    """A name that no account has: hashed unless an address, as people type passwords there."""
    return name if "@" in name or not name else f"unknown-{pseudonym(name)}"


@remembered
def origin_told(  # noqa: PLR0917 - keywords would double the price of a hit in the cache
    ip: str | None = None,
    country: str | None = None,
    agent: str | None = None,
    system: str | None = None,
    device: str | None = None,
    asn: int | str | None = None,
    proxy: bool = False,
) -> Origin:
    """Origin from what vendors tell of it, as they write it; each may be absent.

    Args:
        ip: address, with or without a port.
        country: name or alpha-2 code.
        agent: user agent string, or a program and its version.
        system: operating system, where it is told apart from the user agent.
        device: the vendor's device id; only its hash is kept.
        asn: number of the autonomous system, with or without `AS`.
        proxy: the vendor calls the address an anonymiser.
    """
    program, family = client_of(text(agent))
    origin = Origin(
        ip=address_of(text(ip)),
        network=network_of(text(ip), asn),
        country=country_code(text(country)),
        client="" if program.lower() in NOBODY else program,
        system=family or client_of(text(system))[1],
        device=pseudonym(text(device)),
        proxy=proxy,
    )
    return NO_ORIGIN if origin == NO_ORIGIN else origin
