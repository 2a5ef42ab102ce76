"""JFrog Artifactory: lines of its two security logs as log shippers send them, and its webhooks.

A line is in the shipper's `message` (Filebeat, Vector, Logstash) or `log` (Fluent Bit, Docker);
the other fields of the envelope are not read. A webhook says who but neither when nor from where:
its time is when it was received. The access log tells the same deploy with its address, so ship
the one or the other, not both.

A deploy or a delete of a checksum, a signature or an index accompanies another artifact's, so it
keeps its own name and is no publish. A user's update is a change of password where the password
is among what changed.

References: https://jfrog.com/help/r/jfrog-platform-administration-documentation/audit-trail-log,
https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-log,
https://docs.jfrog.com/administration/docs/event-types
"""

from functools import lru_cache

import orjson

from schemas.action import Action
from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Fact,
    Outcome,
    Target,
    TargetKind,
    digest,
)
from schemas.facts import REASON, SCOPES, SUBJECT, TOKEN_ID
from schemas.sources.artifactory_actions import NAME, RULES, rule_of
from schemas.sources.artifactory_lines import Line, changed, is_line, read_line
from schemas.sources.artifactory_path import artifact_at
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.fields import (
    account,
    check_time,
    event_time,
    fold,
    load,
    mapping,
    origin_of,
    text,
    token_of,
)
from schemas.sources.rules import Rule

Json = dict[str, object]

_CACHED = 65_536
_ENVELOPES = frozenset({"message", "log", "event_type"})
_NOBODY = Actor("")
_NAMELESS = frozenset({"", "unknown", "anonymous", "non_authenticated_user"})
_MAX_SCOPES = 32
_USER = "USR."


def parse(raw: Raw) -> list[Activity]:
    """One log line or one webhook -> one activity.

    Raises:
        RejectedError: as `fields.load`; `not_this_source` for what is neither; `missing_field`
            for a webhook that nobody noted when it came; `bad_time`.
    """
    record = load(raw)
    if record.keys().isdisjoint(_ENVELOPES):
        record = fold(record)
    line = text_of(record)
    found = read_line(line) if line else None
    if found is not None:
        return [_logged(found, line, raw)]
    if is_webhook(record):
        return [_hooked(record, raw)]
    raise RejectedError("not_this_source", "neither a line of the two logs nor a webhook")


def text_of(record: Json) -> str:
    """The log line in a shipper's envelope; "" without one."""
    for field in ("message", "log"):
        value = record.get(field)
        if isinstance(value, str) and value:
            return value.strip()
    return ""


def is_webhook(record: Json) -> bool:
    """Is it a predefined webhook's payload."""
    return (
        isinstance(record.get("domain"), str)
        and isinstance(record.get("event_type"), str)
        and isinstance(record.get("data"), dict)
        and ("subscription_key" in record or text(record.get("source")).startswith("jfrog/"))
    )


def _logged(line: Line, written: str, raw: Raw) -> Activity:
    time = event_time(line.time, raw.received)
    rule = rule_of(line.name)
    action, facts = rule.action, _facts(line)
    if line.name == "USR.U" and changed(line.change, "password"):
        action = Action.PASSWORD_CHANGE
    target, companion = _target(rule, line)
    if companion:
        action = f"{NAME}/{line.name}"
    actor = _actor(line.user, line.service)
    subject = account("artifactory", line.entity) if line.name.startswith(_USER) else ""
    if subject and subject != actor.account:
        facts[SUBJECT] = subject
    return Activity(
        digest(NAME, written),
        time,
        raw.received,
        NAME,
        action,
        f"DENIED {line.name}" if line.denied else line.name,
        actor,
        target,
        origin_of(line.ip),
        "",
        Outcome.FAILURE if line.denied else Outcome.SUCCESS,
        facts,
        text(line.trace),
        raw.position,
    )


@lru_cache(_CACHED)
def _actor(user: str, service: bool) -> Actor:
    login = user.strip()[:256].lower()
    if login in _NAMELESS:
        return _NOBODY
    if service:
        return Actor(f"artifactory:{login}", kind=ActorKind.SERVICE)
    return Actor(f"artifactory:{login}", email=login if "@" in login[1:] else "")


def _target(rule: Rule, line: Line) -> tuple[Target, bool]:
    """Target, and whether it only accompanies another artifact."""
    if rule.kind is TargetKind.PACKAGE:
        repository, _, path = line.entity.partition(":")
        artifact = artifact_at(text(repository), text(path))
        name, version = artifact.package, artifact.version
        return Target(TargetKind.PACKAGE, name, package=name, version=version), artifact.companion
    if rule.kind is TargetKind.TOKEN:
        name = changed(line.change, "description") or changed(line.change, "subject")
        return Target(TargetKind.TOKEN, name), False
    if rule.kind is TargetKind.APPLICATION:
        return Target(TargetKind.APPLICATION, "artifactory"), False
    kind = TargetKind.ACCOUNT if line.name.startswith(_USER) else rule.kind
    return Target(kind, text(line.entity)), False


def _facts(line: Line) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    if line.denied:
        facts[REASON] = "denied"
    if line.name.startswith("TKN."):
        if token := changed(line.change, "id"):
            facts[TOKEN_ID] = token_of(token)
        if scopes := changed(line.change, "scope"):
            facts[SCOPES] = sorted(set(scopes.split()))[:_MAX_SCOPES]
    return facts


def _hooked(record: Json, raw: Raw) -> Activity:
    if raw.received <= 0:
        raise RejectedError("missing_field", "a webhook carries no time and nobody noted any")
    data = mapping(record["data"])
    native = f"{text(record['domain'])}.{text(record['event_type'])}"
    rule = rule_of(native)
    image, tag = text(data.get("image_name")), text(data.get("tag"))
    path = f"{image}/{tag}/manifest.json" if image and tag else text(data.get("path"))
    artifact = artifact_at(text(data.get("repo_key")), path)
    user = text(record.get("source")).removeprefix("jfrog/")
    content = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    return Activity(
        digest(NAME, content),
        check_time(raw.received, raw.received),
        raw.received,
        NAME,
        f"{NAME}/{native}" if artifact.companion else rule.action,
        native,
        _actor(user, False),
        Target(rule.kind, artifact.package, package=artifact.package, version=artifact.version)
        if rule.kind is TargetKind.PACKAGE
        else Target(rule.kind, artifact.package),
        event_id=text(data.get("sha256")),
        position=raw.position,
    )


def recognises(record: dict[str, object]) -> bool:
    """A webhook, or an envelope around a line of one of the two logs."""
    line = text_of(record)
    return is_line(line) if line else is_webhook(record)


SOURCE = Source(
    name=NAME,
    kind="registry",
    title="JFrog Artifactory: audit trail, access log, webhooks",
    reference="https://jfrog.com/help/r/jfrog-platform-administration-documentation/audit-trail-log",
    parse=parse,
    actions=frozenset(RULES),
    recognises=recognises,
)
