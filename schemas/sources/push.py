"""A push as activities: the ref that moved, and its commits, in whatever words the host tells it.

Who pushed acts; a commit's author line and its trailers are facts: claims, not logins. Only where
an agent pushes a commit of an agent's, the one person whom the commit names beside it is the one
the agent acts for.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from schemas import facts as f
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Fact, TargetKind
from schemas.sources.ci import is_ci_file
from schemas.sources.delivery import Delivery
from schemas.sources.fields import text
from schemas.sources.git_agents import NOBODY, Credit, co_authors, credit, working_for
from schemas.sources.git_log import commit_uid, utc_offset

MAX_COMMITS: Final = 64
MAX_FILES: Final = 64
TAGS: Final = "refs/tags/"
ACTIONS: Final = {
    ("tag", "created"): Action.TAG_CREATE,
    ("tag", "deleted"): Action.TAG_DELETE,
    ("tag", ""): Action.TAG_MOVE,
    ("branch", "created"): Action.BRANCH_CREATE,
    ("branch", "deleted"): Action.BRANCH_DELETE,
    ("branch", ""): Action.PUSH,
}


class Commit(NamedTuple):
    """A commit of a push.

    Attributes:
        sha: its id, lower case; "" for one that does not count as this push's.
        author: address or name of the author line, lower case, or "".
        committer: of the committer line, likewise.
        stamp: when it was authored, as the host writes it.
        authored: the same, seconds since the epoch, if it is a time.
        paths: of the files that it adds, changes and removes.
        message: as it was written; only its trailers are read.
    """

    sha: str
    author: str
    committer: str
    stamp: str
    authored: float | None
    paths: Sequence[object]
    message: object

    def credit(self) -> Credit:
        """The agents that it names."""
        others = co_authors(self.message)
        if not others and not self.author and not self.committer:
            return NOBODY
        return credit(self.author, self.committer, others)


def kind_of(ref: str) -> str:
    """Is the full ref name a `tag` or a `branch`."""
    return "tag" if ref.startswith(TAGS) else "branch"


def ref_facts(ref: str, default_branch: str) -> dict[str, Fact]:
    """What is known of a ref by its full name and the repository's default branch, if told."""
    facts: dict[str, Fact] = {f.REF: ref}
    if default_branch and not ref.startswith(TAGS):
        facts[f.DEFAULT_BRANCH] = ref == f"refs/heads/{default_branch}"
    return facts


def add_commits(facts: dict[str, Fact], number: int, commits: Iterable[Commit]) -> None:
    """Set what the commits say of the push: how many, and the CI files that they change."""
    facts[f.COMMITS] = number
    if files := _workflow_files(path for commit in commits for path in commit.paths):
        facts[f.WORKFLOW_FILES] = files


def activities(
    told: Delivery,
    verb: str,
    version: str,
    facts: dict[str, Fact],
    commits: Sequence[Commit],
    *,
    uid: int | None = None,
) -> list[Activity]:
    """The ref that moved, and up to 64 commits that no push had brought before.

    Args:
        told: the delivery.
        verb: `created`, `deleted` or "".
        version: the commit that the ref is at now, or "".
        facts: of the push, from `ref_facts` and `add_commits`.
        commits: as the delivery tells them.
        uid: of the ref's creation or removal, if another delivery may tell of it.
    """
    ref = str(facts[f.REF])
    kind = kind_of(ref)
    own = [(commit, commit.credit()) for commit in commits[:MAX_COMMITS] if commit.sha]
    actor = told.actor
    if agents := {agent for _, named in own for agent in named.agents} - {actor.account}:
        facts[f.AGENTS] = sorted(agents)
    people = {named.behalf for _, named in own} - {""}
    if actor.kind is ActorKind.AGENT and len(people) == 1:
        actor = working_for(actor, *people)
    target = told.target(TargetKind.TAG if kind == "tag" else TargetKind.BRANCH, ref, version)
    found = [told.activity(ACTIONS[kind, verb], target, facts, uid=uid, actor=actor)]
    if kind == "branch" and verb == "created" and commits:
        found.append(told.activity(Action.PUSH, target, facts, index=1, actor=actor))
    for commit, named in own:
        found.append(_commit(told, commit, named, ref, len(found)))
    return found


def _workflow_files(paths: Iterable[object]) -> list[str]:
    found = {path for path in paths if isinstance(path, str) and is_ci_file(path)}
    return [text(path) for path in sorted(found)[:MAX_FILES]]


def _commit(told: Delivery, commit: Commit, named: Credit, ref: str, index: int) -> Activity:
    facts: dict[str, Fact] = {}
    if commit.author:
        facts[f.AUTHOR] = commit.author
    if commit.committer:
        facts[f.COMMITTER] = commit.committer
    facts[f.REF] = ref
    facts[f.FILES] = len(commit.paths)
    if commit.authored is not None:
        facts[f.AUTHORED] = commit.authored
        stamp = commit.stamp
        offset = utc_offset("Z" if stamp[-1:] in "Zz" else stamp[-6:])
        if offset is not None:
            facts[f.UTC_OFFSET] = offset
    if files := _workflow_files(commit.paths):
        facts[f.WORKFLOW_FILES] = files
    actor = told.actor
    if agents := [agent for agent in named.agents if agent != actor.account]:
        facts[f.AGENTS] = agents
    if named.behalf and actor.kind is ActorKind.AGENT:
        actor = working_for(actor, named.behalf)
    return told.activity(
        Action.COMMIT,
        told.target(TargetKind.REPOSITORY, told.repository, commit.sha),
        facts,
        index=index,
        uid=commit_uid(told.repository, commit.sha),
        actor=actor,
    )
