"""npm registry hooks: what `npm hook add` sends to a subscriber.

The body is `{event, name, type, version, hookOwner, payload, change, time}`; `version` is the
version of this envelope, not of the package, and `hookOwner` is the subscriber, not who acted.
`payload` is the package document, `change` says what changed.

A publish whose document holds the version's manifest becomes the activity that `npm.registry`
makes of the same manifest, under the same uid: whichever comes second is recognised as a duplicate
and nothing counts twice. A publish without the manifest says neither who published nor how, so it
is passed on as a notice under its vendor's name and not as a `package.publish`: it would otherwise
come first and hide the registry's fuller account.

For the other events npm does not say who acted. The actor is the package's only maintainer, or,
with several, the package itself as `npm:@package/<name>`.

The receiver of a hook checks `x-npm-signature` (HMAC-SHA256 over the body with the hook's secret)
before it writes the body to Kafka; the secret is not known here.
"""

from schemas.action import Action
from schemas.activity import Activity, Actor, ActorKind, Fact, digest
from schemas.facts import ADDED, MAINTAINERS, SUBJECT
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.fields import account, event_time, mapping, text
from schemas.sources.npm_manifest import (
    document,
    maintainers_of,
    package_target,
    published,
    repository_in,
    required,
)
from schemas.sources.npm_previous import previous

_NAME = "npm.hook"
_PUBLISH = "package:publish"
ACTIONS = {
    _PUBLISH: Action.PACKAGE_PUBLISH,
    "package:unpublish": Action.PACKAGE_UNPUBLISH,
    "package:owner": Action.PACKAGE_OWNER,
    "package:owner-rm": Action.PACKAGE_OWNER,
    "package:dist-tag": Action.PACKAGE_TAG,
    "package:dist-tag-rm": Action.PACKAGE_TAG,
    "package:deprecated": Action.PACKAGE_DEPRECATE,
}


def parse(raw: Raw) -> list[Activity]:
    """One hook body -> one activity.

    Raises:
        RejectedError: as `fields.load`; `missing_field` without event, name or time;
            `not_this_source` for an event of another object than a package; `bad_time`.
    """
    body = document(raw)
    event, name = required(body, "event"), required(body, "name")
    if not event.startswith("package:"):
        raise RejectedError("not_this_source", "hooks tell of packages only")
    when = body.get("time")
    if when is None:
        raise RejectedError("missing_field", "no time")
    time = event_time(when, raw.received)
    package, change = mapping(body.get("payload")), mapping(body.get("change"))
    version = text(change.get("version")) or text(change.get("deprecated"))
    manifest = mapping(mapping(package.get("versions")).get(version))
    if event == _PUBLISH and "_npmUser" in manifest:
        own_time = mapping(package.get("time")).get(version)
        before = previous(name, version, package.get("time"), package.get("versions"))
        when = own_time if own_time is not None else time
        return [published(manifest, when, raw, _NAME, before=before)]
    return [
        Activity(
            uid=digest(_NAME, event, name, str(time), _changed(change)),
            time=time,
            received=raw.received,
            source=_NAME,
            action=_action(event),
            native=event,
            actor=_actor(name, package),
            target=package_target(name, version, repository_in(package)),
            facts=_facts(event, package, change),
            event_id=f"{name}@{version}" if version else name,
            position=raw.position,
        )
    ]


def _action(event: str) -> str:
    action = None if event == _PUBLISH else ACTIONS.get(event)
    return action if action is not None else f"{_NAME}/{event}"


def _changed(change: dict[str, object]) -> str:
    return " ".join(f"{key}={text(change[key])}" for key in sorted(change))


def _actor(name: str, package: dict[str, object]) -> Actor:
    maintainers = maintainers_of(package)
    if len(maintainers) == 1:
        return Actor(maintainers[0], kind=ActorKind.PERSON)
    return Actor(account("npm", f"@package/{name}"))


def _facts(event: str, package: dict[str, object], change: dict[str, object]) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    if maintainers := maintainers_of(package):
        facts[MAINTAINERS] = [*maintainers]
    if ACTIONS.get(event) is Action.PACKAGE_OWNER:
        facts[ADDED] = event == "package:owner"
        if subject := account("npm", change.get("maintainer") or change.get("user")):
            facts[SUBJECT] = subject
    return facts


def recognises(record: dict[str, object]) -> bool:
    """A hook's envelope."""
    return "hookOwner" in record and str(record.get("event", "")).startswith("package:")


SOURCE = Source(
    name=_NAME,
    kind="registry",
    title="npm registry hooks",
    reference="https://github.com/npm/registry/blob/main/docs/hooks/hooks-payload.md",
    parse=parse,
    actions=frozenset(ACTIONS),
    recognises=recognises,
)
