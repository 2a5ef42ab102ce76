"""tj-actions, December 2024 to March 2025: from a stranger's pull request to all tags moved.

Four organisations in a chain, so one scenario for each step that one of them could see. Times are
documented to the day, the last to the hour: the times of day are generated, and no gap between
documented events is meant. That the branch lived for less than a second is documented as such.
The run in coinbase/agentkit is a fact without a scenario: it left its organisation nothing but a
run of its own workflow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from pipeline.generator import github_discussion, github_webhook
from pipeline.generator.incidents.facts import Fact, labelled, utc
from pipeline.generator.incidents.staged import (
    Staged,
    around,
    by_time,
    entry,
    midnight,
    stranger,
    team,
)
from pipeline.generator.people import Actor, Machine
from pipeline.generator.records import Timed, hex_id, seeded

INCIDENT = "tj-actions-2025-03"
IDENTITIES = 40
DAYS = 23
TEAM = 4
START = date(2025, 2, 17)
INTRUDED = "spotbugs/spotbugs"
HOUR = 3600.0

PULL_REQUEST = Fact(
    "2024-12-06T00:00:00Z", "day", "github", "randolzfow",
    "pull_request.open (pull_request_target)", "spotbugs/sonar-findbugs: maintainer PAT leaked",
)  # fmt: skip
MEMBER = Fact(
    "2025-03-11T00:00:00Z", "day", "github", "SpotBugs maintainer PAT", "repo.add_member",
    "jurkaofavak",
)  # fmt: skip
BRANCH = Fact(
    "2025-03-11T00:00:00Z", "day", "github", "jurkaofavak", "branch.create+delete within 1 s",
    "spotbugs/spotbugs hewrkbwkyk, malicious workflow",
)  # fmt: skip
ONE_TAG = Fact(
    "2025-03-11T00:00:00Z", "day", "github", "reviewdog maintainer PAT", "tag.move",
    "reviewdog/action-setup v1",
)  # fmt: skip
RUN = Fact(
    "2025-03-14T15:10:00Z", "minute", "github", "attacker", "workflow_run",
    "coinbase/agentkit token obtained",
)  # fmt: skip
ALL_TAGS = Fact(
    "2025-03-14T17:00:00Z", "hour", "github", "tj-actions bot PAT", "tag.move (all)",
    "0e58ed8671d6 orphan commit under a spoofed renovate identity",
)  # fmt: skip
FACTS = (PULL_REQUEST, MEMBER, BRANCH, ONE_TAG, RUN, ALL_TAGS)
NOTICED = utc("2025-03-15T00:00:00Z")
"""Documented to the day: the public issue of the evening of the 14th."""
TAGS = 60
"""Generated: more than 350 were moved."""
ALIAS = "v1"

BOT = stranger("tj-actions-bot")
STRANGER = stranger("randolzfow")
INTRUDER = stranger("jurkaofavak")
MAINTAINER = stranger("example-maintainer")
REVIEWDOG = stranger("example-reviewdog")


def staged(seed: int = 0) -> Staged:
    """The last step: the bot's token moves all tags to one commit."""
    repository, start = "tj-actions/changed-files", date(2025, 2, 21)
    rng = seeded(seed, INCIDENT)
    began = ALL_TAGS.at + rng.uniform(60, 600)
    ordinary = _releases(BOT, repository, start, rng)
    head = f"0e58ed8671d6{hex_id(rng, 28)}"
    made, at = [], began
    for number in range(TAGS):
        made.append(
            github_webhook.push(
                at, BOT, repository, f"refs/tags/v{number // 10 + 35}.{number % 10}.0", rng,
                forced=True, after=head,
            )
        )  # fmt: skip
        at += rng.uniform(0.5, 4)
    return _Step(
        "", "All tags of an action are moved to one commit with its bot's token.",
        repository, start, BOT.github, began, began,
        [*ordinary, *labelled(INCIDENT, made, ALL_TAGS)], [BOT],
    ).staged(seed)  # fmt: skip


def staged_pull_request(seed: int = 0) -> Staged:
    """The first step: a privileged workflow runs for a stranger."""
    repository = "spotbugs/sonar-findbugs"
    rng = seeded(seed, INCIDENT, "pull-request")
    began = PULL_REQUEST.at + rng.uniform(8, 20) * HOUR
    opened = github_discussion.pull_request(
        began, STRANGER, STRANGER, repository, rng, action="opened", number=1000, branch="patch-1"
    )
    opened[1]["event"]["pull_request"]["author_association"] = "NONE"
    run = github_webhook.workflow_run(
        began + 4, STRANGER, repository, rng, name="build", head=hex_id(rng, 40), branch="patch-1",
        trigger="pull_request_target", seconds=300,
    )  # fmt: skip
    return _Step(
        "-pull-request", "A workflow that sees secrets runs for a stranger's pull request.",
        repository, date(2024, 11, 15), f"github:{STRANGER.github}", began, began + 304,
        [*labelled(INCIDENT, [opened, *run], PULL_REQUEST)],
    ).staged(seed)  # fmt: skip


def staged_member(seed: int = 0) -> Staged:
    """The second step, by whose token: a stranger is given access."""
    began, made = _intrusion(seed)
    return _Step(
        "-member", "A maintainer's stolen token invites a stranger into the repository.",
        INTRUDED, START, MAINTAINER.github, began, began, made, [MAINTAINER],
    ).staged(seed)  # fmt: skip


