"""What the npm registry shows of a publish: the version's manifest, and the hook's delivery."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from pipeline.generator.records import Event, Timed, digest, hex_id, iso, record, seeded, uuid

PROXY = "https://npm.example.com"
"""Where the organisation's proxy registry says that its tarballs are."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package: its source repository `owner/name`, its maintainers, how it is published."""

    name: str
    repository: str
    maintainers: tuple[str, ...]
    trusted: bool = False
    dependencies: dict[str, str] = field(default_factory=dict)


def published(
    at: float,
    package: Package,
    version: str,
    publisher: str,
    rng: Random,
    *,
    head: str | None = None,
    before: float | None = None,
) -> list[Timed]:
    """The manifest of a new version in its packument, and the `package:publish` hook after it.

    Args:
        at: when the registry took it, seconds since the epoch.
        package: what.
        version: its new version.
        publisher: the npm account; a trusted publisher shows as the registry names it.
        rng: for digests.
        head: the commit of the working copy, `gitHead`.
        before: when the version before was published, if the packument's times are shown too.
    """
    times = {version: iso(at)} if before is None else {"0.9.0": iso(before), version: iso(at)}
    user: Event = {"name": publisher, "email": f"{publisher}@example.com"}
    dist: Event = {
        "integrity": f"sha512-{digest(rng, 64)}",
        "shasum": hex_id(rng, 40),
        "tarball": f"{PROXY}/{package.name}/-/{package.name.rpartition('/')[2]}-{version}.tgz",
        "fileCount": rng.randint(5, 60),
        "unpackedSize": rng.randint(8_000, 900_000),
    }
    if package.trusted:
        identity = uuid(seeded(package.name))
        user = {
            "name": publisher,
            "email": "npm-oidc-no-reply@github.com",
            "trustedPublisher": {"id": "github", "oidcConfigId": f"oidc:{identity}"},
        }
        dist["attestations"] = {
            "url": f"{PROXY}/-/npm/v1/attestations/{package.name}@{version}",
            "provenance": {"predicateType": "https://slsa.dev/provenance/v1"},
        }
    manifest: Event = {
        "_id": f"{package.name}@{version}",
        "name": package.name,
        "version": version,
        "time": iso(at) if before is None else times,
        "_npmUser": user,
        "maintainers": [
            {"name": name, "email": f"{name}@example.com"} for name in package.maintainers
        ],
        "dist": dist,
        "scripts": {"test": "node --test"},
        "hasInstallScript": False,
        "dependencies": package.dependencies,
        "repository": {"type": "git", "url": f"git+https://github.com/{package.repository}.git"},
    }
    if head is not None:
        manifest["gitHead"] = head
    later = at + rng.uniform(0.4, 2.5)
    hook: Event = {
        "event": "package:publish",
        "name": package.name,
        "type": "package",
        "version": "1.0.0",
        "hookOwner": {"username": "example-hooks"},
        "payload": {
            "name": package.name,
            "dist-tags": {"latest": version},
            "maintainers": manifest["maintainers"],
            "repository": manifest["repository"],
            "versions": {version: {key: manifest[key] for key in HOOKED}},
            "time": {**times, "modified": iso(at)},
        },
        "change": {"version": version},
        "time": round(later * 1000),
    }
    return [record("npm.registry", at, manifest), record("npm.hook", later, hook)]


def owner_added(at: float, package: Package, added: str, rng: Random) -> Timed:
    """The hook's delivery after a maintainer was added; npm does not say by whom."""
    hook: Event = {
        "event": "package:owner",
        "name": package.name,
        "type": "package",
        "version": "1.0.0",
        "hookOwner": {"username": "example-hooks"},
        "payload": {
            "name": package.name,
            "maintainers": [
                {"name": name, "email": f"{name}@example.com"} for name in package.maintainers
            ],
            "repository": {
                "type": "git", "url": f"git+https://github.com/{package.repository}.git",
            },
        },
        "change": {"maintainer": added},
        "time": round((at + rng.uniform(0.4, 2.5)) * 1000),
    }  # fmt: skip
    return record("npm.hook", hook["time"] / 1000, hook)


HOOKED = ("name", "version", "_npmUser", "dist", "scripts", "dependencies", "repository")
