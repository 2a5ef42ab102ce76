"""What all of GitLab's webhook deliveries have: who, where, when."""

import msgspec

from schemas.activity import Actor, digest
from schemas.sources.base import Raw, RejectedError
from schemas.sources.delivery import Delivery
from schemas.sources.fields import check_time, header, lower, repository_of, text
from schemas.sources.gitlab import NOBODY, actor_of, instance_of, instant, named, owner_of
from schemas.sources.gitlab_hook import Attributes, Hook, Project, User
from schemas.sources.gitlab_hooks import CONCERNING, NAME

_NO_PROJECT = Project()
_NO_USER = User()
NOTHING = Attributes()


class GitLabDelivery(Delivery, kw_only=True, gc=False):
    """A decoded delivery of GitLab's.

    Attributes:
        hook: the payload.
        about: its object, empty when it has none.
        kind: name of the event: `push`, `merge_request`, `user_add_to_group` …
        default_branch: of the project, or "".
    """

    hook: Hook
    about: Attributes
    kind: str
    default_branch: str


def delivery(raw: Raw, hook: Hook) -> GitLabDelivery:
    """Reads what all events have.

    Raises:
        RejectedError: `missing_field` without any time, `bad_time` for an impossible one.
    """
    kind = lower(hook.object_kind) or lower(hook.event_name)
    about, project = hook.object_attributes or NOTHING, hook.project or _NO_PROJECT
    actor, alias = _actor(hook, kind)
    path = project.path_with_namespace or hook.path_with_namespace
    path = text(path or hook.project_path_with_namespace)
    repository = repository_of(project.web_url) or named(instance_of(raw), path)
    group = hook.group
    return GitLabDelivery(
        source=NAME,
        raw=raw,
        native=_native(hook, about, kind),
        uid=_uid(raw, hook),
        time=_time(raw, hook, about),
        actor=actor,
        repository=repository or repository_of(about.url),
        organization=owner_of(path)
        or owner_of(text(hook.full_path or hook.group_path))
        or (owner_of(text(group.full_path or group.group_path)) if group else ""),
        alias=alias,
        hook=hook,
        about=about,
        kind=kind,
        default_branch=text(project.default_branch),
    )


def _native(hook: Hook, about: Attributes, kind: str) -> str:
    verb = lower(about.action or hook.action)
    if not verb and kind == "vulnerability":
        verb = lower(about.state)
    verb = verb or lower(about.status or hook.status or hook.build_status)
    return f"{kind}.{verb}" if verb else kind


def _actor(hook: Hook, kind: str) -> tuple[Actor, str]:
    if kind.startswith(CONCERNING):
        return NOBODY, ""
    user = hook.user or _NO_USER
    login = text(hook.user_username or user.username)
    number = text(hook.user_id if hook.user_id is not None else user.id)
    actor = actor_of(login or number, text(hook.user_email or user.email))
    return actor, f"gitlab:{number.lower()}" if login and number else ""


def _uid(raw: Raw, hook: Hook) -> str:
    """The delivery's own id.

    `X-Gitlab-Event-UUID` alone is none: the events that one request causes can share it.
    """
    if raw.headers:
        if key := header(raw, "webhook-id") or header(raw, "idempotency-key"):
            return key
        if request := header(raw, "x-gitlab-event-uuid"):
            return f"{request}-{digest(msgspec.json.encode(hook)):016x}"
    return f"{digest(msgspec.json.encode(hook)):016x}"


def _time(raw: Raw, hook: Hook, about: Attributes) -> float:
    if raw.received > 0:
        return check_time(raw.received, raw.received)
    commits = hook.commits or []
    for value in (
        about.finished_at,
        about.updated_at,
        about.created_at,
        hook.updated_at,
        hook.created_at,
        commits[-1].timestamp if commits else None,
    ):
        if (time := instant(value)) is not None:
            return check_time(time, raw.received)
    raise RejectedError("missing_field", "neither a receive time nor a time in the payload")
