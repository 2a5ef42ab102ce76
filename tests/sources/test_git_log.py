"""The history of a repository as records."""

from typing import Any

import orjson
import pytest

from schemas.action import Action
from schemas.activity import Activity
from schemas.sources import Raw, RejectedError, recognise
from schemas.sources.git_log import parse, utc_offset

ROW: dict[str, Any] = {
    "ts": "2025-09-08T13:15:50Z",
    "repo": "example-org/widget",
    "sha": "b1" * 20,
    "author": "Mara@Example.com",
    "author_ts": "2025-09-08T13:00:00Z",
    "author_tz": "+0530",
    "committer": "noreply@example.com",
    "committer_tz": "-0700",
    "files": 3,
    "insertions": 20,
    "deletions": 4,
    "parents": 1,
}


def run(**fields: Any) -> list[Activity]:
    return parse(Raw(orjson.dumps({**ROW, **fields}), 0))


def test_the_author_acts_and_both_lines_are_facts() -> None:
    (commit,) = run()
    assert commit.action == Action.COMMIT
    assert commit.actor.account == "git:mara@example.com"
    assert commit.actor.email == "mara@example.com"
    assert commit.facts == {
        "author": "mara@example.com",
        "committer": "noreply@example.com",
        "authored": 1757336400.0,
        "utc_offset": -420,
        "files": 3,
        "insertions": 20,
        "deletions": 4,
        "parents": 1,
    }
    assert commit.time == 1757337350.0
    assert commit.target is not None
    assert commit.target.repository == "github.com/example-org/widget"


def test_tags_of_a_commit_are_made_with_it() -> None:
    commit, first, second = run(refs=["v2", "v1", "v1"])
    assert [a.action for a in (commit, first, second)] == [Action.COMMIT, *[Action.TAG_CREATE] * 2]
    assert [a.facts["ref"] for a in (first, second)] == ["refs/tags/v1", "refs/tags/v2"]
    assert len({a.uid for a in (commit, first, second)}) == 3


def test_a_tag_moved_to_another_commit_is_another_event() -> None:
    (here,) = run(kind="tag", name="v1")
    (again,) = run(kind="tag", name="v1", ts="2025-09-08T13:15:51Z")
    (there,) = run(kind="tag", name="v1", sha="c1" * 20)
    assert here.uid == again.uid != there.uid


@pytest.mark.parametrize("field", ["ts", "repo", "sha", "author"])
def test_what_a_commit_cannot_do_without(field: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        run(**{field: None})
    assert rejected.value.reason == "missing_field"


def test_a_commit_without_the_rest_is_a_commit() -> None:
    row = {key: ROW[key] for key in ("ts", "repo", "sha", "author")}
    (commit,) = parse(Raw(orjson.dumps(row), 0))
    assert commit.facts == {"author": "mara@example.com"}


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [
        ("+0000", 0), ("Z", 0), ("-0730", -450), ("+05:30", 330), ("+1400", 840),
        ("+9999", None), ("0000", None), ("", None), ("+1", None), ("+①②③④", None),
    ],
)  # fmt: skip
def test_zones(zone: str, minutes: int | None) -> None:
    assert utc_offset(zone) == minutes


def test_a_row_of_a_recorded_history_is_read_as_it_is() -> None:
    # Abbreviated id, pseudonym for an address, a label: the shape of the background data.
    row = {**ROW, "sha": "9998490f93d3", "author": "dev-0000000001", "label": None}
    assert recognise(orjson.dumps(row)).name == "git.log"
    (commit,) = parse(Raw(orjson.dumps(row), 0))
    assert commit.actor.account == "git:dev-0000000001"
    assert commit.actor.email == ""
