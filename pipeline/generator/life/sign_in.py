"""Signing in as people do: missed and refused prompts, forgotten passwords, telephones, VPNs.

Assumed chances a person and working day: a prompt missed 2 %, one refused by mistake 0.4 %, a run
of wrong passwords 1.2 %, a mail client that goes on with an old password 0.1 %, the same session
from another network 8 %. Half of the people read mail on a telephone, on every second day. One in
eleven uses a VPN of their own on every tenth day; the provider knows seven in ten of its addresses.
Passwords run out on the first Monday of the month: one in four of those at the office or behind the
VPN, which have one address each to the outside then, types the old one first. On one working day in
forty up to twelve people of one city sign in from a conference, where one in four mistypes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from pipeline.generator import okta, okta_prompts
from pipeline.generator.life.today import Today, moment
from pipeline.generator.okta import Session
from pipeline.generator.people import Device, Person
from pipeline.generator.places import OFFICE, PLACES, VPN, Network, hotel, mobile
from pipeline.generator.records import Timed, hex_id, likely, seeded
from pipeline.generator.workday import Workday

PRIVATE_VPN_ASN = 64510
EXITS = (PLACES[1], PLACES[6], PLACES[10])
LOCKED = 5
"""Wrong passwords after which the account is locked."""
TELEPHONE_SESSION_DAYS = 20
DAYS_OF_A_WEEK = 7
CONFERENCE = 0x0E00
"""The network of conferences, beside those of the hotels of single people."""


def habit(today: Today) -> Iterator[Timed]:
    """What happens besides the morning's login."""
    rng = today.rng("sign in")
    for rate, happens in (
        (0.02, _missed), (0.004, _refused), (0.001, _old_password), (0.08, _elsewhere),
    ):  # fmt: skip
        for workday in today.happening(rng, rate):
            yield from happens(workday, rng)
    for workday in today.happening(rng, 0.012):
        yield from _forgotten(workday, today, rng)
    if today.date.weekday() == 0 and today.date.day <= DAYS_OF_A_WEEK:
        for workday in today.happening(rng, 0.25):
            if workday.session.network in {OFFICE, VPN}:
                yield from _run_out(workday, rng)
    if today.weekday and likely(rng, 1 / 40):
        yield from _conference(today, rng)
    for workday in today.at_work():
        yield from _telephone(workday, today, rng)
        if workday.person.number % 11 == 3 and likely(rng, 0.1):  # noqa: PLR2004
            yield from _private_vpn(workday, rng)


def _missed(workday: Workday, rng: Random) -> Iterator[Timed]:
    for number in range(2 if likely(rng, 0.2) else 1):
        at = workday.begin - 2000 + 400 * number + rng.uniform(0, 60)
        yield from okta_prompts.unanswered(at, workday.session, rng)


def _refused(workday: Workday, rng: Random) -> Iterator[Timed]:
    at = moment(workday, rng)
    yield from okta_prompts.refused(at, workday.session, rng)
    yield from okta.login(at + 60, workday.session, rng)


def _run_out(workday: Workday, rng: Random) -> Iterator[Timed]:
    network = workday.session.network
    address = f"{network.prefix}.{network.first}"
    session = replace(workday.session, address=address)
    at = workday.begin + rng.uniform(-600, 600)
    for number in range(rng.randint(1, 3)):
        yield okta.mistyped(at + 12 * number, session, rng)
    yield okta.event(
        at + 90, session, "user.account.update_password", rng, target=[okta.user(workday.person)]
    )
    yield from okta.login(at + 100, session, rng)


def _conference(today: Today, rng: Random) -> Iterator[Timed]:
    cities = Counter(workday.session.network.place for workday in today.at_work())
    if not cities:
        return
    ((place, _),) = cities.most_common(1)
    guests = [one for one in today.at_work() if one.session.network.place == place]
    network = hotel(place, CONFERENCE)
    address, begins = network.address(rng), max(one.begin for one in guests)
    for workday in rng.sample(guests, min(len(guests), rng.randint(4, 12))):
        at = begins + rng.uniform(0, 900)
        session = Session.opened(workday.person, network, workday.session.device, rng)
        session = replace(session, address=address)
        if likely(rng, 0.25):
            yield okta.mistyped(at - 60, session, rng)
        yield from okta.login(at, session, rng)


