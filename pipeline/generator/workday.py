"""One person's day: logging in, opening applications, committing, pushing, asking an AI tool."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from pipeline.generator import claude_code, github_audit, github_discussion, github_webhook, okta
from pipeline.generator.habits import Habits
from pipeline.generator.people import Person
from pipeline.generator.places import OFFICE, VPN, Network, mobile
from pipeline.generator.records import Timed, likely
from pipeline.generator.roster import ADMINISTRATORS

DAWN = 4
MINUTE, HOUR = 60.0, 3600.0
OFFICE_COUNTRY = OFFICE.place.code
"""Who lives in the country of the office comes in now and then."""


@dataclass(frozen=True, slots=True)
class Day:
    """A local day: its number, its midnight in seconds since the epoch, the offset in minutes."""

    number: int
    midnight: float
    offset: int
    commits: bool

    def at(self, hour: int, rng: Random) -> float:
        """Some moment in that local hour; the small hours belong to the evening before."""
        return self.midnight + (hour + 24 * (hour < DAWN)) * HOUR + rng.random() * HOUR


def network_of(person: Person, day: int, rng: Random) -> Network:
    """Where a person works on a day: on the road, at the office, behind the VPN, at home."""
    trip = person.life.trip_on(day)
    if trip is not None:
        return trip.network
    if day in person.life.phones:
        return person.home
    if person.place.code == OFFICE_COUNTRY and person.staff and likely(rng, 0.4):
        return OFFICE
    if person.number % 5 == 0 and likely(rng, 0.5):
        return VPN
    if likely(rng, 0.03):
        return mobile(person.place)
    return person.home


class Workday:
    """Makes the events of one person on one day.

    Attributes:
        session: the login of the morning.
        begin: when it is, seconds since the epoch.
    """

    def __init__(
        self,
        person: Person,
        day: Day,
        habits: Habits,
        rng: Random,
        setup: claude_code.Setup = claude_code.USUAL,
    ) -> None:
        self.setup = setup
        self.person = person
        self.day = day
        self.habits = habits
        self.rng = rng
        network = network_of(person, day.number, rng)
        self.session = okta.Session.opened(person, network, person.device(day.number), rng)
        hours = habits.hour_groups[person.hours]
        count = habits.bursts.draw(rng) if day.commits else 0
        self._bursts = [day.at(hours.draw(rng), rng) for _ in range(count)]
        begin = min([*self._bursts, *(day.at(hours.draw(rng), rng) for _ in range(2))])
        self.begin = begin - rng.uniform(5, 40) * MINUTE

    def events(self) -> list[Timed]:
        """All events of the day, not in order."""
        begin = self.begin
        made = [*self.arrival(), *self._applications(begin), *self._repositories(begin)]
        for index, burst in enumerate(self._bursts):
            made += self._burst(burst, index)
        if self.person.claude and self.day.commits and self.setup.used:
            made += self._conversations(begin)
        return made

    def arrival(self) -> Iterator[Timed]:
        """The day's sign-ins and changes of factors; to be asked for before anything else."""
        person, rng, session, begin = self.person, self.rng, self.session, self.begin
        if likely(rng, 0.05):  # typing errors
            yield okta.mistyped(begin - 20, session, rng)
        yield from okta.login(begin, session, rng)
        if self.day.number == person.life.hired:
            yield okta.factor_change(begin + 300, session, rng, "activate", "OKTA_VERIFY_PUSH")
            yield okta.factor_change(begin + 420, session, rng, "activate", "GOOGLE_AUTHENTICATOR")
        if self.day.number in person.life.phones:
            changed = begin + rng.uniform(1, 3) * HOUR
            at_home = okta.Session.opened(person, person.home, session.device, rng)
            yield from okta.login(changed, at_home, rng, "GOOGLE_AUTHENTICATOR")
            yield okta.factor_change(changed + 200, at_home, rng, "activate", "OKTA_VERIFY_PUSH")
            yield okta.factor_change(changed + 260, at_home, rng, "deactivate", "OKTA_VERIFY_PUSH")
        if likely(rng, 0.3):  # the session ran out at noon
            again = okta.Session.opened(person, session.network, session.device, rng)
            yield from okta.login(begin + rng.uniform(3, 6) * HOUR, again, rng)

    def _applications(self, begin: float) -> Iterator[Timed]:
        rng = self.rng
        for _ in range(rng.randint(6, 15)):
            at = begin + 60 + rng.random() * 8.5 * HOUR
            name = okta.APPLICATIONS[min(int(rng.expovariate(0.6)), 6)]
            yield okta.sign_on(at, self.session, rng, name)
        if self.person.number in ADMINISTRATORS and likely(rng, 0.04):
            yield okta.token_created(begin + 2 * HOUR, self.session, rng, "provisioning")

    def _git(self, at: float, verb: str, repository: str) -> Timed:
        session = self.session
        return github_audit.git(
            at, verb, self.person, repository, self.rng, address=session.address,
            country=session.network.place.code, agent=session.device.git,
        )  # fmt: skip

    def _repositories(self, begin: float) -> Iterator[Timed]:
        rng, person = self.rng, self.person
        for _ in range(rng.randint(5, 16)):
            at = begin + 120 + rng.random() * 8 * HOUR
            yield self._git(at, "fetch", rng.choice(person.repositories))
        if likely(rng, 0.04) or self.day.number in person.life.laptops:
            for repository in person.repositories:
                yield self._git(begin + rng.uniform(10, 50) * MINUTE, "clone", repository)
        if likely(rng, 0.01):  # tokens expire
            yield self._token(begin + rng.uniform(20, 200) * MINUTE)

    def _token(self, at: float) -> Timed:
        session = self.session
        return github_audit.audit(
            at, "personal_access_token.access_granted", self.person, self.person.repositories[0],
            self.rng, address=session.address, country=session.network.place.code,
            agent=session.device.user_agent, user=self.person.github,
            user_id=self.person.github_id, user_programmatic_access_name="laptop",
            repository_selection="subset", operation_type="create",
        )  # fmt: skip

    def _burst(self, begin: float, index: int) -> Iterator[Timed]:
        rng, person, habits = self.rng, self.person, self.habits
        repository = rng.choice(person.repositories)
        slipped = rng.random() < habits.offset_slip
        offset = habits.offset.draw(rng) if slipped else self.day.offset
        at, commits = begin, []
        for number in range(habits.burst_size.draw(rng)):
            at += habits.burst_gap.draw(rng) if number else 0
            commits.append(github_webhook.commit(at, offset, person, f"Change {number}", rng))
        direct = likely(rng, 0.25)  # small repositories work without branches
        task = (self.day.number + 1) * 10 + index
        branch = "main" if direct else f"{person.github}/task-{task}"
        rewritten = not direct and likely(rng, 0.1)  # rebases before review
        at += rng.uniform(20, 400)
        reference = f"refs/heads/{branch}"
        yield self._git(at, "push", repository)
        created = None if direct or rewritten else github_webhook.NOTHING
        yield github_webhook.push(
            at + 1,
            person,
            repository,
            reference,
            rng,
            commits=commits,
            forced=rewritten,
            before=created,
        )
        yield from github_webhook.workflow_run(
            at + 3, person, repository, rng, name="CI", head=commits[-1]["id"], branch=branch,
            trigger="push", seconds=rng.uniform(60, 900),
        )  # fmt: skip
        if not direct:
            yield from self._review(at, repository, branch)

    def _review(self, at: float, repository: str, branch: str) -> Iterator[Timed]:
        rng, person = self.rng, self.person
        number = 1000 + (self.day.number + 1) * 150 + person.number
        yield github_discussion.pull_request(
            at + 45, person, person, repository, rng, action="opened", number=number, branch=branch
        )
        if likely(rng, 0.7):  # the rest wait for another day
            merged = at + rng.uniform(0.3, 3) * HOUR
            yield github_discussion.pull_request(
                merged, person, person, repository, rng, action="closed", number=number,
                branch=branch, merged=True,
            )  # fmt: skip
            yield github_webhook.reference_event(
                merged + 2, person, repository, rng, name="delete", kind="branch", reference=branch
            )

    def _conversations(self, begin: float) -> Iterator[Timed]:
        rng = self.rng
        for _ in range(rng.randint(1, 3)):
            at = begin + rng.uniform(0.2, 7) * HOUR
            _, made = claude_code.conversation(at, self.person, rng, rng.randint(2, 7), self.setup)
            yield from made
