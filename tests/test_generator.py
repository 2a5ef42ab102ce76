import ipaddress
import itertools
import json
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.generator import Organisation, Scenario, demo_scenario, incident_events
from pipeline.generator import npm_qix_2025_09 as facts
from pipeline.generator.fit import fit_commits, fit_releases, offset_minutes
from pipeline.generator.habits import fitted
from pipeline.generator.places import PLACES

Record = dict[str, Any]
RESERVED = [
    ipaddress.ip_network(prefix)
    for prefix in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
RESERVED_NAMES = ("example.com", "example.net", "example.org")
VENDOR_NAMES = ("github.com", "slsa.dev")
"""Where the vendor's own format has them: repository and e-mail hosts, predicate type."""
ADDRESS = re.compile(r'"([0-9a-f]*:[0-9a-f:]+:[0-9a-f:]*|[0-9]+(?:[.][0-9]+){3})"')
HOST = re.compile(r"(?:@|://)([a-z0-9.-]+[.][a-z]+)")
RESERVED_ASNS = {*range(64496, 64512), *range(65536, 65552)}


def small(seed: int = 3, **options: Any) -> Organisation:
    return Organisation(seed=seed, identities=40, days=5, start=date(2025, 9, 1), **options)


@pytest.fixture(scope="module")
def week() -> list[Record]:
    return list(small().events())


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return demo_scenario()


@pytest.fixture(scope="module")
def month(scenario: Scenario) -> list[Record]:
    return list(scenario.events())


def stamp(record: Record) -> float:
    return datetime.fromisoformat(record["time"]).timestamp()


def own_time(record: Record) -> float | None:
    event = record["event"]
    match record["source"]:
        case "okta.system_log":
            return datetime.fromisoformat(event["published"]).timestamp()
        case "github.audit":
            return float(event["@timestamp"]) / 1000
        case "npm.registry":
            return datetime.fromisoformat(event["time"]).timestamp()
        case "npm.hook":
            return float(event["time"]) / 1000
        case "claude_code.otel":
            return float(event["timeUnixNano"]) / 1e9
        case _:
            return None


def commits_of(records: list[Record]) -> dict[str, list[datetime]]:
    """Commits of people by author, from the webhook deliveries, bots left out."""
    by_author = defaultdict(list)
    for record in records:
        if record.get("headers", {}).get("x-github-event") == "push":
            for commit in record["event"]["commits"]:
                if commit["author"]["email"].endswith("@example.com"):
                    instant = datetime.fromisoformat(commit["timestamp"])
                    by_author[commit["author"]["username"]].append(instant)
    return by_author


def from_table(table: list[float], value: float) -> float:
    """The distribution function of a quantile table."""
    return bisect_right(table, value) / len(table)


def distance_from_table(values: list[float], table: list[float]) -> float:
    """Kolmogorov-Smirnov distance between values and the distribution of a quantile table."""
    ordered = sorted(values)
    return max(abs((i + 1) / len(ordered) - from_table(table, v)) for i, v in enumerate(ordered))


def test_same_seed_same_events_and_another_seed_others(week: list[Record]) -> None:
    assert list(small().events()) == week
    assert list(small(seed=4).events()) != week


@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    identities=st.integers(11, 25),
    days=st.integers(1, 4),
    start=st.dates(date(2024, 1, 1), date(2026, 12, 1)),
)
def test_records_come_in_the_order_of_their_own_times(
    seed: int, identities: int, days: int, start: date
) -> None:
    organisation = Organisation(seed=seed, identities=identities, start=start, days=days)
    previous = organisation.begin
    for record in organisation.events():
        at = stamp(record)
        assert previous <= at <= organisation.end
        own = own_time(record)
        assert own is None or own == pytest.approx(at, abs=0.001)
        previous = at


def test_every_record_is_what_scan_takes_and_says_it_is_generated(week: list[Record]) -> None:
    sources = Counter(record["source"] for record in week)
    assert set(sources) == {
        "okta.system_log", "github.audit", "github.webhook", "npm.registry", "npm.hook",
        "claude_code.otel",
    }  # fmt: skip
    assert all(record["generated"] is True and "label" not in record for record in week)
    for record in week:
        if record["source"] == "github.webhook":
            assert set(record["headers"]) == {"x-github-event", "x-github-delivery"}


