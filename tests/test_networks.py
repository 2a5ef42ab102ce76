"""The operator's networks: the longest prefix wins; a bad file says where and what."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.networks import NetworkKind, NetworkMap, NetworkMapError

FILE = """\
networks:
  - name: office-berlin
    kind: company
    cidrs: [192.0.2.0/25, 2001:db8:1::/48]
  - name: company-vpn
    kind: vpn
    cidrs:
      - 192.0.2.64/26
      - 198.51.100.7
  - name: private-relay
    kind: relay
    files: [egress-ip-ranges.csv]
"""
RELAYS = """\
# generated for a test
203.0.113.0/28,DE,DE-BE,Berlin,
2001:db8:ffff::/64,NL,NL-NH,Amsterdam,

"""


@pytest.fixture
def networks(tmp_path: Path) -> NetworkMap:
    (tmp_path / "egress-ip-ranges.csv").write_text(RELAYS)
    path = tmp_path / "networks.yaml"
    path.write_text(FILE)
    return NetworkMap.load(path)


@pytest.mark.parametrize(
    ("ip", "name"),
    [
        ("192.0.2.1", "office-berlin"),
        ("192.0.2.64", "company-vpn"),
        ("192.0.2.127", "company-vpn"),
        ("192.0.2.128", None),
        ("198.51.100.7", "company-vpn"),
        ("198.51.100.8", None),
        ("2001:db8:1::9", "office-berlin"),
        ("2001:db8:2::9", None),
        ("203.0.113.15", "private-relay"),
        ("203.0.113.16", None),
        ("2001:db8:ffff::1", "private-relay"),
        ("", None),
        ("mara", None),
        ("::\x00", None),
        ("\ud800", None),
    ],
)
def test_the_longest_prefix_names_the_network(
    networks: NetworkMap, ip: str, name: str | None
) -> None:
    found = networks.find(ip)
    assert (found.name if found else None) == name


def test_networks_and_prefixes_are_counted(networks: NetworkMap) -> None:
    assert (len(networks), networks.prefixes) == (3, 6)


def test_people_elsewhere_come_out_of_vpns_relays_and_proxies_only() -> None:
    assert {kind for kind in NetworkKind if kind.hides} == {"vpn", "relay", "proxy"}


@st.composite
def cidrs(draw: st.DrawFn, version: int) -> str:
    """Prefixes that share their first bits, so that many of them nest."""
    bits = 32 if version == 4 else 128
    base = int(ip_address("192.0.2.0" if version == 4 else "2001:db8::"))
    length = draw(st.integers(bits - 16, bits))
    address = base | draw(st.integers(0, (1 << 16) - 1))
    kind = IPv4Address if version == 4 else IPv6Address
    return f"{kind(address >> bits - length << bits - length)}/{length}"


@pytest.mark.parametrize("version", [4, 6])
@given(st.data())
def test_it_agrees_with_the_standard_library(version: int, data: st.DataObject) -> None:
    prefixes = data.draw(st.lists(cidrs(version), min_size=1, max_size=12, unique=True))
    networks = NetworkMap(
        {"name": prefix, "kind": "cloud", "cidrs": [prefix]} for prefix in prefixes
    )
    inside = ip_network(data.draw(st.sampled_from(prefixes)))
    offset = data.draw(st.integers(-2, inside.num_addresses + 1))
    address = ip_address(int(inside.network_address) + offset)

    holding = [net for net in map(ip_network, prefixes) if address in net]

    longest = max(holding, key=lambda net: net.prefixlen, default=None)
    found = networks.find(str(address))
    assert (found.name if found else None) == (str(longest) if longest else None)


OFFICE = {"name": "office", "kind": "company", "cidrs": ["192.0.2.0/24"]}


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({**OFFICE, "name": " "}, "network 2: name is empty"),
        ({**OFFICE, "name": "office", "cidrs": ["198.51.100.0/24"]}, "'office' stands already"),
        ({**OFFICE, "name": "lab"}, "'192.0.2.0/24' is already claimed by 'office'"),
        ({"name": "lab", "kind": "company"}, "'lab' has no CIDR"),
        ({"name": "lab", "kind": "castle", "cidrs": []}, "Invalid enum value 'castle'"),
        ({**OFFICE, "name": "lab", "cidr": []}, "unknown field `cidr`"),
        ({**OFFICE, "name": "lab", "cidrs": ["192.0.2.1/24"]}, "192.0.2.1/24 has host bits set"),
        ({**OFFICE, "name": "lab", "cidrs": ["berlin"]}, "'berlin' does not appear to be"),
        ({**OFFICE, "name": "lab", "cidrs": ["0.0.0.0/0"]}, "is the whole internet"),
        ({**OFFICE, "name": "lab", "cidrs": ["::/0"]}, "is the whole internet"),
        ({**OFFICE, "name": "lab", "cidrs": ["::ffff:198.51.100.0/120"]}, "write them as IPv4"),
        ({**OFFICE, "name": "lab", "cidrs": ["fe80::%eth0/64"]}, "has a zone"),
        ({**OFFICE, "name": "lab", "files": ["none.csv"]}, "none.csv: No such file"),
        (["lab"], "network 2: Expected `object`, got `array`"),
    ],
)
def test_a_bad_entry_is_refused_with_what_is_wrong(entry: object, problem: str) -> None:
    with pytest.raises(NetworkMapError) as refused:
        NetworkMap([OFFICE, entry])
    assert problem in str(refused.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(NetworkMapError) as refused:
        NetworkMap([{**OFFICE, "cidrs": ["a"] * 30}])
    assert len(refused.value.problems) == 30
    assert str(refused.value).endswith("and 10 more")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"networks: [", "while parsing"),
        (b"", "Expected `object`, got `null`"),
        (b"[]", "Expected `object`, got `array`"),
        (b"{}", "missing required field `networks`"),
        (b"{networks: [], network: []}", "unknown field `network`"),
        (b"networks: [{name: a, kind: vpn}]", "network 1: 'a' has no CIDR"),
        (b"\xff\xfe\xff", "byte"),
    ],
)
def test_a_bad_file_is_refused_by_its_name(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "networks.yaml"
    path.write_bytes(content)
    with pytest.raises(NetworkMapError, match=str(path)) as refused:
        NetworkMap.load(path)
    assert problem in str(refused.value)


def test_a_bad_line_of_a_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "relays.csv").write_text("203.0.113.0/28,DE\nberlin,DE\n")
    with pytest.raises(NetworkMapError, match=r"network 1: relays\.csv, line 2: 'berlin'"):
        NetworkMap([{"name": "relays", "kind": "relay", "files": ["relays.csv"]}], tmp_path)


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(NetworkMapError, match="No such file"):
        NetworkMap.load(Path("none.yaml"))


def test_json_is_yaml(tmp_path: Path) -> None:
    path = tmp_path / "networks.json"
    path.write_text('{"networks": [{"name": "a", "kind": "vpn", "cidrs": ["2001:db8::/32"]}]}')
    assert NetworkMap.load(path).find("2001:db8::1") is not None
