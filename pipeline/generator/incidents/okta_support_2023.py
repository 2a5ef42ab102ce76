"""Okta's support system, September and October 2023: sessions copied out of HAR files.

Documented to the day only. One customer's log is generated here: the administrator whose session
was replayed minutes after a HAR file had been uploaded, and used to create a user through the API.
The upload itself, and the access to the file, are in the vendor's support system: the customer's
log does not have them. All times within the day are generated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from random import Random

from pipeline.generator import okta
from pipeline.generator.incidents.facts import Fact, labelled, utc
from pipeline.generator.incidents.staged import Staged, around, by_time, team
from pipeline.generator.okta import Session
from pipeline.generator.people import Device, Person
from pipeline.generator.places import RELAY
from pipeline.generator.records import Timed, hex_id, seeded

INCIDENT = "okta-support-2023"
START, DAYS = date(2023, 9, 10), 23
IDENTITIES = 45

FILES = Fact(
    "2023-09-28T00:00:00Z", "day", "okta-support", "service account", "file access",
    "customer HAR files (window to 2023-10-17, 134 customers)",
)  # fmt: skip
REPORT = Fact(
    "2023-09-29T00:00:00Z", "day", "okta", "1Password IT session", "report: administrators",
    "unsolicited admin report e-mail",
)  # fmt: skip
REPLAY = Fact(
    "2023-10-02T00:00:00Z", "day", "okta", "BeyondTrust admin session",
    "session replay, API user create", "minutes after the HAR upload",
)  # fmt: skip
ANOTHER = Fact("2023-10-18T00:00:00Z", "day", "okta", "Cloudflare session", "session replay", "—")
FACTS = (FILES, REPORT, REPLAY, ANOTHER)
NOTICED = utc("2023-10-20T00:00:00Z")
"""The vendor's public statement, documented to the day. The customer had noticed at once."""
LOGIN = REPLAY.at + 13.2 * 3600
REPLAYED = LOGIN + 1500.0
CREATED = REPLAYED + 240.0


def staged(seed: int = 0) -> Staged:
    """One customer's log."""
    (administrator,) = team(seed, 1, ("example-org/infra",), START, DAYS)
    rng = seeded(seed, INCIDENT)
    return Staged(
        name=INCIDENT,
        description=(
            "An administrator's session goes on from another network and client, and creates a"
            " user. Documented to the day. Generated: who, from where, all times of day."
        ),
        identity=administrator.github,
        began=REPLAYED,
        damage=CREATED,
        noticed=NOTICED,
        organisation=around(seed, IDENTITIES, START, DAYS, [administrator]),
        incident=sorted(_day(administrator, rng), key=by_time),
    )


def _day(administrator: Person, rng: Random) -> Iterator[Timed]:
    own = Session.opened(administrator, administrator.home, administrator.devices[0], rng)
    signed_in = [
        *okta.login(LOGIN, own, rng),
        *(okta.sign_on(LOGIN + 60 * n, own, rng, okta.APPLICATIONS[n]) for n in range(1, 5)),
    ]
    yield from labelled(INCIDENT, signed_in)
    copied = replace(own, network=RELAY, address=RELAY.address(rng), device=Device.issued(rng))
    denied = okta.event(
        REPLAYED, copied, "policy.evaluate_sign_on", rng, result="DENY",
        reason="Sign-on policy evaluation resulted in DENY",
    )  # fmt: skip
    yield from labelled(INCIDENT, [denied], REPLAY)
    yield from labelled(INCIDENT, [_user_created(copied, rng)], REPLAY)


def _user_created(session: Session, rng: Random) -> Timed:
    name = "svc-backup@example.com"
    target = {"id": f"00u{hex_id(rng, 17)}", "type": "User", "alternateId": name,
              "displayName": name}  # fmt: skip
    at, record = okta.event(CREATED, session, "policy.evaluate_sign_on", rng, target=[target])
    record["event"] |= {"eventType": "user.lifecycle.create", "displayMessage": "Create Okta user"}
    return at, record
