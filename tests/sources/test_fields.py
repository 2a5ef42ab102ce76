"""The small readers that all parsers share."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import NO_ORIGIN
from schemas.sources import Raw, RejectedError
from schemas.sources import fields as f

CHROME = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36"  # noqa: E501
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 Edg/121.0"  # noqa: E501
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"  # noqa: E501


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2025-09-08T13:16:00Z", 1757337360.0),
        ("2025-09-08T15:16:00.5+02:00", 1757337360.5),
        ("2025-09-08T13:16:00.123456789Z", 1757337360.123456),
        ("2025-09-08T13:16:00", 1757337360.0),
        (1757337360, 1757337360.0),
        (1757337360.25, 1757337360.25),
        (1757337360123, 1757337360.123),
        ("1757337360123", 1757337360.123),
        (1757337360123456, 1757337360.123456),
        ("1757337360123456000", 1757337360.123456),
    ],
)
def test_times_of_all_kinds(value: object, seconds: float) -> None:
    assert f.epoch(value) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "wrong_type"),
        (True, "wrong_type"),
        ([], "wrong_type"),
        ({}, "wrong_type"),
        ("", "bad_time"),
        ("yesterday", "bad_time"),
        ("2025-13-01T00:00:00Z", "bad_time"),
        (math.nan, "bad_time"),
        (math.inf, "bad_time"),
    ],
)
def test_what_is_no_time_is_rejected(value: object, reason: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        f.epoch(value)
    assert rejected.value.reason == reason
    assert f.moment(value) is None


@given(st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants them naive
def test_iso_and_epoch_agree(when: datetime) -> None:
    assert f.epoch(when.isoformat()) == pytest.approx(when.timestamp())
    assert f.epoch(when.timestamp() * 1000) == pytest.approx(when.timestamp(), abs=1e-3)
    assert f.check_time(when.timestamp(), 0) == when.timestamp()


def test_impossible_times_are_rejected() -> None:
    received = 1757337360.0
    assert f.check_time(received + 3600, received) == received + 3600
    for time in (0.0, 631_151_999.0, received + 90_000, math.nan, math.inf, -math.inf, 1e18):
        with pytest.raises(RejectedError) as rejected:
            f.check_time(time, received)
        assert rejected.value.reason == "bad_time"
    assert f.check_time(received + 90_000, 0) == received + 90_000
    assert f.check_time(received + 90_000, math.nan) == received + 90_000


@pytest.mark.parametrize(
    ("ip", "address", "network"),
    [
        ("192.0.2.17", "192.0.2.17", "192.0.2.0/24"),
        (" 192.0.2.17:4711 ", "192.0.2.17", "192.0.2.0/24"),
        ("2001:DB8:1:2::3", "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("[2001:db8::1]:443", "2001:db8::1", "2001:db8::/48"),
        ("::ffff:192.0.2.17", "192.0.2.17", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::1", "fe80::/48"),
        ("unknown", "", ""),
        ("", "", ""),
        (None, "", ""),
        (["192.0.2.17"], "", ""),
    ],
)
def test_addresses(ip: object, address: str, network: str) -> None:
    assert f.address_of(ip) == address
    assert f.network_of(ip) == network


def test_a_known_autonomous_system_names_the_network() -> None:
    assert f.network_of("192.0.2.17", 64496) == "AS64496"
    assert f.network_of("192.0.2.17", "AS64496") == "AS64496"
    assert f.network_of("192.0.2.17", "64496") == "AS64496"
    unknowns: tuple[object, ...] = (0, -1, "", "AS", None, [], True)
    for unknown in unknowns:
        assert f.network_of("192.0.2.17", unknown) == "192.0.2.0/24"


@pytest.mark.parametrize(
    ("agent", "client", "system"),
    [
        (CHROME, "Chrome/139", "macOS"),
        (EDGE, "Edge/121", "Windows"),
        (PHONE, "Safari/17", "iOS"),
        ("git/2.39.3 (Apple Git-146)", "git/2", "macOS"),
        ("git/2.43.0.windows.1", "git/2", "Windows"),
        ("git/2.49.0-Linux", "git/2", "Linux"),
        ("npm/10.8.2 node/v20.11.0 linux x64 workspaces/false", "npm/10", "Linux"),
        ("GitHub CLI 2.40.1", "GitHub CLI/2", ""),
        ("GitHub-Hookshot/044aadd", "GitHub-Hookshot", ""),
        ("python-requests/2.32.3", "python-requests/2", ""),
        ("claude-cli/1.0.83 (external, cli)", "claude-cli/1", ""),
        ("node", "node", ""),
        ("", "", ""),
        (7, "", ""),
    ],
)
def test_clients_and_systems(agent: object, client: str, system: str) -> None:
    assert f.client_of(agent) == (client, system)


def test_a_patch_release_is_the_same_client() -> None:
    assert f.client_of("npm/10.8.2 node/v20.1") == f.client_of("npm/10.9.0 node/v20.2")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/Org/Repo.git", "github.com/org/repo"),
        ("git+ssh://git@github.com/Org/Repo.git", "github.com/org/repo"),
        ("git+https://github.com/org/repo.git#main", "github.com/org/repo"),
        ("git://www.github.com/org/repo", "github.com/org/repo"),
        ("git@github.com:org/repo.git", "github.com/org/repo"),
        ("github:org/repo", "github.com/org/repo"),
        ("gitlab:org/repo", "gitlab.com/org/repo"),
        ("org/repo", "github.com/org/repo"),
        ("org/repo.js", "github.com/org/repo.js"),
        ("github.com/org/repo", "github.com/org/repo"),
        ("localhost/git/tool", "localhost/git/tool"),
        ("https://user:pw@github.com/org/repo/tree/main/packages/a", "github.com/org/repo"),
        ("ssh://git@git.example.com:2222/group/sub/repo.git", "git.example.com/group/sub/repo"),
        ("https://gitlab.com/group/repo/-/tree/main", "gitlab.com/group/repo"),
        ("https://github.com/org", ""),
        ("https://example.com", ""),
        ("../org/repo", ""),
        ("/srv/git/repo", ""),
        ("C:/git/repo", ""),
        ("", ""),
        (None, ""),
        ({"url": "https://github.com/org/repo"}, ""),
    ],
)
def test_repositories_have_one_name(url: object, name: str) -> None:
    assert f.repository_of(url) == name
    assert f.repository_of(name) == name


@given(st.text(max_size=60))
def test_a_repository_name_stays_as_it_is(url: str) -> None:
    name = f.repository_of(url)
    assert f.repository_of(name) == name


@given(st.from_type(type).flatmap(st.from_type) | st.text() | st.floats() | st.integers())
def test_getters_take_anything(value: object) -> None:
    assert isinstance(f.text(value), str)
    assert isinstance(f.lower(value), str)
    number = f.number(value)
    assert number is None or math.isfinite(number)
    assert f.flag(value) in {None, True, False}
    f.address_of(value)
    f.client_of(value)


def test_origins_are_put_together() -> None:
    origin = f.origin_of("192.0.2.17", CHROME, "de")
    assert (origin.ip, origin.country, origin.client) == ("192.0.2.17", "DE", "Chrome/139")
    assert f.origin_of("192.0.2.17", None, "Germany").country == ""
    assert f.origin_of() == NO_ORIGIN


def test_keys_are_folded_at_every_depth_and_spelled_as_asked() -> None:
    record = {"EVENTTYPE": 1, "Actor": {"ALTERNATEID": [{"A": 2}]}}
    assert f.fold(record) == {"eventtype": 1, "actor": {"alternateid": [{"a": 2}]}}
    names = {"eventtype": "eventType", "alternateid": "alternateId"}
    assert f.fold(record, names) == {"eventType": 1, "actor": {"alternateId": [{"a": 2}]}}
    assert f.fold(None) == {}


def test_the_depth_limit_is_exact() -> None:
    def nested(depth: int) -> bytes:
        return b'{"a":' * depth + b"1" + b"}" * depth

    assert f.load(Raw(nested(64), 0))
    with pytest.raises(RejectedError) as rejected:
        f.load(Raw(nested(65), 0))
    assert rejected.value.reason == "too_deep"
    wide = b'{"a":[' + b",".join([b"{}"] * 500) + b"]}"
    assert f.load(Raw(wide, 0))


def test_a_header_can_always_be_stored() -> None:
    assert f.header(Raw(b"{}", 0, {"x": "a\udcff "}), "x").encode() == b"a?"
    assert f.header(Raw(b"{}", 0), "x") == ""