def telephone(seed: int, person: Person) -> Device:
    """The person's telephone, always the same."""
    rng = seeded(seed, "telephone", person.number)
    agent = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
        " Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
    )
    return Device("iOS (iPhone)", "SAFARI", agent, "", hex_id(rng, 64), hex_id(rng, 32))


def _forgotten(workday: Workday, today: Today, rng: Random) -> Iterator[Timed]:
    session = Session.opened(workday.person, workday.session.network, workday.session.device, rng)
    at, times = moment(workday, rng), rng.randint(2, 6)
    for number in range(times):
        yield okta.mistyped(at + 15 * number, session, rng)
    at += 15 * times
    helper = today.one(today.roles.administrators, rng)
    if times >= LOCKED and helper is not None:
        yield okta.event(at, session, "user.account.lock", rng, result="FAILURE")
        at += rng.uniform(300, 2400)
        yield okta.event(
            at, helper.session, "user.account.reset_password", rng,
            target=[okta.user(workday.person)],
        )  # fmt: skip
        at += 240
        yield okta.event(
            at, session, "user.account.update_password", rng, target=[okta.user(workday.person)]
        )
    yield from okta.login(at + 20, session, rng)


def _old_password(workday: Workday, rng: Random) -> Iterator[Timed]:
    at = workday.begin
    for _ in range(rng.randint(8, 25)):
        at += rng.uniform(600, 2400)
        yield okta.event(
            at, workday.session, "user.authentication.auth_via_richclient", rng,
            result="FAILURE", reason="INVALID_CREDENTIALS",
        )  # fmt: skip


def _elsewhere(workday: Workday, rng: Random) -> Iterator[Timed]:
    """The laptop moves: to a train, to a home, out of the VPN; the session goes on."""
    person, place = workday.person, workday.session.network.place
    others = [mobile(place)] if place != person.place else [mobile(place), person.home]
    network = rng.choice(others)
    moved = replace(workday.session, network=network, address=network.address(rng))
    at = moment(workday, rng, 3.0)
    for _ in range(rng.randint(1, 4)):
        at += rng.uniform(60, 1200)
        yield okta.sign_on(at, moved, rng, rng.choice(okta.APPLICATIONS[:4]))


def _telephone(workday: Workday, today: Today, rng: Random) -> Iterator[Timed]:
    person = workday.person
    if person.number % 2 or not likely(rng, 0.5):
        return
    trip = person.life.trip_on(today.number)
    network = mobile(trip.network.place if trip else person.place)
    period = (today.number + person.number) // TELEPHONE_SESSION_DAYS
    kept = hex_id(seeded(today.seed, "telephone session", person.number, period), 22)
    session = Session(
        person, network, network.address(rng), telephone(today.seed, person), f"102{kept}"
    )
    at = moment(workday, rng, -1.0, 12.0)
    if (today.number + person.number) % TELEPHONE_SESSION_DAYS == 0:
        yield from okta.login(at - 60, session, rng)
    yield okta.sign_on(at, session, rng, rng.choice(("Chat", "Wiki", "Tickets")))


def _private_vpn(workday: Workday, rng: Random) -> Iterator[Timed]:
    exit_ = rng.choice(EXITS)
    network = Network(
        PRIVATE_VPN_ASN, "Example Private Network", "privacy.example.org", "203.0.113", exit_,
        first=128, last=190, proxy=likely(rng, 0.7),
    )  # fmt: skip
    session = Session.opened(workday.person, network, workday.session.device, rng)
    at = moment(workday, rng, 1.0, 10.0)
    yield from okta.login(at, session, rng)
    yield okta.sign_on(at + 60, session, rng, rng.choice(okta.APPLICATIONS[:4]))
