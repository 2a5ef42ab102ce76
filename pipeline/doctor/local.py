"""What can be seen on this machine: files and programs."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.broker import embedded, kafka
from pipeline.doctor.check import Check, Status
from pipeline.networks import NetworkMap, NetworkMapError
from pipeline.places import Database, Place, PlacesError
from schemas.identity import IdentityMap, IdentityMapError

OLD_DAYS = 60


def local_brokers() -> Iterator[Check]:
    """Whether a broker can be started on this machine."""
    for name, missing in (
        ("Apache Kafka for the demo", kafka.missing_prerequisites()),
        ("embedded broker for the demo", embedded.missing_prerequisites()),
    ):
        if missing:
            yield Check(name, Status.NOTE, "cannot be started here", " ".join(missing))
        else:
            yield Check(name, Status.GOOD, "can be started here")


def identities(path: Path | None) -> Check:
    """The file that says who is who."""
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


def places(databases: Sequence[Path]) -> Iterator[Check]:
    """The files that say where addresses are."""
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


def networks(path: Path) -> Check:
    """The file that names known networks."""
    try:
        known = NetworkMap.load(path)
    except NetworkMapError as error:
        return Check("networks", Status.BAD, str(error), f"mend {path}")
    return Check("networks", Status.GOOD, f"{len(known)} with {known.prefixes} prefixes in {path}")
