"""Artifactory's two security logs, line by line.

Audit trail (`access-security-audit.log`): `date|trace id|ip|user|principal|entity|C, U or D|kind of
entity|JSON`; releases before 7 write no trace id. Where JFrog's own services act, ip and user are
`UNKNOWN` and the principal is the service.

Access log (`artifactory-access.log`): `date [trace id] [ACCEPTED or DENIED action] repository:path
for user/ip`, newer ones `for client : user / ip`, then maybe how the user was authenticated. Dates
without an offset are UTC.
"""

import re
from typing import NamedTuple

import orjson

from schemas.sources.fields import mapping, text

Json = dict[str, object]

_VERBS = frozenset({"C", "U", "D"})
_WITH_TRACE, _WITHOUT = 8, 7  # separators before the JSON
_LONGEST = 256  # characters of who it was; `_WHO` costs their square
_ACCESS = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?)\s*"
    r"\[(?P<trace>[^\]]*)\]\s*\[(?P<verdict>ACCEPTED|DENIED) (?P<action>[A-Z_]+)\](?P<rest>.*)"
)
_WHO = re.compile(
    r"(?:client\s*:\s*)?(?P<user>[^/]*?)\s*/\s*(?P<ip>[0-9A-Fa-f.:%]*?)\.?"
    r"(?:\s*\[?(?:APIKEY|TOKEN|apikey|token)\]?\.?)?\s*$"
)


class Line(NamedTuple):
    """What both logs tell.

    Attributes:
        time: as written.
        trace: id of the request, the same in all of the platform's logs.
        ip: where the user's request came from; "" for services.
        user: login; for services the principal.
        service: one of JFrog's own services acts.
        name: `<kind of entity>.<C|U|D>` or the access log's action.
        entity: name of the entity, `<repository>:<path>`, or a message.
        denied: the access log says no.
        change: what was added, changed or removed.
    """

    time: str
    trace: str
    ip: str
    user: str
    service: bool
    name: str
    entity: str
    denied: bool
    change: Json


def read_line(line: str) -> Line | None:
    """The line's fields; None when it is of neither log."""
    found = _ACCESS.match(line)
    return _access(found) if found else _audit(line)


def is_line(line: str) -> bool:
    """Is it a line of one of the two logs."""
    return _ACCESS.match(line) is not None or _split(line) is not None


def _access(found: re.Match[str]) -> Line | None:
    what, separator, who = f" {found['rest']}".rpartition(" for ")
    match = _WHO.match(who) if separator and len(who) <= _LONGEST else None
    if match is None:
        return None
    return Line(
        found["time"],
        found["trace"],
        match["ip"],
        match["user"],
        match["user"] == "_system_",
        found["action"],
        what.strip(),
        found["verdict"] == "DENIED",
        {},
    )


def _split(line: str) -> list[str] | None:
    parts = line.split("|", _WITH_TRACE)
    if len(parts) > _WITH_TRACE and parts[6] in _VERBS:
        return parts
    parts = line.split("|", _WITHOUT)
    if len(parts) > _WITHOUT and parts[5] in _VERBS:
        return [parts[0], "", *parts[1:]]
    return None


def _audit(line: str) -> Line | None:
    parts = _split(line)
    if parts is None:
        return None
    time, trace, ip, user, principal, entity, verb, kind, change = parts
    service = user.upper() == "UNKNOWN"
    return Line(
        time,
        trace,
        "" if service else ip,
        principal if service else user,
        service,
        f"{kind}.{verb}",
        entity,
        False,
        _json(change),
    )


def _json(value: str) -> Json:
    try:
        return mapping(orjson.loads(value))
    except orjson.JSONDecodeError:  # cut off by a shipper
        return {}


def changed(change: Json, field: str) -> str:
    """A field's value in whichever part of the change has it, the new one first."""
    for part in ("added", "changed", "updated", "removed"):
        if found := text(mapping(change.get(part)).get(field)):
            return found
    return ""
