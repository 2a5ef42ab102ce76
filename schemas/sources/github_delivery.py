"""What all of GitHub's webhook deliveries have: who, where, when."""

import orjson

from schemas.activity import digest
from schemas.sources.base import Raw, RejectedError
from schemas.sources.delivery import Delivery
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


class GitHubDelivery(Delivery, kw_only=True, gc=False):
    """A decoded delivery of GitHub's.

    Attributes:
        record: the payload.
        event: name of the event, from the header.
    """

    record: dict[str, object]
    event: str

    def section(self, name: str) -> dict[str, object]:
        """An object of the payload, empty when it is none."""
        return mapping(self.record.get(name))


def delivery(
    raw: Raw, record: dict[str, object], event: str, subject: dict[str, object]
) -> GitHubDelivery:
    """Reads what all events have.

    Args:
        raw: the delivery as it came.
        record: its payload, decoded.
        event: name of the event.
        subject: what the event is about: its times count when nobody knows the receive time.

    Raises:
        RejectedError: `missing_field` without any time, `bad_time` for an impossible one.
    """
    repository, sender = (
        mapping(record.get("repository")),
        mapping(record.get("sender")),
    )
    owner = mapping(record.get("organization")) or mapping(repository.get("owner"))
    action = lower(record.get("action"))
    login, email = text(sender.get("login")), ""
    if pusher := mapping(record.get("pusher")):
        login = login or text(pusher.get("name"))
        if lower(pusher.get("name")) == login.lower():
            email = lower(pusher.get("email"))
    return GitHubDelivery(
        source=NAME,
        raw=raw,
        native=f"{event}.{action}" if action else event,
        uid=header(raw, "x-github-delivery")
        or f"{digest(event, orjson.dumps(record, option=orjson.OPT_SORT_KEYS)):016x}",
        time=_time(raw, record, subject),
        actor=actor_of(login, text(sender.get("type")) == "Bot", email),
        repository=repository_of(repository.get("html_url"))
        or repository_of(repository.get("full_name")),
        organization=lower(owner.get("login")) or lower(owner.get("name")),
        record=record,
        event=event,
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
