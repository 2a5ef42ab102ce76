"""Networks that the operator knows: the company's own, its VPNs, private relays, clouds, proxies.

A YAML or JSON file:

    networks:
      - name: office-berlin
        kind: company           # company, cloud, vpn, relay, proxy
        cidrs: [192.0.2.0/25, "2001:db8:1::/48"]
      - name: private-relay
        kind: relay
        files: [egress-ip-ranges.csv]     # beside this file, a CIDR at the start of each line

All addresses of a network are one place to the detectors, under its name. Where two networks
hold an address, the longer prefix wins.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_pton
from typing import Final

import msgspec
import yaml

from pipeline.settings import SettingsError

_PROBLEMS_SHOWN: Final = 20
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class NetworkKind(StrEnum):
    """What a network is."""

    COMPANY = "company"
    CLOUD = "cloud"
    VPN = "vpn"
    RELAY = "relay"
    PROXY = "proxy"

    @property
    def hides(self) -> bool:
        """Whether people who are somewhere else come out of it."""
        return self in {NetworkKind.VPN, NetworkKind.RELAY, NetworkKind.PROXY}


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of the file.

    Attributes:
        name: what stands in `Origin.network` for its addresses.
        kind: what it is.
        cidrs: its prefixes, IPv4 and IPv6; a bare address is a prefix of full length.
        files: text files with more of them, one a line, up to a comma or `#`.
    """

    name: str
    kind: NetworkKind
    cidrs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class _File(msgspec.Struct, forbid_unknown_fields=True):
    networks: list[object]


class NetworkMapError(SettingsError):
    """The networks cannot be used. `problems` holds one line for each thing that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        shown = problems[:_PROBLEMS_SHOWN]
        if len(problems) > len(shown):
            shown.append(f"and {len(problems) - len(shown)} more")
        super().__init__("\n".join(shown))
        self.problems = problems


class _Prefixes:
    """The prefixes of one IP version.

    One dict holds them all, under the prefix's bits with a one in front, which tells lengths
    apart. A look-up asks once for each length that occurs, the longest first.
    """

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._found: dict[int, Network] = {}
        self._lengths: list[tuple[int, int]] = []  # (bits after the prefix, the one in front)

    def __len__(self) -> int:
        return len(self._found)

    def add(self, prefix: IPv4Network | IPv6Network, network: Network) -> Network:
        """Claim a prefix; the network that has it, which may be another one already."""
        after, front = self._bits - prefix.prefixlen, 1 << prefix.prefixlen
        owner = self._found.setdefault(front | int(prefix.network_address) >> after, network)
        if (after, front) not in self._lengths:
            self._lengths = sorted([*self._lengths, (after, front)])
        return owner

    def find(self, address: int) -> Network | None:
        """The network with the longest prefix of the address."""
        found = self._found
        for after, front in self._lengths:
            network = found.get(front | address >> after)
            if network is not None:
                return network
        return None


class NetworkMap:
    """Finds the network that an address belongs to.

    Args:
        entries: networks as dicts with the fields of `Network`.
        folder: where their files are.

    Raises:
        NetworkMapError: bad shape, unknown kind, no CIDR, a prefix or a name claimed twice.
    """

    def __init__(self, entries: Iterable[object] = (), folder: Path | None = None) -> None:
        self._folder = folder or Path()
        self._v4 = _Prefixes(32)
        self._v6 = _Prefixes(128)
        self._names: dict[str, str] = {}
        problems = [
            f"network {number}: {problem}"
            for number, entry in enumerate(entries, 1)
            for problem in self._add(entry, number)
        ]
        if problems:
            raise NetworkMapError(problems)

    @classmethod
    def load(cls, path: Path) -> "NetworkMap":
        """Read a file.

        Raises:
            NetworkMapError: as the constructor; it cannot be read, or is neither YAML nor JSON.
        """
        try:
            with path.open(encoding="utf-8") as file:
                read = msgspec.convert(yaml.load(file, _Loader), _File)  # noqa: S506 - a safe one
            return cls(read.networks, path.parent)
        except NetworkMapError as error:
            raise NetworkMapError([f"{path}: {problem}" for problem in error.problems]) from None
        except OSError as error:
            raise NetworkMapError([f"{path}: {error.strerror}"]) from None
        except (yaml.YAMLError, UnicodeDecodeError, msgspec.ValidationError) as error:
            raise NetworkMapError([f"{path}: {' '.join(str(error).split())}"]) from None

    def __len__(self) -> int:
        return len(self._names)

    @property
    def prefixes(self) -> int:
        """How many prefixes the networks have together."""
        return len(self._v4) + len(self._v6)

    def find(self, ip: str) -> Network | None:
        """The network with the longest prefix of an address in text form; None for others."""
        try:
            if ":" in ip:
                return self._v6.find(int.from_bytes(inet_pton(AF_INET6, ip)))
            return self._v4.find(int.from_bytes(inet_pton(AF_INET, ip)))
        except (OSError, ValueError):
            return None

    def _add(self, entry: object, number: int) -> Iterator[str]:
        try:
            network = msgspec.convert(entry, Network)
        except msgspec.ValidationError as error:
            yield str(error)
            return
        where = f"network {number}"
        if not network.name.strip():
            yield "name is empty"
        elif (first := self._names.setdefault(network.name, where)) != where:
            yield f"name {network.name!r} stands already at {first}"
        cidrs = [("", cidr) for cidr in network.cidrs]
        for file in network.files:
            try:
                cidrs += _lines(self._folder / file)
            except (OSError, UnicodeDecodeError) as error:
                yield f"{file}: {getattr(error, 'strerror', '') or 'is no text'}"
                return
        if not cidrs:
            yield f"{network.name!r} has no CIDR"
        for stands, cidr in cidrs:
            if problem := self._claim(cidr, network):
                yield f"{stands}{problem}"

    def _claim(self, cidr: str, network: Network) -> str:
        """Enter a prefix; what is wrong with it, if anything."""
        try:
            prefix = ip_network(cidr)
        except ValueError as error:
            return str(error)
        if "%" in cidr:
            return f"{cidr!r} has a zone, which addresses in events have not"
        if prefix.prefixlen == 0:
            return f"{cidr!r} is the whole internet"
        if isinstance(prefix, IPv6Network) and prefix.overlaps(_MAPPED):
            return f"{cidr!r} holds IPv4 addresses; write them as IPv4"
        table = self._v4 if isinstance(prefix, IPv4Network) else self._v6
        owner = table.add(prefix, network)
        return "" if owner is network else f"{cidr!r} is already claimed by {owner.name!r}"


def _lines(path: Path) -> list[tuple[str, str]]:
    """CIDRs of a text file, each with where it stands."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        (f"{path.name}, line {number}: ", cidr)
        for number, line in enumerate(lines, 1)
        if (cidr := line.partition("#")[0].partition(",")[0].strip())
    ]
