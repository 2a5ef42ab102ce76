"""Attacks that change who may what, and what is seen of it."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.generator import github_audit
from pipeline.generator.attacks.scene import Attack, Scene
from pipeline.generator.life.integrations import deploy_key, hook, runner
from pipeline.generator.life.today import FULL_NAMES
from pipeline.generator.people import RELEASER
from pipeline.generator.places import CLOUD
from pipeline.generator.records import HOUR, Timed


def _privilege_grant(scene: Scene) -> Iterator[Timed]:
    session = scene.careful()
    yield github_audit.web(
        scene.at, "repo.add_member", session, scene.rng, scene.repository, user="cedar-newt",
        permission="write",
    )  # fmt: skip
    if not scene.subtle:
        yield github_audit.web(
            scene.at + 60, "org.update_member", session, scene.rng, user="cedar-newt",
            old_permission="member", permission="admin",
        )  # fmt: skip


def _protection_off(scene: Scene) -> Iterator[Timed]:
    session, at = scene.careful(), scene.at
    actions = (
        "protected_branch.policy_override", "protected_branch.destroy",
        "repository_secret_scanning_push_protection.disable", "repository_ruleset.destroy",
        "repository_secret_scanning.disable",
    )  # fmt: skip
    for action in actions[: scene.few(1, 5)]:
        yield github_audit.web(
            at, action, session, scene.rng, scene.repository, name="main", branch="refs/heads/main"
        )
        at += 30


def _audit_stopped(scene: Scene) -> Iterator[Timed]:
    action = "audit_log_streaming.update" if scene.subtle else "audit_log_streaming.destroy"
    yield github_audit.web(scene.at, action, scene.careful(), scene.rng)


def _integration_added(scene: Scene) -> Iterator[Timed]:
    session = scene.careful()
    made = (hook, deploy_key, runner)[: scene.few(1, 3)]
    for number, make in enumerate(made):
        yield make(scene.at + 90 * number, session, scene.repository, scene.rng)


def _repository_series(scene: Scene) -> Iterator[Timed]:
    session, at = scene.careful(), scene.at
    for repository in FULL_NAMES[: scene.few(2, 12)]:
        yield github_audit.web(
            at, "repo.access", session, scene.rng, repository, visibility="public",
            previous_visibility="private",
        )  # fmt: skip
        at += scene.few(1500, 8)


def _source_silent(scene: Scene) -> Iterator[Timed]:
    """Nothing is sent but a last sign at the end, after which the watch ends."""
    for at in (scene.at, scene.at + scene.few(4, 30) * HOUR):
        yield github_audit.git_by_token(
            at, "fetch", RELEASER, FULL_NAMES[0], scene.rng, address=CLOUD.address(scene.rng)
        )


ATTACKS = {
    "privilege_grant": Attack(
        _privilege_grant, "A stranger is added to one repository from the victim's laptop.",
        "From abroad a stranger is added and made an owner.",
    ),
    "protection_off": Attack(
        _protection_off, "One protection is overridden from the victim's laptop.",
        "From abroad five guards of a repository are taken down within minutes.",
    ),
    "audit_stopped": Attack(
        _audit_stopped, "The audit stream is changed from the victim's laptop.",
        "The audit stream is removed from abroad.",
    ),
    "integration_added": Attack(
        _integration_added, "A webhook is added from the victim's laptop.",
        "From abroad a webhook, a deploy key and a runner are added within minutes.",
    ),
    "repository_series": Attack(
        _repository_series, "Two repositories are made public, 25 minutes apart.",
        "Twelve repositories are made public within two minutes.",
    ),
    "source_silent": Attack(
        _source_silent, "The audit log says nothing for four hours of a working day.",
        "The audit log says nothing for thirty hours.",
        identity="source:github.audit", silences="github.audit",
    ),
}  # fmt: skip
