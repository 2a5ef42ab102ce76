"""The identity map: accounts in, identities out; a bad map says where and what."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.identities.directory import Directory
from schemas.activity import Activity, Actor, ActorKind
from schemas.identity import IdentityMap, IdentityMapError

MARA = {
    "identity": "mara",
    "peers": "web-team",
    "email": "Mara@Example.com",
    "accounts": ["okta:mara@example.com", "GitHub:Mara-K", "claude_code:mara@example.com"],
}
RENOVATE = {"identity": "renovate", "kind": "bot", "accounts": ["github:renovate[bot]"]}


def activity(account: str, kind: ActorKind = ActorKind.UNKNOWN, email: str = "") -> Activity:
    actor = Actor(account, kind=kind, email=email)
    return Activity(1, 2.0, 3.0, "github.audit", "push", "git.push", actor)


def directory(*entries: Mapping[str, object]) -> Directory:
    return Directory(IdentityMap(entries))


def test_all_accounts_of_a_person_are_one_identity() -> None:
    identities = directory(MARA, RENOVATE)
    okta = identities.resolve(activity("okta:mara@example.com"))
    github = identities.resolve(activity("github:mara-k"))
    assert okta.actor.identity == github.actor.identity == "mara"
    assert github.actor == Actor(
        "github:mara-k", "mara", ActorKind.PERSON, "mara@example.com", "", "web-team"
    )
    assert len(IdentityMap([MARA, RENOVATE])) == 2


def test_only_the_actor_changes() -> None:
    before = activity("github:mara-k")
    after = directory(MARA).resolve(before)
    assert (after.uid, after.time, after.native) == (before.uid, before.time, before.native)


def test_an_unknown_account_is_its_own_identity_and_stays_what_the_parser_said() -> None:
    actor = directory(MARA).resolve(activity("github:stranger", ActorKind.BOT)).actor
    assert (actor.identity, actor.kind, actor.peers) == ("github:stranger", ActorKind.BOT, "")


def test_a_bot_is_known_by_its_name_not_by_its_kind() -> None:
    identities = directory(RENOVATE)
    assert identities.resolve(activity("github:renovate[bot]")).actor.kind is ActorKind.BOT
    other = identities.resolve(activity("github:renovate-x[bot]")).actor
    assert (other.identity, other.kind) == ("github:renovate-x[bot]", ActorKind.UNKNOWN)


def test_an_agent_under_its_persons_account_stays_an_agent() -> None:
    actor = directory(MARA).resolve(activity("claude_code:mara@example.com", ActorKind.AGENT))
    assert (actor.actor.identity, actor.actor.kind) == ("mara", ActorKind.AGENT)


def test_the_vendors_address_is_kept() -> None:
    actor = directory(MARA).resolve(activity("github:mara-k", email="m@example.org")).actor
    assert actor.email == "m@example.org"


@given(st.sampled_from(["github:mara-k", "okta:mara@example.com"]), st.data())
def test_case_of_an_account_does_not_matter(account: str, data: st.DataObject) -> None:
    upper = data.draw(st.lists(st.booleans(), min_size=len(account), max_size=len(account)))
    spelled = "".join(c.upper() if u else c for c, u in zip(account, upper, strict=True))
    assert directory(MARA).resolve(activity(spelled)).actor.identity == "mara"


YAML = """\
- identity: mara
  accounts: [okta:mara@example.com]
- identity: renovate
  kind: bot
  accounts: ["github:renovate[bot]"]
