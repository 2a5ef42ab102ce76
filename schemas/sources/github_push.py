"""A push, and the creation and deletion of refs, as GitHub's webhooks tell of them.

GitHub tells of a new or removed ref twice: by `push` (with commits and ids) and by `create` or
`delete` (without). Whoever subscribes to both must not count it twice, whoever subscribes to one
must not miss it. So both become the same activity with the same uid, made of the repository, the
ref, what happened to it, and the repository's `pushed_at`: the second delivery is a duplicate.
"""

from schemas import facts as f
from schemas.activity import Activity, Fact, TargetKind, digest
from schemas.sources import push as pushes
from schemas.sources.fields import flag, items, lower, mapping, moment, text
from schemas.sources.github_delivery import NAME, GitHubDelivery


def push(delivery: GitHubDelivery) -> list[Activity]:
    """The ref that moved, and up to 64 commits that no push had brought before."""
    record = delivery.record
    ref = text(record.get("ref"))
    verb = "created" if flag(record.get("created")) else ""
    verb = "deleted" if flag(record.get("deleted")) else verb
    commits = [_commit(mapping(commit)) for commit in items(record.get("commits"))]
    facts = _facts(delivery, ref)
    pushes.add_commits(facts, len(commits), commits)
    version = "" if verb == "deleted" else lower(record.get("after"))
    uid = _ref_uid(delivery, ref, verb) if verb else None
    return pushes.activities(delivery, verb, version, facts, commits, uid=uid)


def ref_event(delivery: GitHubDelivery) -> list[Activity]:
    """`create` and `delete`: the same activity that the `push` of the same ref becomes."""
    kind = lower(delivery.record.get("ref_type"))
    verb = "created" if delivery.event == "create" else "deleted"
    name, action = text(delivery.record.get("ref")), pushes.ACTIONS.get((kind, verb))
    if action is None or not name:
        return [delivery.activity(f"{NAME}/{delivery.native}", None, {})]
    ref = (
        name if name.startswith("refs/") else f"refs/{'tags' if kind == 'tag' else 'heads'}/{name}"
    )
    target = delivery.target(TargetKind.TAG if kind == "tag" else TargetKind.BRANCH, ref)
    uid = _ref_uid(delivery, ref, verb)
    return [delivery.activity(action, target, _facts(delivery, ref), uid=uid)]


def _ref_uid(delivery: GitHubDelivery, ref: str, verb: str) -> int | None:
    pushed = moment(delivery.section("repository").get("pushed_at"))
    if pushed is None:
        return None
    return digest(NAME, "ref", delivery.repository, ref, verb, str(int(pushed)))


def _facts(delivery: GitHubDelivery, ref: str) -> dict[str, Fact]:
    facts = pushes.ref_facts(ref, text(delivery.section("repository").get("default_branch")))
    if (forced := flag(delivery.record.get("forced"))) is not None:
        facts[f.FORCED] = forced
    return facts


def _commit(commit: dict[str, object]) -> pushes.Commit:
    author, committer = mapping(commit.get("author")), mapping(commit.get("committer"))
    stamp = text(commit.get("timestamp"))
    return pushes.Commit(
        "" if flag(commit.get("distinct")) is False else lower(commit.get("id")),
        lower(author.get("email") or author.get("name")),
        lower(committer.get("email") or committer.get("name")),
        stamp,
        moment(stamp or None),
        [path for key in ("added", "modified", "removed") for path in items(commit.get(key))],
        commit.get("message"),
    )
