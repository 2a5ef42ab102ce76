"""Generated logins of an invented organisation, and of three kinds of attackers.

Nothing here is a record of anybody. Networks have numbers reserved for documentation (RFC 5398),
addresses lie in 2001:db8::/32 (RFC 3849).

People work in six countries, half of them in one; from home (an address that changes every few
weeks, at one of three providers of their country), from the office, from a telephone's network,
now and then from another country, some through a VPN. Browsers update every month; now and then
there is a new machine. Attackers know the password:

- naive: another country's hosting network, a browser of the day;
- vpn: a VPN exit in the victim's own country, a browser of the day;
- targeted: the victim's provider at home, the victim's operating system and browser, another
  address and machine, at an hour at which the victim works.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from msgspec.structs import replace

from schemas.action import Action
from schemas.activity import Activity, Actor, ActorKind, Origin, Outcome, digest

DAY = 86_400.0
HOUR = 3_600.0
START = 1_754_870_400.0  # Monday, 2025-08-11 00:00 UTC
COUNTRIES = ("DE", "US", "GB", "FR", "PL", "IN")
WEIGHTS = (50, 20, 10, 8, 6, 6)
ABROAD = ("ES", "IT", "NL", "PT", "SG", "BR")
ISPS = {code: tuple(f"AS{64496 + 3 * n + k}" for k in range(3)) for n, code in enumerate(COUNTRIES)}
MOBILE = {code: f"AS{64514 + n}" for n, code in enumerate(COUNTRIES)}
OFFICE, VPN, HOTEL, HOSTING = "AS65536", "AS65537", "AS65538", ("AS65539", "AS65540", "AS65541")
SYSTEMS = {
    "macOS": ("Chrome", "Safari", "Firefox"),
    "Windows": ("Chrome", "Edge"),
    "Linux": ("Firefox", "Chrome"),
}
ATTACKS = ("naive", "vpn", "targeted")


@dataclass(slots=True)
class Person:
    """Somebody's habits."""

    name: str
    country: str
    isp: str
    system: str
    browser: str
    at_home: float
    travels: float
    vpn: float
    device: str
    address: int = 0
    moved: int = 0
    away: tuple[int, str] = (-1, "")
    devices: int = field(default=0)


@dataclass(frozen=True, slots=True)
class Login:
    """A login, and which attack it is; empty: it is the person."""

    activity: Activity
    attack: str


def logins(
    seed: int, *, people: int = 200, days: int = 120, attacks_from: int = 60
) -> Iterator[Login]:
    """Logins in order of time; from some day on, each attack on a few people a day."""
    draw = Random(seed)  # noqa: S311 - no secret
    staff = [_person(draw, number) for number in range(people)]
    for day in range(days):
        today: list[Login] = []
        for person in staff:
            today += [Login(one, "") for one in _day(draw, person, day)]
        if day >= attacks_from:
            for attack in ATTACKS:
                for victim in draw.sample(staff, 5):
                    hour = (
                        _hour(draw, victim, 1) if attack == "targeted" else draw.uniform(0.0, 24.0)
                    )
                    time = START + day * DAY + hour * HOUR
                    today.append(
                        Login(_login(victim, time, _attacker(draw, victim, attack, day)), attack)
                    )
        yield from sorted(today, key=lambda one: one.activity.time)


def _person(draw: Random, number: int) -> Person:
    country = draw.choices(COUNTRIES, WEIGHTS)[0]
    system = draw.choices(tuple(SYSTEMS), (5, 3, 2))[0]
    return Person(
        name=f"person-{number}",
        country=country,
        isp=draw.choices(ISPS[country], (5, 3, 2))[0],
        system=system,
        browser=draw.choice(SYSTEMS[system]),
        at_home=draw.betavariate(2, 2) if country == "DE" else draw.betavariate(5, 1),
        travels=draw.choice((0.0, 0.0, 0.005, 0.02)),
        vpn=draw.choice((0.0, 0.0, 0.0, 0.0, 0.3)),
        device=f"device-{number}-0",
        address=draw.getrandbits(48),
    )


