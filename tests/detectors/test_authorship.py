"""What commits claim beside who pushed them."""

from itertools import chain

import pytest

from detectors.artifact_samples import DAY, HOUR, MINUTE, MONDAY, touch
from detectors.author_mismatch import AuthorMismatch
from detectors.commit_habit import CommitHabit
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Fact
from tests.detectors.through_engine import signals, smallest

REPOSITORY = "github.com/example/left"
NOW = 200 * DAY
SINCE = MONDAY + NOW
BOT = "29139614+renovate[bot]@users.noreply.github.com"


def commit(
    account: str, time: float, author: str, committer: str = "", offset: int = 120
) -> Activity:
    values: dict[str, Fact] = {
        facts.AUTHOR: author,
        facts.COMMITTER: committer or author,
        facts.UTC_OFFSET: offset,
    }
    return touch(Action.COMMIT, account, time, REPOSITORY, values=values)


def team() -> list[Activity]:
    return [
        commit(f"github:dev-{who}", day * DAY + who * MINUTE, f"dev-{who}@example.com")
        for day in range(200)
        if day % 7 < 5
        for who in range(6)
    ]


def test_a_forged_author_names_both() -> None:
    (signal,) = signals(AuthorMismatch(), [*team(), commit("github:dev-1", NOW, BOT)])
    assert signal.p < 2**-6
    assert "renovate[bot]" in signal.title
    assert signal.features[0].expected == "dev-1@example.com 100%"


@pytest.mark.parametrize(
    ("author", "committer"),
    [
        ("dev-2@example.com", "dev-1@example.com"),  # rebased, cherry-picked, patch applied
        ("dev-2@example.com", "noreply@github.com"),  # merged on the web
        ("1001+dev-1@users.noreply.github.com", ""),  # the login's own hidden address
    ],
)
def test_ordinary_lines_are_quiet(author: str, committer: str) -> None:
    assert not signals(AuthorMismatch(), [*team(), commit("github:dev-1", NOW, author, committer)])


def test_a_branch_of_many_strangers_is_one_signal() -> None:
    branch = [commit("github:dev-1", NOW + i, f"visitor-{i}@example.com") for i in range(30)]
    assert len(signals(AuthorMismatch(), [*team(), *branch])) == 1


def test_whoever_merges_others_branches_gets_used_to_it() -> None:
    merges = [
        commit("github:dev-1", week * 7 * DAY + HOUR, f"visitor-{week}@example.com")
        for week in range(28)
    ]
    found = signals(AuthorMismatch(), [*team(), *merges])
    assert not [signal for signal in found if signal.time > MONDAY + 60 * DAY]


def test_plain_history_knows_no_login() -> None:
    history = [commit("git:dev-1@example.com", i * DAY, "dev-1@example.com") for i in range(60)]
    forged = commit("git:dev-1@example.com", 60 * DAY, BOT)
    assert not signals(AuthorMismatch(), [*history, forged])


def test_a_pushs_commits_are_judged_by_the_time_zone_of_their_machine() -> None:
    usual = commit("github:dev-1", NOW, "dev-1@example.com")
    elsewhere = commit("github:dev-1", NOW, "dev-1@example.com", offset=-480)
    detector = CommitHabit()
    assert smallest(detector, [*team(), usual], SINCE) == 1.0
    far = [s for s in signals(detector, [*team(), elsewhere]) if s.time >= SINCE]
    assert far
    features = {feature.name: feature for feature in far[0].features}
    assert features["UTC offset"].observed == "-0800"
    assert features["UTC offset"].expected == "+0200 100%"


def test_the_zone_of_a_merge_on_the_web_is_nobodys() -> None:
    merged = commit("github:dev-1", NOW, "dev-2@example.com", "noreply@github.com", offset=-480)
    assert smallest(CommitHabit(), chain(team(), [merged]), SINCE) == 1.0
