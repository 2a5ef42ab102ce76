"""A push, and the creation and deletion of refs, as GitLab's webhooks tell of them.

GitLab does not say whether a push was forced. One that brings no commit to a branch that was there
before and has moved can only have gone back: that much is known.
"""

from schemas import facts as f
from schemas.action import Action
from schemas.activity import Activity, Fact, TargetKind
from schemas.sources.ci import is_ci_file
from schemas.sources.fields import count, lower, text
from schemas.sources.git_log import commit_uid, utc_offset
from schemas.sources.gitlab import instant
from schemas.sources.gitlab_delivery import Delivery
from schemas.sources.gitlab_hook import Author, Commit

MAX_COMMITS = 64
MAX_FILES = 64
_NULL = "0" * 40
_NO_AUTHOR = Author()
_ACTIONS = {
    ("tag", "created"): Action.TAG_CREATE,
    ("tag", "deleted"): Action.TAG_DELETE,
    ("tag", ""): Action.TAG_MOVE,
    ("branch", "created"): Action.BRANCH_CREATE,
    ("branch", "deleted"): Action.BRANCH_DELETE,
    ("branch", ""): Action.PUSH,
}


def push(delivery: Delivery) -> list[Activity]:
    """The ref that moved, and the commits that came along."""
    hook = delivery.hook
    ref, before, after = text(hook.ref), lower(hook.before), lower(hook.after)
    kind = "tag" if ref.startswith("refs/tags/") else "branch"
    verb = "created" if before == _NULL else "deleted" if after == _NULL else ""
    commits = hook.commits or []
    facts = _facts(delivery, ref, commits)
    if not verb and kind == "branch" and before != after and hook.total_commits_count == 0:
        facts[f.FORCED] = True
    target = delivery.target(
        TargetKind.TAG if kind == "tag" else TargetKind.BRANCH,
        ref,
        "" if verb == "deleted" else lower(hook.checkout_sha) or after,
    )
    activities = [delivery.activity(_ACTIONS[kind, verb], target, facts)]
    if kind == "branch" and verb == "created" and commits:
        activities.append(delivery.activity(Action.PUSH, target, facts, index=1))
    for commit in commits[:MAX_COMMITS]:
        if sha := lower(commit.id):
            activities.append(_commit(delivery, commit, sha, ref, len(activities)))
    return activities


def _facts(delivery: Delivery, ref: str, commits: list[Commit]) -> dict[str, Fact]:
    facts: dict[str, Fact] = {f.REF: ref}
    if delivery.default_branch and not ref.startswith("refs/tags/"):
        facts[f.DEFAULT_BRANCH] = ref == f"refs/heads/{delivery.default_branch}"
    number = count(delivery.hook.total_commits_count)
    facts[f.COMMITS] = len(commits) if number is None else number
    if files := _workflow_files(commits):
        facts[f.WORKFLOW_FILES] = files
    return facts


def _workflow_files(commits: list[Commit]) -> list[str]:
    found = {
        path
        for commit in commits
        for change in (commit.added, commit.modified, commit.removed)
        for path in change or ()
        if is_ci_file(path)
    }
    return [text(path) for path in sorted(found)[:MAX_FILES]] if found else []


def _commit(delivery: Delivery, commit: Commit, sha: str, ref: str, index: int) -> Activity:
    """One commit. Who pushed it acts; the author line is a fact: a claim, not a login."""
    author = commit.author or _NO_AUTHOR
    stamp = text(commit.timestamp)
    facts: dict[str, Fact] = {}
    if line := lower(author.email or author.name):
        facts[f.AUTHOR] = line
    facts[f.REF] = ref
    facts[f.FILES] = sum(len(x or ()) for x in (commit.added, commit.modified, commit.removed))
    if (authored := instant(stamp or None)) is not None:
        facts[f.AUTHORED] = authored
        offset = utc_offset("Z" if stamp[-1:] in "Zz" else stamp[-6:])
        if offset is not None:
            facts[f.UTC_OFFSET] = offset
    if files := _workflow_files([commit]):
        facts[f.WORKFLOW_FILES] = files
    return delivery.activity(
        Action.COMMIT,
        delivery.target(TargetKind.REPOSITORY, delivery.repository, sha),
        facts,
        index=index,
        uid=commit_uid(delivery.repository, sha),
    )
