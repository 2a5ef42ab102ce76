"""The shipped incidents: what is documented, what is generated, and what is found of them."""

import ipaddress
import itertools
import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import pytest

from detectors.registry import DETECTORS
from pipeline.backtest.catalogue import SCENARIOS
from pipeline.backtest.run import Result, run
from pipeline.backtest.scenario import Scenario
from pipeline.generator.incidents import FACTS, INCIDENTS, Staged
from pipeline.records import parse_line, to_line
from schemas.activity import NOWHERE
from schemas.sources import RejectedError, source_named

Record = dict[str, Any]
Row = tuple[str, str, str, str, str]

DOCUMENTED: dict[str, list[Row]] = {
    "amazon-q-2025-07": [
        ("2025-07-13T07:52:36Z", "second", "github", "lkmanka58", "issue.open"),
        ("2025-07-13T19:26:27Z", "second", "github", "atonaamz", "git.commit"),
        ("2025-07-13T19:41:44Z", "second", "github", "aws-toolkit-automation", "tag.create"),
        ("2025-07-13T20:10:57Z", "second", "github", "lkmanka58", "git.commit"),
        ("2025-07-13T20:30:24Z", "second", "github", "lkmanka58", "git.commit"),
        ("2025-07-17T20:29:22Z", "second", "github", "aws", "release.publish"),
        ("2025-07-18T23:21:03Z", "second", "github", "aws", "pull_request.merge"),
        ("2025-07-19T03:58:38Z", "second", "github", "aws", "release.publish"),
    ],
    "event-stream-2018": [
        ("2018-09-04T08:12:15Z", "second", "git", "right9ctrl", "git.commit"),
        ("2018-09-05T05:27:34Z", "second", "git", "right9ctrl", "git.commit"),
        ("2018-09-09T08:17:22Z", "second", "git", "right9ctrl", "git.commit"),
        ("2018-09-16T11:14:19Z", "second", "git", "right9ctrl", "git.commit"),
    ],
    "nx-s1ngularity-2025-08": [
        ("2025-08-22T19:16:43Z", "second", "npm", "nrwl CI", "package.publish"),
        ("2025-08-26T22:32:25Z", "second", "npm", "token holder", "package.publish"),
        ("2025-08-26T22:39:32Z", "second", "npm", "token holder", "package.publish"),
        ("2025-08-26T23:00:00Z", "day", "github", "victim", "repo.create"),
    ],
    "okta-support-2023": [
        ("2023-09-28T00:00:00Z", "day", "okta-support", "service account", "file access"),
        ("2023-09-29T00:00:00Z", "day", "okta", "1Password IT session", "report: administrators"),
        (
            "2023-10-02T00:00:00Z", "day", "okta", "BeyondTrust admin session",
            "session replay, API user create",
        ),
        ("2023-10-18T00:00:00Z", "day", "okta", "Cloudflare session", "session replay"),
    ],
    "tj-actions-2025-03": [
        (
            "2024-12-06T00:00:00Z", "day", "github", "randolzfow",
            "pull_request.open (pull_request_target)",
        ),
        ("2025-03-11T00:00:00Z", "day", "github", "SpotBugs maintainer PAT", "repo.add_member"),
        ("2025-03-11T00:00:00Z", "day", "github", "jurkaofavak", "branch.create+delete within 1 s"),
        ("2025-03-11T00:00:00Z", "day", "github", "reviewdog maintainer PAT", "tag.move"),
        ("2025-03-14T15:10:00Z", "minute", "github", "attacker", "workflow_run"),
        ("2025-03-14T17:00:00Z", "hour", "github", "tj-actions bot PAT", "tag.move (all)"),
    ],
}  # fmt: skip
"""What is public of each incident: time, its precision, system, actor, action."""

DETECTED = {
    "event-stream-2018",
    "nx-s1ngularity-2025-08",
    "nx-s1ngularity-2025-08-victim",
    "okta-support-2023",
    "tj-actions-2025-03",
    "tj-actions-2025-03-branch",
}
"""What must be found at the default budget; docs/backtest.md says why others are missed."""