def staged_branch(seed: int = 0) -> Staged:
    """The second step, by whom: a branch with a workflow is gone within a second."""
    began, made = _intrusion(seed)
    return _Step(
        "-branch", "The stranger's branch with a workflow is gone within a second.",
        INTRUDED, START, f"github:{INTRUDER.github}", began, made[-1][0], made, [MAINTAINER],
    ).staged(seed)  # fmt: skip


def staged_one_tag(seed: int = 0) -> Staged:
    """The third step: one alias tag is moved, and moved back."""
    repository = "reviewdog/action-setup"
    rng = seeded(seed, INCIDENT, "one-tag")
    began = ONE_TAG.at + rng.uniform(17, 19) * HOUR
    moved = [
        github_webhook.push(at, REVIEWDOG, repository, f"refs/tags/{ALIAS}", rng, forced=True)
        for at in (began, began + 2 * HOUR)
    ]
    ordinary = _releases(REVIEWDOG, repository, START, rng)
    return _Step(
        "-one-tag", "One alias tag of an action is moved with a stolen token, and back.",
        repository, START, REVIEWDOG.github, began, began,
        [*ordinary, *labelled(INCIDENT, moved, ONE_TAG)], [REVIEWDOG],
        "one alias tag moved is what every release of an action does; nothing in the webhook tells"
        " the two apart",
    ).staged(seed)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of the chain, in the repository of one organisation."""

    suffix: str
    what: str
    repository: str
    start: date
    identity: str
    began: float
    damage: float
    records: Sequence[Timed]
    known: Sequence[Machine] = ()
    out_of_reach: str = ""

    def staged(self, seed: int) -> Staged:
        """The step on top of an organisation whose members work in that repository."""
        members = team(seed, TEAM, (self.repository,), self.start, DAYS)
        return Staged(
            name=INCIDENT + self.suffix,
            description=(
                f"{self.what} Documented to the {'day' if self.suffix else 'hour'}: who, what,"
                " where. Generated: the times of day, the repository's ordinary life."
            ),
            identity=self.identity,
            began=self.began,
            damage=self.damage,
            noticed=NOTICED,
            organisation=around(seed, IDENTITIES, self.start, DAYS, members),
            incident=sorted(self.records, key=by_time),
            entries=[entry(machine) for machine in self.known],
            out_of_reach=self.out_of_reach,
        )


def _releases(who: Actor, repository: str, start: date, rng: Random) -> list[Timed]:
    """A release of an action twice a week: a commit, a new tag, the alias moved onto it."""
    made: list[Timed] = []
    for number in range(6):
        at = midnight(start + timedelta(days=3 * number)) + rng.uniform(9, 16) * HOUR
        commits = [github_webhook.commit(at, 0, who, f"Release {number}", rng)]
        head = commits[0]["id"]
        made += [
            github_webhook.push(at + 5, who, repository, "refs/heads/main", rng, commits=commits),
            github_webhook.push(
                at + 60, who, repository, f"refs/tags/v1.{number}.0", rng,
                before=github_webhook.NOTHING, after=head,
            ),
            github_webhook.push(
                at + 70, who, repository, f"refs/tags/{ALIAS}", rng, forced=True, after=head
            ),
        ]  # fmt: skip
    return list(labelled(INCIDENT, made))


def _intrusion(seed: int) -> tuple[float, list[Timed]]:
    rng = seeded(seed, INCIDENT, "intrusion")
    began = MEMBER.at + rng.uniform(9, 15) * HOUR
    return began, [
        *labelled(INCIDENT, _maintenance(rng)),
        *labelled(INCIDENT, [_added(began, rng)], MEMBER),
        *labelled(INCIDENT, _flash(began + rng.uniform(200, 900), rng), BRANCH),
    ]


def _maintenance(rng: Random) -> Iterator[Timed]:
    """The maintainer's ordinary weeks: a merge or two on most days."""
    for day in range(DAYS - 1):
        at = midnight(START + timedelta(days=day)) + rng.uniform(7, 18) * HOUR
        commits = [github_webhook.commit(at, 60, MAINTAINER, "Maintenance", rng)]
        yield github_webhook.push(
            at + 20, MAINTAINER, INTRUDED, "refs/heads/main", rng, commits=commits
        )


def _added(at: float, rng: Random) -> Timed:
    payload = {
        "action": "added",
        "member": github_webhook.account(INTRUDER),
        "changes": {"permission": {"to": "write"}},
    }
    return github_webhook.webhook(at, "member", MAINTAINER, INTRUDED, rng, payload=payload)


def _flash(at: float, rng: Random) -> list[Timed]:
    commit = github_webhook.commit(at - 5, 0, INTRUDER, "Update", rng)
    commit["added"], commit["modified"] = [".github/workflows/hewrkbwkyk.yml"], []
    reference = "refs/heads/hewrkbwkyk"
    return [
        github_webhook.push(
            at, INTRUDER, INTRUDED, reference, rng, commits=[commit],
            before=github_webhook.NOTHING,
        ),
        github_webhook.push(
            at + 0.8, INTRUDER, INTRUDED, reference, rng, after=github_webhook.NOTHING
        ),
        *github_webhook.workflow_run(
            at + 0.9, INTRUDER, INTRUDED, rng, name="hewrkbwkyk", head=commit["id"],
            branch="hewrkbwkyk", trigger="push", seconds=20,
        ),
    ]  # fmt: skip
