"""The incident as events: the attack on `qix`, and his generated ordinary life before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from pipeline.generator import npm, okta
from pipeline.generator.npm import Package
from pipeline.generator.npm_qix_2025_09 import (
    ACCOUNT,
    COMPROMISED,
    FIRST_PUBLISH,
    INCIDENT,
    WINDOW_SECONDS,
    Basis,
)
from pipeline.generator.okta import Session
from pipeline.generator.organisation import Organisation
from pipeline.generator.people import Device, Person
from pipeline.generator.places import HEADQUARTERS, RELAY, home
from pipeline.generator.records import Record, Timed, hex_id, seeded
from pipeline.generator.releases import DAY, Planned

HOUSEHOLD = 0x0FFF
LOGIN_LEAD_SECONDS = 2160.0
PREPARATION_SECONDS = 610.0
BETWEEN_PUBLISHES_SECONDS = 210.0
OWN = ("color-name", "color-convert", "color-string", "error-ex", "is-arrayish")


def maintainer(seed: int) -> Person:
    """The person behind `qix`: the account names are real, everything else is generated."""
    rng = seeded(seed, "maintainer")
    place = HEADQUARTERS
    return Person(
        number=10_000,
        name="Qix",
        okta="qix@example.com",
        okta_id=f"00u{hex_id(rng, 17)}",
        github="Qix-",
        github_id=110_000,
        npm=ACCOUNT,
        claude="",
        claude_id="",
        place=place,
        home=home(place, HOUSEHOLD, rng),
        hours=1,
        staff=True,
        repositories=tuple(
            bad.repository for bad in COMPROMISED if bad.package in {*OWN, "debug", "chalk"}
        ),
        devices=(Device.issued(rng), Device.issued(rng)),
    )


def ordinary_releases(seed: int, days: int) -> list[Planned]:
    """About one package a week, generated: the versions before the bad ones of his own packages."""
    rng = seeded(seed, "ordinary")
    facts = {bad.package: bad for bad in COMPROMISED}
    planned = []
    at = rng.uniform(1, 4)
    for name in OWN:
        if at >= days - 1:
            break
        planned.append(Planned(at * DAY, package_of(name), facts[name].previous))
        at += rng.uniform(5, 8)
    return planned


def package_of(name: str) -> Package:
    """One of the 18 packages as its manifest describes it."""
    (fact,) = (bad for bad in COMPROMISED if bad.package == name)
    return Package(name, fact.repository, (ACCOUNT,))


def publish_times(rng: Random, first: float) -> list[float]:
    """Generated times: the first as documented, then minutes apart, all within the window."""
    times = [first]
    for _ in COMPROMISED[1:]:
        times.append(times[-1] + 8 + rng.expovariate(1 / BETWEEN_PUBLISHES_SECONDS))
    span = max(1.0, (times[-1] - first) / (WINDOW_SECONDS - 60))
    return [round(first + (at - first) / span, 3) for at in times]


def incident_events(
    org: Organisation, *, login_lead: float = LOGIN_LEAD_SECONDS
) -> Iterator[Record]:
    """The attack's records in the order of their times, as `timed_incident` makes them."""
    for _, made in timed_incident(org, login_lead=login_lead):
        yield made


def timed_incident(org: Organisation, *, login_lead: float = LOGIN_LEAD_SECONDS) -> list[Timed]:
    """The attack: relayed login, new second factor, token, 18 publishes without code.

    The registry gives account owners no audit log; Okta's System Log stands in for its login,
    factor and token. Every record is labelled with its basis and the basis of its time.

    Args:
        org: the organisation; `qix` must be one of its people. Its shift moves the documented
            times too.
        login_lead: seconds between the relayed login and the first publish (generated).

    Raises:
        LookupError: `qix` is not in the organisation.
        ValueError: no time to prepare between login and first publish.
    """
    if login_lead <= PREPARATION_SECONDS:
        raise ValueError(f"login_lead must exceed {PREPARATION_SECONDS} seconds")
    victim = next((person for person in org.people if person.npm == ACCOUNT), None)
    if victim is None:
        raise LookupError(f"no maintainer {ACCOUNT} in this organisation")
    rng = seeded(org.seed, INCIDENT)
    first = FIRST_PUBLISH.at + org.shift
    session = Session.opened(victim, RELAY, Device.issued(rng), rng)
    login = first - login_lead
    preparation = [
        *okta.login(login, session, rng, "GOOGLE_AUTHENTICATOR"),
        okta.sign_on(login + 40, session, rng, "Package Registry"),
        okta.factor_change(login + 190, session, rng, "deactivate", "GOOGLE_AUTHENTICATOR"),
        okta.factor_change(login + 255, session, rng, "activate", "GOOGLE_AUTHENTICATOR"),
        okta.token_created(login + PREPARATION_SECONDS, session, rng, "publish"),
    ]
    attack = [*_labelled(preparation, "generated", "generated")]
    for number, (bad, at) in enumerate(zip(COMPROMISED, publish_times(rng, first), strict=True)):
        manifest, hook = npm.published(at, package_of(bad.package), bad.version, ACCOUNT, rng)
        attack += _labelled([manifest], "documented", "generated" if number else "documented")
        attack += _labelled([hook], "generated", "generated")
    return sorted(attack, key=lambda timed: timed[0])


def _labelled(made: Sequence[Timed], basis: Basis, time_basis: Basis) -> Iterator[Timed]:
    for at, record in made:
        label: dict[str, Any] = {"incident": INCIDENT, "basis": basis, "time_basis": time_basis}
        yield at, {**record, "label": label}