"""


CSV = """\
identity,kind,account
mara,,okta:mara@example.com
renovate,bot,github:renovate[bot]
"""


def test_the_formats_say_the_same(tmp_path: Path) -> None:
    entries = [{"identity": "mara", "accounts": ["okta:mara@example.com"]}, RENOVATE]
    (tmp_path / "a.yaml").write_text(YAML)
    (tmp_path / "a.json").write_text(json.dumps(entries))
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, entries)) + "\n\n")
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8-sig")
    for name in ("a.yaml", "a.json", "a.jsonl", "a.csv"):
        identities = IdentityMap.load(tmp_path / name)
        assert len(identities) == 2
        assert identities.find("okta:mara@example.com") is not None


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.yaml", YAML + "- identity: eve\n  accounts: [OKTA:mara@example.com]\n", "line 6"),
        ("a.yaml", YAML + "- identity: eve\n  accounts: [OKTA:mara@example.com]\n", "by 'mara'"),
        ("a.yaml", "- identity: a\n  kind: robot\n  accounts: ['x:y']\n", "robot"),
        ("a.yaml", "- identity: a\n  acounts: ['x:y']\n", "line 1"),
        ("a.yaml", "identity: a\n", "expected a list"),
        ("a.yaml", "- [unclosed\n", "a.yaml"),
        ("a.json", "{}", "expected a list"),
        ("a.json", "[", "a.json"),
        ("a.jsonl", '{"identity":"a","accounts":["x:y"]}\n{oops\n', "line 2"),
        ("a.jsonl", '\n{"identity":"a","accounts":[7]}\n', "line 2"),
        ("a.toml", "", "suffix"),
        ("a.csv", "mara,person,web-team,okta:mara@example.com\n", "heading"),
        ("a.csv", "", "heading"),
        ("a.csv", CSV + "mara\n", "line 4: expected 3 values"),
        ("a.csv", CSV + "renovate,agent,npm:renovate\n", "line 4: kind is 'agent', above it was"),
        ("a.csv", CSV + "eve,robot,npm:eve\n", "line 4.*robot"),
        ("a.csv", CSV + 'eve,bot,"npm:eve\n', "line 4"),
        ("a.csv", CSV + "eve,bot,OKTA:mara@example.com\n", "line 4.*by 'mara'"),
    ],
)
def test_a_bad_file_says_where_and_what(tmp_path: Path, name: str, text: str, problem: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(IdentityMapError, match=problem):
        IdentityMap.load(path)


def test_csv_lines_of_one_identity_add_up(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "identity,kind,peers,account\n"
        "mara,person,web-team,okta:mara@example.com\n"
        "jonas,,,okta:jonas@example.com\n"
        "mara,,,github:mara-k\n"
    )
    mara, jonas = IdentityMap.load(path)
    assert mara.accounts == ["okta:mara@example.com", "github:mara-k"]
    assert (mara.peers, mara.kind, jonas.identity) == ("web-team", ActorKind.PERSON, "jonas")


def test_several_files_are_one_map(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML)
    (tmp_path / "b.csv").write_text("identity,account\neve,okta:eve@example.com\n")
    assert len(IdentityMap.load(tmp_path / "a.yaml", tmp_path / "b.csv")) == 3
    with pytest.raises(IdentityMapError, match=r"mara.* stands already at .*a\.yaml, line 1"):
        IdentityMap.load(tmp_path / "a.yaml", tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"identity": "", "accounts": ["x:y"]}, "identity is empty"),
        ({"identity": "a", "accounts": []}, "has no accounts"),
        ({"identity": "a", "accounts": ["mara"]}, "<system>:<login>"),
        ({"identity": "a", "accounts": ["github:*[bot]"]}, "exact names"),
        ({"identity": "mara", "accounts": ["x:y"]}, "already at entry 1"),
        ({"identity": "github:mara-k", "accounts": ["x:y"]}, "an account of 'mara'"),
        ({"identity": "a"}, "entry 2"),
        ("mara", "entry 2"),
    ],
)
def test_a_bad_entry_is_refused(entry: dict[str, object], problem: str) -> None:
    with pytest.raises(IdentityMapError, match=problem):
        IdentityMap([MARA, entry])


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(IdentityMapError) as caught:
        IdentityMap([{"identity": "a"}, {"identity": "b", "accounts": ["c"]}])
    assert len(caught.value.problems) == 2


def test_an_empty_map_knows_nobody(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("# nobody yet\n")
    assert len(IdentityMap.load(path)) == 0
