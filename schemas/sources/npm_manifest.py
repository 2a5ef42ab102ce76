"""One npm version manifest -> the publish it tells of; shared by the registry and the hooks.

npm names the account that published in `_npmUser`. For trusted publishing that is one account for
everybody ("GitHub Actions"), which says nothing of who acts: the actor is then the repository's
own CI, `npm:<provider>@<repository>`, a service. Where there is provenance, npm has compared that
repository with the one in the OIDC token.

A version can be published once only, so `<name>@<version>` is the event's own id: a follower, a
second follower and a hook tell of the same publish under the same uid.

Reference: https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md; provenance
and trusted publishers: https://docs.npmjs.com/trusted-publishers
"""

from functools import lru_cache

from schemas.action import Action
from schemas.activity import (
    NO_ORIGIN,
    Activity,
    Actor,
    ActorKind,
    Fact,
    Origin,
    Position,
    Target,
    TargetKind,
    digest,
)
from schemas.facts import (
    COMMIT,
    DEPENDENCIES,
    INSTALL_SCRIPT,
    MAINTAINERS,
    PROVENANCE,
    PUBLISHER,
    PUBLISHER_EMAIL,
)
from schemas.sources.base import Raw, RejectedError
from schemas.sources.fields import (
    account,
    event_time,
    fold,
    items,
    load,
    lower,
    mapping,
    repository_of,
    text,
)
from schemas.sources.secrets import redacted

MAX_BYTES = 4 << 20
_SPELLED = {
    name.lower(): name
    for name in (
        "_npmUser",
        "_npmVersion",
        "gitHead",
        "hasInstallScript",
        "hookOwner",
        "optionalDependencies",
        "trustedPublisher",
    )
}
_MOST_DEPENDENCIES = 64
_MOST_MAINTAINERS = 32
_LONGEST_SPEC = 2048
_INSTALL_SCRIPTS = frozenset({"preinstall", "install", "postinstall"})
_TRUSTED_ACCOUNT = "github actions"  # also where a mirror has dropped `trustedPublisher`

Json = dict[str, object]


def document(raw: Raw) -> Json:
    """The record's JSON object, names as npm spells them; up to 4 MiB, as packuments are long.

    Raises:
        RejectedError: as `fields.load`.
    """
    record = load(raw, MAX_BYTES)
    return record if "name" in record else fold(record, _SPELLED)


def published(
    manifest: Json,
    time: object,
    raw: Raw,
    source: str,
    position: Position | None = None,
    *,
    before: dict[str, Fact] | None = None,
) -> Activity:
    """The publish of one version.

    Args:
        manifest: the version's manifest, full form.
        time: when it was published; the packument's map of versions to times is taken too.
        raw: the record it came in.
        source: name of the parser.
        position: of the version, where the record holds several.
        before: facts of the version before, see `npm_previous`.

    Raises:
        RejectedError: `missing_field` without name, version, publisher or time; `wrong_type` for
            a name or version that is no text; `bad_time`.
    """
    name, version = required(manifest, "name"), required(manifest, "version")
    if isinstance(time, dict):
        time = time.get(version)
    if time is None:
        raise RejectedError("missing_field", "the version has no time")
    user = mapping(manifest.get("_npmUser"))
    trusted = _trusted(user)
    repository = repository_in(manifest)
    return Activity(
        uid=digest("npm.registry", f"{name}@{version}"),
        time=event_time(time, raw.received),
        received=raw.received,
        source=source,
        action=Action.PACKAGE_PUBLISH,
        native="publish",
        actor=_person(user) if trusted is None else _service(user, trusted, repository or name),
        target=package_target(name, version, repository),
        origin=_client(manifest.get("_npmVersion")),
        facts=_facts(manifest, user, trusted is not None) | (before or {}),
        event_id=f"{name}@{version}",
        position=raw.position if position is None else position,
    )


def required(record: Json, field: str) -> str:
    """A text field without which there is no event.

    Raises:
        RejectedError: `missing_field`, `wrong_type`.
    """
    value = record.get(field)
    if found := text(value) if value is None or isinstance(value, str) else None:
        return found
    if found is None:
        raise RejectedError("wrong_type", f"{field} is no text")
    raise RejectedError("missing_field", f"no {field}")


