"""Attacks on packages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pipeline.generator import npm, releases
from pipeline.generator.attacks.scene import Attack, Scene
from pipeline.generator.npm import Package
from pipeline.generator.records import DAY, HOUR, Timed
from pipeline.generator.releases import MONOREPOS, Planned


def _publish_burst(scene: Scene) -> Iterator[Timed]:
    """More packages than the victim has ever published at once; others made them co-maintainer."""
    others = [
        Package(f"example-shared-{number}", f"example-org/shared-{number}", (scene.victim.npm,))
        for number in range(20)
    ]
    at = scene.at
    for package in [*scene.packages, *others][: scene.few(len(scene.packages) + 1, 18)]:
        yield from npm.published(at, package, "9.0.0", scene.victim.npm, scene.rng)
        at += scene.few(1200, 12)


def _publish_without_code(scene: Scene) -> Iterator[Timed]:
    package = replace(scene.packages[0], trusted=False)
    for number in range(scene.few(1, 3)):
        yield from npm.published(
            scene.at + 600 * number, package, f"9.0.{number}", scene.victim.npm, scene.rng
        )


def _package_trust_drop(scene: Scene) -> Iterator[Timed]:
    """Of a package that CI publishes with provenance; with an install script if careless."""
    package = replace(MONOREPOS[0].package(1), trusted=False)
    made = npm.published(scene.at, package, "9.0.0", scene.victim.npm, scene.rng)
    for at, record in made:
        if not scene.subtle and record["source"] == "npm.registry":
            record["event"] |= {
                "scripts": {"postinstall": "node setup.js"}, "hasInstallScript": True,
            }  # fmt: skip
        yield at, record


def _young_dependency(scene: Scene) -> Iterator[Timed]:
    age = scene.few(40, 1) * HOUR
    new = Package("example-left-helper", "example-org/left-helper", ("example-stranger",))
    yield from npm.published(scene.at - age, new, "0.0.1", "example-stranger", scene.rng)
    package = replace(
        scene.packages[0], trusted=False, dependencies={"example-left-helper": "^0.0.1"}
    )
    planned = Planned(0.0, package, "1.0.9999")
    if scene.subtle:
        yield from releases.by_hand(scene.at, scene.offset, planned, scene.own, scene.rng)
    else:
        yield from npm.published(scene.at, package, "1.0.9999", scene.victim.npm, scene.rng)


def _dormant_package(scene: Scene) -> Iterator[Timed]:
    owner = scene.victim.npm if scene.subtle else "example-former"
    package = Package("example-old-stone", "example-org/old-stone", (owner,))
    yield from npm.published(
        scene.at, package, "1.0.0", scene.victim.npm, scene.rng,
        before=scene.at - scene.few(260, 3000) * DAY,
    )  # fmt: skip


ATTACKS = {
    "publish_burst": Attack(
        _publish_burst, "One package more than the victim maintains, 20 minutes apart.",
        "Eighteen packages within minutes.", needs="npm",
    ),
    "publish_without_code": Attack(
        _publish_without_code, "One version without code.", "Three versions without code.",
        needs="npm",
    ),
    "package_trust_drop": Attack(
        _package_trust_drop, "A version of an attested package by hand.",
        "A version of an attested package by hand, with an install script.", needs="npm",
    ),
    "young_dependency": Attack(
        _young_dependency, "A dependency of 40 hours, released with commit and tag.",
        "A dependency of an hour, published without code.", needs="npm", days=41,
    ),
    "dormant_package": Attack(
        _dormant_package, "A package that slept for nine months, by its owner.",
        "A package that slept for eight years, by somebody new to it.", needs="npm",
    ),
}  # fmt: skip
