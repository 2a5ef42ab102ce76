"""Where an address is: databases and the operator's networks fill in what the event leaves out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import orjson
import pytest

from pipeline.cli.scan import Scan
from pipeline.doctor import Check, Status, examine
from pipeline.networks import NetworkMap
from pipeline.places import Database, Places, PlacesError
from pipeline.settings import SettingsError
from pipeline.stages.normalise import Normaliser
from pipeline.topics import Topics
from schemas.activity import NO_ORIGIN, Origin
from schemas.identity import IdentityMap
from schemas.sources import Raw
from schemas.sources.fields import origin_of
from tests.mmdb import mmdb

Records = Mapping[str, Mapping[str, object]]

ASN: Records = {
    "192.0.2.0/24": {
        "autonomous_system_number": 64496,
        "autonomous_system_organization": "Example Networks",
    },
    "2001:db8::/32": {"autonomous_system_number": 64497},
}
COUNTRY: Records = {
    "192.0.2.0/25": {"country": {"iso_code": "DE", "names": {"en": "Germany"}}},
    "192.0.2.128/25": {"registered_country": {"iso_code": "US"}},
    "2001:db8::/32": {"country": {"iso_code": "NL"}},
}
BOTH: Records = {"192.0.2.0/24": {"asn": "AS64500", "country": "France", "country_code": "FR"}}
OFFICE = {"name": "office", "kind": "company", "cidrs": ["192.0.2.16/28"]}
VPN = {"name": "company-vpn", "kind": "vpn", "cidrs": ["192.0.2.32/28", "203.0.113.0/24"]}
CLOUD = {"name": "runners", "kind": "cloud", "cidrs": ["198.51.100.0/24"]}


def database(folder: Path, records: Records, name: str = "a", version: int = 6) -> Database:
    path = folder / f"{name}.mmdb"
    path.write_bytes(mmdb(records, version=version))
    return Database(path)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    files = database(tmp_path, ASN, "asn"), database(tmp_path, COUNTRY, "country")
    return Places(files, NetworkMap([OFFICE, VPN, CLOUD]))


@pytest.mark.parametrize(
    ("ip", "network", "country", "proxy"),
    [
        ("192.0.2.1", "AS64496", "DE", False),
        ("192.0.2.200", "AS64496", "", False),  # where a network is registered is no place
        ("2001:db8::1", "AS64497", "NL", False),
        ("203.0.114.1", "203.0.114.0/24", "", False),
        ("192.0.2.17", "office", "DE", False),
        ("192.0.2.33", "company-vpn", "DE", True),
        ("203.0.113.9", "company-vpn", "", True),
        ("198.51.100.1", "runners", "", False),
    ],
)
def test_what_is_known_of_an_address_is_filled_in(
    places: Places, ip: str, network: str, country: str, proxy: bool
) -> None:
    located = places.locate(origin_of(ip))
    assert located == Origin(ip=ip, network=network, country=country, proxy=proxy)


def test_the_event_has_the_last_word_but_on_the_operators_own_networks(places: Places) -> None:
    told = Origin("192.0.2.1", "AS64511", "AT", "Chrome/139", "macOS", "d1", proxy=True)
    assert places.locate(told) == told

    office = Origin("192.0.2.17", "AS64511", "AT")
    assert places.locate(office) == Origin("192.0.2.17", "office", "AT")


def test_what_the_event_says_of_one_thing_leaves_room_for_the_other(places: Places) -> None:
    assert places.locate(Origin("192.0.2.1", "AS64511")).country == "DE"
    assert places.locate(Origin("192.0.2.1", "192.0.2.0/24", "AT")).network == "AS64496"


def test_the_first_database_that_knows_wins(tmp_path: Path) -> None:
    files = database(tmp_path, COUNTRY, "country"), database(tmp_path, BOTH, "both")
    places = Places(files)
    assert places.locate(origin_of("192.0.2.1")) == Origin("192.0.2.1", "AS64500", "DE")
    assert places.locate(origin_of("192.0.2.200")) == Origin("192.0.2.200", "AS64500", "FR")


@pytest.mark.parametrize("version", [4, 6])
def test_a_database_of_ipv4_says_nothing_of_ipv6(tmp_path: Path, version: int) -> None:
    places = Places([database(tmp_path, BOTH, version=version)])
    assert places.locate(origin_of("192.0.2.1")).network == "AS64500"
    assert places.locate(origin_of("2001:db8::1")).network == "2001:db8::/48"


@pytest.mark.parametrize(
    "record",
    [
        {"asn": "unknown", "country_code": "Europe"},
        {"asn": 0, "country_code": "ZZZ"},
        {"autonomous_system_number": [64496], "country": {"iso_code": 7}},
        {"asn": {}, "country": []},
        {},
    ],
)
def test_a_record_of_another_shape_says_nothing(
    tmp_path: Path, record: Mapping[str, object]
) -> None:
    origin = origin_of("192.0.2.1")
    assert Places([database(tmp_path, {"192.0.2.0/24": record})]).locate(origin) == origin


def test_without_an_address_and_without_files_nothing_changes(places: Places) -> None:
    assert places.locate(NO_ORIGIN) == NO_ORIGIN
    origin = origin_of("192.0.2.1", "npm/10", "de")
    assert Places().locate(origin) == origin


def test_a_database_that_turns_out_damaged_is_given_up_and_the_event_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = mmdb({"192.0.2.0/24": {"country_code": "DE"}})
    path = tmp_path / "damaged.mmdb"
    path.write_bytes(content.replace(b"\x42DE", b"\xe2DE"))  # a map where text was
    places = Places([Database(path)])

    for ip in ("192.0.2.1", "192.0.2.2"):
        assert places.locate(origin_of(ip)) == origin_of(ip)

    assert len([record for record in caplog.records if str(path) in record.message]) == 1


@pytest.mark.parametrize("content", [b"", b"no database", bytes(1000)])
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mmdb"
    path.write_bytes(content)
    with pytest.raises(PlacesError, match=str(path)):
        Places.load([path])


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"none\.mmdb: No such file"):
        Places.load([Path("none.mmdb")])


# In the pipeline


LOGIN = {
    "uuid": "00000000-0000-0000-0000-000000000001",
    "published": "2025-09-08T13:16:00Z",
    "eventType": "user.session.start",
    "actor": {"type": "User", "alternateId": "mara@example.com"},
    "client": {"ipAddress": "192.0.2.33"},
    "outcome": {"result": "SUCCESS"},
}


def test_activities_are_located(places: Places) -> None:
    raw = Raw(orjson.dumps(LOGIN), 0.0)
    [placed], _ = Normaliser((), IdentityMap(), places=places).normalise(raw)
    [plain], _ = Normaliser((), IdentityMap()).normalise(raw)

    assert plain.origin == Origin("192.0.2.33", "192.0.2.0/24")
    assert placed.origin == Origin("192.0.2.33", "company-vpn", "DE", proxy=True)
    assert (placed.uid, placed.actor, placed.facts) == (plain.uid, plain.actor, plain.facts)


@dataclass
class Recorder:
    """Remembers what it was asked for."""

    asked: list[Origin] = field(default_factory=list)

    def locate(self, origin: Origin) -> Origin:
        self.asked.append(origin)
        return origin


def test_a_scan_locates(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_bytes(orjson.dumps(LOGIN))
    places = Recorder()

    list(Scan(IdentityMap(), places=places).run([str(events)], "okta.system_log"))

    assert [origin.ip for origin in places.asked] == ["192.0.2.33"]


# The doctor


def checks(databases: list[Path], networks: Path | None = None) -> list[Check]:
    found = examine(
        "127.0.0.1:1", Topics(""), "devspm", None, databases=databases, networks=networks
    )
    local = takewhile(lambda check: check.name != "encryption", found)  # then it needs a broker
    return [check for check in local if check.name in {"places", "networks"}]


@pytest.mark.parametrize(
    ("records", "built", "status", "detail"),
    [
        (ASN, 4_000_000_000, Status.GOOD, "Generated-Test, network, "),
        (COUNTRY, 4_000_000_000, Status.GOOD, "Generated-Test, country, "),
        (BOTH, 4_000_000_000, Status.GOOD, "Generated-Test, network and country, "),
        (BOTH, 1_000_000_000, Status.NOTE, "network and country, "),
        ({"192.0.2.0/24": {"city": "Berlin"}}, 4_000_000_000, Status.BAD, "nothing of use"),
    ],
)
def test_the_doctor_says_what_a_database_holds_and_how_old_it_is(
    tmp_path: Path,
    records: Records,
    built: int,
    status: Status,
    detail: str,
) -> None:
    path = tmp_path / "a.mmdb"
    path.write_bytes(mmdb(records, built=built))

    [check] = checks([path])

    assert check.status is status
    assert str(path) in check.detail
    assert detail in check.detail
    assert check.detail.endswith(" days old")
    assert bool(check.fix) == (status is not Status.GOOD)


def test_the_doctor_finds_what_cannot_be_used(tmp_path: Path) -> None:
    broken, networks = tmp_path / "a.mmdb", tmp_path / "networks.yaml"
    broken.write_bytes(b"no database")
    networks.write_text("networks: [{name: office, kind: castle, cidrs: []}]")

    assert [(check.name, check.status) for check in checks([broken], networks)] == [
        ("places", Status.BAD),
        ("networks", Status.BAD),
    ]


def test_the_doctor_counts_networks_and_takes_it_without_a_database(tmp_path: Path) -> None:
    networks = tmp_path / "networks.json"
    networks.write_bytes(orjson.dumps({"networks": [OFFICE, VPN]}))

    place, network = checks([], networks)

    assert (place.status, network.status) == (Status.NOTE, Status.GOOD)
    assert network.detail.startswith("2 with 3 prefixes")
