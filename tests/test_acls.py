"""`deploy/acls.yaml`: what it allows is what the docs say, and nothing that nobody needs."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.access.held import Held, lacking, superfluous
from pipeline.access.operations import operation, operation_name
from pipeline.access.roles import CLUSTER, Right, roles
from pipeline.topics import Topics

ROOT = Path(__file__).resolve().parents[1]
SECTION = (ROOT / "docs/settings.md").read_text().partition("### What each may do")[2]
TOPICS = [topic.name for topic in Topics().all("devspm")]
RIGHTS = {name: role.rights("", "devspm") for name, role in roles().items()}
EVERYTHING = [right for rights in RIGHTS.values() for right in rights]
NAME = st.sampled_from([*TOPICS, "other"])


def documented() -> dict[str, set[Right]]:
    found: dict[str, set[Right]] = {}
    for line in SECTION.partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not re.fullmatch(r"(Create|Describe|Read|Write).*", cells[-1]):
            continue
        names = re.findall(r"`([^`]+)`", cells[1])
        kind = "group" if "group" in cells[1] else "cluster" if "cluster" in cells[1] else "topic"
        if cells[1] == "all topics":
            names = TOPICS
        if kind == "cluster":
            names = [CLUSTER]
        role = cells[0].split("`")[1]
        operations = cells[-1].split(", ")
        found.setdefault(role, set()).update(Right(o, kind, n) for o in operations for n in names)
    return found


def test_the_docs_say_what_the_file_says() -> None:
    assert documented() == {name: set(rights) for name, rights in RIGHTS.items()}


def test_no_role_may_do_what_none_needs() -> None:
    for name, rights in RIGHTS.items():
        allowed = {"Create", "Describe", "DescribeConfigs"} if name == "operator" else None
        assert {right.operation for right in rights} <= (allowed or {"Read", "Write"}), name
        assert {r.name for r in rights if r.kind == "topic"} <= set(TOPICS), name
    assert {r.name for r in RIGHTS["operator"] if r.kind == "topic"} == set(TOPICS)
    writers = {
        name for name, rights in RIGHTS.items() if Right("Write", "topic", "alerts") in rights
    }
    assert writers == {"worker"}


def test_prefix_and_group_are_filled_in() -> None:
    rights = roles()["worker"].rights("staging.", "mine")

    assert Right("Write", "topic", "staging.alerts") in rights
    assert Right("Read", "topic", "mine-detect-changelog") in rights
    assert Right("Read", "group", "mine") in rights
    assert not any("{" in right.name for right in rights)


def test_operations_have_kafkas_names() -> None:
    for right in EVERYTHING:
        assert operation_name(operation(right.operation)) == right.operation


@given(st.sampled_from(sorted(RIGHTS)), st.data())
def test_exactly_its_own_acls_are_enough_for_a_role_and_one_less_is_not(
    role: str, data: st.DataObject
) -> None:
    acls = [Held("User:x", right, pattern=False) for right in RIGHTS[role]]
    less = data.draw(st.sampled_from(acls))

    assert lacking(acls, "User:x", RIGHTS[role]) == []
    assert superfluous(acls, {"User:x": RIGHTS[role]}, EVERYTHING) == []
    kept = [acl for acl in acls if acl is not less]
    implied = any(acl.covers(less.right) for acl in kept)
    assert (lacking(kept, "User:x", RIGHTS[role]) == []) == implied


@given(NAME, st.sampled_from(["Read", "Write", "All", "Delete"]), st.booleans())
def test_what_strangers_may_do_to_these_topics_is_reported(
    name: str, allowed: str, pattern: bool
) -> None:
    acl = Held("User:mallory", Right(allowed, "topic", name), pattern)

    found = superfluous([acl], {"User:x": RIGHTS["worker"]}, EVERYTHING)

    assert found == ([acl] if name != "other" else [])


def test_patterns_and_everybody_count() -> None:
    wide = Held("User:x", Right("Read", "topic", "audit."), pattern=True)
    everyone = Held("User:*", Right("All", "topic", "*"), pattern=False)
    worker = {"User:x": RIGHTS["worker"]}

    assert lacking([wide], "User:x", [Right("Read", "topic", "audit.vcs")]) == []
    assert lacking([everyone], "User:x", [Right("Write", "topic", "alerts")]) == []
    assert superfluous([wide, everyone], worker, EVERYTHING) == [wide, everyone]
