"""Small made-up activities of people for the detectors' own examples and tests.

Everything is generated; only names and addresses reserved for documentation are used.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from schemas import facts as f
from schemas.action import Action
from schemas.activity import (
    NO_ORIGIN,
    Activity,
    Actor,
    ActorKind,
    Fact,
    Origin,
    Outcome,
    Target,
    TargetKind,
    digest,
    pseudonym,
)

MONDAY = 1_754_870_400.0  # 2025-08-11 00:00 UTC
DAY = 86_400.0
HOUR = 3_600.0

LAPTOP = Origin(client="Chrome/139", system="macOS", device=pseudonym("laptop"))
NEW_LAPTOP = Origin(client="Firefox/142", system="Linux", device=pseudonym("new laptop"))
INTRUDER = Origin(client="Firefox/128", system="Windows", device=pseudonym("intruder"))


def at_home(tool: Origin = LAPTOP) -> Origin:
    """The tool on the network at home."""
    return replace(tool, ip="192.0.2.10", network="AS64496", country="DE")


def at_work(tool: Origin = LAPTOP) -> Origin:
    """The tool on the company's network."""
    return replace(tool, ip="198.51.100.20", network="AS64497", country="DE")


def abroad(tool: Origin = LAPTOP) -> Origin:
    """The tool on a network and in a country never used before."""
    return replace(tool, ip="203.0.113.99", network="AS64511", country="BR")


def act(
    action: str,
    time: float,
    *,
    who: str = "mara",
    origin: Origin = NO_ORIGIN,
    target: Target | None = None,
    session: str = "",
    outcome: Outcome = Outcome.SUCCESS,
    facts: dict[str, Fact] | None = None,
    source: str = "okta.system_log",
) -> Activity:
    """Any activity; its uid follows from action, time and person."""
    return Activity(
        uid=digest("sample", action, repr(time), who),
        time=time,
        received=time,
        source=source,
        action=action,
        native=action,
        actor=Actor(f"okta:{who}@example.com", who, ActorKind.PERSON, peers="web"),
        target=target,
        origin=origin,
        session=session,
        outcome=outcome,
        facts=facts or {},
    )


def login(time: float, origin: Origin, who: str = "mara", **more: str) -> Activity:
    """A successful login."""
    return act(Action.LOGIN, time, who=who, origin=origin, session=more.get("session", ""))


def factor(time: float, origin: Origin, who: str = "mara", *, subject: str = "") -> Activity:
    """A second factor enrolled, or for another person all factors reset."""
    target = Target(TargetKind.FACTOR, "webauthn")
    if not subject:
        return act(Action.FACTOR_ENROLL, time, who=who, origin=origin, target=target)
    facts: dict[str, Fact] = {f.BY_ADMIN: True, f.SUBJECT: f"okta:{subject}@example.com"}
    return act(Action.FACTOR_RESET, time, who=who, origin=origin, target=target, facts=facts)


def token(time: float, origin: Origin, who: str = "mara") -> Activity:
    """An API token made."""
    target = Target(TargetKind.TOKEN, "ci")
    return act(Action.TOKEN_CREATE, time, who=who, origin=origin, target=target)


def commit(
    time: float, repository: str, offset: int = 120, who: str = "mara", source: str = "git.log"
) -> Activity:
    """A commit made at `time`, by a machine `offset` minutes east of UTC."""
    name = f"git.example.com/team/{repository}"
    target = Target(TargetKind.REPOSITORY, name, repository=name)
    return act(
        Action.COMMIT, time, who=who, target=target, facts={f.UTC_OFFSET: offset}, source=source
    )


def working_days(weeks: int, start: float = MONDAY) -> Iterator[float]:
    """Midnights (UTC) of the working days of so many weeks before `start`."""
    for day in range(-7 * weeks, 0):
        if day % 7 < 5:  # noqa: PLR2004 - Monday to Friday; `start` is a Monday
            yield start + day * DAY


def team_logins(weeks: int = 12, people: int = 8) -> Iterator[Activity]:
    """Logins of mara and her colleagues: mornings at work, some evenings at home.

    Everybody has an own laptop and an own network at home; all live in Germany, and one of eight
    has once been in France.
    """
    names = ["mara", *(f"colleague{i}" for i in range(1, people))]
    for index, midnight in enumerate(working_days(weeks)):
        for number, who in enumerate(names):
            laptop = LAPTOP if who == "mara" else replace(LAPTOP, device=pseudonym(f"laptop {who}"))
            minute = 60.0 * ((7 * index + 11 * number) % 40)
            yield login(midnight + 7 * HOUR + minute, at_work(laptop), who)
            if (index + number) % 3 == 0:
                network = f"AS{64502 + number}" if number else "AS64496"
                home = replace(at_home(laptop), network=network)
                yield login(midnight + 17 * HOUR + minute, home, who)
            if number == people - 1 and index == 10:  # noqa: PLR2004 - one trip
                trip = replace(laptop, network="AS64501", country="FR")
                yield login(midnight + 18 * HOUR + minute, trip, who)
