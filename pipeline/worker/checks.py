"""What a worker makes sure of before it joins its group: its rights, and that its state fits."""

from collections.abc import Iterable

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pipeline import topics
from pipeline.access.own import own
from pipeline.access.roles import roles
from pipeline.broker.embedded import is_embedded
from pipeline.lifecycle.check import examine
from pipeline.lifecycle.mismatch import Mismatch
from pipeline.settings import SettingsError
from pipeline.worker.settings import WorkerSettings

SHOWN = 5  # of each kind; there may be one for every partition


def refuse(settings: WorkerSettings) -> None:
    """Refuse to start where a worker would fail later, or learn in silence what is wrong.

    Raises:
        SettingsError: a right is missing, or state and topics do not belong together; the message
            says which and what to do.
    """
    client = topics.admin(settings.kafka)
    try:
        refuse_without_rights(client, settings)
        if not is_embedded(client):  # it forgets state and topics alike
            refuse_foreign_state(client, settings)
    except KafkaException as error:
        raise SettingsError(f"{settings.kafka.bootstrap}: {error.args[0].str()}") from None


def refuse_without_rights(client: AdminClient, settings: WorkerSettings) -> None:
    """Raises SettingsError if the broker would not let a worker work."""
    rights = roles()["worker"].rights(settings.topics.prefix, settings.app_id)
    missing = own(client, rights).missing
    if missing:
        lines = "\n".join(f"  {right}" for right in missing)
        raise SettingsError(
            f"the broker does not allow what a worker needs:\n{lines}\n"
            "have it allowed: devspm acls show --role worker --principal User:NAME"
        )


def refuse_foreign_state(client: AdminClient, settings: WorkerSettings) -> None:
    """Raises SettingsError if stored state is not of these topics, or of another version."""
    found = examine(
        settings.kafka, client, settings.topics, settings.app_id, settings.partitions
    ).mismatches
    if found:
        raise SettingsError(
            "what was learned does not fit the topics (docs/operations.md):\n"
            + "\n".join(described(found))
        )


def described(mismatches: Iterable[Mismatch]) -> list[str]:
    """Lines for people, a few of each kind, each kind with what to do."""
    lines: list[str] = []
    by_kind: dict[object, list[Mismatch]] = {}
    for mismatch in mismatches:
        by_kind.setdefault(mismatch.kind, []).append(mismatch)
    for each in by_kind.values():
        texts = [*dict.fromkeys(m.text for m in each)]
        lines += [f"  {text}" for text in texts[:SHOWN]]
        if len(texts) > SHOWN:
            lines.append(f"  and {len(texts) - SHOWN} more")
        lines.append(f"  -> {each[0].kind.fix}")
    return lines
