"""GitLab's webhook payloads as one typed struct: only the fields that are read.

References: "Webhook events" (https://docs.gitlab.com/user/project/integrations/webhook_events/) and
"System hooks" (https://docs.gitlab.com/administration/system_hooks/). Texts that people write are
not among the fields; those that something must be looked for in are read apart, by `written`.
"""

from typing import Any

import msgspec

from schemas.sources.base import Raw
from schemas.sources.typed import Reader

Id = int | str | None
Text = str | None


class Part(msgspec.Struct, gc=False):
    """Common settings: no cycles."""


class Project(Part):
    """The project it is about."""

    web_url: Text = None
    path_with_namespace: Text = None
    default_branch: Text = None


class User(Part):
    """Who acts."""

    id: Id = None
    username: Text = None
    email: Text = None


class Author(Part):
    """A commit's author line: a claim."""

    name: Text = None
    email: Text = None


class Commit(Part):
    """One commit of a push; at most the newest 20 come along."""

    id: Id = None
    timestamp: Text = None
    author: Author | None = None
    added: list[str] | None = None
    modified: list[str] | None = None
    removed: list[str] | None = None


class Numbered(Part):
    """A merge request or issue, or the last commit of one, or a snippet."""

    id: Id = None
    iid: Id = None


class Attributes(Part):
    """The event's object."""

    id: Id = None
    iid: Id = None
    action: Text = None
    state: Text = None
    status: Text = None
    source: Text = None
    ref: Text = None
    sha: Text = None
    tag: bool | str | None = None
    name: Text = None
    url: Text = None
    target_branch: Text = None
    noteable_type: Text = None
    commit_id: Text = None
    last_commit: Numbered | None = None
    created_at: Text = None
    updated_at: Text = None
    finished_at: Text = None


class Group(Part):
    """The group it is about."""

    full_path: Text = None
    group_path: Text = None


class Hook(Part):
    """One delivery."""

    object_kind: Text = None
    event_name: Text = None
    project: Project | None = None
    object_attributes: Attributes | None = None
    user: User | None = None
    group: Group | None = None
    # push, tag_push
    before: Text = None
    after: Text = None
    ref: Text = None
    checkout_sha: Text = None
    user_id: Id = None
    user_username: Text = None
    user_email: Text = None
    commits: list[Commit] | None = None
    total_commits_count: int | None = None
    # note
    merge_request: Numbered | None = None
    issue: Numbered | None = None
    snippet: Numbered | None = None
    # release, deployment, job, vulnerability
    action: Text = None
    tag: Text | bool = None
    status: Text = None
    environment: Any = None
    deployment_id: Id = None
    build_id: Id = None
    build_name: Text = None
    build_status: Text = None
    sha: Text = None
    short_sha: Text = None
    commit: Any = None
    # members, projects, groups, keys
    created_at: Text = None
    updated_at: Text = None
    group_path: Text = None
    full_path: Text = None
    group_access: Text = None
    project_access: Text = None
    access_level: Text = None
    path_with_namespace: Text = None
    project_path_with_namespace: Text = None
    project_visibility: Text = None
    username: Text = None
    id: Id = None


READER = Reader(
    Hook,
    (Project, User, Author, Commit, Numbered, Attributes, Group),
    lambda hook: hook.object_kind or hook.event_name,
    lambda _: None,
)


class Message(Part):
    """A commit's message."""

    message: Any = None


class Words(Part):
    """What people wrote into an issue, a merge request or a comment."""

    title: Any = None
    description: Any = None
    note: Any = None
    source_branch: Any = None


class Written(Part):
    """The texts of a delivery.

    Attributes:
        commits: of a push, in the order of `Hook.commits`.
        object_attributes: of everything else.
        changes: what an update changed, by field.
    """

    commits: list[Message] | None = None
    object_attributes: Words | None = None
    changes: Any = None


_decode_written = msgspec.json.Decoder(Written).decode


def written(raw: Raw) -> Written:
    """The texts of a delivery; none of one whose keys are not spelled as GitLab spells them."""
    try:
        return _decode_written(raw.event)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Written()