def _version(browser: str, day: int) -> str:
    first = {"Chrome": 138, "Edge": 138, "Firefox": 141, "Safari": 18}[browser]
    return f"{browser}/{first + (0 if browser == 'Safari' else day // 28)}"


def _day(draw: Random, person: Person, day: int) -> Iterator[Activity]:
    if draw.random() > (0.9 if day % 7 < 5 else 0.08):
        return
    if day - person.moved > 14 and draw.random() < 0.1:
        person.address, person.moved = draw.getrandbits(48), day
    if draw.random() < 1 / 400:
        person.devices += 1
        person.device = f"{person.name}-{person.devices}"
    if draw.random() < person.travels:
        person.away = (day + draw.randrange(2, 8), draw.choice((*ABROAD, *COUNTRIES)))
    for number in range(draw.choices((1, 2, 3), (6, 3, 1))[0]):
        hour = _hour(draw, person, number)
        origin = _place(draw, person, day)
        browser = _version(person.browser, day)
        system, device = person.system, person.device
        if draw.random() < 0.06:  # the telephone
            browser, system, device = "Mobile Safari/18", "iOS", f"phone-{person.name}"
            origin = _on(MOBILE[person.country], person.country, draw.getrandbits(48))
        tool = replace(origin, client=browser, system=system, device=device)
        yield _login(person, START + day * DAY + hour * HOUR, tool)


def _hour(draw: Random, person: Person, number: int) -> float:
    """Hour of the day (UTC) of somebody's n-th login."""
    lag = {"US": 6, "IN": -4}.get(person.country, 0)
    return draw.gauss(7.5 + lag + 4 * number, 1.5)


def _place(draw: Random, person: Person, day: int) -> Origin:
    until, country = person.away
    if day <= until:
        return _on(HOTEL, country, draw.getrandbits(48))
    if draw.random() < person.vpn:
        return replace(
            _on(VPN, draw.choice((person.country, "NL")), draw.getrandbits(8)), proxy=True
        )
    if draw.random() < person.at_home:
        return _on(person.isp, person.country, person.address)
    if person.country == "DE":
        return _on(OFFICE, "DE", draw.getrandbits(3))
    return _on(MOBILE[person.country], person.country, draw.getrandbits(48))


def _attacker(draw: Random, victim: Person, attack: str, day: int) -> Origin:
    system = draw.choices(tuple(SYSTEMS), (2, 6, 2))[0]
    tool = Origin(client=_version(draw.choice(SYSTEMS[system]), day), system=system)
    if attack == "naive":
        place = _on(draw.choice(HOSTING), draw.choice(ABROAD), draw.getrandbits(48))
    elif attack == "vpn":
        place = replace(_on(VPN, victim.country, draw.getrandbits(8)), proxy=True)
    else:
        place = _on(victim.isp, victim.country, draw.getrandbits(48))
        tool = Origin(client=_version(victim.browser, day), system=victim.system)
    device = f"attacker-{draw.getrandbits(32)}"
    return replace(place, client=tool.client, system=tool.system, device=device)


def _on(network: str, country: str, address: int) -> Origin:
    groups = f"{address:012x}"
    ip = f"2001:db8:{int(network[2:]) % 0x10000:x}:{groups[:4]}:{groups[4:8]}::{groups[8:]}"
    return Origin(ip=ip, network=network, country=country)


def _login(person: Person, time: float, origin: Origin) -> Activity:
    return Activity(
        uid=digest("generated login", person.name, repr(time)),
        time=time,
        received=time,
        source="generated",
        action=Action.LOGIN,
        native="login",
        actor=Actor(person.name, person.name, ActorKind.PERSON, peers=person.country),
        origin=origin,
        outcome=Outcome.SUCCESS,
    )
