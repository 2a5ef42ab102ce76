"""npm registry: what a follower of the registry sees of a publish.

Two shapes: the manifest of one version with its publication time under `time` (as text, or as the
packument's map of versions to times), and a whole packument (`versions` and `time`), from which
one activity a version comes, oldest first, and one for an unpublish (`time.unpublished`). A
follower should send the manifest: a packument repeats the package's history at every change.
"""

from collections.abc import Iterator
from itertools import pairwise

from msgspec.structs import replace

from schemas.action import Action
from schemas.activity import Activity, Actor, ActorKind, Position, digest
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.batches import each
from schemas.sources.fields import account, event_time, lower, mapping, text
from schemas.sources.npm_manifest import Json, document, package_target, published, required
from schemas.sources.npm_previous import previous, told

_NAME = "npm.registry"
ACTIONS = {"publish": Action.PACKAGE_PUBLISH, "unpublish": Action.PACKAGE_UNPUBLISH}


def parse(raw: Raw) -> Iterator[Activity] | list[Activity]:
    """One version manifest or one packument -> its publishes.

    Raises:
        RejectedError: as `fields.load` and `npm_manifest.published`; of a packument with some bad
            versions after the good ones.
    """
    record = document(raw)
    if isinstance(record.get("versions"), dict):
        return _packument(record, raw)
    times = record.get("time")
    before = previous(text(record.get("name")), text(record.get("version")), times)
    return [published(record, times, raw, _NAME, before=before)]


def _packument(record: Json, raw: Raw) -> Iterator[Activity]:
    times, manifests = mapping(record.get("time")), mapping(record["versions"])
    order = sorted(
        (version for version in manifests if version in times),
        key=lambda version: (text(times[version]), version),  # ISO 8601 sorts as it reads
    )
    last = dict(pairwise(order[::-1]))  # version -> the one before
    gone = times.get("unpublished")
    if not order and not isinstance(gone, dict):
        raise RejectedError("missing_field", "no version has a time")
    yield from each(
        order,
        raw.position,
        lambda version, where: published(
            mapping(manifests[version]),
            times[version],
            raw,
            _NAME,
            where,
            before=told(text(record.get("name")), times[last[version]], manifests[last[version]])
            if version in last
            else None,
        ),
    )
    if isinstance(gone, dict):
        yield _unpublished(record, gone, raw, replace(raw.position, index=len(order)))


def _unpublished(record: Json, gone: Json, raw: Raw, position: Position) -> Activity:
    name = required(record, "name")
    when, actor = gone.get("time"), account("npm", gone.get("name"))
    if when is None or not actor:
        raise RejectedError("missing_field", "an unpublish without time or account")
    return Activity(
        uid=digest(_NAME, "unpublish", name, text(when)),
        time=event_time(when, raw.received),
        received=raw.received,
        source=_NAME,
        action=Action.PACKAGE_UNPUBLISH,
        native="unpublish",
        actor=Actor(actor, kind=ActorKind.PERSON, email=lower(gone.get("email"))),
        target=package_target(name),
        event_id=name,
        position=position,
    )


def recognises(record: dict[str, object]) -> bool:
    """A full manifest, or a packument."""
    if isinstance(record.get("versions"), dict):
        return isinstance(record.get("time"), dict) and "name" in record
    return "_npmUser" in record and "version" in record


SOURCE = Source(
    name=_NAME,
    kind="registry",
    title="npm registry: version manifests and packuments",
    reference="https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md",
    parse=parse,
    actions=frozenset(ACTIONS),
    recognises=recognises,
)
