"""Looks at everything a worker needs and says what to do about what is missing."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from confluent_kafka import KafkaException

from pipeline import topics
from pipeline.broker import embedded, kafka
from pipeline.networks import NetworkMap, NetworkMapError
from pipeline.places import Database, Place, PlacesError
from pipeline.settings import KafkaSettings, SettingsError
from schemas.identity import IdentityMap, IdentityMapError

OLD_DAYS = 60


class Status(IntEnum):
    """How a check ended, best first."""

    GOOD = 0
    NOTE = 1
    BAD = 2


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Attributes:
        name: what.
        status: how it is.
        detail: what was seen.
        fix: what to do; empty if nothing.
    """

    name: str
    status: Status
    detail: str
    fix: str = ""


def examine(
    bootstrap: str,
    names: topics.Topics,
    app_id: str,
    identities: Path | None,
    *,
    databases: Sequence[Path] = (),
    networks: Path | None = None,
) -> Iterator[Check]:
    """All checks, one after the other; those that need a broker only if there is one."""
    yield Check("python", Status.GOOD, sys.version.split()[0])
    yield from _local_brokers()
    yield _identities(identities)
    yield from _places(databases)
    if networks is not None:
        yield _networks(networks)
    try:
        settings = KafkaSettings.from_environment(bootstrap, os.environ)
    except SettingsError as error:
        yield Check("settings", Status.BAD, str(error), "see docs/settings.md")
        return
    yield _encryption(settings)
    yield from _broker(settings, names, app_id)


def _local_brokers() -> Iterator[Check]:
    for name, missing in (
        ("Apache Kafka for the demo", kafka.missing_prerequisites()),
        ("embedded broker for the demo", embedded.missing_prerequisites()),
    ):
        if missing:
            yield Check(name, Status.NOTE, "cannot be started here", " ".join(missing))
        else:
            yield Check(name, Status.GOOD, "can be started here")


def _identities(path: Path | None) -> Check:
    if path is None:
        return Check(
            "identities",
            Status.NOTE,
            "no file: only what is imported or proven by events is linked",
            "join the accounts of a person: devspm identities import, or --identities",
        )
    try:
        count = len(IdentityMap.load(path))
    except (IdentityMapError, OSError) as error:
        return Check("identities", Status.BAD, str(error), f"mend {path}")
    return Check("identities", Status.GOOD, f"{count} in {path}")


def _places(databases: Sequence[Path]) -> Iterator[Check]:
    if not databases:
        yield Check(
            "places",
            Status.NOTE,
            "no database: where the event does not say, a network is the prefix of its address",
            "name one with --places, see docs/sources.md",
        )
    for path in databases:
        try:
            database = Database(path)
            told = database.tells()
        except PlacesError as error:
            yield Check("places", Status.BAD, str(error), "get it again, see docs/sources.md")
            continue
        days = int((time.time() - database.built) // 86400)
        holds = " and ".join(name for name in Place._fields if getattr(told, name))
        detail = f"{path}: {database.kind}, {holds or 'nothing of use'}, {days} days old"
        if not holds:
            fix = "use a database of countries or autonomous systems, see docs/sources.md"
            yield Check("places", Status.BAD, detail, fix)
        elif days > OLD_DAYS:
            yield Check("places", Status.NOTE, detail, "get a newer one: networks change hands")
        else:
            yield Check("places", Status.GOOD, detail)


def _networks(path: Path) -> Check:
    try:
        networks = NetworkMap.load(path)
    except NetworkMapError as error:
        return Check("networks", Status.BAD, str(error), f"mend {path}")
    return Check(
        "networks", Status.GOOD, f"{len(networks)} with {networks.prefixes} prefixes in {path}"
    )


def _encryption(settings: KafkaSettings) -> Check:
    if settings.uses_tls:
        return Check("encryption", Status.GOOD, settings.protocol)
    return Check(
        "encryption",
        Status.NOTE,
        f"{settings.protocol}: readable by anyone on the network",
        "set DEVSPM_KAFKA_SECURITY_PROTOCOL, see docs/settings.md",
    )


def _broker(settings: KafkaSettings, names: topics.Topics, app_id: str) -> Iterator[Check]:
    client = topics.admin(settings)
    try:
        metadata = client.list_topics(timeout=10.0)
    except KafkaException as error:
        yield Check(
            "broker",
            Status.BAD,
            f"{settings.bootstrap}: {error.args[0].str()}",
            "check --bootstrap, and that the broker runs",
        )
        return
    yield Check("broker", Status.GOOD, f"{settings.bootstrap}: {len(metadata.brokers)} brokers")
    wanted = names.all(app_id)
    problems = topics.differences(client, wanted)
    for problem in problems:
        yield Check(f"topic {problem.topic}", Status.BAD, problem.problem, problem.fix)
    if not problems:
        count = topics.partitions(client, names.activity)
        yield Check("topics", Status.GOOD, f"{len(wanted)} topics with {count} partitions")
