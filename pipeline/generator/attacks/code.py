"""Attacks on code, workflows and releases."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.generator import github_audit, github_discussion, github_webhook
from pipeline.generator.attacks.scene import Attack, Scene
from pipeline.generator.life.outsiders import PUBLIC
from pipeline.generator.life.today import FULL_NAMES
from pipeline.generator.people import ORGANISATION, Machine
from pipeline.generator.records import HOUR, Timed, hex_id

STRANGER = Machine("inky-newt", 41_234_567)
NOTHING = github_webhook.NOTHING


def _commit_habit(scene: Scene) -> Iterator[Timed]:
    """At the hour of the attack the victim's night, by a clock of elsewhere."""
    at = scene.at + 11 * HOUR
    clock = scene.offset if scene.subtle else scene.offset - 600
    for number in range(scene.few(1, 6)):
        commit = github_webhook.commit(at, clock, scene.victim, "Update", scene.rng)
        repository = scene.repository if scene.subtle else f"{ORGANISATION}/strange-{number}"
        yield github_webhook.push(
            at + 20, scene.victim, repository, "refs/heads/main", scene.rng, commits=[commit]
        )
        at += 240


def _ref_rewrite(scene: Scene) -> Iterator[Timed]:
    at, head = scene.at, hex_id(scene.rng, 40)
    for number in range(scene.few(3, 40)):
        yield github_webhook.push(
            at, scene.victim, scene.repository, f"refs/tags/v1.{number}.0", scene.rng, forced=True,
            after=head,
        )  # fmt: skip
        at += scene.few(900, 2)


def _author_mismatch(scene: Scene) -> Iterator[Timed]:
    names = scene.colleagues[: scene.few(1, 4)]
    for number, colleague in enumerate(names):
        at = scene.at + 600 * number
        yield github_webhook.push(
            at, scene.victim, scene.repository, "refs/heads/main", scene.rng,
            commits=[scene.commit(at - 30, colleague)],
        )  # fmt: skip


def _first_push(scene: Scene) -> Iterator[Timed]:
    session = scene.careful()
    unknown = [name for name in FULL_NAMES if name not in scene.victim.repositories]
    for number, repository in enumerate(unknown[: scene.few(1, 6)]):
        at = scene.at + 120 * number
        yield scene.git(at, "push", session, repository)
        yield github_webhook.push(
            at + 1, scene.victim, repository, "refs/heads/main", scene.rng,
            commits=[scene.commit(at - 30, scene.victim)],
        )  # fmt: skip


def _mass_read(scene: Scene) -> Iterator[Timed]:
    session, at = scene.careful(), scene.at
    unknown = [name for name in FULL_NAMES if name not in scene.victim.repositories]
    for repository in unknown[: scene.few(5, 20)]:
        yield scene.git(at, "clone", session, repository)
        at += scene.few(300, 3)


def _short_lived(scene: Scene) -> Iterator[Timed]:
    for number in range(scene.few(1, 5)):
        at, branch = scene.at + 90 * number, f"refs/heads/tmp-{number}"
        yield github_webhook.push(
            at, scene.victim, scene.repository, branch, scene.rng, before=NOTHING,
            commits=[scene.commit(at - 5, scene.victim)],
        )  # fmt: skip
        yield github_webhook.push(
            at + scene.few(12, 1), scene.victim, scene.repository, branch, scene.rng, after=NOTHING
        )


def _workflow_change(scene: Scene) -> Iterator[Timed]:
    unknown = [name for name in FULL_NAMES if name not in scene.victim.repositories]
    repositories = [scene.repository] if scene.subtle else unknown[:1]
    for repository in repositories:
        commit = scene.commit(scene.at - 30, scene.victim, [".github/workflows/ci.yml"])
        yield github_webhook.push(
            scene.at, scene.victim, repository, "refs/heads/main", scene.rng, commits=[commit]
        )
        yield from github_webhook.workflow_run(
            scene.at + 4, scene.victim, repository, scene.rng, name="CI", head=commit["id"],
            branch="main", trigger="push", seconds=60,
        )  # fmt: skip


