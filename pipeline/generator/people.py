"""The people, bots and agents of the organisation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Literal

from pipeline.generator.habits import Habits
from pipeline.generator.lives import Life
from pipeline.generator.places import PLACES, Network, Place, home
from pipeline.generator.records import hex_id, likely, seeded, uuid

FIRST_NAMES = (
    "Mara", "Jonas", "Aiko", "Priya", "Tomas", "Lena", "Diego", "Noor", "Emil", "Sofia", "Ravi",
    "Hana", "Oskar", "Ines", "Kofi", "Yara", "Pavel", "Chloe", "Ming", "Amara", "Luca", "Freya",
    "Omar", "Julia", "Sven", "Leila", "Bruno", "Nadia", "Felix", "Greta", "Hugo", "Ida", "Jamal",
    "Klara", "Liam", "Mona", "Nils", "Olga", "Pedro", "Quinn", "Rosa", "Samir", "Tara", "Uri",
    "Vera", "Wanda", "Xenia", "Yusuf", "Zoe", "Anton",
)  # fmt: skip
SYSTEMS = (
    ("Mac OS X", "CHROME", "Macintosh; Intel Mac OS X 10_15_7"),
    ("Windows 11", "EDGE", "Windows NT 10.0; Win64; x64"),
    ("Linux", "FIREFOX", "X11; Linux x86_64"),
)
REPOSITORIES = (
    "portal", "billing", "search", "ingest", "mobile", "gateway", "console", "accounts",
    "reports", "scheduler", "notifier", "catalogue", "payments", "edge", "docs", "infra",
    "analytics", "warehouse", "playground", "handbook",
)  # fmt: skip
ORGANISATION = "example-org"
SATURDAY = 5
EARLY_USERS = frozenset({1, 4, 7})
"""Last digits of the numbers of people who use an AI coding tool."""


@dataclass(frozen=True, slots=True)
class Device:
    """A laptop with its browser and its git, as the identity provider and the host see them."""

    system: str
    browser: str
    user_agent: str
    git: str
    token: str
    fingerprint: str

    @classmethod
    def issued(cls, rng: Random) -> Device:
        """A new laptop."""
        system, browser, platform = rng.choice(SYSTEMS)
        version = rng.randint(136, 140)
        engine = f"Gecko/20100101 Firefox/{version}.0"
        if browser != "FIREFOX":
            engine = f"AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
        if browser == "EDGE":
            engine += f" Edg/{version}.0.0.0"
        agent = f"Mozilla/5.0 ({platform}) {engine}"
        git = f"git/2.{rng.randint(39, 51)}.{rng.randint(0, 3)}"
        return cls(system, browser, agent, git, hex_id(rng, 64), hex_id(rng, 32))


@dataclass(frozen=True, slots=True)
class Person:
    """One person with all accounts; `npm` and `claude` are empty for those who have none.

    `devices` are the laptops in the order in which they are issued; `life` says when.
    """

    number: int
    name: str
    okta: str
    okta_id: str
    github: str
    github_id: int
    npm: str
    claude: str
    claude_id: str
    place: Place
    home: Network
    hours: int
    staff: bool
    repositories: tuple[str, ...]
    devices: tuple[Device, ...]
    life: Life = field(default_factory=Life)

    @property
    def early(self) -> bool:
        """Whether the person has had an AI coding tool from the start."""
        return self.number % 10 in EARLY_USERS

    def device(self, day: int) -> Device:
        """The laptop used on that day."""
        replaced = sum(day >= laptop for laptop in self.life.laptops)
        return self.devices[min(replaced, len(self.devices) - 1)]

    def equipped(self, seed: int) -> Person:
        """The same person with a laptop for each of the days on which one is issued."""
        rng = seeded(seed, "laptops", self.number)
        more = len(self.life.laptops) + 1 - len(self.devices)
        return replace(self, devices=(*self.devices, *(Device.issued(rng) for _ in range(more))))

    def moved(self, rng: Random) -> Person:
        """The same person in another team: one repository stays, the others are new."""
        new = [f"{ORGANISATION}/{name}" for name in rng.sample(REPOSITORIES, rng.randint(2, 4))]
        return replace(self, repositories=tuple(dict.fromkeys((self.repositories[0], *new))))

    @property
    def kind(self) -> Literal["person"]:
        """What kind of identity this is."""
        return "person"

    @property
    def accounts(self) -> list[str]:
        """The accounts as `<system>:<name>`; GitHub does not tell capitals apart."""
        named = {"okta": self.okta, "github": self.github.lower(), "npm": self.npm}
        for system in ("claude_code", "mcp", "anthropic"):
            named[system] = self.claude
        return [f"{system}:{name}" for system, name in named.items() if name]


@dataclass(frozen=True, slots=True)
class Machine:
    """A bot or an AI agent that acts by itself."""

    github: str
    github_id: int
    kind: Literal["bot", "agent"] = "bot"
    npm: str = ""
    claude: str = ""

    @property
    def accounts(self) -> list[str]:
        """The accounts as `<system>:<name>`."""
        named = {"github": self.github, "npm": self.npm, "claude_code": self.claude}
        return [f"{system}:{name}" for system, name in named.items() if name]


Actor = Person | Machine

DEPENDABOT = Machine("dependabot[bot]", 900001)
RENOVATE = Machine("renovate[bot]", 900002)
ACTIONS = Machine("github-actions[bot]", 900003)
RELEASER = Machine("example-release-bot", 900004, npm="example-release")
BUILDER = Machine("example-ci", 900005)
MIRROR = Machine("example-mirror", 900006)
DOCS = Machine("example-docs[bot]", 900007)
TRANSLATOR = Machine("example-translate[bot]", 900008)
REVIEW_AGENT = Machine(
    "example-review-agent[bot]", 900101, "agent", claude="review-agent@example.com"
)
TRIAGE_AGENT = Machine(
    "example-triage-agent[bot]", 900102, "agent", claude="triage-agent@example.com"
)
CODING_AGENT = Machine("example-coding-agent[bot]", 900103, "agent")
"""Is there where people have habits beside the working day."""
NEXT_BUILDER = Machine("example-build[bot]", 900104)
"""The CI system that takes over from `BUILDER` where an organisation changes it."""
MACHINES = (
    DEPENDABOT, RENOVATE, ACTIONS, RELEASER, BUILDER, MIRROR, DOCS, TRANSLATOR,
    REVIEW_AGENT, TRIAGE_AGENT,
)  # fmt: skip


def hire(seed: int, number: int, start: date, days: int, habits: Habits) -> Person:
    """Person `number`, the same for the same seed; names are generated."""
    rng = seeded(seed, "person", number)
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    letter = "kbdfghlmnprstvwz"[(number // len(FIRST_NAMES) + number * 7) % 16]
    short = first.lower()
    suffix = str(number // len(FIRST_NAMES)) if number >= len(FIRST_NAMES) else ""
    wanted = habits.offset.draw(rng)
    place = min(PLACES, key=lambda place: (abs(place.offset - wanted), rng.random()))
    domicile = home(place, number, rng)
    writes_packages = number % 7 == 0
    claude = number % 10 in EARLY_USERS
    person = Person(
        number=number,
        name=f"{first} {letter.upper()}{suffix}.",
        okta=f"{short}{suffix}@example.com",
        okta_id=f"00u{hex_id(rng, 17)}",
        github=f"{short}-{letter}{suffix}",
        github_id=100000 + number,
        npm=f"{short}{letter}{suffix}" if writes_packages else "",
        claude=f"{short}{suffix}@example.com" if claude else "",
        claude_id=uuid(rng) if claude else "",
        place=place,
        home=domicile,
        hours=habits.hour_group.draw(rng),
        staff=likely(rng, 0.85),  # the rest are part-time
        repositories=tuple(
            f"{ORGANISATION}/{name}" for name in rng.sample(REPOSITORIES, rng.randint(2, 5))
        ),
        devices=(Device.issued(rng), Device.issued(rng)),
        life=Life.lived(rng, place, number, start, days),
    )
    return person.equipped(seed)
