"""The history of a git repository on this machine, as input records of the source `git.log`.

git does the walking; its output is read line by line, so the memory taken here does not grow with
the history. Nothing that the repository configures is run: no external diff, text conversion,
signature check or file system monitor. Format: `schemas.sources.git_log`.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from heapq import merge
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, cast

from schemas.activity import pseudonym
from schemas.sources.ci import is_ci_file
from schemas.sources.fields import repository_of
from schemas.sources.git_agents import MAX_NAMED, is_agent

_MARK = "\x1e"  # starts a commit's line; a file's name is quoted when it has control characters
_SEPARATOR = "\x00"
_NEXT = "\x1f"  # between the trailers of a commit
# `%ad` and `%cd` give the zone alone: see --date.
_CO_AUTHORS = "%(trailers:key=Co-authored-by,valueonly,unfold,separator=%x1f)"
_COMMIT = f"%H %P %ct %at %ad %cd %ae %ce {_CO_AUTHORS}".replace(" ", "%x00")
_LOG = (
    "log", "--exclude=refs/stash", "--exclude=refs/notes/*", "--all", "--reverse",
    f"--format=%x1e{_COMMIT}", "--date=format:%z", "--numstat", "--no-renames", "--no-ext-diff",
    "--no-textconv", "--no-color", "--no-show-signature", "--no-mailmap",
)  # fmt: skip
_TAG = (
    "%(refname) %(objecttype) %(objectname) %(*objecttype) %(*objectname)"
    " %(taggeremail:trim) %(authoremail:trim) %(creatordate:raw)"
).replace(" ", "%00")
_TAGS = ("for-each-ref", "refs/tags", "--sort=creatordate", f"--format={_TAG}")
_SAFE = (
    "-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "-c", "core.quotePath=true",
)  # fmt: skip
_MAX_FILES = 64
_LAST_WORDS = 400


class GitError(Exception):
    """The history cannot be read; the message says what to do."""


class GitMissingError(GitError):
    """git is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "git is not installed or not on PATH. Install it: `apt-get install git`, "
            "`dnf install git` or `brew install git`."
        )


class NotARepositoryError(GitError):
    """The path is no git repository, or git refuses to read it."""

    def __init__(self, path: Path, said: str) -> None:
        super().__init__(
            f"{path} cannot be read as a git repository: {said or 'no such folder'}. Give the "
            "folder of a clone (`git clone <url>`). If git speaks of dubious ownership, and you "
            f"trust it: `git config --global --add safe.directory {path}`."
        )


class HistoryError(GitError):
    """git stopped in the middle."""

    def __init__(self, path: Path, status: int, said: str) -> None:
        super().__init__(
            f"git stopped with status {status} while reading {path}: {said}. Check the clone with "
            "`git fsck`; a shallow or partial clone needs `git fetch --unshallow` or a full clone."
        )


