"""Amazon Q, July 2025: a stranger's commits reach the default branch of a coding assistant.

Documented to the second: the commits, the tag, the releases, the revert. Not public: who pushed
the commits. They came in with a token of the repository's own automation, as its owner wrote; the
history shows the stranger as their author. `staged` therefore comes in two variants: the pusher
is the author, or the pusher is the automation. Pushes follow their commits by seconds, generated.
The default branch `master` is called `main` here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

from pipeline.generator import github_discussion, github_webhook
from pipeline.generator.incidents.facts import Fact, git_log, labelled
from pipeline.generator.incidents.staged import (
    Staged,
    around,
    by_time,
    entry,
    midnight,
    stranger,
    team,
)
from pipeline.generator.people import Actor
from pipeline.generator.records import Timed, hex_id, seeded

INCIDENT = "amazon-q-2025-07"
REPOSITORY = "aws/aws-toolkit-vscode"
START, DAYS = date(2025, 6, 26), 24
IDENTITIES = 40
TEAM = 6

ISSUE = Fact(
    "2025-07-13T07:52:36Z", "second", "github", "lkmanka58", "issue.open",
    "aws/aws-toolkit-vscode#7651 (later deleted)",
)  # fmt: skip
DOWNLOADED = Fact(
    "2025-07-13T19:26:27Z", "second", "github", "atonaamz", "git.commit",
    "efee962 scripts/extensionNode.bk",
)  # fmt: skip
TAG = Fact(
    "2025-07-13T19:41:44Z", "second", "github", "aws-toolkit-automation", "tag.create",
    "refs/tags/stability",
)  # fmt: skip
FIRST_COMMIT = Fact(
    "2025-07-13T20:10:57Z", "second", "github", "lkmanka58", "git.commit",
    '1294b38 on tag stability: q --trust-all-tools --no-interactive "${PROMPT}"',
)  # fmt: skip
ON_MASTER = Fact(
    "2025-07-13T20:30:24Z", "second", "github", "lkmanka58", "git.commit",
    "678851b on master: downloader in the packaging script, only when STAGE=prod",
)  # fmt: skip
RELEASE = Fact(
    "2025-07-17T20:29:22Z", "second", "github", "aws", "release.publish",
    "amazonq v1.84.0 (the extension update follows)",
)  # fmt: skip
REVERT = Fact(
    "2025-07-18T23:21:03Z", "second", "github", "aws", "pull_request.merge", "#7710 revert"
)
CLEAN_RELEASE = Fact(
    "2025-07-19T03:58:38Z", "second", "github", "aws", "release.publish", "amazonq v1.85.0"
)
FACTS = (ISSUE, DOWNLOADED, TAG, FIRST_COMMIT, ON_MASTER, RELEASE, REVERT, CLEAN_RELEASE)

STRANGER = stranger("lkmanka58")
AUTOMATION = stranger("aws-toolkit-automation")
OWNER = stranger("aws")


def staged(seed: int = 0, *, by_token: bool = False) -> Staged:
    """The scenario.

    Args:
        seed: of what is generated.
        by_token: the automation's account pushes the stranger's commits.
    """
    members = team(seed, TEAM, (REPOSITORY,), START, DAYS)
    organisation = around(seed, IDENTITIES, START, DAYS, members)
    rng = seeded(seed, INCIDENT)
    pusher = AUTOMATION if by_token else STRANGER
    records = sorted([*_ordinary(rng), *_attack(rng, pusher)], key=by_time)
    who = "its automation's account pushes them" if by_token else "pushing them himself"
    return Staged(
        name=f"{INCIDENT}-token" if by_token else INCIDENT,
        description=(
            f"A stranger's first commits go to a tag and to the default branch, {who} (assumed)."
            " Documented to the second: issue, commits, tag, releases, revert. Generated: the"
            " pushes, the repository's ordinary life."
        ),
        identity=AUTOMATION.github if by_token else f"github:{STRANGER.github}",
        began=ISSUE.at,
        damage=RELEASE.at,
        noticed=REVERT.at,
        organisation=organisation,
        incident=records,
        entries=[entry(AUTOMATION), entry(OWNER)],
    )


def _ordinary(rng: Random) -> Iterator[Timed]:
    """The automation's days: a version commit and a pre-release tag; a release by the owner."""
    made: list[Timed] = []
    for number in range(DAYS - 7):
        at = midnight(START) + number * 86400 + rng.uniform(8, 9) * 3600
        commits = [github_webhook.commit(at, 0, AUTOMATION, "Update version", rng)]
        tag = f"pre-{number}"
        made += [
            github_webhook.push(
                at + 3, AUTOMATION, REPOSITORY, "refs/heads/main", rng, commits=commits
            ),
            github_webhook.reference_event(
                at + 30, AUTOMATION, REPOSITORY, rng, name="create", kind="tag", reference=tag
            ),
        ]
        if number % 7 == 1:
            release = f"amazonq/v1.{80 + number // 7}.0"
            made.append(github_webhook.release(at + 4000, OWNER, REPOSITORY, release, rng))
    yield from labelled(INCIDENT, made)


def _attack(rng: Random, pusher: Actor) -> Iterator[Timed]:
    issue = {
        "action": "opened",
        "issue": {
            "id": 7651_000,
            "number": 7651,
            "title": "Extension does not start",
            "user": github_webhook.account(STRANGER),
        },
    }
    opened = github_webhook.webhook(ISSUE.at, "issues", STRANGER, REPOSITORY, rng, payload=issue)
    yield from labelled(INCIDENT, [opened], ISSUE)
    row = {
        "ts": DOWNLOADED.ts, "repo": REPOSITORY, "sha": f"efee962{hex_id(rng, 33)}",
        "author": "atonaamz@users.noreply.github.com", "author_ts": DOWNLOADED.ts, "files": 1,
        "parents": 1,
    }  # fmt: skip
    yield from labelled(INCIDENT, [git_log(DOWNLOADED.at, row)], DOWNLOADED)
    tagged = github_webhook.reference_event(
        TAG.at, AUTOMATION, REPOSITORY, rng, name="create", kind="tag", reference="stability"
    )
    yield from labelled(INCIDENT, [tagged], TAG)
    for fact, ref, sha in (
        (FIRST_COMMIT, "refs/tags/stability", "1294b38"),
        (ON_MASTER, "refs/heads/main", "678851b"),
    ):
        commit = github_webhook.commit(fact.at, 0, STRANGER, "Update", rng)
        commit["id"] = f"{sha}{hex_id(rng, 33)}"
        commit["modified"] = ["scripts/package.ts"]
        push = github_webhook.push(
            fact.at + rng.uniform(5, 40), pusher, REPOSITORY, ref, rng, commits=[commit],
            forced=ref.startswith("refs/tags/"),
        )  # fmt: skip
        yield from labelled(INCIDENT, [push], fact, timed=False)
    for fact, tag in ((RELEASE, "amazonq/v1.84.0"), (CLEAN_RELEASE, "amazonq/v1.85.0")):
        release = github_webhook.release(fact.at, OWNER, REPOSITORY, tag, rng)
        yield from labelled(INCIDENT, [release], fact)
    revert = github_discussion.pull_request(
        REVERT.at, OWNER, OWNER, REPOSITORY, rng, action="closed", number=7710, branch="revert",
        merged=True,
    )  # fmt: skip
    yield from labelled(INCIDENT, [revert], REVERT)
