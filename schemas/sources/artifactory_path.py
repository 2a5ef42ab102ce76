"""Package and version from where an artifact lies in an Artifactory repository.

A private repository may hold a package of the same name as a public one, so the repository is
part of the name: `artifactory/<repository>/<module>`. Module and version follow the layouts of
https://jfrog.com/help/r/jfrog-artifactory-documentation/repository-layouts: npm's
`<name>/-/<name>-<version>.tgz`, else `<module>/<version>/<file>` where the file's name holds the
version (Maven, PyPI, Docker's `<image>/<tag>/manifest.json`), else the directory is the module.
"""

from functools import lru_cache
from typing import NamedTuple

_CACHED = 65_536
# Written beside an artifact: checksums, signatures, indexes.
_COMPANIONS = (".md5", ".sha1", ".sha256", ".sha512", ".asc", ".sig", "maven-metadata.xml")
_MANIFESTS = frozenset({"manifest.json", "list.manifest.json"})


class Artifact(NamedTuple):
    """Where an artifact belongs.

    Attributes:
        repository: key of the Artifactory repository.
        package: `artifactory/<repository>/<module>`.
        version: where the layout tells one.
        companion: a checksum, a signature or an index of another artifact.
    """

    repository: str
    package: str
    version: str = ""
    companion: bool = False


@lru_cache(_CACHED)
def artifact_at(repository: str, path: str) -> Artifact:
    """The artifact at a path.

    >>> artifact_at("npm-local", "@example/widget/-/@example/widget-1.2.0.tgz")[1:3]
    ('artifactory/npm-local/@example/widget', '1.2.0')
    >>> artifact_at("maven-local", "org/example/widget/0.2/widget-0.2.jar")[1:3]
    ('artifactory/maven-local/org/example/widget', '0.2')
    """
    parts = [part for part in path.split("/") if part]
    module, dash, rest = path.partition("/-/")
    if dash:
        bare = rest.rpartition("/")[2].removesuffix(".tgz")
        version = bare.removeprefix(f"{module.rpartition('/')[2]}-")
    else:
        module, version = _module(parts)
    package = f"artifactory/{repository}/{module}" if module else f"artifactory/{repository}"
    return Artifact(repository, package.lower(), version, path.endswith(_COMPANIONS))


def _module(parts: list[str]) -> tuple[str, str]:
    if len(parts) > 2 and (parts[-2] in parts[-1] or parts[-1] in _MANIFESTS):  # noqa: PLR2004 - module, version, file
        return "/".join(parts[:-2]), parts[-2]
    return "/".join(parts[:-1] or parts), ""