def read_history(path: str | Path, *, pseudonymise: bool = False) -> Iterator[dict[str, Any]]:
    """All commits and tags of all branches, roughly by time.

    Args:
        path: a working tree or a bare repository.
        pseudonymise: hash the addresses, but those of AI agents. Equal stays equal; who knows an
            address can find it.

    Yields:
        `{"source": "git.log", "event": {...}}`.

    Raises:
        GitMissingError: git is not installed.
        NotARepositoryError: `path` is none.
        HistoryError: git failed midway.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise NotARepositoryError(folder, "")
    repository = repository_name(folder)
    rows = merge(_commits(folder, repository), _tags(folder, repository), key=_committed)
    for row in rows:
        if pseudonymise:
            for field in ("author", "committer"):
                if field in row:
                    row[field] = _pseudonymised(row[field])
            if "co_authors" in row:
                row["co_authors"] = [_pseudonymised(name) for name in row["co_authors"]]
        yield {"source": "git.log", "event": row}


def _pseudonymised(address: str) -> str:
    return address if is_agent(address) else f"dev-{pseudonym(address)}"


def repository_name(folder: Path) -> str:
    """`<host>/<owner>/<name>` of the remote `origin`, else `localhost/git/<folder's name>`.

    Raises:
        NotARepositoryError: the folder is no repository.
    """
    inside = _run(folder, "rev-parse", "--git-dir")
    if inside.returncode:
        raise NotARepositoryError(folder, inside.stderr.strip()[-_LAST_WORDS:])
    remote = _run(folder, "config", "--get", "remote.origin.url").stdout.strip()
    name = folder.resolve().name.removesuffix(".git").lower() or "repository"
    return repository_of(remote) or f"localhost/git/{'-'.join(name.split()).replace(':', '-')}"


def _committed(row: dict[str, Any]) -> str:
    time: str = row["ts"]
    return time


def _commits(folder: Path, repository: str) -> Iterator[dict[str, Any]]:
    row: dict[str, Any] = {}
    with _streamed(folder, *_LOG) as lines:
        for line in lines:
            if line.startswith(_MARK):
                if row:
                    yield row
                row = _commit(line[1:].rstrip("\n"), repository)
            elif row and (parts := line.rstrip("\n").split("\t")) and len(parts) == 3:  # noqa: PLR2004 - numstat
                _count(row, *parts)
        if row:
            yield row


def _commit(line: str, repository: str) -> dict[str, Any]:
    (sha, parents, committed, authored, author_tz, committer_tz, author, committer, trailers) = (
        line.split(_SEPARATOR)
    )
    row: dict[str, Any] = {
        "ts": _iso(committed),
        "repo": repository,
        "sha": sha,
        "author": author.lower() or "unknown",
        "author_ts": _iso(authored),
        "author_tz": author_tz,
        "committer": committer.lower() or "unknown",
        "committer_tz": committer_tz,
        "files": 0,
        "insertions": 0,
        "deletions": 0,
        "parents": len(parents.split()),
    }
    named = (value.rpartition("<")[2].partition(">")[0] for value in trailers.split(_NEXT))
    if others := [name.strip().lower() for name in named if "@" in name][:MAX_NAMED]:
        row["co_authors"] = others
    return row


def _count(row: dict[str, Any], inserted: str, deleted: str, path: str) -> None:
    row["files"] += 1
    if inserted != "-":  # a binary file
        row["insertions"] += int(inserted)
        row["deletions"] += int(deleted)
    if is_ci_file(path):
        found = row.setdefault("workflow_files", [])
        if len(found) < _MAX_FILES:
            found.append(path)


def _tags(folder: Path, repository: str) -> Iterator[dict[str, Any]]:
    """Tags of commits. A lightweight one has no tagger and no time: its commit's stand in."""
    with _streamed(folder, *_TAGS) as lines:
        for line in lines:
            ref, kind, sha, peeled, pointed, tagger, author, date = line.rstrip("\n").split(
                _SEPARATOR
            )
            seconds, _, zone = date.partition(" ")
            if "commit" in {kind, peeled} and seconds:
                yield {
                    "kind": "tag",
                    "ts": _iso(seconds),
                    "repo": repository,
                    "name": ref.removeprefix("refs/tags/"),
                    "sha": pointed or sha,
                    "author": (tagger or author).lower() or "unknown",
                    "author_tz": zone,
                }


def _iso(seconds: str) -> str:
    try:
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return seconds  # the parser says what is wrong with it


def _environment() -> dict[str, str]:
    keep = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return keep | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


def _command(folder: Path, arguments: tuple[str, ...]) -> tuple[str, ...]:
    git = shutil.which("git")
    if git is None:
        raise GitMissingError
    return (git, "-C", str(folder), *_SAFE, *arguments)


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - a fixed command
        _command(folder, arguments),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=_environment(),
    )


@contextmanager
def _streamed(folder: Path, *arguments: str) -> Iterator[IO[str]]:
    """Git's output, line by line; git is ended when the reader leaves early."""
    with (
        tempfile.TemporaryFile() as words,
        subprocess.Popen(  # noqa: S603 - a fixed command
            _command(folder, arguments), stdout=subprocess.PIPE, stderr=words, env=_environment()
        ) as process,
        # Only a line feed ends a line: an address may hold a carriage return.
        TextIOWrapper(cast(IO[bytes], process.stdout), "utf-8", "replace", "\n") as lines,
    ):
        try:
            yield lines
        except BaseException:
            process.kill()
            raise
        if status := process.wait():
            words.seek(0)
            said = words.read()[-_LAST_WORDS:].decode("utf-8", "replace").strip()
            raise HistoryError(folder, status, said)