def test_event_ids_are_unique(month: list[Record]) -> None:
    ids = [
        record["event"].get("uuid")
        or record["event"].get("_document_id")
        or record["headers"]["x-github-delivery"]
        for record in month
        if record["source"] in {"okta.system_log", "github.audit", "github.webhook"}
    ]
    assert len(set(ids)) == len(ids)


def test_default_volume(month: list[Record]) -> None:
    assert 100_000 <= len(month) <= 150_000


def test_identities_cover_every_account_that_acts(scenario: Scenario, month: list[Record]) -> None:
    identities = scenario.identities()
    assert len(identities) == 120
    assert {member["kind"] for member in identities} == {"person", "bot", "agent"}
    accounts = [account for member in identities for account in member["accounts"]]
    assert len(set(accounts)) == len(accounts)
    seen = set()
    for record in month:
        event = record["event"]
        match record["source"]:
            case "okta.system_log":
                seen.add(f"okta:{event['actor']['alternateId']}")
            case "github.audit":
                seen.add(f"github:{event['actor'].lower()}")
            case "github.webhook":
                seen.add(f"github:{event['sender']['login'].lower()}")
            case "npm.registry" if "trustedPublisher" not in event["_npmUser"]:
                seen.add(f"npm:{event['_npmUser']['name']}")
            case "claude_code.otel":
                seen.add(f"claude_code:{event['attributes']['user.email']}")
    assert seen <= set(accounts)
    several = [member for member in identities if len(member["accounts"]) >= 3]
    assert any(
        len({account.partition(":")[2].partition("@")[0] for account in member["accounts"]}) >= 3
        for member in several
    )


def test_hours_of_commits_are_those_of_the_fit(month: list[Record]) -> None:
    hours = Counter(at.hour for times in commits_of(month).values() for at in times)
    expected = list(itertools.accumulate(fitted()["commit"]["hour"]))
    observed = list(itertools.accumulate(hours[hour] / hours.total() for hour in range(24)))
    assert max(abs(a - b) for a, b in zip(observed, expected, strict=True)) < 0.08


def test_gaps_and_sizes_of_bursts_are_those_of_the_fit(month: list[Record]) -> None:
    gaps, same_day, sizes = [], [], []
    for times in commits_of(month).values():
        ordered = sorted(time.timestamp() for time in times)
        size = 1
        for earlier, later in itertools.pairwise(ordered):
            if later - earlier < 86400:
                same_day.append(later - earlier)
            if later - earlier < 3600:
                gaps.append(later - earlier)
                size += 1
            else:
                sizes.append(size)
                size = 1
    assert distance_from_table(gaps, fitted()["commit"]["burst_gap_seconds"]) < 0.08
    assert distance_from_table(same_day, fitted()["commit"]["gap_within_day_seconds"]) < 0.1
    single = sum(size == 1 for size in sizes) / len(sizes)
    assert single == pytest.approx(fitted()["commit"]["burst_size"][0], abs=0.08)


def test_people_are_where_their_clock_says(week: list[Record]) -> None:
    offsets = {place.offset + 60 * extra for place in PLACES for extra in (0, 1)}
    usual = Counter(
        offset_minutes(time.strftime("%z")) for times in commits_of(week).values() for time in times
    )
    at_home = sum(count for offset, count in usual.items() if offset in offsets)
    assert at_home / usual.total() > 0.85


