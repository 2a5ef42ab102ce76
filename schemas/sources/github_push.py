"""A push, and the creation and deletion of refs, as GitHub's webhooks tell of them.

GitHub tells of a new or removed ref twice: by `push` (with commits and ids) and by `create` or
`delete` (without). Whoever subscribes to both must not count it twice, whoever subscribes to one
must not miss it. So both become the same activity with the same uid, made of the repository, the
ref, what happened to it, and the repository's `pushed_at`: the second delivery is a duplicate.
"""

from schemas import facts as f
from schemas.action import Action
from schemas.activity import Activity, Fact, TargetKind, digest
from schemas.sources.ci import is_ci_file
from schemas.sources.fields import flag, items, lower, mapping, moment, text
from schemas.sources.git_log import commit_uid, utc_offset
from schemas.sources.github_delivery import NAME, Delivery

MAX_COMMITS = 64
MAX_FILES = 64
_TAGS = "refs/tags/"
_ACTIONS = {
    ("tag", "created"): Action.TAG_CREATE,
    ("tag", "deleted"): Action.TAG_DELETE,
    ("tag", ""): Action.TAG_MOVE,
    ("branch", "created"): Action.BRANCH_CREATE,
    ("branch", "deleted"): Action.BRANCH_DELETE,
    ("branch", ""): Action.PUSH,
}


def push(delivery: Delivery) -> list[Activity]:
    """The ref that moved, and up to 64 commits that no push had brought before."""
    record = delivery.record
    ref = text(record.get("ref"))
    kind = "tag" if ref.startswith(_TAGS) else "branch"
    verb = "created" if flag(record.get("created")) else ""
    verb = "deleted" if flag(record.get("deleted")) else verb
    commits = [mapping(commit) for commit in items(record.get("commits"))]
    facts = _facts(delivery, ref, commits)
    after = lower(record.get("after"))
    target = delivery.target(
        TargetKind.TAG if kind == "tag" else TargetKind.BRANCH,
        ref,
        "" if verb == "deleted" else after,
    )
    action = _ACTIONS[kind, verb]
    uid = _ref_uid(delivery, ref, verb) if verb else None
    activities = [delivery.activity(action, target, facts, uid=uid)]
    if kind == "branch" and verb == "created" and commits:
        activities.append(delivery.activity(Action.PUSH, target, facts, index=1))
    for commit in commits[:MAX_COMMITS]:
        if flag(commit.get("distinct")) is not False and (sha := lower(commit.get("id"))):
            activities.append(_commit(delivery, commit, sha, ref, len(activities)))
    return activities


def ref_event(delivery: Delivery) -> list[Activity]:
    """`create` and `delete`: the same activity that the `push` of the same ref becomes."""
    kind = lower(delivery.record.get("ref_type"))
    verb = "created" if delivery.event == "create" else "deleted"
    name, action = text(delivery.record.get("ref")), _ACTIONS.get((kind, verb))
    if action is None or not name:
        return [delivery.activity(f"{NAME}/{delivery.native}", None, {})]
    ref = (
        name if name.startswith("refs/") else f"refs/{'tags' if kind == 'tag' else 'heads'}/{name}"
    )
    target = delivery.target(TargetKind.TAG if kind == "tag" else TargetKind.BRANCH, ref)
    facts = _facts(delivery, ref, None)
    return [delivery.activity(action, target, facts, uid=_ref_uid(delivery, ref, verb))]


def _ref_uid(delivery: Delivery, ref: str, verb: str) -> int | None:
    pushed = moment(delivery.section("repository").get("pushed_at"))
    if pushed is None:
        return None
    return digest(NAME, "ref", delivery.repository, ref, verb, str(int(pushed)))


def _facts(
    delivery: Delivery, ref: str, commits: list[dict[str, object]] | None
) -> dict[str, Fact]:
    facts: dict[str, Fact] = {f.REF: ref}
    default = text(delivery.section("repository").get("default_branch"))
    if default and not ref.startswith(_TAGS):
        facts[f.DEFAULT_BRANCH] = ref == f"refs/heads/{default}"
    if (forced := flag(delivery.record.get("forced"))) is not None:
        facts[f.FORCED] = forced
    if commits is not None:
        facts[f.COMMITS] = len(commits)
        if files := _workflow_files(commits):
            facts[f.WORKFLOW_FILES] = files
    return facts


def _workflow_files(commits: list[dict[str, object]]) -> list[str]:
    found = {
        path
        for commit in commits
        for change in ("added", "modified", "removed")
        for path in items(commit.get(change))
        if isinstance(path, str) and is_ci_file(path)
    }
    return [text(path) for path in sorted(found)[:MAX_FILES]]


def _commit(
    delivery: Delivery, commit: dict[str, object], sha: str, ref: str, index: int
) -> Activity:
    """One commit. Who pushed it acts; the author line is a fact: a claim, not a login."""
    author, committer = mapping(commit.get("author")), mapping(commit.get("committer"))
    stamp = text(commit.get("timestamp"))
    people = ((f.AUTHOR, author), (f.COMMITTER, committer))
    facts: dict[str, Fact] = {
        key: name for key, line in people if (name := lower(line.get("email") or line.get("name")))
    }
    facts[f.REF] = ref
    facts[f.FILES] = sum(len(items(commit.get(key))) for key in ("added", "modified", "removed"))
    if (authored := moment(stamp or None)) is not None:
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
