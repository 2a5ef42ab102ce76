"""A push, and the creation and deletion of refs, as GitLab's webhooks tell of them.

GitLab does not say whether a push was forced. One that brings no commit to a branch that was there
before and has moved can only have gone back: that much is known.
"""

from schemas import facts as f
from schemas.activity import Activity
from schemas.sources import push as pushes
from schemas.sources.fields import count, lower, text
from schemas.sources.gitlab import instant
from schemas.sources.gitlab_delivery import GitLabDelivery
from schemas.sources.gitlab_hook import Author, Commit, written

_NULL = "0" * 40
_NO_AUTHOR = Author()


def push(delivery: GitLabDelivery) -> list[Activity]:
    """The ref that moved, and the commits that came along."""
    hook = delivery.hook
    ref, before, after = text(hook.ref), lower(hook.before), lower(hook.after)
    verb = "created" if before == _NULL else "deleted" if after == _NULL else ""
    messages = written(delivery.raw).commits or ()
    commits = [
        _commit(commit, messages[index].message if index < len(messages) else None)
        for index, commit in enumerate(hook.commits or ())
    ]
    facts = pushes.ref_facts(ref, delivery.default_branch)
    number = count(hook.total_commits_count)
    pushes.add_commits(facts, len(commits) if number is None else number, commits)
    moved_back = not verb and before != after and hook.total_commits_count == 0
    if moved_back and pushes.kind_of(ref) == "branch":
        facts[f.FORCED] = True
    version = "" if verb == "deleted" else lower(hook.checkout_sha) or after
    return pushes.activities(delivery, verb, version, facts, commits)


def _commit(commit: Commit, message: object) -> pushes.Commit:
    author = commit.author or _NO_AUTHOR
    stamp = text(commit.timestamp)
    return pushes.Commit(
        lower(commit.id),
        lower(author.email or author.name),
        "",
        stamp,
        instant(stamp or None),
        [*(commit.added or ()), *(commit.modified or ()), *(commit.removed or ())],
        message,
    )
