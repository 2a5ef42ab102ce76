"""The events of a finding as OCSF 1.8.0 evidence artifacts, resources and observables."""

import re
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any, Final

from schemas.activity import ActorKind, uid_text
from schemas.finding import Evidence

MAX_OBSERVABLES: Final = 30
_USER_TYPES: Final = {
    ActorKind.PERSON: 1,
    ActorKind.BOT: 4,
    ActorKind.SERVICE: 4,
    ActorKind.AGENT: 4,
}
_EMAIL: Final = re.compile(r"[\w!#$%&'*+\-/=?^`{|}~.]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9\-.]+", re.ASCII)
_NETWORK: Final = re.compile(r"AS(\d{1,10})")


def _ip(text: str) -> str:
    """The address in canonical form, or nothing: OCSF takes nothing else."""
    try:
        return str(ip_address(text)) if "%" not in text else ""
    except ValueError:
        return ""


def _email(text: str) -> str:
    return text if _EMAIL.fullmatch(text) else ""


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", None, {}, [])}


def position(entry: Evidence) -> dict[str, Any]:
    """Where the raw record stands."""
    at = entry.position
    return {"topic": at.topic, "partition": at.partition, "offset": at.offset}


def evidence(entry: Evidence, identity: str) -> dict[str, Any]:
    """One evidence artifact: who, from where, by which operation, on what."""
    network = _NETWORK.fullmatch(entry.network)
    endpoint = _filled(
        ip=_ip(entry.ip),
        location=_filled(country=entry.country),
        autonomous_system=_filled(number=int(network[1])) if network else {},
    )
    if endpoint and "ip" not in endpoint:
        endpoint["name"] = entry.network or entry.country
    user = _filled(
        uid=identity,
        name=entry.account,
        email_addr=_email(entry.email),
        type_id=_USER_TYPES.get(ActorKind(entry.kind), 0) if entry.kind else 0,
    )
    return _filled(
        uid=uid_text(entry.event),
        name=entry.action,
        actor=_filled(user=user, session=_filled(uid=entry.session)),
        src_endpoint=endpoint,
        api={"operation": entry.native or entry.action},
        resources=resources([entry]),
        data=_filled(
            detector=entry.detector,
            signal=uid_text(entry.signal),
            bits=round(entry.bits, 2),
            source=entry.source,
            action=entry.action,
            time=round(entry.time * 1000),
            event_id=entry.event_id,
            outcome=entry.outcome,
            target_kind=entry.target_kind,
            target=entry.target,
            network=entry.network,
            client=entry.client,
            device=entry.device,
            position=position(entry),
        ),
    )


def _purl(package: str, version: str) -> str:
    """Package URL of `<ecosystem>/<name>` (ECMA-427)."""
    name = package.replace("/@", "/%40", 1)
    return f"pkg:{name}@{version}" if version else f"pkg:{name}"


def resources(entries: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Packages and repositories that were touched, each once."""
    found: dict[str, dict[str, Any]] = {}
    for e in entries:
        if e.package:
            purl = _purl(e.package, e.version)
            found[purl] = _filled(type="package", name=e.package, uid=purl, version=e.version)
        if e.repository:
            found[e.repository] = {
                "type": "repository",
                "name": e.repository,
                "uid": e.repository,
            }
    return list(found.values())


_OBSERVED: Final[tuple[tuple[str, int, str, Callable[[Evidence], str]], ...]] = (
    ("evidences.actor.user.name", 4, "User Name", lambda e: e.account),
    ("evidences.actor.user.email_addr", 5, "Email Address", lambda e: _email(e.email)),
    ("evidences.src_endpoint.ip", 2, "IP Address", lambda e: _ip(e.ip)),
)


def observables(entries: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Accounts, addresses and networks to search other systems for, each once."""
    found = {
        (type_id, value): {"name": name, "type_id": type_id, "type": caption, "value": value}
        for e in entries
        for name, type_id, caption, value_of in _OBSERVED
        if (value := value_of(e))
    }
    return list(found.values())[:MAX_OBSERVABLES]
