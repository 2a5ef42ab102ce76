"""Packages that sleep, and what wakes them."""

import pytest

from detectors.artifact_samples import DAY, HOUR, MONDAY, publish
from detectors.dormant_package import DormantPackage
from schemas import facts
from schemas.activity import Activity, Fact
from tests.detectors.through_engine import signals, smallest

NOW = 900 * DAY
SINCE = MONDAY + NOW


def fleet() -> list[Activity]:
    return [
        publish("npm:mara", (week * 7 + i) * DAY, f"npm/left-{i}", f"1.{week}.0")
        for week in range(128)
        for i in range(4)
    ]


def small(*days: float, account: str = "npm:mara") -> list[Activity]:
    return [publish(account, day * DAY, "npm/small", f"0.{day:.0f}.0") for day in days]


def told(years: float, account: str = "npm:mallory", by: str = "npm:mara") -> Activity:
    values: dict[str, Fact] = {
        facts.PREVIOUS: SINCE - years * 365 * DAY,
        facts.PREVIOUS_PUBLISHER: by,
    }
    return publish(account, NOW, "npm/backslash", "0.2.1", values=values)


def test_a_stranger_weighs_more_than_whoever_published_before() -> None:
    past = [*fleet(), *small(500, 520, 540)]
    stranger = smallest(DormantPackage(), [*past, *small(900, account="npm:mallory")], SINCE)
    known = smallest(DormantPackage(), [*past, *small(900)], SINCE)
    assert stranger < known / 2
    assert known < 2**-6


def test_the_registrys_own_record_stands_for_what_was_never_seen() -> None:
    (signal,) = signals(DormantPackage(), [*fleet(), told(9)])
    assert "3285 days of silence, by npm:mallory, new to the package" in signal.title
    assert not signals(DormantPackage(), [*fleet(), told(0.2)])


def test_the_same_publisher_after_years_is_weaker() -> None:
    detector = DormantPackage()
    same = smallest(detector, [*fleet(), told(9, by="npm:mallory")], SINCE)
    other = smallest(detector, [*fleet(), told(9)], SINCE)
    assert other < same / 2


@pytest.mark.parametrize("previous", [SINCE + DAY, -1.0, float("nan"), "2016", True])
def test_a_senseless_record_is_unknown(previous: Fact) -> None:
    values: dict[str, Fact] = {facts.PREVIOUS: previous}
    odd = publish("npm:mallory", NOW, "npm/backslash", "0.2.1", values=values)
    assert not signals(DormantPackage(), [*fleet(), odd])


def test_where_packages_sleep_for_a_year_as_a_habit_it_is_no_news() -> None:
    yearly = [
        publish("npm:jonas", (year * 370 + i * 5) * DAY, f"npm/calm-{i}", f"{year}.0.0")
        for year in range(3)
        for i in range(40)
    ]
    found = signals(DormantPackage(), [*yearly, *small(500, 530, 900)])
    assert not [signal for signal in found if signal.time >= SINCE]


def test_a_release_and_its_fixes_are_one() -> None:
    fixes = small(*(500 + i / 24 for i in range(6)))
    once = [*fleet(), *small(300, 500), *small(900)]
    fixed = [*fleet(), *small(300), *fixes, *small(900 + HOUR / DAY)]
    a = smallest(DormantPackage(), once, SINCE)
    b = smallest(DormantPackage(), fixed, SINCE)
    assert a == pytest.approx(b, rel=0.2)
