"""Looks at everything a worker needs and says what to do about what is missing."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from confluent_kafka import KafkaException

from pipeline import topics
from pipeline.doctor import cluster, local
from pipeline.doctor.check import Check, Status
from pipeline.settings import KafkaSettings, SettingsError

__all__ = ["Check", "Status", "examine"]


def examine(
    bootstrap: str,
    names: topics.Topics,
    app_id: str,
    identities: Path | None,
    *,
    databases: Sequence[Path] = (),
    networks: Path | None = None,
    role: str = "worker",
    holders: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[Check]:
    """All checks, one after the other; those that need a broker only if there is one.

    Args:
        bootstrap: brokers.
        names: of the topics.
        app_id: consumer group of the workers.
        identities: file that says who is who.
        databases: files that say where addresses are.
        networks: file that names known networks.
        role: of `deploy/acls.yaml`, whose rights this user must have.
        holders: principal to its roles; then every ACL is compared with them.
    """
    yield Check("python", Status.GOOD, sys.version.split()[0])
    yield from local.local_brokers()
    yield local.identities(identities)
    yield from local.places(databases)
    if networks is not None:
        yield local.networks(networks)
    try:
        settings = KafkaSettings.from_environment(bootstrap, os.environ)
    except SettingsError as error:
        yield Check("settings", Status.BAD, str(error), "see docs/settings.md")
        return
    yield cluster.encryption(settings)
    if settings.uses_oauth:
        yield cluster.token(settings)
    client = topics.admin(settings)
    try:
        if not (yield from cluster.broker(settings, client)):
            return
        yield from cluster.rights(client, role, names.prefix, app_id)
        yield from cluster.acls(client, holders or {}, names.prefix, app_id)
        if (yield from cluster.topics(client, names, app_id)):
            yield from cluster.state(settings, client, names, app_id)
    except KafkaException as error:
        yield Check("broker", Status.BAD, error.args[0].str(), "look into the broker's log")
