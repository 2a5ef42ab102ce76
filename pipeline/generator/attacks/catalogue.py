"""All attacks, and how one is staged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from types import MappingProxyType

from pipeline.generator import releases
from pipeline.generator.attacks import access, administration, agents, code, packages
from pipeline.generator.attacks.scene import Attack, Scene
from pipeline.generator.habits import load_habits
from pipeline.generator.incidents.facts import labelled
from pipeline.generator.incidents.staged import Staged, by_time, midnight
from pipeline.generator.life.outages import Outage
from pipeline.generator.life.routine import HABITS
from pipeline.generator.npm import Package
from pipeline.generator.organisation import Organisation
from pipeline.generator.people import Person
from pipeline.generator.records import DAY, HOUR, seeded
from pipeline.generator.roster import Roles
from pipeline.generator.workday import Day, Workday

ATTACKS: Mapping[str, Attack] = MappingProxyType(
    {
        **access.ATTACKS,
        **administration.ATTACKS,
        **code.ATTACKS,
        **packages.ATTACKS,
        **agents.ATTACKS,
    }
)
"""By the id of the detector that each was made for."""

IDENTITIES = 32
AFTER_DAYS = 3
LAST = date(2025, 6, 4)
"""The day of the attack, a Wednesday."""
LOCAL_HOUR = 14.0
NOTICED_SECONDS = DAY
"""When others notice: an assumption, so that a lead can be told at all."""
FIRST_SEED = 31
"""Each attack happens in an organisation of its own, to a victim drawn by lot."""


def staged(detector: str, *, subtle: bool) -> Staged:
    """The attack made for that detector, at the end of weeks of ordinary days.

    Raises:
        KeyError: there is none for it.
    """
    attack = ATTACKS[detector]
    name = f"detector:{detector}:{'subtle' if subtle else 'blatant'}"
    seed = FIRST_SEED + list(ATTACKS).index(detector)
    start = LAST - timedelta(days=attack.days)
    organised = partial(
        Organisation, seed, IDENTITIES, start, attack.days + AFTER_DAYS, habits=HABITS
    )
    plain = organised()
    victim = _victim(plain, attack)
    offset = victim.place.offset_on(LAST)
    at = midnight(LAST) + LOCAL_HOUR * HOUR - offset * 60
    rng = seeded(seed, name)
    scene = Scene(
        victim=victim,
        colleagues=[person for person in plain.people if person is not victim],
        own=_morning(seed, victim, attack.days, offset).session,
        packages=_packages(seed, victim),
        offset=offset,
        at=at,
        rng=rng,
        subtle=subtle,
    )
    made = sorted(labelled(name, attack.make(scene)), key=by_time)
    began, damage = made[0][0], made[-1][0]
    organisation = organised(
        absences={victim.github: _asleep(attack)} if attack.asleep else {},
        lost=[Outage(attack.silences, began + 1, damage)] if attack.silences else [],
    )
    return Staged(
        name=name,
        description=(
            f"{attack.subtle if subtle else attack.blatant} All of it is generated, the damage put"
            " at the last event, the notice a day after the first."
        ),
        identity=attack.identity or victim.github,
        began=began,
        damage=damage,
        noticed=began + NOTICED_SECONDS,
        organisation=organisation,
        incident=made,
    )


def _victim(organisation: Organisation, attack: Attack) -> Person:
    """Somebody without an office who has the accounts, and is at work at home on the day."""
    roles = Roles.among(organisation.people)
    officers = {
        person.github
        for office in (roles.administrators, roles.leads, roles.platform, roles.security)
        for person in office
    }
    fitting = [
        person
        for person in organisation.people
        if person.github not in officers
        and person.staff
        and (not attack.needs or getattr(person, attack.needs))
        and not person.life.away(attack.days)
        and person.life.hired < 0
        and person.life.trip_on(attack.days) is None
    ]
    return seeded(organisation.seed, "victim").choice(fitting)


def _packages(seed: int, victim: Person) -> list[Package]:
    if not victim.npm:
        return []
    return releases.own_packages(victim, seeded(seed, "packages", victim.number))


def _asleep(attack: Attack) -> range:
    return range(attack.days - attack.asleep, attack.days + AFTER_DAYS + 1)


def _morning(seed: int, victim: Person, number: int, offset: int) -> Workday:
    """The victim's own day, as the organisation makes it."""
    day = Day(number, midnight(LAST) - offset * 60, offset, commits=True)
    rng = seeded(seed, victim.github, number)
    return Workday(victim, day, load_habits(), rng)
