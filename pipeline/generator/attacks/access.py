"""Attacks on access: sign-ins, sessions, factors, tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pipeline.generator import github_audit, okta, okta_prompts
from pipeline.generator.attacks.scene import Attack, Scene
from pipeline.generator.okta import Session
from pipeline.generator.places import RELAY, home, hotel
from pipeline.generator.records import HOUR, Timed


def _login_novelty(scene: Scene) -> Iterator[Timed]:
    session = scene.thief(near=scene.subtle)
    yield from okta.login(scene.at, session, scene.rng)
    for number in range(scene.few(2, 7)):
        name = okta.APPLICATIONS[number % 7]
        yield okta.sign_on(scene.at + 90 + 60 * number, session, scene.rng, name)


def _session_moved(scene: Scene) -> Iterator[Timed]:
    thief = replace(scene.thief(near=scene.subtle), id=scene.own.id)
    for number in range(scene.few(2, 7)):
        name = okta.APPLICATIONS[number % 7]
        yield okta.sign_on(scene.at + 40 * number, thief, scene.rng, name)


def _factor_change(scene: Scene) -> Iterator[Timed]:
    session = scene.thief(near=scene.subtle)
    yield from okta.login(scene.at, session, scene.rng, "GOOGLE_AUTHENTICATOR")
    changes = scene.few(1, 2)
    for number, change in enumerate(("activate", "deactivate")[:changes]):
        yield okta.factor_change(
            scene.at + 200 + 60 * number, session, scene.rng, change, "OKTA_VERIFY_PUSH"
        )


def _token_creation(scene: Scene) -> Iterator[Timed]:
    session = scene.thief(near=scene.subtle)
    yield from okta.login(scene.at, session, scene.rng)
    for number in range(scene.few(1, 4)):
        yield github_audit.web(
            scene.at + 300 + 90 * number, "personal_access_token.access_granted", session,
            scene.rng, scene.repository, user=scene.victim.github, operation_type="create",
            user_programmatic_access_name="backup", repository_selection="all",
        )  # fmt: skip
    if not scene.subtle:
        yield github_audit.web(
            scene.at + 900, "public_key.create", session, scene.rng, title="key",
            user=scene.victim.github,
        )  # fmt: skip


def _mfa_fatigue(scene: Scene) -> Iterator[Timed]:
    session, at = scene.thief(near=scene.subtle), scene.at
    for number in range(scene.few(3, 14)):
        refused = number % 3 == 0
        prompt = okta_prompts.refused if refused else okta_prompts.unanswered
        yield from prompt(at, session, scene.rng)
        at += scene.rng.uniform(330, 500) if scene.subtle else scene.rng.uniform(40, 90)
    yield from okta.login(at + 320, session, scene.rng)


def _password_spray(scene: Scene) -> Iterator[Timed]:
    thief, at = scene.thief(), scene.at
    for number in range(scene.few(5, 24)):
        person = scene.colleagues[number % len(scene.colleagues)]
        tried = Session(person, thief.network, thief.address, thief.device, thief.id)
        yield okta.mistyped(at, tried, scene.rng)
        at += scene.rng.uniform(400, 900) if scene.subtle else scene.rng.uniform(2, 9)
    yield from okta.login(at, thief, scene.rng)


def _impossible_travel(scene: Scene) -> Iterator[Timed]:
    yield okta.sign_on(scene.at, scene.own, scene.rng, "Chat")
    session = scene.thief()
    if scene.subtle:
        network = replace(home(scene.victim.place, 0x0FF0, scene.rng), place=RELAY.place)
        session = Session.opened(scene.victim, network, session.device, scene.rng)
    yield from okta.login(scene.at + scene.few(6000, 600), session, scene.rng)


def _dormant_account(scene: Scene) -> Iterator[Timed]:
    session = scene.thief(near=scene.subtle)
    yield from okta.login(scene.at, session, scene.rng)
    for number, repository in enumerate(scene.victim.repositories[: scene.few(1, 5)]):
        yield scene.git(scene.at + 300 + 40 * number, "clone", session, repository)


def _new_factor_privilege(scene: Scene) -> Iterator[Timed]:
    session = scene.own
    if not scene.subtle:
        session = scene.thief()
        yield from okta.login(scene.at, session, scene.rng)
    yield okta.factor_change(scene.at + 120, session, scene.rng, "activate", "OKTA_VERIFY_PUSH")
    at = scene.at + (8 * HOUR if scene.subtle else 300)
    yield github_audit.web(
        at, "repo.add_member", session, scene.rng, scene.repository, user="amber-newt",
        permission="admin",
    )  # fmt: skip
    if not scene.subtle:
        yield github_audit.web(
            at + 60, "personal_access_token.access_granted", session, scene.rng, scene.repository,
            user=scene.victim.github, operation_type="create",
        )  # fmt: skip


def _day_outlier(scene: Scene) -> Iterator[Timed]:
    """Each part small; together a day unlike others."""
    session = scene.careful()
    away = Session.opened(
        scene.victim, hotel(scene.victim.place, 0x0EE0), session.device, scene.rng
    )
    at = scene.at - 6 * HOUR
    for number in range(scene.few(10, 40)):
        at += scene.rng.uniform(300, 1500)
        used = (session, away)[number % 2]
        if number % 5 == 0:
            yield okta.mistyped(at, used, scene.rng)
        elif number % 5 == 1:
            name = f"example-org/day-{number}"
            yield scene.git(at, "clone", used, name)
        else:
            yield okta.sign_on(at, used, scene.rng, okta.APPLICATIONS[number % 7])


ATTACKS = {
    "login_novelty": Attack(
        _login_novelty, "A sign-in from the victim's country with the victim's browser.",
        "A sign-in from abroad with another browser, and every application opened.",
    ),
    "session_moved": Attack(
        _session_moved, "A copied session is used in the same country with the same browser.",
        "A copied session is used from abroad with another browser.",
    ),
    "factor_change": Attack(
        _factor_change, "A factor is added from the victim's country with the victim's browser.",
        "From abroad a factor is added and the victim's removed.",
    ),
    "token_creation": Attack(
        _token_creation, "One token, made from the victim's country with the victim's browser.",
        "Four tokens and a key, made from abroad.",
    ),
    "mfa_fatigue": Attack(
        _mfa_fatigue, "Three prompts over half an hour, and one approved.",
        "Fourteen prompts within a quarter of an hour, and one approved.",
    ),
    "password_spray": Attack(
        _password_spray, "Five accounts tried within an hour from one address; one gets in.",
        "Twenty-four accounts tried within minutes; one gets in.",
    ),
    "impossible_travel": Attack(
        _impossible_travel, "A sign-in abroad a hundred minutes after one at home.",
        "A sign-in abroad ten minutes after one at home.",
    ),
    "dormant_account": Attack(
        _dormant_account, "An account of somebody on leave signs in from their country.",
        "An account of somebody on leave signs in from abroad and clones their repositories.",
        days=110, asleep=70,
    ),
    "new_factor_privilege": Attack(
        _new_factor_privilege, "On the victim's laptop: a factor, and eight hours later a grant.",
        "From abroad: a factor, minutes later a grant and a token.",
    ),
    "day_outlier": Attack(
        _day_outlier, "Ten small things over three hours from two networks.",
        "Forty small things over a day from two networks.",
    ),
}  # fmt: skip