def package_target(name: str, version: str = "", repository: str = "") -> Target:
    """Target for an npm package; its scope is the organisation."""
    scope = name[1:].partition("/")[0] if name.startswith("@") else ""
    package = f"npm/{name}"
    return Target(TargetKind.PACKAGE, package, repository, package, version, scope)


def maintainers_of(package: Json) -> list[str]:
    """Accounts in `maintainers`, sorted, at most 32; written as objects or `name <address>`."""
    found = set()
    for person in items(package.get("maintainers")):
        who = person.get("name") if isinstance(person, dict) else text(person).partition(" <")[0]
        if who:
            found.add(account("npm", who))
    return sorted(found)[:_MOST_MAINTAINERS]


def repository_in(package: Json) -> str:
    """Canonical name of `repository`: an object with `url`, an URL, or a shorthand."""
    value = package.get("repository")
    return repository_of(value.get("url") if isinstance(value, dict) else value)


def publisher_of(manifest: Json, name: str) -> str:
    """Account that published a version of the package; empty if its manifest does not say."""
    user = mapping(manifest.get("_npmUser"))
    trusted = _trusted(user)
    if trusted is None:
        return account("npm", user.get("name"))
    return _service(user, trusted, repository_in(manifest) or name).account


def _trusted(user: Json) -> Json | None:
    trusted = user.get("trustedPublisher")
    if isinstance(trusted, dict):
        return trusted
    return {} if trusted is True or lower(user.get("name")) == _TRUSTED_ACCOUNT else None


def _person(user: Json) -> Actor:
    login = account("npm", user.get("name"))
    if not login:
        raise RejectedError("missing_field", "no publisher: the full manifest is needed")
    return Actor(login, kind=ActorKind.PERSON, email=lower(user.get("email")))


def _service(user: Json, trusted: Json, where: str) -> Actor:
    provider = text(trusted.get("id")) or "github"
    return Actor(
        account("npm", f"{provider}@{where}"),
        kind=ActorKind.SERVICE,
        on_behalf_of=account("npm", mapping(user.get("approver")).get("name")),
    )


def _facts(manifest: Json, user: Json, trusted: bool) -> dict[str, Fact]:
    attestations = mapping(mapping(manifest.get("dist")).get("attestations"))
    facts: dict[str, Fact] = {
        PROVENANCE: bool(attestations.get("provenance")),
        PUBLISHER: "staged" if user.get("approver") else "trusted" if trusted else "user",
        INSTALL_SCRIPT: manifest.get("hasInstallScript") is True
        or manifest.get("gypfile") is True
        or not _INSTALL_SCRIPTS.isdisjoint(mapping(manifest.get("scripts"))),
        DEPENDENCIES: _dependencies(manifest),
    }
    if email := lower(user.get("email")):
        facts[PUBLISHER_EMAIL] = email
    if maintainers := maintainers_of(manifest):
        facts[MAINTAINERS] = maintainers
    if commit := lower(manifest.get("gitHead")):
        facts[COMMIT] = commit
    return facts


def _dependencies(manifest: Json) -> list[str]:
    wanted = {
        # A range of versions names a package of the registry: no need to look closer.
        f"npm/{text(name)}"
        if isinstance(spec, str) and "/" not in spec and ":" not in spec
        else _dependency(name, spec)
        for group in ("dependencies", "optionalDependencies")
        for name, spec in mapping(manifest.get(group)).items()
    }
    return sorted(wanted)[:_MOST_DEPENDENCIES]


def _dependency(name: str, spec: object) -> str:
    """What is really installed: an alias names another package, an URL needs no registry."""
    wanted = spec if isinstance(spec, str) else ""
    if wanted.startswith("npm:"):
        aliased = redacted(wanted[4:_LONGEST_SPEC])
        at = aliased.rfind("@")
        return f"npm/{text(aliased[:at] if at > 0 else aliased)}"
    return f"url/{text(name)}" if "/" in wanted else f"npm/{text(name)}"


def _client(version: object) -> Origin:
    """`_npmVersion` is the publishing program's: `10.9.2`, but also `lerna/8.1.2/node@v20 …`."""
    return _client_of(text(version))


@lru_cache(4096)
def _client_of(version: str) -> Origin:
    program, slash, rest = version.partition("/")
    major = (rest if slash else program).partition(".")[0]
    if not major.isdecimal():
        return NO_ORIGIN
    return Origin(client=f"{program if slash else 'npm'}/{major}")
