"""Where an event came from: address, network, country, client."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from schemas.activity import NO_ORIGIN, Origin
from schemas.sources.client import client_of
from schemas.sources.values import number, text

CACHED = 65_536
MAX_ASN = (1 << 32) - 1


@lru_cache(CACHED)
def _address(ip: str) -> IPv4Address | IPv6Address | None:
    bare = ip.strip().partition("%")[0]
    if bare.startswith("["):  # [2001:db8::1]:443
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:  # 192.0.2.1:443
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def address_of(ip: object) -> str:
    """The IP address in canonical text form, without port, zone or IPv4 mapping; "" for others."""
    address = _address(ip) if isinstance(ip, str) else None
    return str(address) if address else ""


def network_of(ip: object, asn: object = None) -> str:
    """`AS64496` where the autonomous system is known, else the address's /24 or /48, else ""."""
    if asn is not None:
        known = number(asn[2:] if isinstance(asn, str) and asn[:2].upper() == "AS" else asn)
        if known is not None and 0 < known <= MAX_ASN:
            return f"AS{int(known)}"
    return _network(ip) if isinstance(ip, str) else ""


@lru_cache(CACHED)
def _network(ip: str) -> str:
    address = _address(ip)
    if address is None:
        return ""
    if isinstance(address, IPv4Address):
        return f"{address}".rpartition(".")[0] + ".0/24"
    prefix = IPv6Address(int(address) >> 80 << 80)
    return f"{prefix}/48"


def origin_of(ip: object = None, agent: object = None, country: object = None) -> Origin:
    """Origin of an address, a user agent string and a country code; each may be absent."""
    try:
        return _origin(ip, agent, country)
    except TypeError:  # an object or array, which no cache takes
        return _origin(text(ip), text(agent), text(country))


@lru_cache(CACHED)
def _origin(ip: object, agent: object, country: object) -> Origin:
    if not ip and not agent and not country:
        return NO_ORIGIN
    client, system = client_of(agent)
    place = text(country)
    code = place.upper() if len(place) == 2 and place.isascii() and place.isalpha() else ""  # noqa: PLR2004 - ISO 3166-1 alpha-2
    return Origin(address_of(ip), network_of(ip), code, client, system)
