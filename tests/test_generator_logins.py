"""Logins of people and attackers, to measure login risk."""

from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from pipeline.generator.logins import ATTACKS, Login, logins
from schemas.action import Action
from schemas.activity import Outcome


@pytest.fixture(scope="module")
def made() -> list[Login]:
    return list(logins(4, people=40, days=40, attacks_from=20, attacks_a_day=2))


def test_the_same_seed_gives_the_same_logins(made: list[Login]) -> None:
    assert made == list(logins(4, people=40, days=40, attacks_from=20, attacks_a_day=2))
    assert made != list(logins(5, people=40, days=40, attacks_from=20, attacks_a_day=2))


def test_logins_that_worked_in_the_order_of_their_times(made: list[Login]) -> None:
    for earlier, later in pairwise(made):
        assert earlier.activity.time <= later.activity.time
    for login in made:
        assert login.activity.action == Action.LOGIN
        assert login.activity.outcome is Outcome.SUCCESS
        assert login.activity.actor.identity
        assert login.activity.origin.network
        assert login.activity.origin.country
    assert len({login.activity.uid for login in made}) == len(made)


def test_each_attacker_comes_as_often_as_asked_and_not_before(made: list[Login]) -> None:
    first = made[0].activity.time
    counted = Counter(login.attack for login in made)
    assert set(counted) == {"", *ATTACKS}
    assert all(counted[attack] >= 35 for attack in ATTACKS)
    assert counted[""] > 40 * 20
    assert min(one.activity.time for one in made if one.attack) - first > 18 * 86400


def test_attackers_know_what_they_are_said_to_know(made: list[Login]) -> None:
    countries: dict[str, Counter[str]] = defaultdict(Counter)
    clients: dict[str, set[tuple[str, str]]] = defaultdict(set)
    devices: dict[str, set[str]] = defaultdict(set)
    for login in made:
        if not login.attack:
            who, origin = login.activity.actor.identity, login.activity.origin
            countries[who][origin.country] += 1
            clients[who].add((origin.client, origin.system))
            devices[who].add(origin.device)
    usual = {
        who: {country for country, _ in seen.most_common(2)} for who, seen in countries.items()
    }
    there: Counter[str] = Counter()
    for login in made:
        if login.attack:
            who, origin = login.activity.actor.identity, login.activity.origin
            there[login.attack] += origin.country in usual[who]
            assert origin.device not in devices[who]
            if login.attack == "targeted":
                assert (origin.client, origin.system) in clients[who]
    total = Counter(login.attack for login in made)
    assert there["naive"] < 0.5 * total["naive"]
    assert there["vpn"] > 0.8 * total["vpn"]
    assert there["targeted"] > 0.8 * total["targeted"]
