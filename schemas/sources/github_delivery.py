"""One webhook delivery of GitHub: what all its activities share."""

from typing import NamedTuple

import orjson
from msgspec.structs import replace

from schemas.activity import NO_ORIGIN, Activity, Actor, Fact, Outcome, Target, TargetKind, digest
from schemas.sources.base import Raw, RejectedError
from schemas.sources.fields import (
    check_time,
    header,
    lower,
    mapping,
    moment,
    repository_of,
    text,
)
from schemas.sources.github import actor_of

NAME = "github.webhook"


class Delivery(NamedTuple):
    """A decoded delivery.

    Attributes:
        raw: as it came.
        record: the payload.
        event: name of the event, from the header.
        native: `<event>.<action>`, or the event alone.
        uid: `X-GitHub-Delivery`, the same when GitHub delivers again; else the content's digest.
        time: when it happened, seconds since the epoch.
        actor: the sender.
        repository: `<host>/<owner>/<name>`, or "".
        organization: login of the organization, else of the repository's owner.
    """

    raw: Raw
    record: dict[str, object]
    event: str
    native: str
    uid: str
    time: float
    actor: Actor
    repository: str
    organization: str

    def section(self, name: str) -> dict[str, object]:
        """An object of the payload, empty when it is none."""
        return mapping(self.record.get(name))

    def activity(
        self,
        action: str,
        target: Target | None,
        facts: dict[str, Fact],
        *,
        index: int = 0,
        uid: int | None = None,
        outcome: Outcome = Outcome.SUCCESS,
    ) -> Activity:
        """One activity of the delivery.

        Args:
            action: what was done.
            target: to what.
            facts: of the change.
            index: its place in the delivery.
            uid: the event's own id, where another delivery may tell of the same event.
            outcome: did it work.
        """
        position = self.raw.position
        return Activity(
            digest(NAME, self.uid, str(index)) if uid is None else uid,
            self.time,
            self.raw.received,
            NAME,
            action,
            self.native,
            self.actor,
            target,
            NO_ORIGIN,
            "",
            outcome,
            facts,
            self.uid,
            replace(position, index=index) if index else position,
        )

    def target(self, kind: TargetKind, name: str, version: str = "") -> Target:
        """A target in the delivery's repository."""
        return Target(kind, name, self.repository, "", version, self.organization)


def delivery(
    raw: Raw, record: dict[str, object], event: str, subject: dict[str, object]
) -> Delivery:
    """Reads what all events have.

    Args:
        raw: the delivery as it came.
        record: its payload, decoded.
        event: name of the event.
        subject: what the event is about: its times count when nobody knows the receive time.

    Raises:
        RejectedError: `missing_field` without any time, `bad_time` for an impossible one.
    """
    repository, sender = mapping(record.get("repository")), mapping(record.get("sender"))
    owner = mapping(record.get("organization")) or mapping(repository.get("owner"))
    action = lower(record.get("action"))
    login, email = text(sender.get("login")), ""
    if pusher := mapping(record.get("pusher")):
        login = login or text(pusher.get("name"))
        if lower(pusher.get("name")) == login.lower():
            email = lower(pusher.get("email"))
    return Delivery(
        raw,
        record,
        event,
        f"{event}.{action}" if action else event,
        header(raw, "x-github-delivery")
        or f"{digest(event, orjson.dumps(record, option=orjson.OPT_SORT_KEYS)):016x}",
        _time(raw, record, subject),
        actor_of(login, text(sender.get("type")) == "Bot", email),
        repository_of(repository.get("html_url")) or repository_of(repository.get("full_name")),
        lower(owner.get("login")) or lower(owner.get("name")),
    )


_TIMES = ("published_at", "submitted_at", "updated_at", "created_at")


def _time(raw: Raw, record: dict[str, object], subject: dict[str, object]) -> float:
    if raw.received > 0:
        return check_time(raw.received, raw.received)
    repository = mapping(record.get("repository"))
    for value in (
        *(subject.get(name) for name in _TIMES),
        mapping(record.get("head_commit")).get("timestamp"),
        repository.get("pushed_at"),
        repository.get("updated_at"),
        repository.get("created_at"),
    ):
        if (time := moment(value)) is not None:
            return check_time(time, raw.received)
    raise RejectedError("missing_field", "neither a receive time nor a time in the payload")
