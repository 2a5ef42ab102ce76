"""The history of a git repository, as `devspm import git` writes it: one JSON object a commit.

The format is this project's own; the fields of a commit:

| field | is |
| --- | --- |
| `ts` | committer date, ISO 8601 |
| `repo` | `<host>/<owner>/<name>`, or `<owner>/<name>` for github.com |
| `sha` | commit id, full or abbreviated |
| `author`, `committer` | address of either line, or a pseudonym of it |
| `author_ts` | author date, ISO 8601 |
| `author_tz`, `committer_tz` | `+0200`: what their machines said |
| `files`, `insertions`, `deletions`, `parents` | numbers |
| `workflow_files` | changed files under CI configuration (optional) |
| `co_authors` | addresses of its `Co-authored-by` trailers (optional) |
| `refs` | names of lightweight tags that point at it (optional) |

An annotated tag is a row of its own: `kind` is `tag`, `name` its name, `sha` the commit it points
at, `author` and `author_tz` the tagger's. Further fields are ignored.

The person who wrote a commit acts; the committer is a fact beside it. Both are what the commit
claims: anybody can write any address there. If an agent wrote it, the one person whom the trailers
name beside it is the one the agent acts for; an agent that a person's commit names is a fact.
"""

from functools import lru_cache

from msgspec.structs import replace

from schemas import facts as f
from schemas.action import Action
from schemas.activity import (
    NO_ORIGIN,
    Activity,
    Fact,
    Outcome,
    Position,
    Target,
    TargetKind,
    digest,
)
from schemas.sources.base import Raw, RejectedError, Source
from schemas.sources.fields import (
    count,
    event_time,
    fold,
    items,
    load,
    lower,
    moment,
    repository_of,
    text,
)
from schemas.sources.git_agents import MAX_NAMED, account_of, author_of, credit

NAME = "git.log"
ACTIONS = {"commit": Action.COMMIT, "tag": Action.TAG_CREATE}
MAX_TAGS = 16
MAX_FILES = 64
MAX_OFFSET = 16 * 60  # minutes; real zones end at +14:00
_COUNTS = (
    ("files", f.FILES),
    ("insertions", f.INSERTIONS),
    ("deletions", f.DELETIONS),
    ("parents", f.PARENTS),
)


def commit_uid(repository: str, sha: str) -> int:
    """Id of a commit: the same from its history, a push and a second push of the same commit."""
    return digest("commit", repository, sha)


@lru_cache(512)
def utc_offset(zone: str) -> int | None:
    """Minutes east of UTC of `+0200`, `-07:00` or `Z`; None for anything else.

    >>> utc_offset("-0730")
    -450
    """
    if zone in {"Z", "z"}:
        return 0
    digits = zone[1:].replace(":", "")
    if zone[:1] not in {"+", "-"} or len(digits) != 4 or not digits.isdecimal():  # noqa: PLR2004 - HHMM
        return None
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes > MAX_OFFSET:
        return None
    return -minutes if zone[0] == "-" else minutes


def parse(raw: Raw) -> list[Activity]:
    """One row of history: a commit and its tags, or a tag."""
    row = load(raw)
    if "sha" not in row:
        row = fold(row)
    sha, author = lower(row.get("sha")), lower(row.get("author"))
    repository = repository_of(row.get("repo"))
    for name, value in (("sha", sha), ("author", author), ("repo", repository)):
        if not value:
            raise RejectedError("missing_field", f"no {name}")
    if row.get("ts") is None:
        raise RejectedError("missing_field", "no ts")
    time = event_time(row["ts"], raw.received)
    named = items(row.get("co_authors"))
    others = tuple(name for other in named[:MAX_NAMED] if (name := lower(other))) if named else ()
    agents, behalf = credit(author, lower(row.get("committer")), others)
    commit = Activity(
        commit_uid(repository, sha),
        time,
        raw.received,
        NAME,
        Action.COMMIT,
        "commit",
        author_of(author, behalf),
        Target(TargetKind.REPOSITORY, repository, repository, "", sha, repository.split("/", 2)[1]),
        NO_ORIGIN,
        "",
        Outcome.SUCCESS,
        _facts(row, author, time, agents),
        sha,
        raw.position,
    )
    if row.get("kind") == "tag":
        return [_tag(commit, text(row.get("name")), raw.position)]
    refs = items(row.get("refs"))
    if not refs:
        return [commit]
    names = sorted({name for ref in refs if (name := text(ref))})[:MAX_TAGS]
    return [commit] + [
        _tag(commit, name, replace(raw.position, index=index))
        for index, name in enumerate(names, 1)
    ]


def _facts(
    row: dict[str, object], author: str, time: float, agents: tuple[str, ...]
) -> dict[str, Fact]:
    facts: dict[str, Fact] = {f.AUTHOR: author}
    if committer := lower(row.get("committer")):
        facts[f.COMMITTER] = committer
    offset = utc_offset(text(row.get("committer_tz")) or text(row.get("author_tz")))
    if offset is not None:
        facts[f.UTC_OFFSET] = offset
    stamp = row.get("author_ts")
    if (authored := time if stamp == row["ts"] else moment(stamp)) is not None:
        facts[f.AUTHORED] = authored
    for name, key in _COUNTS:
        if (value := count(row.get(name))) is not None:
            facts[key] = value
    if files := items(row.get("workflow_files")):
        facts[f.WORKFLOW_FILES] = sorted({text(file) for file in files if file})[:MAX_FILES]
    if agents and (others := [agent for agent in agents if agent != account_of(author)]):
        facts[f.AGENTS] = others
    return facts


def _tag(commit: Activity, name: str, position: Position) -> Activity:
    """The tag of that name at this commit, made by its actor at its time."""
    if not name or commit.target is None:
        raise RejectedError("missing_field", "a tag without a name")
    ref = f"refs/tags/{name.removeprefix('refs/tags/')}"
    sha, repository = commit.event_id, commit.target.repository
    return replace(
        commit,
        uid=digest("tag", repository, ref, sha),
        action=Action.TAG_CREATE,
        native="tag",
        target=replace(commit.target, kind=TargetKind.TAG, name=ref),
        facts={f.REF: ref, f.COMMIT: sha},
        event_id=name,
        position=position,
    )


def recognises(record: dict[str, object]) -> bool:
    """A commit id, a repository and an author, as no vendor's event has them side by side."""
    return "sha" in record and "repo" in record and "author" in record and "ts" in record


SOURCE = Source(
    name=NAME,
    kind="vcs",
    title="git history",
    reference="https://git-scm.com/docs/git-log",
    parse=parse,
    actions=frozenset(ACTIONS),
    recognises=recognises,
)
