"""Organisations with all their habits, and what changes in them over time."""

import ipaddress
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import Context, Detector
from detectors.registry import DETECTORS
from pipeline.correlate import CorrelationSettings, Correlator
from pipeline.generator import HABITS, Drift, Organisation
from pipeline.generator.habits import load_habits
from pipeline.generator.life.assistants import setup
from pipeline.generator.people import hire
from pipeline.records import parse_line, to_line
from pipeline.stages.local import LocalPipeline
from schemas.activity import NOWHERE, Activity
from schemas.identity import IdentityMap
from schemas.sources import RejectedError

Record = dict[str, Any]
RESERVED = [
    ipaddress.ip_network(prefix)
    for prefix in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
ADDRESS = re.compile(r'"([0-9a-f]*:[0-9a-f:]+:[0-9a-f:]*|[0-9]+(?:[.][0-9]+){3})"')
HOST = re.compile(r"(?:@|://)([a-z0-9.-]+[.][a-z]+)")
HOSTS = ("example.com", "example.net", "example.org", "github.com", "slsa.dev")
DAY = 86400.0
START = date(2025, 3, 3)
DRIFT = Drift(
    reorganisations=(20,),
    laptops=range(8, 14),
    assistants=range(10, 15),
    builder=16,
    interns=range(12, 25),
    intern_count=3,
    leavers=True,
    holidays=True,
)
RARE = frozenset({"dormant_account", "young_dependency", "source_silent"})
"""Need more than a month of history, or a silence."""


def organisation(seed: int = 5, **options: Any) -> Organisation:
    return Organisation(seed=seed, identities=45, days=28, start=START, habits=HABITS, **options)


@pytest.fixture(scope="module")
def month() -> list[Record]:
    return list(organisation().events())


@pytest.fixture(scope="module")
def drifting() -> list[Record]:
    return list(organisation(drift=DRIFT).events())


def stamp(record: Record) -> float:
    return datetime.fromisoformat(record["time"]).timestamp()


def day_of(record: Record) -> int:
    first = datetime(START.year, START.month, START.day, tzinfo=UTC).timestamp()
    return int((stamp(record) - first) // DAY)


def of(records: list[Record], source: str) -> Iterator[tuple[int, Record]]:
    for record in records:
        if record["source"] == source:
            yield day_of(record), record["event"]


def test_same_seed_same_events_and_another_seed_others(month: list[Record]) -> None:
    assert list(organisation().events()) == month
    assert list(organisation(6).events()) != month


def test_the_same_with_all_changes_at_once(drifting: list[Record]) -> None:
    assert list(organisation(drift=DRIFT).events()) == drifting


@settings(max_examples=5, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    identities=st.integers(16, 25),
    days=st.integers(1, 5),
    start=st.dates(date(2024, 1, 1), date(2026, 12, 1)),
)
def test_records_come_in_order_whoever_is_there(
    seed: int, identities: int, days: int, start: date
) -> None:
    small = Organisation(
        seed=seed, identities=identities, days=days, start=start, habits=HABITS, drift=DRIFT
    )
    previous = small.begin
    for at, record in small.timed():
        assert previous <= at <= small.end
        assert stamp(record) == pytest.approx(at, abs=0.001)
        assert record["generated"] is True
        previous = at


def test_only_reserved_addresses_and_names_appear(drifting: list[Record]) -> None:
    text = json.dumps(drifting)
    for address in map(ipaddress.ip_address, set(ADDRESS.findall(text))):
        assert any(address in network for network in RESERVED), address
    assert {host for host in HOST.findall(text) if not host.endswith(HOSTS)} == set()


def test_only_accounts_outside_the_organisation_belong_to_nobody(drifting: list[Record]) -> None:
    known = {
        account
        for member in organisation(drift=DRIFT).identities()
        for account in member["accounts"]
    }
    for _, event in of(drifting, "github.audit"):
        assert f"github:{event['actor']}" in known
    for _, event in of(drifting, "claude_code.otel"):
        assert f"claude_code:{event['attributes']['user.email']}" in known
    for _, event in of(drifting, "mcp.gateway"):
        assert f"mcp:{event['caller']['user']}" in known
    strangers = Counter(
        event["sender"]["login"]
        for _, event in of(drifting, "github.webhook")
        if f"github:{event['sender']['login']}" not in known
    )
    assert len(strangers) > 20
    assert all(re.fullmatch(r"[a-z]+-[a-z]+\d+", login) for login in strangers)


class Counting(Detector[Any, Any]):
    """A detector that counts how often the one inside it judges."""

    def __init__(self, inner: Detector[Any, Any], judged: Counter[str]) -> None:
        self.inner, self.judged = inner, judged
        self.meta, self.State, self.Shared = inner.meta, inner.State, inner.Shared  # type: ignore[misc]
        self.learn, self.observe, self.subject = inner.learn, inner.observe, inner.subject  # type: ignore[method-assign]

    def judge(self, activity: Activity, state: Any, context: Context[Any]) -> Any:
        """As the one inside."""
        return self.counted(self.inner.judge(activity, state, context))

    def due(self, activity: Activity, state: Any, context: Context[Any]) -> Any:
        """As the one inside."""
        return self.counted(self.inner.due(activity, state, context))

    def counted(self, score: Any) -> Any:
        self.judged[self.meta.id] += score is not None
        return score

    def learn(self, activity: Activity, state: Any, context: Context[Any]) -> None:
        """Replaced by that of the one inside."""


def test_ordinary_life_gives_every_detector_something_to_judge() -> None:
    judged: Counter[str] = Counter()
    counting = [Counting(detector, judged) for detector in DETECTORS]
    made = Organisation(seed=2, identities=60, days=30, start=START, habits=HABITS)
    pipeline = LocalPipeline(
        counting,
        IdentityMap(made.identities()),
        Correlator(CorrelationSettings(), {d.meta.id: d.meta for d in DETECTORS}),
    )
    for event in made.events():
        record = parse_line(to_line(event), "", NOWHERE)
        assert not isinstance(record, RejectedError)
        activities, error = pipeline.normaliser.normalise(record.raw, record.source)
        assert error is None
        pipeline.feed(activities)
    never = {detector.meta.id for detector in DETECTORS} - set(judged)
    assert never <= RARE, Counter(judged)


def test_a_laptop_and_an_ai_tool_reach_everybody(drifting: list[Record]) -> None:
    devices: dict[str, set[str]] = {}
    first_use: dict[str, int] = {}
    for _, event in of(drifting, "okta.system_log"):
        if event["eventType"] == "user.session.start":
            data = event["debugContext"]["debugData"]
            devices.setdefault(event["actor"]["alternateId"], set()).add(data["dtHash"])
    for day, event in of(drifting, "claude_code.otel"):
        first_use.setdefault(event["attributes"]["user.email"], day)
    several = [who for who, tokens in devices.items() if len(tokens) > 1]
    assert len(several) > 0.7 * len(devices)
    late = [day for day in first_use.values() if day >= DRIFT.assistants.start]
    early = [day for day in first_use.values() if day < DRIFT.assistants.start]
    assert len(late) > len(early) > 3
    assert len(first_use) > 0.8 * len(devices)


def test_a_new_builder_takes_over(drifting: list[Record]) -> None:
    clones: dict[str, set[int]] = {}
    for day, event in of(drifting, "github.audit"):
        if event["action"] == "git.clone":
            clones.setdefault(event["actor"], set()).add(day)
    assert DRIFT.builder is not None
    assert max(clones["example-ci"]) < DRIFT.builder == min(clones["example-build[bot]"])
    carried: dict[str, set[str]] = {}
    for day, event in of(drifting, "github.webhook"):
        changed = [name for one in event.get("commits", ()) for name in one["modified"]]
        workflow = any(name.startswith(".github/") for name in changed)
        if workflow and abs(day - DRIFT.builder) <= 5:
            repository = event["repository"]["full_name"]
            carried.setdefault(event["sender"]["login"], set()).add(repository)
    assert max(map(len, carried.values())) >= 8


def test_interns_come_and_go_and_some_people_change_teams(drifting: list[Record]) -> None:
    seen: dict[str, list[int]] = {}
    for day, event in of(drifting, "okta.system_log"):
        if event["eventType"] == "user.session.start":
            seen.setdefault(event["actor"]["alternateId"], []).append(day)
    people = organisation(drift=DRIFT).people
    for intern in people[-DRIFT.intern_count :]:
        assert DRIFT.interns.start - 1 <= min(seen[intern.okta])
        assert max(seen[intern.okta]) <= DRIFT.interns.stop
    (day,) = DRIFT.reorganisations
    moved = [
        person
        for person in people
        if DRIFT.at_that_time(person, 5, day - 1).repositories
        != DRIFT.at_that_time(person, 5, day).repositories
    ]
    assert 0.08 < len(moved) / len(people) < 0.5
    fetched: dict[bool, set[str]] = {True: set(), False: set()}
    for when, event in of(drifting, "github.audit"):
        if event["actor"] == moved[0].github and event["action"] == "git.fetch":
            fetched[when >= day].add(event["repo"])
    assert fetched[True] - fetched[False]


def test_christmas_is_quiet() -> None:
    made = Organisation(
        seed=5,
        identities=40,
        start=date(2025, 12, 16),
        days=15,
        habits=HABITS,
        drift=Drift(holidays=True),
    )
    days = Counter(
        record["time"][:10] for record in made.events() if record["source"] == "okta.system_log"
    )
    assert days["2025-12-30"] < 0.35 * days["2025-12-16"]


def test_clocks_change_where_there_is_summer_time(month: list[Record]) -> None:
    """In the United States on the ninth of March."""
    places = {person.github: person.place for person in organisation().people}
    offsets: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    for day, event in of(month, "github.webhook"):
        for commit in event.get("commits", ()):
            place = places.get(event["sender"]["login"])
            if place is not None and place.summer == "US":
                shown = datetime.fromisoformat(commit["timestamp"]).utcoffset()
                assert shown is not None
                minutes = shown.total_seconds() / 60
                offsets[day > 6].update([int(minutes - place.offset)])
    assert offsets[False].most_common(1)[0][0] == 0
    assert offsets[True].most_common(1)[0][0] == 60


@given(day=st.integers(-1, 400), number=st.integers(0, 200), seed=st.integers(0, 2**32))
def test_what_somebody_uses_changes_slowly(day: int, number: int, seed: int) -> None:
    person = hire(seed, number, START, 365, load_habits())
    before, after = setup(seed, person, day), setup(seed, person, day + 1)
    assert before == replace(setup(seed, person, day))
    assert len(set(after.servers) - set(before.servers)) <= len(after.servers) <= 3
    assert before.version <= after.version or len(before.version) < len(after.version)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), number=st.integers(0, 150), days=st.integers(1, 400))
def test_lives_fit_into_the_time_there_is(seed: int, number: int, days: int) -> None:
    person = hire(seed, number, START, days, load_habits())
    life = person.life
    assert life.hired <= days + 2
    assert all(0 <= trip.first <= trip.last for trip in life.trips)
    assert len(person.devices) > len(life.laptops)
    assert len({device.token for device in person.devices}) == len(person.devices)
    used = [person.device(day) for day in (-1, *life.laptops)]
    assert len({device.token for device in used}) == len({-1, *life.laptops})
