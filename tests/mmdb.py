"""Writes small MaxMind DB files: https://maxmind.github.io/MaxMind-DB/, version 2.0."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Final

MARKER: Final = b"\xab\xcd\xefMaxMind.com"
_U16, _U32, _U64 = 5, 6, 9  # readers want the types of the metadata exactly
_EMPTY: Final = -1
_V4_IN_V6: Final = 96  # IPv4 addresses are the first 2**32 IPv6 addresses


def mmdb(
    records: Mapping[str, Mapping[str, object]],
    *,
    kind: str = "Generated-Test",
    built: int = 1_757_337_360,
    version: int = 6,
) -> bytes:
    """A database of CIDR -> record; where prefixes nest, the longer one holds."""
    data = b""
    nodes = [[_EMPTY, _EMPTY]]
    offsets: list[int] = []
    for cidr in sorted(records, key=lambda cidr: ip_network(cidr).prefixlen):
        _insert(nodes, _path(cidr, version), -2 - len(offsets))
        offsets.append(len(data))
        data += _encode(records[cidr])

    def record(child: int) -> bytes:
        if child == _EMPTY:
            child = len(nodes)
        elif child < _EMPTY:
            child = len(nodes) + 16 + offsets[-2 - child]
        return child.to_bytes(4)

    about = {
        "binary_format_major_version": (_U16, 2),
        "binary_format_minor_version": (_U16, 0),
        "build_epoch": (_U64, built),
        "database_type": kind,
        "description": {"en": "generated for a test"},
        "ip_version": (_U16, version),
        "languages": [],
        "node_count": (_U32, len(nodes)),
        "record_size": (_U16, 32),
    }
    tree = b"".join(record(child) for node in nodes for child in node)
    return tree + bytes(16) + data + MARKER + _encode(about)


def _path(cidr: str, version: int) -> str:
    network = ip_network(cidr)
    bits = f"{int(network.network_address):0{network.max_prefixlen}b}"[: network.prefixlen]
    return "0" * _V4_IN_V6 + bits if version > network.version else bits


def _insert(nodes: list[list[int]], path: str, leaf: int) -> None:
    node = 0
    for bit in map(int, path[:-1]):
        child = nodes[node][bit]
        if child < 0:
            nodes.append([child, child])
            child = nodes[node][bit] = len(nodes) - 1
        node = child
    nodes[node][int(path[-1])] = leaf


def _encode(value: object) -> bytes:
    match value:
        case str():
            return _head(2, len(value.encode())) + value.encode()
        case bool():
            return _head(14, value)
        case int():
            return _encode((_U32, value))
        case (int() as kind, int() as number):
            size = (number.bit_length() + 7) // 8
            return _head(kind, size) + number.to_bytes(size)
        case Mapping():
            pairs = b"".join(_encode(key) + _encode(inner) for key, inner in value.items())
            return _head(7, len(value)) + pairs
        case list():
            return _head(11, len(value)) + b"".join(map(_encode, value))
    raise TypeError(type(value).__name__)


def _head(kind: int, size: int) -> bytes:
    if size >= 29 + 256:
        raise ValueError("too long for a test")
    short, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    if kind < 8:
        return bytes([kind << 5 | short]) + more
    return bytes([short, kind - 7]) + more
