"""What the client itself may do: every client may ask that."""

import time
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from pipeline.access.operations import REQUEST_SECONDS, operation_name
from pipeline.access.roles import CLUSTER, Right, with_implied

GROUP_SECONDS = 60.0
RETRY_SECONDS = 3.0
PAUSE_SECONDS = 0.1
_REFUSED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}
_NOT_YET = {
    KafkaError._TIMED_OUT,  # noqa: SLF001 - its public name
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}
_UNTOLD = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.GROUP_ID_NOT_FOUND,
    KafkaError.UNSUPPORTED_VERSION,
    KafkaError._UNSUPPORTED_FEATURE,  # noqa: SLF001 - its public name
}


@dataclass(frozen=True, slots=True)
class Own:
    """A client's rights beside a role's.

    Attributes:
        missing: what the role needs and the client may not.
        further: what the client may do to the role's resources beyond its need.
    """

    missing: list[Right]
    further: list[Right]


def own(client: AdminClient, rights: Iterable[Right]) -> Own:
    """Ask the broker what the client may do; resources that are not there do not count.

    A broker that cannot tell, as the embedded one, is taken to allow it.

    Raises:
        confluent_kafka.KafkaException: no broker answers.
    """
    needed: dict[tuple[str, str], set[str]] = {}
    for right in rights:
        needed.setdefault((right.kind, right.name), set()).add(right.operation)
    missing: list[Right] = []
    further: list[Right] = []
    for (kind, name), allowed in _allowed(client, needed).items():
        if allowed is None:
            continue
        wanted = needed[kind, name]
        missing += [Right(o, kind, name) for o in sorted(wanted - with_implied(allowed))]
        further += [Right(o, kind, name) for o in sorted(allowed - with_implied(wanted))]
    return Own(missing, further)


def _allowed(
    client: AdminClient, resources: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], set[str] | None]:
    """Operations by resource; None where the broker does not say."""
    names: dict[str, list[str]] = {"topic": [], "group": [], "cluster": []}
    for kind, name in resources:
        names[kind].append(name)
    more = {"include_authorized_operations": True, "request_timeout": REQUEST_SECONDS}
    asked: dict[tuple[str, str], Future[Any]] = {}
    if names["topic"]:
        found = client.describe_topics(TopicCollection(names["topic"]), **more)
        asked |= {("topic", name): future for name, future in found.items()}
    if names["cluster"]:
        asked["cluster", CLUSTER] = client.describe_cluster(**more)
    answers = {resource: _answer(resource[0], future) for resource, future in asked.items()}
    return answers | {("group", name): _of_group(client, name) for name in names["group"]}


def _of_group(client: AdminClient, name: str) -> set[str] | None:
    deadline = time.monotonic() + GROUP_SECONDS
    while True:
        asked = client.describe_consumer_groups(
            [name], include_authorized_operations=True, request_timeout=RETRY_SECONDS
        )
        try:
            return _answer("group", asked[name])
        except KafkaException as error:
            # The first group of a cluster has to wait until there is somebody to keep it.
            if error.args[0].code() not in _NOT_YET or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)


def _answer(kind: str, future: "Future[Any]") -> set[str] | None:
    try:
        operations = future.result().authorized_operations
    except KafkaException as error:
        if error.args[0].code() in _REFUSED:
            return set()
        if error.args[0].code() in _UNTOLD:
            return None
        raise
    if operations is None:
        # Of the cluster everybody may be told something, and then None is none at all.
        return set() if kind == "cluster" else None
    return {operation_name(operation) for operation in operations}
