"""nx, August 2025: a stolen token publishes without provenance; its victims' secrets go public.

Two scenarios, as two parties saw it. The maintainers: two publishes, documented to the second,
after a generated history that was attested but for one version. A victim: in the evening of that
day (documented to the day) a public repository is made in the victim's name; private ones of the
organisation are made public in series (public, but not to the minute: generated).

The malware started AI tools with their prompts switched off from an install script. The tools'
own telemetry tells of the mode only when it is changed within a session, and of commands only when
the tool runs them; a program that a script starts with an option shows neither. What is left of
it here is a session without a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from random import Random

from pipeline.generator import claude_code, github_audit, github_webhook, npm
from pipeline.generator.incidents.facts import Fact, labelled, utc
from pipeline.generator.incidents.staged import Staged, around, by_time, entry, midnight, team
from pipeline.generator.npm import Package
from pipeline.generator.people import REPOSITORIES, Machine, Person
from pipeline.generator.places import RELAY
from pipeline.generator.records import Timed, hex_id, seeded, uuid

INCIDENT = "nx-s1ngularity-2025-08"
REPOSITORY = "nrwl/nx"
START, DAYS = date(2025, 8, 5), 23
IDENTITIES = 40
TEAM = 4

ATTESTED = Fact(
    "2025-08-22T19:16:43Z", "second", "npm", "nrwl CI", "package.publish", "nx@21.4.1 (attested)"
)
FIRST_BAD = Fact(
    "2025-08-26T22:32:25Z", "second", "npm", "token holder", "package.publish",
    "nx@21.5.0 (NOT attested)",
)  # fmt: skip
SECOND_BAD = Fact(
    "2025-08-26T22:39:32Z", "second", "npm", "token holder", "package.publish",
    "nx@20.9.0 (NOT attested)",
)  # fmt: skip
EXPOSED = Fact(
    "2025-08-26T23:00:00Z", "day", "github", "victim", "repo.create",
    "s1ngularity-repository* (public)",
)  # fmt: skip
FACTS = (ATTESTED, FIRST_BAD, SECOND_BAD, EXPOSED)
NOTICED = utc("2025-08-27T00:30:00Z")
"""A public issue, to the minute as the advisory has it."""

CI = Machine("example-nx-ci", 41_000, npm="example-nx")
NX = Package("nx", REPOSITORY, (CI.npm,))
ORDINARY = 40
"""Two versions a day with the pre-releases."""
UNATTESTED = 19
"""One benign version had no provenance either."""
SERIES = 4


def staged(seed: int = 0) -> Staged:
    """The maintainers' side."""
    rng = seeded(seed, INCIDENT)
    members = team(seed, TEAM, (REPOSITORY,), START, DAYS)
    records = sorted([*_ordinary(rng), *_bad(rng)], key=by_time)
    return Staged(
        name=INCIDENT,
        description=(
            "A stolen token publishes two versions of nx without provenance, commit or tag."
            " Documented to the second: three publishes and whether they were attested. Generated:"
            " the attested history, the account's name, code and tags of the ordinary versions."
        ),
        identity=CI.github,
        began=FIRST_BAD.at,
        damage=FIRST_BAD.at,
        noticed=NOTICED,
        organisation=around(seed, IDENTITIES, START, DAYS, members),
        incident=records,
        entries=[entry(CI)],
    )


def staged_victim(seed: int = 0) -> Staged:
    """A victim's side."""
    rng = seeded(seed, INCIDENT, "victim")
    victim = _victim(seed)
    began = FIRST_BAD.at + rng.uniform(1500, 3000)
    exposed = began + rng.uniform(60, 200)
    return Staged(
        name=f"{INCIDENT}-victim",
        description=(
            "A developer installs the bad version; an AI tool runs without a person, a public"
            " repository appears, private ones are made public. Documented to the day: the public"
            " repository. Generated: everything else, all times."
        ),
        identity=victim.github,
        began=began,
        damage=exposed,
        noticed=NOTICED,
        organisation=around(seed, IDENTITIES, START, DAYS, [victim]),
        incident=sorted(_victims_evening(began, exposed, victim, rng), key=by_time),
    )