def test_every_publish_of_a_train_has_its_code(month: list[Record]) -> None:
    code: defaultdict[str, list[float]] = defaultdict(list)
    for record in month:
        if record.get("headers", {}).get("x-github-event") in {
            "push", "create", "release", "workflow_run",
        }:  # fmt: skip
            code[record["event"]["repository"]["full_name"]].append(stamp(record))
    trains: defaultdict[tuple[str, int], int] = defaultdict(int)
    for record in month:
        manifest = record["event"]
        if record["source"] == "npm.registry" and manifest["name"].startswith("@example-"):
            repository = manifest["repository"]["url"].split("github.com/")[1].removesuffix(".git")
            at = stamp(record)
            assert any(abs(at - time) < 900 for time in code[repository])
            trains[repository, int(at // 86400)] += 1
    assert len(trains) > 20
    assert min(trains.values()) >= 8
    assert max(trains.values()) <= 25


def test_the_noise_of_real_life_is_there(month: list[Record]) -> None:
    okta = Counter(
        (record["event"]["eventType"], record["event"]["outcome"]["result"])
        for record in month
        if record["source"] == "okta.system_log" and "label" not in record
    )
    assert okta["user.session.start", "FAILURE"] > 20
    assert okta["user.mfa.factor.activate", "SUCCESS"] > 1
    assert okta["system.api_token.create", "SUCCESS"] > 0
    networks = defaultdict(set)
    devices = defaultdict(set)
    for record in month:
        if record["source"] == "okta.system_log" and "label" not in record:
            event = record["event"]
            who = event["actor"]["alternateId"]
            networks[who].add(event["client"]["geographicalContext"]["country"])
            devices[who].add(event["debugContext"]["debugData"]["dtHash"])
    assert sum(len(countries) > 1 for countries in networks.values()) > 5
    assert any(len(tokens) > 1 for tokens in devices.values())
    forced = [
        record["event"]["ref"] for record in month
        if record.get("headers", {}).get("x-github-event") == "push" and record["event"]["forced"]
    ]  # fmt: skip
    assert "refs/tags/v4" in forced
    assert any("/task-" in reference for reference in forced)
    clones = Counter(
        record["event"]["actor"] for record in month
        if record["source"] == "github.audit" and record["event"]["action"] == "git.clone"
    )  # fmt: skip
    assert clones["example-ci"] > 1000


def test_only_reserved_addresses_and_names_appear(month: list[Record]) -> None:
    addresses, hosts = set(), set()
    for record in month:
        text = json.dumps(record)
        addresses.update(ADDRESS.findall(text))
        hosts.update(HOST.findall(text))
    assert len(addresses) > 1000
    for address in map(ipaddress.ip_address, addresses):
        assert any(address in network for network in RESERVED), address
    assert {host for host in hosts if not host.endswith((*RESERVED_NAMES, *VENDOR_NAMES))} == set()
    okta = [one["event"] for one in month if one["source"] == "okta.system_log"]
    security = [event["securityContext"] for event in okta]
    assert {context["asNumber"] for context in security} <= RESERVED_ASNS
    assert all(context["domain"].endswith(RESERVED_NAMES) for context in security)
    packages = {one["event"]["name"] for one in month if one["source"] == "npm.registry"}
    own = {bad.package for bad in facts.COMPROMISED}
    assert all(name.startswith(("example-", "@example-")) for name in packages - own)


def test_the_incident_is_the_documented_one(scenario: Scenario, month: list[Record]) -> None:
    bad = [record for record in month if "label" in record and record["source"] == "npm.registry"]
    published = {(record["event"]["name"], record["event"]["version"]) for record in bad}
    assert published == {(fact.package, fact.version) for fact in facts.COMPROMISED}
    assert len(bad) == scenario.incident.packages == 18
    first = datetime(2025, 9, 8, 13, 16, tzinfo=UTC).timestamp()
    assert stamp(bad[0]) == scenario.incident.first_publish == first
    assert all(first <= stamp(record) <= first + 7200 for record in bad)
    assert [publish.at for publish in scenario.incident.publishes] == [*map(stamp, bad)]
    assert scenario.incident.first_reaction < scenario.incident.public_notice
    for record in bad:
        manifest = record["event"]
        assert record["label"]["incident"] == "npm-qix-2025-09"
        assert record["label"]["basis"] == "documented"
        assert manifest["_npmUser"]["name"] == "qix"
        assert not manifest["hasInstallScript"]
        assert "gitHead" not in manifest
        assert "attestations" not in manifest["dist"]
    assert {record["label"]["time_basis"] for record in bad[1:]} == {"generated"}


def test_no_code_goes_with_the_bad_versions(month: list[Record]) -> None:
    repositories = {fact.repository for fact in facts.COMPROMISED}
    versions = {fact.version for fact in facts.COMPROMISED}
    for record in month:
        if record["source"] == "github.webhook":
            event = record["event"]
            if event["repository"]["full_name"] in repositories:
                reference = event.get("ref") or ""
                assert reference.rpartition("v")[2] not in versions


def test_the_attack_prepares_itself_and_says_that_this_is_generated(
    scenario: Scenario, month: list[Record]
) -> None:
    attack = list(incident_events(scenario.organisation))
    chain = [record for record in attack if record["source"] == "okta.system_log"]
    kinds = [record["event"]["eventType"] for record in chain]
    order = [
        "user.session.start", "user.mfa.factor.deactivate", "user.mfa.factor.activate",
        "system.api_token.create",
    ]  # fmt: skip
    assert [kind for kind in kinds if kind in order] == order
    assert all(record["label"]["basis"] == "generated" for record in chain)
    assert max(map(stamp, chain)) < scenario.incident.first_publish
    known = {
        record["event"]["securityContext"]["asNumber"]
        for record in month
        if record["source"] == "okta.system_log" and "label" not in record
    }
    assert {record["event"]["securityContext"]["asNumber"] for record in chain}.isdisjoint(known)


def test_the_maintainer_has_an_ordinary_past(month: list[Record]) -> None:
    before = [
        record for record in month
        if "label" not in record and record["source"] == "npm.registry"
        and record["event"]["_npmUser"]["name"] == "qix"
    ]  # fmt: skip
    assert 3 <= len(before) <= 6
    previous = {(fact.package, fact.previous) for fact in facts.COMPROMISED}
    assert {(one["event"]["name"], one["event"]["version"]) for one in before} <= previous
    days = {
        record["time"][:10] for record in month
        if record["source"] == "okta.system_log" and "label" not in record
        and record["event"]["actor"]["alternateId"] == "qix@example.com"
    }  # fmt: skip
    assert len(days) >= 18


def test_shifted_by_whole_weeks_before_the_given_time() -> None:
    now = datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()
    plain = demo_scenario(identities=20, days=2)
    moved = demo_scenario(identities=20, days=2, shift_to=now)
    shift = moved.incident.first_publish - plain.incident.first_publish
    assert shift % (7 * 86400) == 0
    one, other = list(plain.events()), list(moved.events())
    assert [record["source"] for record in one] == [record["source"] for record in other]
    for left, right in zip(one, other, strict=True):
        assert stamp(right) - stamp(left) == pytest.approx(shift, abs=0.002)
        assert left.get("label") == right.get("label")
    assert now - 7 * 86400 < moved.organisation.end <= now


def test_too_few_identities_and_an_organisation_without_the_maintainer() -> None:
    with pytest.raises(ValueError, match="at least"):
        Organisation(identities=3)
    with pytest.raises(LookupError):
        list(incident_events(small()))


def test_the_relayed_login_may_come_days_before_but_not_after_the_token() -> None:
    early = demo_scenario(identities=20, days=3, login_lead=2 * 86400)
    labelled = [record for record in early.events() if "label" in record]
    assert early.incident.first_publish - stamp(labelled[0]) == 2 * 86400
    assert labelled == list(incident_events(early.organisation, login_lead=2 * 86400))
    with pytest.raises(ValueError, match="login_lead"):
        demo_scenario(identities=20, days=3, login_lead=60)


def test_nobody_switches_permission_prompts_off(month: list[Record]) -> None:
    modes = {
        record["event"]["attributes"].get("to_mode") for record in month
        if record["source"] == "claude_code.otel"
    }  # fmt: skip
    assert modes == {None, "acceptEdits"}


def test_fit_reads_hours_in_local_time_and_leaves_bots_and_labelled_commits_out() -> None:
    def line(author: str, second: int, label: str | None = None) -> Record:
        at = datetime(2025, 6, 2, 20, 30, second % 60, tzinfo=UTC)
        instant = at.isoformat().replace("+00:00", "Z")
        return {"author": author, "author_ts": instant, "author_tz": "-0330", "label": label}

    lines = [line("dev-1", second) for second in range(60)]
    lines += [line("bot-1", second) for second in range(60)]
    lines += [line("dev-2", second, "takeover") for second in range(60)]
    habits = fit_commits(lines)
    assert (habits["people"], habits["commits"]) == (1, 60)
    assert habits["hour"][17] == 1.0
    assert habits["burst_gap_seconds"] == [1.0] * 101
    assert offset_minutes("-0330") == -210


def test_fit_of_releases_counts_the_packages_of_a_day() -> None:
    lines = [
        {
            "ts": f"2025-06-0{day}T10:00:00Z",
            "package": name,
            "released_by": "r",
            "tz_offset": "+0000",
        }
        for day in (2, 4)
        for name in ("a", "b")
    ]
    habits = fit_releases(lines)
    assert habits["packages_per_release_day"][1] == 1.0
    assert habits["gap_days"][50] == 2.0
