"""Where people work: places with their time, networks with their addresses.

Only address space and numbers set aside for documentation appear: RFC 5737 and RFC 3849 for
addresses, RFC 5398 for autonomous systems. As there are few such prefixes, networks are told
apart by their autonomous system and by their /48.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

OFFICE_ASN = 64496
VPN_ASN = 64497
CLOUD_ASN = 64498
RELAY_ASN = 64511
FIRST_ISP_ASN = 65536
HOTEL_BLOCK = 0xA000
MOBILE_BLOCK = 0xB000


@dataclass(frozen=True, slots=True)
class Place:
    """A city.

    `offset` is its standard time in minutes east of UTC, `summer` whose summer time it keeps.
    """

    city: str
    state: str
    country: str
    code: str
    offset: int
    latitude: float
    longitude: float
    summer: str = ""

    def offset_on(self, day: date) -> int:
        """Minutes east of UTC on that day, summer time included."""
        if self.summer == "EU":
            begins, ends = _last_sunday(day.year, 3), _last_sunday(day.year, 10)
        elif self.summer == "US":
            begins, ends = _sunday(day.year, 3, 2), _sunday(day.year, 11, 1)
        else:
            return self.offset
        return self.offset + (60 if begins <= day < ends else 0)


HEADQUARTERS = Place("Berlin", "Berlin", "Germany", "DE", 60, 52.52, 13.41, "EU")
PLACES = (
    Place("San Francisco", "California", "United States", "US", -480, 37.77, -122.42, "US"),
    Place("New York", "New York", "United States", "US", -300, 40.71, -74.01, "US"),
    Place("Chicago", "Illinois", "United States", "US", -360, 41.88, -87.63, "US"),
    Place("Toronto", "Ontario", "Canada", "CA", -300, 43.65, -79.38, "US"),
    HEADQUARTERS,
    Place("Lisbon", "Lisbon", "Portugal", "PT", 0, 38.72, -9.14, "EU"),
    Place("London", "England", "United Kingdom", "GB", 0, 51.51, -0.13, "EU"),
    Place("Helsinki", "Uusimaa", "Finland", "FI", 120, 60.17, 24.94, "EU"),
    Place("Nairobi", "Nairobi", "Kenya", "KE", 180, -1.29, 36.82),
    Place("Bengaluru", "Karnataka", "India", "IN", 330, 12.97, 77.59),
    Place("Singapore", "", "Singapore", "SG", 480, 1.35, 103.82),
    Place("Tokyo", "Tokyo", "Japan", "JP", 540, 35.68, 139.69),
    Place("Brisbane", "Queensland", "Australia", "AU", 600, -27.47, 153.03),
    Place("Auckland", "Auckland", "New Zealand", "NZ", 720, -36.85, 174.76),
    Place("Sao Paulo", "Sao Paulo", "Brazil", "BR", -180, -23.55, -46.63),
)
CLOUD_REGION = Place("Ashburn", "Virginia", "United States", "US", -300, 39.04, -77.49, "US")
RELAY_PLACE = Place("Chisinau", "Chisinau", "Moldova", "MD", 120, 47.01, 28.86, "EU")


@dataclass(frozen=True, slots=True)
class Network:
    """A network as an identity provider names it, and the prefix its addresses come from."""

    asn: int
    name: str
    domain: str
    prefix: str
    place: Place
    first: int = 1
    last: int = 254
    proxy: bool = False

    def address(self, rng: Random) -> str:
        """An address in this network: privacy addresses in IPv6, a pool in IPv4."""
        if ":" in self.prefix:
            bits = f"{rng.getrandbits(64) | 1 << 60:016x}"
            return f"{self.prefix}::{bits[:4]}:{bits[4:8]}:{bits[8:12]}:{bits[12:]}"
        return f"{self.prefix}.{rng.randint(self.first, self.last)}"


def home(place: Place, household: int, rng: Random) -> Network:
    """The network of a household: a /48 of its own at one of the two providers of its country."""
    asn = FIRST_ISP_ASN + (PLACES.index(place) + rng.randrange(2)) % 15
    return Network(
        asn,
        f"Example Broadband {place.code} {asn - FIRST_ISP_ASN}",
        "broadband.example.net",
        f"2001:db8:{0x1000 + household:x}",
        place,
    )


def hotel(place: Place, number: int) -> Network:
    """A network of a guest: hotels, conferences, trains."""
    prefix = f"2001:db8:{HOTEL_BLOCK + number:x}"
    return Network(
        FIRST_ISP_ASN + 15, f"Example Hospitality {place.code}", "guest.example.net", prefix, place
    )


def mobile(place: Place) -> Network:
    """The mobile network of a country."""
    index = PLACES.index(place)
    return Network(
        64500 + index % 10,
        f"Example Mobile {place.code}",
        "mobile.example.net",
        f"2001:db8:{MOBILE_BLOCK + index:x}",
        place,
    )


OFFICE = Network(
    OFFICE_ASN, "Example Organisation", "office.example.com", "192.0.2", HEADQUARTERS, last=126
)
VPN = Network(
    VPN_ASN, "Example Organisation VPN", "vpn.example.com", "192.0.2", HEADQUARTERS, first=129
)
CLOUD = Network(CLOUD_ASN, "Example Cloud", "cloud.example.net", "198.51.100", CLOUD_REGION)
RELAY = Network(
    RELAY_ASN, "Example Hosting", "hosting.example.org", "203.0.113", RELAY_PLACE, first=64, last=71
)


def _sunday(year: int, month: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1))


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7)
