"""A package version that is less to be trusted than the package's own past."""

from collections.abc import Iterable
from itertools import product
from math import prod

import msgspec

from detectors.artifact_samples import publish
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.decay import DAY
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.proportion import Proportion, of_group
from detectors.toolbox.window import label_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome
from schemas.signal import Feature, bits

HALF_LIFE = 365 * DAY  # releases are rare: a year of them is a habit
STRENGTH = 1.0  # own publishes speak at once
GROUP_STRENGTH = 10.0  # packages differ: ten publishes of others tell as much as one
KNOWN = 12  # publishers and addresses a package is known by
OWN_PUBLISHES = 5.0

LAPSE, USER, SCRIPT, ACCOUNT, EMAIL = range(5)
NAMES = ("provenance", "publisher class", "install script", "publisher", "publisher's address")
# One cause each: a publish by hand instead of by CI loses provenance and class together.
CAUSES = ((LAPSE, USER), (SCRIPT,), (ACCOUNT, EMAIL))
# How often each happens to a package of which nothing is known, nor of any other: half of all for
# what depends on the registry and its age, one in ten for what needs a decision.
DEFAULTS = (0.5, 0.5, 0.1, 0.1, 0.1)


def _five() -> list[Proportion]:
    return [Proportion() for _ in NAMES]


class TrustState(msgspec.Struct, array_like=True):
    """One package: how often each drop happened, who is known to publish it (latest last)."""

    drops: list[Proportion] = msgspec.field(default_factory=_five)
    accounts: list[int] = []
    emails: list[int] = []


class TrustShared(msgspec.Struct, array_like=True):
    """How often each drop happens in a group's publishes."""

    drops: list[Proportion] = msgspec.field(default_factory=_five)


class PackageTrustDrop(Detector[TrustState, TrustShared]):
    """Judges what a publish lost or gained against the package's own publishes."""

    meta = Metadata(
        id="package_trust_drop",
        title="Package lost trust",
        description=(
            "A version lacks the provenance its predecessors had, was published by a person where"
            " CI used to, by an account or address new to the package, or brings an install script"
            " for the first time. What the registry does not say is unknown, not a loss."
        ),
        scope=Scope.PACKAGE,
        actions=frozenset({Action.PACKAGE_PUBLISH}),
        technique=Technique.STATISTICAL,
        stage=Stage.PUBLICATION,
        phrase="with less trust than before",
        judged_per_day=1 / 8,
        attack=("T1195.002", "T1554", "T1204"),
        severity_floor=2,
        runbook=(
            "Ask the publisher over a second channel whether they released this version by hand.",
            "Read the difference to the version before, install scripts first.",
            "Compare the published files with the repository at the commit the version claims.",
            "If nobody vouches for it, have the registry remove it and revoke the token used.",
        ),
        blind_spots=(
            "An attack from within the trusted CI job keeps its provenance. A package's first"
            " versions have no past to fall behind."
        ),
        version=2,
    )
    State = TrustState
    Shared = TrustShared

    def judge(
        self, activity: Activity, state: TrustState, context: Context[TrustShared]
    ) -> Score | None:
        """P-value of the drops together."""
        drops = _drops(activity, state)
        if not any(drops):
            return None if all(drop is None for drop in drops) else Score(1.0)
        peers, organization = context.peers.drops, context.organization.drops
        chances = [
            own.probability(
                of_group(peers[i], organization[i], DEFAULTS[i], GROUP_STRENGTH), STRENGTH
            )
            for i, own in enumerate(state.drops)
        ]
        p = _together(drops, chances)
        cold = max(seen.trials for seen in state.drops) < OWN_PUBLISHES
        if p > context.signal_below:
            return Score(p, cold=cold)
        features = tuple(
            _feature(i, activity, state, chances[i]) for i, drop in enumerate(drops) if drop
        )
        target = activity.target
        name = f"{target.package or target.name}@{target.version}" if target else ""
        what = ", ".join(sorted(feature.name for feature in features))
        return Score(p, features, cold, f"{name} falls behind the package's own past: {what}")

    def learn(self, activity: Activity, state: TrustState, context: Context[TrustShared]) -> None:
        """Count what is known of this publish, and who made it."""
        if activity.outcome == Outcome.FAILURE:
            return
        for i, drop in enumerate(_drops(activity, state)):
            if drop is None:
                continue
            state.drops[i].learn(drop, activity.time, HALF_LIFE)
            for group in shared_levels(context):
                group.drops[i].learn(drop, activity.time, HALF_LIFE)
        state.accounts = _latest(state.accounts, activity.actor.account)
        state.emails = _latest(state.emails, _email(activity))

    @staticmethod
    def examples() -> Iterable[Example]:
        """The trusted past of a package, and versions that fall behind it in several ways."""

        def version(
            i: int,
            account: str = "npm:release-bot",
            *,
            provenance: bool | None = True,
            script: bool = False,
        ) -> Activity:
            values = {facts.PROVENANCE: provenance, facts.INSTALL_SCRIPT: script}
            known = {key: value for key, value in values.items() if value is not None}
            return publish(account, i * 7 * DAY, "npm/left", f"1.{i}.0", values=known)

        past = [version(i) for i in range(30)]
        both = version(30, provenance=False, script=True)
        stranger = version(30, "npm:mallory", provenance=False)
        return (
            Example("provenance lost and a first install script", lambda: [*past, both], True),
            Example(
                "provenance lost, by an account new to the package",
                lambda: [*past, stranger],
                True,
            ),
            Example("a version like all others", lambda: [*past, version(30)], False),
            Example(
                "the registry does not say whether there is provenance",
                lambda: [*past, version(30, provenance=None)],
                False,
            ),
            Example("the first version ever seen", lambda: [version(0, provenance=False)], False),
        )


