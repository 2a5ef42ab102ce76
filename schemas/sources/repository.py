"""One name for a repository, however a vendor, a package or a git remote spells it."""

import re
from functools import lru_cache

from schemas.sources.secrets import redacted

_CACHED = 65_536
_LONGEST = 512
# npm's shorthands: https://docs.npmjs.com/cli/configuring-npm/package-json#repository
_SHORTHAND = {
    "github": "github.com",
    "gitlab": "gitlab.com",
    "bitbucket": "bitbucket.org",
}
_TWO_PARTS = frozenset({"github.com", "bitbucket.org"})  # elsewhere owners nest
_URL = re.compile(r"(?:[a-z][a-z+.-]*:)?//(?:[^/@]*@)?(?P<host>[^/:@\s]+)(?::\d+)?/(?P<path>.+)")
_SCP = re.compile(r"(?:[^/@:\s]+@)?(?P<host>[^/:@\s]+\.[^/:@\s]+):(?!//)(?P<path>.+)")
_SHORT = re.compile(r"(?P<host>github|gitlab|bitbucket):(?P<path>[^/:@\s]+/[^:@\s]+)")
# What this module itself returns: names stay names.
_NAME = re.compile(r"(?P<host>localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+)/(?P<path>[^\s:]+)")
_PLAIN = re.compile(r"(?P<path>[a-z0-9][a-z0-9_-]*/[a-z0-9_.-]+)")


def repository_of(url: object) -> str:
    """The repository as `<host>/<owner>/<name>`, lower case; "" when it is none.

    >>> repository_of("git+ssh://git@github.com/Org/Repo.git")
    'github.com/org/repo'
    >>> repository_of("github:org/repo")
    'github.com/org/repo'
    >>> repository_of("org/repo")
    'github.com/org/repo'
    """
    return _canonical(url) if isinstance(url, str) and len(url) <= _LONGEST else ""


def _named(bare: str) -> re.Match[str] | None:
    # Two parts are npm's `owner/name`, although an owner of another host may have a dot.
    return _NAME.fullmatch(bare) if bare.count("/") > 1 else None


@lru_cache(_CACHED)
def _canonical(url: str) -> str:
    bare = re.split(r"[?#]", redacted(url).strip().lower(), maxsplit=1)[0]
    if match := _SHORT.fullmatch(bare):
        host = _SHORTHAND[match["host"]]
    elif match := _URL.fullmatch(bare) or _SCP.fullmatch(bare) or _named(bare):
        host = match["host"].removeprefix("www.")
    elif match := _PLAIN.fullmatch(bare):
        host = "github.com"
    else:
        return ""
    parts = [part for part in match["path"].partition("/-/")[0].split("/") if part]
    if host in _TWO_PARTS:
        parts = parts[:2]
    if len(parts) < 2 or ".." in parts:  # noqa: PLR2004 - owner and name
        return ""
    parts[-1] = parts[-1].removesuffix(".git")
    return "/".join([host, *parts]) if parts[-1] else ""