def _victim(seed: int) -> Person:
    repositories = tuple(f"example-org/{name}" for name in REPOSITORIES[:4])
    (person,) = team(seed, 1, repositories, START, DAYS)
    rng = seeded(seed, "victim")
    return replace(person, claude=person.okta, claude_id=uuid(rng))


def _version(
    at: float, version: str, rng: Random, *, attested: bool, head: str | None = None
) -> list[Timed]:
    made = npm.published(at, NX, version, CI.npm, rng, head=head)
    manifest = made[0][1]["event"]
    manifest["hasInstallScript"] = True  # as all versions have
    if attested:
        manifest["dist"]["attestations"] = {
            "url": f"{npm.PROXY}/-/npm/v1/attestations/nx@{version}",
            "provenance": {"predicateType": "https://slsa.dev/provenance/v1"},
        }
    return made


def _ordinary(rng: Random) -> Iterator[Timed]:
    """Versions with a commit, a tag and a run, by CI with its token."""
    times = [
        midnight(START) + (number * 0.44 + rng.uniform(0.1, 0.4)) * 86400
        for number in range(ORDINARY)
    ]
    for number, at in enumerate(times):
        last = number == ORDINARY - 1
        moment = ATTESTED.at if last else at
        version = "21.4.1" if last else f"21.{number // 4}.{number % 4}-beta.{number}"
        commits = [github_webhook.commit(moment - 400, 0, CI, f"Release {version}", rng)]
        head = commits[0]["id"]
        code = [
            github_webhook.push(
                moment - 390, CI, REPOSITORY, "refs/heads/main", rng, commits=commits
            ),
            github_webhook.push(
                moment - 380, CI, REPOSITORY, f"refs/tags/{version}", rng,
                before=github_webhook.NOTHING, after=head,
            ),
            *github_webhook.workflow_run(
                moment - 370, CI, REPOSITORY, rng, name="publish", head=head, branch=version,
                trigger="push", seconds=420,
            ),
        ]  # fmt: skip
        made = _version(moment, version, rng, attested=number != UNATTESTED, head=head)
        yield from labelled(INCIDENT, code)
        yield from labelled(INCIDENT, made[:1], ATTESTED if last else None)
        yield from labelled(INCIDENT, made[1:])


def _bad(rng: Random) -> Iterator[Timed]:
    for fact, version in ((FIRST_BAD, "21.5.0"), (SECOND_BAD, "20.9.0")):
        made = _version(fact.at, version, rng, attested=False)
        yield from labelled(INCIDENT, made[:1], fact)
        yield from labelled(INCIDENT, made[1:])


def _victims_evening(began: float, exposed: float, victim: Person, rng: Random) -> Iterator[Timed]:
    unseen = Machine(victim.github, victim.github_id, claude=victim.claude)
    _, session = claude_code.conversation(began, unseen, rng, 1)
    yield from labelled(INCIDENT, session)
    agent, home = victim.devices[0].git, victim.home.address(rng)
    leak = github_audit.audit(
        exposed, "repo.create", victim, f"{victim.github}/s1ngularity-repository", rng,
        address=home, country=victim.place.code, agent=agent, visibility="public",
        public_repo=True,
    )  # fmt: skip
    yield from labelled(INCIDENT, [leak], EXPOSED)
    yield from labelled(INCIDENT, _series(exposed + 7200, victim, rng))


def _series(at: float, victim: Person, rng: Random) -> Sequence[Timed]:
    """Private repositories of the organisation made public with the stolen token."""
    return [
        github_audit.audit(
            at + number * rng.uniform(5, 20), "repo.access", victim, repository, rng,
            address=RELAY.address(rng), country=RELAY.place.code, agent="python-requests/2.32.3",
            visibility="public", previous_visibility="private", public_repo=True,
            hashed_token=hex_id(seeded(victim.github, "token"), 40),
        )
        for number, repository in enumerate(victim.repositories[:SERIES])
    ]  # fmt: skip