RESERVED = [
    ipaddress.ip_network(prefix)
    for prefix in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
ADDRESS = re.compile(r'"([0-9a-f]*:[0-9a-f:]+:[0-9a-f:]*|[0-9]+(?:[.][0-9]+){3})"')
HOST = re.compile(r"(?:@|://)([a-z0-9.-]+[.][a-z]+)")
HOSTS = ("example.com", "example.net", "example.org", "github.com", "slsa.dev")


@pytest.fixture(scope="module", params=list(INCIDENTS))
def staged(request: pytest.FixtureRequest) -> Staged:
    return INCIDENTS[request.param]()


@pytest.fixture(scope="module")
def result(staged: Staged) -> Result:
    return run(SCENARIOS[staged.name](), DETECTORS)


def incident_of(name: str) -> str:
    return next(incident for incident in FACTS if name.startswith(incident))


def stamp(record: Record) -> float:
    return datetime.fromisoformat(record["time"]).timestamp()


def of_incident(staged: Staged) -> list[Record]:
    return [record for _, record in staged.incident]


def actors(staged: Staged) -> set[str]:
    """Who acts in the incident's records: identities, and accounts that belong to none."""
    owners = {
        account: entry["identity"] for entry in staged.identities() for account in entry["accounts"]
    }
    found = set()
    for made in of_incident(staged):
        record = parse_line(to_line(made), "", NOWHERE)
        assert not isinstance(record, RejectedError)
        for activity in source_named(record.source).parse(record.raw):
            found.add(owners.get(activity.actor.account, activity.actor.account))
    return found


def test_the_facts_are_the_documented_rows() -> None:
    told = {
        incident: [(f.ts, f.precision, f.system, f.actor, f.action) for f in facts]
        for incident, facts in FACTS.items()
    }
    assert told == DOCUMENTED


def test_each_incident_ships_as_a_scenario() -> None:
    assert {incident_of(name) for name in INCIDENTS} == set(DOCUMENTED)
    assert set(INCIDENTS) <= set(SCENARIOS)
    assert set(INCIDENTS) >= DETECTED


def test_every_record_says_what_it_rests_on(staged: Staged) -> None:
    for record in of_incident(staged):
        assert record["generated"] is True
        label = record["label"]
        assert label["incident"] == incident_of(staged.name)
        assert (label["basis"], label["time_basis"]) in {
            ("documented", "documented"), ("documented", "generated"), ("generated", "generated"),
        }  # fmt: skip


def test_a_time_counts_as_documented_only_where_a_fact_is_exact(staged: Staged) -> None:
    exact = {
        fact.at
        for fact in FACTS[incident_of(staged.name)]
        if fact.precision in {"second", "minute"}
    }
    documented = {
        stamp(record)
        for record in of_incident(staged)
        if record["label"]["time_basis"] == "documented"
    }
    assert documented <= exact


def test_the_same_seed_gives_the_same_events(staged: Staged) -> None:
    again = INCIDENTS[staged.name]()
    assert json.dumps(of_incident(again)) == json.dumps(of_incident(staged))
    few = 3000
    assert list(itertools.islice(again.events(), few)) == list(
        itertools.islice(staged.events(), few)
    )


def test_records_come_in_time_and_name_reserved_addresses_only(staged: Staged) -> None:
    times = [stamp(record) for record in of_incident(staged)]
    assert times == sorted(times)
    text = "\n".join(json.dumps(record) for record in of_incident(staged))
    for address in set(ADDRESS.findall(text)):
        assert any(ipaddress.ip_address(address) in network for network in RESERVED), address
    for host in set(HOST.findall(text)):
        assert host.endswith(HOSTS), host


def test_the_label_points_at_somebody_who_acts(staged: Staged) -> None:
    assert staged.identity in actors(staged)
    assert staged.began <= staged.damage
    assert staged.began <= staged.noticed


def test_what_is_found_is_what_is_recorded(staged: Staged, result: Result) -> None:
    assert result.rejected == 0
    assert result.detected or staged.name not in DETECTED
    assert bool(result.out_of_reach) == bool(staged.out_of_reach)


def test_hardly_anybody_else_is_accused(result: Result) -> None:
    """Some 700 identity-days at a budget of 1 in 1,000, and victims that have no label."""
    assert sum(result.false_findings.values()) <= 2


@pytest.mark.parametrize("name", ["event-stream-2018"])
def test_a_second_run_finds_the_same(name: str) -> None:
    make: Callable[[], Scenario] = SCENARIOS[name]
    first, second = (outcome(run(make(), DETECTORS)) for _ in range(2))
    assert first == second


def outcome(found: Result) -> Iterable[object]:
    """A result without its cost."""
    return [getattr(found, name) for name in found.__struct_fields__ if name != "cpu_us_per_event"]
