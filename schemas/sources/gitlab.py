"""What GitLab's audit events and webhooks have in common: who acts, where, with which role."""

import re
from functools import lru_cache

from schemas.activity import Actor, ActorKind
from schemas.sources.base import Raw
from schemas.sources.fields import address_of, header, moment, text

CACHED = 65_536
HOST = "gitlab.com"
NOBODY = Actor("")
# A project's or group's access token acts as a user of its own, a service account as another:
# https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
_BOT = re.compile(r"(?:project|group)_\d+_bot")
_SERVICE = "service_account_"
AGENTS = frozenset({"gitlabduo", "gitlab-duo"})
# https://docs.gitlab.com/user/permissions/: the higher, the more it may.
_RANKS = {
    name: rank
    for rank, name in enumerate(
        (
            "no access", "minimal access", "guest", "planner", "reporter", "developer",
            "maintainer", "owner",
        )
    )
}  # fmt: skip


@lru_cache(CACHED)
def actor_of(login: str, email: str = "") -> Actor:
    """The actor of a user name, or of a user id where the record tells no name."""
    name = login.lower()
    if not name:
        return NOBODY
    kind = ActorKind.UNKNOWN
    if name in AGENTS:
        kind = ActorKind.AGENT
    elif _BOT.match(name):
        kind = ActorKind.BOT
    elif name.startswith(_SERVICE):
        kind = ActorKind.SERVICE
    address = email.lower() if "@" in email else ""  # GitLab writes [REDACTED] for a private one
    return Actor(f"gitlab:{name}", "", kind, address)


def instance_of(raw: Raw) -> str:
    """Host of the instance, from the header `X-Gitlab-Instance`; gitlab.com without it."""
    return _host(header(raw, "x-gitlab-instance")) if raw.headers else HOST


@lru_cache(CACHED)
def _host(url: str) -> str:
    authority = url.rpartition("://")[2].partition("/")[0].rpartition("@")[2].lower()
    if address := address_of(authority):
        return address
    return authority.partition(":")[0] or HOST


@lru_cache(CACHED)
def owner_of(path: str) -> str:
    """Top-level group or user of a full path, lower case."""
    return path.lower().strip("/").partition("/")[0]


@lru_cache(CACHED)
def named(host: str, path: str) -> str:
    """`<host>/<full path>` of a project, lower case; "" without a path of two parts."""
    path = path.lower().strip("/")
    return f"{host}/{path}" if "/" in path else ""


def role(value: object) -> str:
    """Name of a role, lower case: `Default role: Developer` -> `developer`."""
    return text(value).lower().removeprefix("default role: ").removeprefix("custom role: ")


def sank(before: str, after: str) -> bool | None:
    """Did the role become a lesser one; None when GitLab's default roles do not tell."""
    old, new = _RANKS.get(before), _RANKS.get(after)
    return None if old is None or new is None else new < old


def instant(value: object) -> float | None:
    """A time as GitLab writes it, also `2026-01-31 08:15:30 UTC` and `… +0200`; None if none."""
    if isinstance(value, str) and value[10:11] == " ":
        value = value.replace(" UTC", "Z").replace(" +", "+").replace(" -", "-")
    return moment(value)
