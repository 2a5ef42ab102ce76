"""PyPI: events from the security histories of accounts, projects and organisations.

PyPI shows these histories but publishes no format to export them in. The record is therefore
Warehouse's own row (`warehouse/events/models.py`: `id`, `tag`, `time`, `ip_address`, `additional`)
with two fields beside it: `source`, the name of the account, project, organisation or team whose
history it is (of a file its project), and optionally `user`, who acted. An exporter that
keeps Warehouse's relations may send `source` and `ip_address` as objects.

Who acts: `additional.submitted_by`, else `user`, and in an account's own history the account. An
upload by a trusted publisher is the repository's own CI, `pypi:<provider>@<repository>`, a service,
as in the npm parser. Whether a release is attested is not in the event, so it is not told.

Reference: `warehouse/events/` in the repository pypi/warehouse.
"""

import re
from functools import lru_cache

import orjson

from schemas.action import Action
from schemas.activity import (
    Activity,
    Actor,
    ActorKind,
    Fact,
    Origin,
    Target,
    TargetKind,
    digest,
)
from schemas.facts import COMMIT, PUBLISHER, WEAKENED
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.countries import country_code
from schemas.sources.fields import (
    account,
    address_of,
    client_of,
    event_time,
    fold,
    load,
    lower,
    mapping,
    network_of,
    repository_of,
    text,
)
from schemas.sources.pypi_facts import MFA_REASONS, facts_of
from schemas.sources.pypi_tags import FAMILIES, NAME, RULES, rule_of
from schemas.sources.secrets import redacted

Json = dict[str, object]

_CACHED = 65_536
_WITHOUT_OFFSET = (len("2026-09-08T10:01:00"), len("2026-09-08T10:01:00.123456"))
_LONGEST_URL = 2048
_TRUSTED = "OpenID created token"
_PROVIDERS = {"github.com": "github", "gitlab.com": "gitlab"}
_SEPARATORS = re.compile(
    r"[-_.]+"
)  # https://packaging.python.org/specifications/name-normalization
_NOBODY = Actor("")
_PROJECTS = frozenset({"project", "file"})


def parse(raw: Raw) -> list[Activity]:
    """One event row -> one activity.

    Raises:
        RejectedError: as `fields.load`; `not_this_source` for a tag of another family;
            `missing_field` without tag or time; `wrong_type`, `bad_time`.
    """
    record = load(raw)
    if "tag" not in record:
        record = fold(record)
    tag = text(record.get("tag"))
    if not tag:
        raise RejectedError("missing_field", "no tag")
    family = tag.partition(":")[0]
    if family not in FAMILIES:
        raise RejectedError("not_this_source", "the tag is none of Warehouse's")
    told = mapping(record.get("additional"))
    rule = rule_of(tag)
    action = rule.action
    if "reason" in told and action == Action.LOGIN and text(told["reason"]) in MFA_REASONS:
        action = Action.MFA_CHALLENGE
    source = _name(record.get("source"))
    url = told.get("publisher_url")
    repository, commit = _published_from(url) if isinstance(url, str) else ("", "")
    actor = _actor(family, record, told, source, repository)
    event_id = text(record.get("id"))
    facts = facts_of(tag, action, told, source if family == "account" else "", actor)
    if action == Action.PACKAGE_PUBLISH:
        facts |= _publish(actor, commit)
    if rule.weakened is not None:
        facts[WEAKENED] = rule.weakened
    return [
        Activity(
            digest(NAME, event_id or orjson.dumps(record, option=orjson.OPT_SORT_KEYS)),
            event_time(_time(record), raw.received),
            raw.received,
            NAME,
            action,
            tag,
            actor,
            _target(rule.kind, record, told, source, repository),
            _origin(record, told),
            "",
            rule.outcome,
            facts,
            event_id,
            raw.position,
        )
    ]


def _time(record: Json) -> object:
    value = record.get("time")
    if value is None:
        raise RejectedError("missing_field", "no time")
    # Warehouse writes UTC without saying so; to say so is quicker than to find out.
    return f"{value}Z" if isinstance(value, str) and len(value) in _WITHOUT_OFFSET else value