def _email(activity: Activity) -> str:
    value = activity.facts.get(facts.PUBLISHER_EMAIL)
    return value if isinstance(value, str) else activity.actor.email


def _drops(activity: Activity, state: TrustState) -> tuple[bool | None, ...]:
    """For each of `NAMES`: did it happen; None: unknown."""
    known = activity.facts
    provenance = known.get(facts.PROVENANCE)
    publisher = known.get(facts.PUBLISHER)
    script = known.get(facts.INSTALL_SCRIPT)
    email = _email(activity)
    return (
        not provenance if isinstance(provenance, bool) else None,
        publisher == "user" if publisher else None,
        script if isinstance(script, bool) else None,
        label_of(activity.actor.account) not in state.accounts if state.accounts else None,
        label_of(email) not in state.emails if state.emails and email else None,
    )


def _together(drops: tuple[bool | None, ...], chances: list[float]) -> float:
    """P(causes at least as unlikely as those seen), over all their combinations.

    Causes count as independent; features of one cause stand or fall together, at the chance of
    the rarest.
    """
    seen = []
    odds = []
    for cause in CAUSES:
        happened = [chances[i] for i in cause if drops[i]]
        possible = [chances[i] for i in cause if drops[i] is not None]
        if possible:
            seen.append(bool(happened))
            odds.append(min(happened or possible))
    likelihood = prod(q for q, on in zip(odds, seen, strict=True) if on) * (1.0 + 1e-9)
    return min(
        1.0,
        sum(
            prod(q if on else 1.0 - q for q, on in zip(odds, case, strict=True))
            for case in product((False, True), repeat=len(odds))
            if prod(q for q, on in zip(odds, case, strict=True) if on) <= likelihood
        ),
    )


def _feature(index: int, activity: Activity, state: TrustState, chance: float) -> Feature:
    past = state.drops[index]
    observed = {
        LAPSE: "none",
        USER: "user",
        SCRIPT: "first one" if past.hits < 1.0 else "yes",
        ACCOUNT: f"new: {activity.actor.account}",
        EMAIL: f"new: {_email(activity)}",
    }[index]
    expected = f"so in {past.hits:.0f} of {past.trials:.0f} publishes"
    return Feature(NAMES[index], observed, expected, bits(chance))


def _latest(labels: list[int], name: str) -> list[int]:
    if not name:
        return labels
    label = label_of(name)
    if labels and labels[-1] == label:
        return labels
    return [*(known for known in labels if known != label), label][-KNOWN:]