def _workflow_for_stranger(scene: Scene) -> Iterator[Timed]:
    """In a repository that has such workflows for the careful, in one that has none otherwise."""
    repository = PUBLIC[0] if scene.subtle else PUBLIC[2]
    for number in range(scene.few(1, 4)):
        at, branch = scene.at + 200 * number, f"patch-{number}"
        yield github_discussion.pull_request(
            at, STRANGER, STRANGER, repository, scene.rng, action="opened", number=9000 + number,
            branch=branch, fork=True,
        )  # fmt: skip
        yield from github_webhook.workflow_run(
            at + 4, STRANGER, repository, scene.rng, name="Build", head=hex_id(scene.rng, 40),
            branch=branch, trigger="pull_request_target", seconds=200,
        )  # fmt: skip


def _workflow_spread(scene: Scene) -> Iterator[Timed]:
    at, name = scene.at, ".github/workflows/security-check.yml"
    chosen = scene.victim.repositories[:2] if scene.subtle else FULL_NAMES[:15]
    for repository in chosen:
        yield github_webhook.push(
            at, scene.victim, repository, "refs/heads/main", scene.rng,
            commits=[scene.commit(at - 5, scene.victim, [name])],
        )  # fmt: skip
        at += scene.few(3600, 10)


def _edge_burst(scene: Scene) -> Iterator[Timed]:
    session, at = scene.careful(), scene.at
    for _ in range(scene.few(12, 150)):
        yield github_audit.web(at, "repo.download_zip", session, scene.rng, scene.repository)
        at += scene.few(240, 10)


def _volume_shift(scene: Scene) -> Iterator[Timed]:
    """Stolen accounts of many, each of which stays small."""
    people = [scene.victim, *scene.colleagues][: scene.few(6, 20)]
    for index, person in enumerate(people):
        thief = scene.thief()
        for number in range(scene.few(4, 12)):
            repository = person.repositories[number % len(person.repositories)]
            at = scene.at + 90 * number + 7 * index
            yield github_audit.git(
                at, "clone", person, repository, scene.rng, address=thief.address,
                country=thief.network.place.code, agent=thief.device.git,
            )  # fmt: skip


ATTACKS = {
    "commit_habit": Attack(
        _commit_habit, "One commit in the victim's night.",
        "Six commits in the victim's night, by another clock, to unknown repositories.",
    ),
    "ref_rewrite": Attack(
        _ref_rewrite, "Three tags moved within half an hour.", "Forty tags moved within minutes.",
    ),
    "author_mismatch": Attack(
        _author_mismatch, "One commit in a colleague's name.", "Commits in four colleagues' names.",
    ),
    "first_push": Attack(
        _first_push, "A push to the default branch of one unknown repository.",
        "Pushes to the default branches of six unknown repositories.",
    ),
    "mass_read": Attack(
        _mass_read, "Five unfamiliar repositories cloned within twenty minutes.",
        "Nearly all repositories cloned within a minute, from abroad.",
    ),
    "short_lived": Attack(
        _short_lived, "A branch is there for twelve seconds.",
        "Five branches are there for a second each.",
    ),
    "workflow_change": Attack(
        _workflow_change, "A workflow of an own repository is changed.",
        "A workflow of an unknown repository is changed.",
    ),
    "workflow_for_stranger": Attack(
        _workflow_for_stranger, "One privileged run for a stranger where such runs are usual.",
        "Four privileged runs for a stranger where there are none.",
        identity=f"github:{STRANGER.github}",
    ),
    "workflow_spread": Attack(
        _workflow_spread, "One workflow into two own repositories, an hour apart.",
        "One workflow into fifteen repositories within minutes.",
    ),
    "edge_burst": Attack(
        _edge_burst, "Twelve downloads of one repository within an hour.",
        "150 downloads of one repository within half an hour, from abroad.",
    ),
    "volume_shift": Attack(
        _volume_shift, "Six accounts clone four times each.", "Twenty accounts clone twelve times.",
        identity=f"organization:{ORGANISATION}",
    ),
}  # fmt: skip
