"""Activity: one normalised event, the contract between parsers and detectors.

On the wire (topic `activity`) an activity is a msgpack array, fields in the order below. Fields
are only ever appended, with a default: that is what keeps recorded topics readable.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from struct import Struct

import msgspec

Fact = str | int | float | bool | None | list[str]


class ActorKind(StrEnum):
    """Who acts. Bots are named accounts of automation, agents are AI systems."""

    PERSON = "person"
    BOT = "bot"
    SERVICE = "service"
    AGENT = "agent"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """Did it work."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"


class TargetKind(StrEnum):
    """What was acted upon."""

    REPOSITORY = "repository"
    BRANCH = "branch"
    TAG = "tag"
    RELEASE = "release"
    PULL_REQUEST = "pull_request"
    ISSUE = "issue"
    WORKFLOW = "workflow"
    PACKAGE = "package"
    ACCOUNT = "account"
    FACTOR = "factor"
    TOKEN = "token"  # noqa: S105
    GROUP = "group"
    POLICY = "policy"
    APPLICATION = "application"
    TOOL = "tool"
    MODEL = "model"
    OTHER = "other"


class Actor(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Who did it.

    Attributes:
        account: `<system>:<login>` as the vendor names it, lower case, e.g. `github:mara-k`.
        identity: the person, bot or agent behind the account; the account itself until linked.
        kind: what the identity is.
        email: the account's address where the vendor gives one, lower case.
        on_behalf_of: account of the person an agent or app acts for.
        peers: name of the peer group, e.g. a team; detectors back off to it for newcomers.
    """

    account: str
    identity: str = ""
    kind: ActorKind = ActorKind.UNKNOWN
    email: str = ""
    on_behalf_of: str = ""
    peers: str = ""


class Target(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What was acted upon.

    Attributes:
        kind: what it is.
        name: its name within its kind: `npm/chalk`, `refs/tags/v1`, `webauthn`, `Bash`.
        repository: `<host>/<owner>/<name>`, lower case, when it lives in or comes from one.
        package: `<ecosystem>/<name>` when it is a package.
        version: version, commit or tag name, where it has one.
        organization: owner or tenant.
    """

    kind: TargetKind
    name: str = ""
    repository: str = ""
    package: str = ""
    version: str = ""
    organization: str = ""


class Origin(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Where it came from. Empty string: the vendor does not say.

    Attributes:
        ip: address in its canonical text form.
        network: `AS64496` where known, else the address's /24 (IPv4) or /48 (IPv6).
        country: ISO 3166-1 alpha-2, upper case.
        client: program and its major version, e.g. `Chrome/139`, `npm/10`, `git/2`.
        system: operating system family, e.g. `macOS`.
        device: the vendor's stable device id, hashed.
        proxy: the vendor calls the address a proxy, VPN, relay or anonymiser.
    """

    ip: str = ""
    network: str = ""
    country: str = ""
    client: str = ""
    system: str = ""
    device: str = ""
    proxy: bool = False


class Position(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Where the raw record stands, and which of its activities this is.

    Attributes:
        topic: Kafka topic, or the path of a file.
        partition: its number, 0 for a file.
        offset: in the partition, or the line number.
        index: a record can hold several activities (a push, a batch of log records).
    """

    topic: str
    partition: int
    offset: int
    index: int = 0


NOWHERE = Position("", 0, -1)
NO_ORIGIN = Origin()


class Activity(msgspec.Struct, array_like=True, frozen=True):
    """One thing that one actor did.

    Attributes:
        uid: 64-bit id of the event, from the vendor's own id or, where it has none, from the
            record's content. The same event delivered twice has the same uid.
        time: event time, seconds since the epoch, UTC.
        received: when the pipeline's input got it (Kafka timestamp), same unit.
        source: name of the parser, e.g. `github.audit`.
        action: an `Action`, or `<source>/<vendor's name>` when the taxonomy has none.
        native: the vendor's own name of the action.
        actor: who.
        target: what, if anything.
        origin: from where.
        session: hash of the session the event belongs to.
        outcome: did it work.
        facts: what detectors need of the change, keys as documented in `schemas.facts`.
        event_id: the vendor's own id as text, for the analyst.
        position: of the raw record.
    """

    uid: int
    time: float
    received: float
    source: str
    action: str
    native: str
    actor: Actor
    target: Target | None = None
    origin: Origin = NO_ORIGIN
    session: str = ""
    outcome: Outcome = Outcome.SUCCESS
    facts: dict[str, Fact] = msgspec.field(default_factory=dict)
    event_id: str = ""
    position: Position = NOWHERE


def digest(first: str | bytes, *parts: str | bytes) -> int:
    """64-bit id of the parts, the same in every process (BLAKE2b, RFC 7693).

    >>> digest("okta.system_log", "a") == digest("okta.system_log", "a")
    True
    >>> digest("ab", "c") == digest("a", "bc")
    False
    """
    state = _begun(first).copy() if isinstance(first, str) else _state(first)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        size = len(data)
        state.update((_SIZES[size] if size < _SIZED else size.to_bytes(4, "little")) + data)
    number: int = _number(state.digest())[0]
    return number


_number = Struct("<Q").unpack
_SIZED = 256
_SIZES = tuple(size.to_bytes(4, "little") for size in range(_SIZED))  # of most parts


def _state(data: bytes) -> blake2b:
    return blake2b(len(data).to_bytes(4, "little") + data, digest_size=8)


@lru_cache(256)
def _begun(part: str) -> blake2b:
    """State after the first part: the name of a source nearly always, so worth remembering."""
    return _state(part.encode("utf-8", "surrogatepass"))


def pseudonym(value: str) -> str:
    """Short hash that stands for a secret or a device id: equal in, equal out, no way back."""
    return f"{digest('pseudonym', value):016x}" if value else ""


def uid_text(uid: int) -> str:
    """Text form of a uid, as it stands in findings."""
    return f"{uid:016x}"


_encode = msgspec.msgpack.Encoder()
_decode = msgspec.msgpack.Decoder(Activity)


def encode(activity: Activity) -> bytes:
    """Activity -> msgpack array."""
    return _encode.encode(activity)


def decode(data: bytes) -> Activity:
    """Msgpack array -> Activity. Raises msgspec.ValidationError or DecodeError."""
    return _decode.decode(data)


def to_json(activities: Iterable[Activity]) -> bytes:
    """JSON lines with field names, for people and for `devspm normalize`."""
    return b"".join(msgspec.json.encode(as_dict(a)) + b"\n" for a in activities)


def as_dict(activity: Activity) -> dict[str, object]:
    """Field names to values; nested structs become dicts, defaults are left out."""
    out: dict[str, object] = {"uid": uid_text(activity.uid)}
    for name in Activity.__struct_fields__[1:]:
        value = getattr(activity, name)
        if isinstance(value, msgspec.Struct):
            value = {
                field: inner
                for field in value.__struct_fields__
                if (inner := getattr(value, field)) not in ("", False, None)
            }
        if value not in ("", None, {}, []):
            out[name] = value
    return out
