"""Agents in commits: who acts, for whom, and what is only a claim."""

import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.git_import import read_history
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind
from schemas.link import proven
from schemas.sources import SOURCES, Raw
from schemas.sources.git_agents import co_authors

SAMPLES = Path(__file__).parent / "samples"
COPILOT = "198982749+Copilot@users.noreply.github.com"
CLAUDE = "noreply@anthropic.com"
MARA = "1001+Mara-K@users.noreply.github.com"
JON = "jon@example.com"


def message(*names: str) -> str:
    return "Fix it\n\nAs asked.\n\n" + "\n".join(f"Co-Authored-By: Some One <{n}>" for n in names)


def parse(source: str, event: object, headers: dict[str, str] | None = None) -> list[Activity]:
    received = 0.0 if source == "git.log" else 1_790_000_000.0
    raw = Raw(orjson.dumps(event), received, headers or {})
    return list(SOURCES[source].parse(raw))


def logged(author: str, *others: str, committer: str = "") -> Activity:
    row = {
        "ts": "2025-09-08T13:15:50Z",
        "repo": "example-org/widget",
        "sha": "b1" * 20,
        "author": author,
        "committer": committer or author,
        "co_authors": list(others),
    }
    (commit,) = parse("git.log", row)
    return commit


def pushed(source: str, sender: str, author: str, *others: str) -> tuple[Activity, Activity]:
    """A push of one commit, and the commit."""
    content: dict[str, Any] = orjson.loads((SAMPLES / source / "push_main.json").read_bytes())
    event = content["event"]
    del event["commits"][1:]
    commit = event["commits"][0]
    commit["message"], commit["author"] = message(*others), {"name": "x", "email": author}
    if source == "github.webhook":
        event["sender"]["login"] = event["pusher"]["name"] = sender
    else:
        event["user_username"] = sender
    push, told = parse(source, event, content["headers"])
    assert (push.action, told.action) == (Action.PUSH, Action.COMMIT)
    return push, told


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (message(JON, CLAUDE), (JON, CLAUDE)),
        (f"Fix\r\n\r\nco-authored-by: X <{JON.upper()}>\r\n", (JON,)),
        ("Fix\n\nCo-authored-by: nobody", ()),
        (f"Talk of Co-authored-by: X <{JON}> in a line", ()),
        ("", ()),
        (None, ()),
        (["x"], ()),
        (message(*[JON] * 40), (JON,) * 16),
    ],
)
def test_trailers_are_read(written: object, names: tuple[str, ...]) -> None:
    assert co_authors(written) == names


def test_a_person_s_commit_with_an_agent_stays_the_person_s() -> None:
    commit = logged(JON, CLAUDE)
    assert (commit.actor.account, commit.actor.kind) == (f"git:{JON}", ActorKind.UNKNOWN)
    assert commit.actor.on_behalf_of == ""
    assert commit.facts[facts.AGENTS] == [f"git:{CLAUDE}"]


def test_an_agent_s_commit_is_the_agent_s_on_behalf_of_whom_it_names() -> None:
    commit = logged(COPILOT, MARA, committer="noreply@github.com")
    assert commit.actor.account == f"git:{COPILOT.lower()}"
    assert commit.actor.kind is ActorKind.AGENT
    assert commit.actor.on_behalf_of == "github:mara-k"
    assert facts.AGENTS not in commit.facts


@pytest.mark.parametrize(
    ("author", "others"),
    [
        (CLAUDE, [JON, MARA]),  # of two nobody says which
        (CLAUDE, []),
        (CLAUDE, [COPILOT]),
        (JON, [MARA]),  # two people
        (JON, [CLAUDE, MARA]),
    ],
)
def test_for_whom_an_agent_works_is_not_guessed(author: str, others: list[str]) -> None:
    assert logged(author, *others).actor.on_behalf_of == ""


def test_two_people_at_one_commit_name_no_agent() -> None:
    assert facts.AGENTS not in logged(JON, MARA).facts


@pytest.mark.parametrize(
    ("source", "agent", "account"),
    [
        ("github.webhook", "Copilot", "github:copilot"),
        ("github.webhook", "claude[bot]", "github:claude[bot]"),
        ("gitlab.webhook", "GitLabDuo", "gitlab:gitlabduo"),
    ],
)
def test_an_agent_pushes_its_own_commit(source: str, agent: str, account: str) -> None:
    for activity in pushed(source, agent, COPILOT, JON):
        assert (activity.actor.account, activity.actor.kind) == (account, ActorKind.AGENT)
        assert activity.actor.on_behalf_of == f"git:{JON}"


@pytest.mark.parametrize("source", ["github.webhook", "gitlab.webhook"])
def test_an_agent_that_pushes_a_person_s_commit_works_for_nobody_known(source: str) -> None:
    sender = "copilot" if source == "github.webhook" else "gitlabduo"
    for activity in pushed(source, sender, JON, MARA):
        assert activity.actor.on_behalf_of == ""


@pytest.mark.parametrize("source", ["github.webhook", "gitlab.webhook"])
def test_a_person_pushes_what_an_agent_helped_with(source: str) -> None:
    for activity in pushed(source, "mara-k", JON, CLAUDE, COPILOT):
        assert activity.actor.kind is ActorKind.UNKNOWN
        assert activity.facts[facts.AGENTS] == ["git:noreply@anthropic.com", "github:copilot"]
    for activity in pushed(source, "mara-k", COPILOT, JON):
        assert (activity.actor.kind, activity.actor.on_behalf_of) == (ActorKind.UNKNOWN, "")
        assert activity.facts[facts.AGENTS] == ["github:copilot"]


def test_a_trailer_links_no_accounts() -> None:
    told = [logged(JON, CLAUDE, MARA), logged(COPILOT, MARA)]
    told += pushed("github.webhook", "copilot", COPILOT, MARA)
    told += pushed("gitlab.webhook", "mara-k", JON, CLAUDE)
    assert [link.to for activity in told for link in proven(activity)] == ["gitlab:4"] * 2


def test_the_import_reads_trailers_and_keeps_agents_in_clear(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=Mara", "-c", f"user.email={JON}"]
    subprocess.run([*git, "init", "-q"], check=True)
    ran = tmp_path / "ran"
    for name in ("command", "cmd"):
        subprocess.run([*git, "config", f"trailer.co-authored-by.{name}", f"touch {ran}"],
                       check=True)  # fmt: skip
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", message(CLAUDE, MARA)], check=True)
    ((row,), (hidden,)) = (
        [record["event"] for record in read_history(tmp_path, pseudonymise=hide)]
        for hide in (False, True)
    )
    assert row["co_authors"] == [CLAUDE, MARA.lower()]
    assert parse("git.log", row)[0].facts[facts.AGENTS] == [f"git:{CLAUDE}"]
    assert hidden["co_authors"][0] == CLAUDE
    assert "mara" not in str(hidden).lower()
    assert not ran.exists()
