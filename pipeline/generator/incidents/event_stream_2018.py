"""event-stream, September 2018: a new maintainer adds a dependency that is hours old.

Documented to the second: four commits. Generated: the publishes of the versions that the commits
name (minutes after them), the dependency's own first publish (hours before 3.3.6), the silence
before (the registry's `time` of 3.3.4), accounts and addresses other than the persona's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

from pipeline.generator import npm
from pipeline.generator.incidents.facts import Fact, git_log, labelled, utc
from pipeline.generator.incidents.staged import Staged, around, by_time
from pipeline.generator.npm import Package
from pipeline.generator.records import Timed, hex_id, iso, seeded

INCIDENT = "event-stream-2018"
REPOSITORY = "example-streams/event-stream"
PACKAGE = "event-stream"
PERSONA = "right9ctrl"
AUTHOR = "example-author"
START, DAYS = date(2018, 8, 8), 41
IDENTITIES = 16
HOUR = 3600.0

FIRST_COMMIT = Fact(
    "2018-09-04T08:12:15Z", "second", "git", PERSONA, "git.commit",
    "a74c9b2a: first commit of the new maintainer",
)  # fmt: skip
PATCH = Fact("2018-09-05T05:27:34Z", "second", "git", PERSONA, "git.commit", "3.3.5")
POISONED = Fact("2018-09-09T08:17:22Z", "second", "git", PERSONA, "git.commit", "3.3.6")
CLEANED = Fact(
    "2018-09-16T11:14:19Z", "second", "git", PERSONA, "git.commit",
    "removes the dependency by rewriting flatmap",
)  # fmt: skip
FACTS = (FIRST_COMMIT, PATCH, POISONED, CLEANED)
NOTICED = utc("2018-11-20T00:00:00Z")
"""The day of the public issue, documented; the hour is a placeholder."""
PREVIOUS = utc("2016-07-15T12:00:00Z")
"""Generated: 3.3.4 was two years old."""
SHAS = ("a74c9b2a", "", "", "")


def staged(seed: int = 0) -> Staged:
    """The scenario, as an organisation sees it that follows the registry and mirrors the code."""
    rng = seeded(seed, INCIDENT)
    records = sorted([*_commits(rng), *_publishes(rng)], key=by_time)
    return Staged(
        name=INCIDENT,
        description=(
            "A new maintainer publishes a version with the dependency `flatmap-stream`, itself"
            " hours old. Documented to the second: the commits. Generated: the publishes and their"
            " times, the dependency's publisher, the package's past."
        ),
        identity=f"npm:{PERSONA}",
        began=FIRST_COMMIT.at,
        damage=next(at for at, record in records if _version(record) == "3.3.6"),
        noticed=NOTICED,
        organisation=around(seed, IDENTITIES, START, DAYS),
        incident=records,
    )


def _version(record: dict[str, object]) -> str:
    event = record["event"]
    return str(event.get("version", "")) if isinstance(event, dict) else ""


def _commits(rng: Random) -> Iterator[Timed]:
    for fact, sha in zip(FACTS, SHAS, strict=True):
        address = f"{PERSONA}@users.noreply.github.com"
        row = {
            "ts": fact.ts, "repo": REPOSITORY, "sha": sha + hex_id(rng, 40 - len(sha)),
            "author": address, "committer": address, "author_ts": fact.ts, "author_tz": "+0000",
            "files": 2, "insertions": rng.randint(2, 60), "deletions": rng.randint(1, 40),
            "parents": 1,
        }  # fmt: skip
        yield from labelled(INCIDENT, [git_log(fact.at, row)], fact)


def _publishes(rng: Random) -> Iterator[Timed]:
    """Versions of the package and the first one of the dependency; all generated."""
    through = {"through": "~2.3.1", "duplexer": "~0.1.1"}
    poisoned = {**through, "flatmap-stream": "^0.1.0"}
    times = {"3.3.4": iso(PREVIOUS)}
    made: list[Timed] = []
    for version, fact, dependencies in (
        ("3.3.5", PATCH, through),
        ("3.3.6", POISONED, poisoned),
        ("4.0.0", CLEANED, through),
    ):
        at = fact.at + rng.uniform(120, 900)
        package = Package(PACKAGE, REPOSITORY, (AUTHOR, PERSONA), dependencies=dependencies)
        published = npm.published(at, package, version, PERSONA, rng)
        times[version] = iso(at)
        published[0][1]["event"]["time"] = dict(times)  # the packument's, as a follower sends it
        made += published
    flatmap = Package("flatmap-stream", "example-flatmap/flatmap-stream", ("example-flatmap",))
    before = POISONED.at - rng.uniform(2, 10) * HOUR
    made += npm.published(before, flatmap, "0.1.0", "example-flatmap", rng)
    yield from labelled(INCIDENT, made)
