"""Logins only, of people and of attackers who have their passwords: to measure login risk.

After the attackers of Freeman, Jain, Duermuth, Biggio and Giacinto, "Who Are You? A Statistical
Approach to Measuring User Authenticity", NDSS 2016 (doi:10.14722/ndss.2016.23240): one who knows
nothing, one who knows the victim's country, one who knows the country and the user agent. People
are those of the generated organisation with their trips, telephones, VPNs and new laptops; nothing
here is a record of anybody, and how often people are attacked says nothing about the world.

- `naive`: from any country, from a hosting network, with some browser, at any hour;
- `vpn`: through an exit in the victim's country that also some of the people use, with some
  browser, at any hour;
- `targeted`: from a household in the victim's country, with the victim's user agent and operating
  system on another device, at an hour at which the victim works.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from random import Random

from msgspec.structs import replace as changed

from pipeline.generator import okta
from pipeline.generator.life import factors, sign_in
from pipeline.generator.okta import Session
from pipeline.generator.organisation import Organisation
from pipeline.generator.people import MACHINES, Device, Person
from pipeline.generator.places import PLACES, RELAY, Network, home
from pipeline.generator.records import DAY, HOUR, Timed, seeded
from pipeline.generator.workday import Workday
from pipeline.records import Record, parse_line, to_line
from schemas.activity import NOWHERE, Activity, Outcome
from schemas.sources import source_named

ATTACKS = ("naive", "vpn", "targeted")
HOUSEHOLD = 0x0C00
"""Where the households of attackers begin, beside those of the people."""


@dataclass(frozen=True, slots=True)
class Login:
    """A sign-in that worked, and by which attacker; empty: it is the person."""

    activity: Activity
    attack: str = ""


def logins(
    seed: int = 0,
    people: int = 100,
    days: int = 90,
    *,
    attacks_from: int = 30,
    attacks_a_day: int = 1,
    start: date = date(2025, 3, 3),
) -> Iterator[Login]:
    """Sign-ins in the order of their times, as the Okta parser makes them, identity included.

    Args:
        seed: the same seed gives the same sign-ins.
        people: how many.
        days: for how many days.
        attacks_from: the first day with attacks, so that there is something to learn before.
        attacks_a_day: of each kind, each on another person who works on that day.
        start: the first day.
    """
    organisation = Organisation(
        seed, people + len(MACHINES) + 1, start, days, habits=(sign_in.habit, factors.habit)
    )
    names = {person.okta: person.github for person in organisation.people}
    waiting: list[tuple[float, str, Timed]] = []
    for number in range(days):
        today = organisation.today(number)
        own = [made for workday in today.at_work() for made in workday.arrival()]
        waiting += [
            (made[0], "", made) for made in (*own, *sign_in.habit(today), *factors.habit(today))
        ]
        if number >= attacks_from:
            rng = seeded(seed, "attackers", number)
            for attack in ATTACKS:
                victims = today.at_work()
                for workday in rng.sample(victims, min(attacks_a_day, len(victims))):
                    made = _attacked(attack, workday, organisation.begin + number * DAY, rng)
                    waiting += [(timed[0], attack, timed) for timed in made]
        waiting.sort(key=lambda entry: entry[0])
        settled = organisation.begin + (number + 1) * DAY - 14 * HOUR
        while waiting and (waiting[0][0] < settled or number == days - 1):
            _, attack, (_, record) = waiting.pop(0)
            yield from (Login(one, attack) for one in _activities(record, names))


def _attacked(attack: str, workday: Workday, midnight: float, rng: Random) -> list[Timed]:
    person, device, at = workday.person, Device.issued(rng), midnight + rng.random() * DAY
    network = replace(RELAY, place=rng.choice(PLACES))
    if attack == "vpn":
        network = _exit(person)
    elif attack == "targeted":
        network = home(person.place, HOUSEHOLD + rng.randrange(200), rng)
        known = workday.session.device
        device = replace(known, token=device.token, fingerprint=device.fingerprint)
        at = workday.begin + rng.uniform(0, 9) * HOUR
    return okta.login(at, Session.opened(person, network, device, rng), rng)


def _exit(person: Person) -> Network:
    return Network(
        sign_in.PRIVATE_VPN_ASN, "Example Private Network", "privacy.example.org", "203.0.113",
        person.place, first=128, last=190,
    )  # fmt: skip


def _activities(event: dict[str, object], names: dict[str, str]) -> Iterator[Activity]:
    record = parse_line(to_line(event), "", NOWHERE)
    if isinstance(record, Record):
        for one in source_named(record.source).parse(record.raw):
            if one.native == "user.session.start" and one.outcome is Outcome.SUCCESS:
                identity = names[one.actor.email]
                yield changed(one, actor=changed(one.actor, identity=identity))
