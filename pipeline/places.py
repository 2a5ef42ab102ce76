"""Where an address is: autonomous system and country, from databases that the operator supplies.

The databases are MaxMind DB files (https://maxmind.github.io/MaxMind-DB/). Their records are read
in the shapes of MaxMind's GeoLite and GeoIP, DB-IP's Lite and IPinfo's Lite databases; see
`docs/sources.md`. Without any, an origin keeps the prefix of its address as its network.
"""

import logging
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import maxminddb
import msgspec
from maxminddb.errors import InvalidDatabaseError

from pipeline.networks import NetworkMap
from pipeline.settings import SettingsError
from schemas.activity import Origin
from schemas.sources.countries import country_code
from schemas.sources.fields import network_of

logger = logging.getLogger(__name__)

CACHED: Final = 65_536
_SAMPLED: Final = 1000


class PlacesError(SettingsError):
    """A database cannot be used; the message says which and why."""


class Place(NamedTuple):
    """What a database says of an address; empty where it says nothing.

    Attributes:
        network: `AS64496`.
        country: ISO 3166-1 alpha-2, upper case.
    """

    network: str = ""
    country: str = ""


NOWHERE: Final = Place()


class Database:
    """One MaxMind DB file, mapped into memory.

    Attributes:
        path: of the file.
        kind: what its maker calls it, e.g. `DBIP-ASN-Lite`.
        built: when it was made, seconds since the epoch, UTC.

    Raises:
        PlacesError: it cannot be read, or is no such file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._reader = maxminddb.open_database(path)
            about = self._reader.metadata()
        except (OSError, ValueError, InvalidDatabaseError) as error:
            reason = getattr(error, "strerror", None) or "no MaxMind DB file"
            raise PlacesError(f"{path}: {reason}") from None
        self.kind = about.database_type
        self.built = float(about.build_epoch)
        self._takes_ipv6 = about.ip_version == 6  # noqa: PLR2004 - the version's number
        self._broken = False

    def find(self, ip: str) -> Place:
        """What it says of an address in text form.

        A file that turns out to be damaged is told of once in the log and not asked again: where
        someone is, is worth less than what they did.
        """
        if self._broken or (":" in ip and not self._takes_ipv6):
            return NOWHERE
        try:
            return _place(self._reader.get(ip))
        except (InvalidDatabaseError, ValueError):
            logger.exception("%s is damaged and not used any more", self.path)
            self._broken = True
            return NOWHERE

    def tells(self) -> Place:
        """The first network and the first country of its first records, empty if there are none.

        Raises:
            PlacesError: the file is damaged.
        """
        network = country = ""
        try:
            for _, record in islice(self._reader, _SAMPLED):
                place = _place(record)
                network, country = network or place.network, country or place.country
        except (InvalidDatabaseError, ValueError):
            raise PlacesError(f"{self.path}: damaged") from None
        return Place(network, country)


def _place(record: object) -> Place:
    if not isinstance(record, dict):
        return NOWHERE
    asn = record.get("autonomous_system_number") or record.get("asn")
    country = record.get("country_code") or record.get("country")
    if isinstance(country, dict):
        country = country.get("iso_code")
    return Place(
        network_of("", asn) if isinstance(asn, int | str) else "",
        country_code(country) if isinstance(country, str) else "",
    )


class Places:
    """Fills in where an event came from. The event's own word wins over a database's.

    Attributes:
        locate: the origin with network, country and proxy filled in. A network of the operator's
            gives its name, whatever else is known of the address, so that an office or a VPN is
            one place. Remembered for the origins used last.

    Args:
        databases: the first one that says something wins.
        networks: those that the operator knows.
    """

    def __init__(
        self, databases: Iterable[Database] = (), networks: NetworkMap | None = None
    ) -> None:
        self._databases = tuple(databases)
        self._networks = networks or NetworkMap()
        self.locate: Callable[[Origin], Origin] = lru_cache(CACHED)(self._locate)

    @classmethod
    def load(cls, databases: Iterable[Path] = (), networks: Path | None = None) -> "Places":
        """From files.

        Raises:
            SettingsError: one of them cannot be used.
        """
        return cls(map(Database, databases), NetworkMap.load(networks) if networks else None)

    def _locate(self, origin: Origin) -> Origin:
        ip, network, country, proxy = origin.ip, origin.network, origin.country, origin.proxy
        if not ip:
            return origin
        known = self._networks.find(ip)
        if known is not None:
            network, proxy = known.name, proxy or known.kind.hides
        told = known is not None or network.startswith("AS")
        for database in self._databases:
            if told and country:
                break
            place = database.find(ip)
            country = country or place.country
            if not told and place.network:
                network, told = place.network, True
        if (network, country, proxy) == (origin.network, origin.country, origin.proxy):
            return origin
        return msgspec.structs.replace(origin, network=network, country=country, proxy=proxy)
