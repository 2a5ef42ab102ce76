"""Reading a repository's history with git, on repositories made here."""

import os
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.git_import import (
    GitMissingError,
    HistoryError,
    NotARepositoryError,
    read_history,
    repository_name,
)
from schemas.action import Action
from schemas.activity import Activity
from schemas.sources import SOURCES, Raw


def git(folder: Path, *arguments: str, when: str = "1757337360 +0200", who: str = "Mara") -> None:
    address = f"{who.lower()}@Example.com"
    subprocess.run(
        ["git", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": who,
            "GIT_AUTHOR_EMAIL": address,
            "GIT_AUTHOR_DATE": when,
            "GIT_COMMITTER_NAME": "Committer",
            "GIT_COMMITTER_EMAIL": "committer@example.com",
            "GIT_COMMITTER_DATE": when,
        },
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "Widget"
    folder.mkdir()
    git(folder, "init", "--initial-branch=main")
    git(folder, "remote", "add", "origin", "git@github.com:Example-Org/Widget.git")
    (folder / "a b\t.txt").write_text("one\ntwo\n")
    (folder / "blob.bin").write_bytes(b"\x00\x01\x02")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "first\n\nwith a body")
    git(folder, "tag", "v0-light")
    (folder / ".github" / "workflows").mkdir(parents=True)
    (folder / ".github" / "workflows" / "ci.yml").write_text("on: push\n")
    (folder / "a b\t.txt").write_text("one\n")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "second", when="1757340960 -0700", who="Guest")
    git(folder, "tag", "-a", "v1.0.0", "-m", "release", when="1757341000 +0000", who="Mara")
    return folder


def events(folder: Path, *, pseudonymise: bool = False) -> list[dict[str, Any]]:
    records = list(read_history(folder, pseudonymise=pseudonymise))
    assert {record["source"] for record in records} <= {"git.log"}
    return [record["event"] for record in records]


def activities(rows: list[dict[str, Any]]) -> list[Activity]:
    parse = SOURCES["git.log"].parse
    return [activity for row in rows for activity in parse(Raw(orjson.dumps(row), 0))]


def test_commits_come_with_their_numbers(clone: Path) -> None:
    first, light, second, tag = events(clone)
    assert first["repo"] == "github.com/example-org/widget"
    assert (first["ts"], first["author_tz"]) == ("2025-09-08T13:16:00Z", "+0200")
    assert (first["author"], first["committer"]) == ("mara@example.com", "committer@example.com")
    assert (first["files"], first["insertions"], first["deletions"]) == (2, 2, 0)
    assert (first["parents"], second["parents"]) == (0, 1)
    assert (second["author"], second["committer_tz"]) == ("guest@example.com", "-0700")
    assert (second["files"], second["insertions"], second["deletions"]) == (2, 1, 1)
    assert second["workflow_files"] == [".github/workflows/ci.yml"]
    assert len(first["sha"]) == 40
    assert (light["name"], light["sha"]) == ("v0-light", first["sha"])
    assert (tag["name"], tag["sha"]) == ("v1.0.0", second["sha"])


def test_the_parser_reads_what_the_import_writes(clone: Path) -> None:
    found = activities(events(clone))
    assert [activity.action for activity in found] == [
        Action.COMMIT, Action.TAG_CREATE, Action.COMMIT, Action.TAG_CREATE,
    ]  # fmt: skip
    # The tagger acts at the tag's own time, not the commit's author at the commit's.
    # git takes a tagger from the committer's identity.
    assert found[3].actor.account == "git:committer@example.com"
    assert found[3].time == 1757341000
    assert len({activity.uid for activity in found}) == 4


def test_pseudonyms_hide_addresses_and_keep_them_apart(clone: Path) -> None:
    rows = events(clone, pseudonymise=True)
    assert b"example.com" not in orjson.dumps([{**row, "repo": ""} for row in rows])
    first, _, second, tag = rows
    assert first["author"] != second["author"]
    assert first["committer"] == second["committer"] == tag["author"]
    assert [row["author"] for row in events(clone, pseudonymise=True)] == [
        row["author"] for row in rows
    ]


def test_all_branches_are_read_and_stashes_are_not(clone: Path) -> None:
    git(clone, "checkout", "-b", "topic")
    git(clone, "commit", "--allow-empty", "-m", "topic", when="1757350000 +0000")
    git(clone, "checkout", "main")
    (clone / "blob.bin").write_bytes(b"changed")
    git(clone, "stash")
    commits = [row for row in events(clone) if row.get("kind") != "tag"]
    assert len(commits) == 3
    assert commits[-1]["files"] == 0


def test_without_a_remote_the_folder_names_the_repository(tmp_path: Path) -> None:
    folder = tmp_path / "My Tool.git"
    folder.mkdir()
    git(folder, "init", "--bare")
    assert repository_name(folder) == "localhost/git/my-tool"
    assert events(folder) == []


def test_what_the_repository_configures_is_not_run(clone: Path) -> None:
    ran = clone / "ran"
    hook = f"sh -c 'touch {ran}'"
    for key in ("core.fsmonitor", "diff.external", "gpg.program", "diff.evil.textconv"):
        git(clone, "config", key, hook)
    git(clone, "config", "log.showSignature", "true")
    (clone / ".git" / "info" / "attributes").write_text("* diff=evil\n")
    assert len(events(clone)) == 4
    assert not ran.exists()


def test_a_reader_may_leave_early(clone: Path) -> None:
    history = read_history(clone)
    next(history)
    history.close()  # type: ignore[attr-defined]


def test_what_is_no_repository_is_said_with_what_to_do(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(NotARepositoryError, match="git clone"):
            list(read_history(folder))


def test_a_missing_git_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitMissingError, match="apt-get install git"):
        list(read_history(tmp_path))


def test_a_broken_history_is_an_error_and_not_a_short_history(clone: Path) -> None:
    first = next(iter(events(clone)))["sha"]
    (clone / ".git" / "objects" / first[:2] / first[2:]).unlink()
    with pytest.raises(HistoryError, match="git fsck"):
        list(read_history(clone))