def _name(value: object) -> str:
    """Name of an account, project, organisation or team, also when its row was sent."""
    if isinstance(value, dict):
        return text(value.get("username")) or text(value.get("name"))
    return text(value)


@lru_cache(_CACHED)
def _published_from(url: str) -> tuple[str, str]:
    """Repository and commit of a trusted publisher's URL, `<repository>/commit/<id>`."""
    repository, _, commit = redacted(url[:_LONGEST_URL]).partition("/commit/")
    return repository_of(repository), commit.lower()


@lru_cache(_CACHED)
def _person(login: str) -> Actor:
    return Actor(account("pypi", login), kind=ActorKind.PERSON) if login else _NOBODY


@lru_cache(_CACHED)
def _publisher(where: str) -> Actor:
    provider = _PROVIDERS.get(where.partition("/")[0], "oidc")
    return Actor(account("pypi", f"{provider}@{where}"), kind=ActorKind.SERVICE)


def _actor(family: str, record: Json, told: Json, source: str, repository: str) -> Actor:
    login = text(told.get("submitted_by"))
    if repository or login == _TRUSTED or told.get("uploaded_via_trusted_publisher") is True:
        return _publisher(repository or package_of(source).removeprefix("pypi/"))
    return _person(login or _name(record.get("user")) or (source if family == "account" else ""))


def _publish(actor: Actor, commit: str) -> dict[str, Fact]:
    facts: dict[str, Fact] = {
        PUBLISHER: "trusted" if actor.kind is ActorKind.SERVICE else "user",
    }
    if commit:
        facts[COMMIT] = commit
    return facts


@lru_cache(_CACHED)
def package_of(project: str) -> str:
    """A project as a package, its name as PyPI compares it.

    >>> package_of("Example.Widget_core")
    'pypi/example-widget-core'
    """
    return f"pypi/{_SEPARATORS.sub('-', project).lower()}"


def _target(kind: TargetKind, record: Json, told: Json, source: str, repository: str) -> Target:
    family = text(record.get("tag")).partition(":")[0]
    project = text(told.get("project_name") or told.get("project"))
    if not project:
        project = source if family in _PROJECTS else _name(record.get("project"))
    package = package_of(project) if project else ""
    organization = ""
    if family == "organization":
        organization = lower(told.get("organization_name")) or source.lower()
    match kind:
        case TargetKind.TOKEN:
            name = text(told.get("description"))
        case TargetKind.FACTOR:
            name = text(told.get("method"))
        case TargetKind.ACCOUNT:
            name = text(told.get("target_user") or told.get("target_user_id")) or source
        case TargetKind.GROUP:
            name = text(told.get("team_name")) or source
        case TargetKind.APPLICATION:
            name = "pypi"
        case _:
            name = package or source
    version = text(told.get("canonical_version"))
    return Target(kind, name, repository, package, version, organization)


def _origin(record: Json, told: Json) -> Origin:
    address = record.get("ip_address")
    place = mapping(told.get("geoip_info"))
    if isinstance(address, dict):
        place = place or mapping(address.get("geoip_info"))
        address = address.get("ip_address")
    agent = mapping(told.get("user_agent_info"))
    return _origin_of(
        text(address),
        text(place.get("country_code")),
        text(agent.get("user_agent")) or text(agent.get("installer")),
        text(agent.get("os")) or text(agent.get("system")),
    )


@lru_cache(_CACHED)
def _origin_of(ip: str, country: str, program: str, system: str) -> Origin:
    return Origin(
        address_of(ip), network_of(ip), country_code(country), program, client_of(system)[1]
    )


def recognises(record: dict[str, object]) -> bool:
    """A tag of one of Warehouse's families and a time."""
    tag = record.get("tag")
    return (
        isinstance(tag, str)
        and "time" in record
        and ":" in tag
        and tag.partition(":")[0] in FAMILIES
    )


SOURCE = Source(
    name=NAME,
    kind="registry",
    title="PyPI security history",
    reference="https://github.com/pypi/warehouse/blob/main/warehouse/events/tags.py",
    parse=parse,
    actions=frozenset(RULES),
    recognises=recognises,
)
