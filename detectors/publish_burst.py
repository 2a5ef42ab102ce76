"""Many packages by one account at once, against the account's own rhythm."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from detectors.artifact_samples import MINUTE, publish, rhythm, train
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.burst import Bursts, of_group
from detectors.toolbox.decay import DAY
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.rate import Moments, Rate
from detectors.toolbox.sessions import Sessions
from detectors.toolbox.window import label_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Outcome
from schemas.signal import Feature, bits

GAP = 30 * MINUTE  # the usual timeout that separates two sessions of one user
HALF_LIFE = 180 * DAY  # half a year: people release every few weeks, habits last for years
KEEP = 2 * DAY  # a held-out publish is learned a day late and looks for its burst then

# Chance that a second package follows the first, and one more each further one, before anybody
# has been watched. A person's first step is the doubtful one, after it nothing is known: a half.
# Releasing many packages at once is what release automation is for.
PERSON = (0.25, 0.5)
AUTOMATION = (0.75, 0.75)
PRIOR_DAYS = 14.0  # days of the peers' rate that a newcomer starts with
FIX_DAY = Moments(1.0, 3, 9)  # everybody has a day of a release, its fix and the fix of that
FORGET = 0.9999  # per closed day at shared levels: about the last ten thousand
OWN_BURSTS = 5.0  # below that an account is judged by its peers in the main


class BurstState(msgspec.Struct, array_like=True):
    """One identity: bursts, and how many a day."""

    bursts: Sessions = msgspec.field(default_factory=Sessions)
    days: Rate = msgspec.field(default_factory=Rate)


class Habit(msgspec.Struct, array_like=True):
    """What a group does: sizes of bursts, and bursts a day of each of its members."""

    bursts: Bursts = msgspec.field(default_factory=Bursts)
    days: Moments = msgspec.field(default_factory=Moments)


class BurstShared(msgspec.Struct, array_like=True):
    """A group's habit, people and automation apart."""

    people: Habit = msgspec.field(default_factory=Habit)
    automation: Habit = msgspec.field(default_factory=Habit)


def _is_automation(activity: Activity) -> bool:
    """A bot, service or agent; or the registry itself says that a CI job published."""
    kind = activity.actor.kind
    return (
        kind in (ActorKind.BOT, ActorKind.SERVICE, ActorKind.AGENT)
        or activity.facts.get(facts.PUBLISHER) == "trusted"
    )


def _habit(shared: BurstShared, activity: Activity) -> Habit:
    return shared.automation if _is_automation(activity) else shared.people


class PublishBurst(Detector[BurstState, BurstShared]):
    """Judges every publish by the size its burst has reached, and by the bursts of the day."""

    meta = Metadata(
        id="publish_burst",
        title="Burst of package publishes",
        description=(
            "One account publishes many distinct packages within minutes, or in many bursts within"
            " a day, while its own rhythm is another. Learned per account: how large its bursts"
            " become and how many it has a day. A release train that runs as it always does is"
            " expected; accounts without history are judged by people or automation of their group."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset({Action.PACKAGE_PUBLISH}),
        technique=Technique.STATISTICAL,
        stage=Stage.PUBLICATION,
        judged_per_day=1 / 8,
        attack=("T1195.002", "T1554"),
        severity_floor=2,
        runbook=(
            "Ask the account's owner over a second channel whether they are publishing now.",
            "Compare the published versions with the repository: has each a tag or a commit?",
            "If in doubt, revoke the account's tokens and have the registry remove the versions.",
            "Look for a new login, token or second factor of the account in the hours before.",
        ),
        blind_spots=(
            "An account that always publishes in large trains can hide a few bad packages in one."
            " One bad version of one package is no burst."
        ),
        version=2,
    )
    State = BurstState
    Shared = BurstShared

    def judge(
        self, activity: Activity, state: BurstState, context: Context[BurstShared]
    ) -> Score | None:
        """P-value of the burst this publish belongs to, if it makes it larger."""
        package = _package(activity)
        if not package:
            return None
        size = state.bursts.size_with(activity.time, label_of(package), GAP)
        if not size:
            return None
        cold = state.bursts.sizes.count < OWN_BURSTS
        peers = _habit(context.peers, activity)
        organization = _habit(context.organization, activity)
        by_size = 1.0
        by_day = 1.0
        if size > 1:
            default = AUTOMATION if _is_automation(activity) else PERSON
            prior = of_group(peers.bursts, organization.bursts, default)
            by_size = state.bursts.sizes.at_least(size, prior)
        else:
            group = peers.days.backed_off(organization.days, PRIOR_DAYS)
            prior_days = FIX_DAY.backed_off(group, PRIOR_DAYS)
            by_day = state.days.surprise(activity.time, DAY, prior_days, PRIOR_DAYS + 1.0)
        p = min(by_size, by_day)  # a publish has only one of the two: it opens a burst or not
        if p > context.signal_below:
            return Score(p, cold=cold)
        if by_day < by_size:
            return self._many_bursts(activity, state, p, cold)
        minutes = (activity.time - state.bursts.began(activity.time, GAP)) / MINUTE
        expected = "few bursts known: judged by peers" if cold else _usual(state.bursts.sizes)
        return Score(
            p,
            (
                Feature(
                    "packages in this burst",
                    f"{size} within {minutes:.0f} min",
                    expected,
                    bits(p),
                ),
            ),
            cold,
            f"{activity.actor.account} published {size} packages within {minutes:.0f} minutes",
        )

    def _many_bursts(self, activity: Activity, state: BurstState, p: float, cold: bool) -> Score:
        n = state.days.in_window(activity.time, DAY) + 1
        day = datetime.fromtimestamp(activity.time, UTC).date()
        closed = state.days.closed
        rhythm = closed.total / closed.windows if closed.windows else 0.0
        return Score(
            p,
            (Feature("bursts today", str(n), f"{rhythm:.2g} a day", bits(p)),),
            cold,
            f"{activity.actor.account} published in {n} separate bursts on {day}",
        )

    def observe(
        self,
        activity: Activity,
        state: BurstState,
        context: Context[BurstShared],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """Remember the publish as part of the present burst, normal or not."""
        package = _package(activity)
        if package:
            state.bursts.observe(activity.time, label_of(package), KEEP)

    def learn(self, activity: Activity, state: BurstState, context: Context[BurstShared]) -> None:
        """Count the size that the burst has reached with this publish as normal."""
        package = _package(activity)
        if not package:
            return
        time = activity.time
        growth = state.bursts.learn(time, label_of(package), GAP, KEEP, HALF_LIFE)
        opens = len(state.bursts.recent.session(time, GAP)) == 1
        day = state.days.learn(time, DAY, HALF_LIFE) if opens else None
        for shared in shared_levels(context):
            habit = _habit(shared, activity)
            if growth:
                habit.bursts.learn(*growth, time, HALF_LIFE)
            if day:
                habit.days.add(*day, FORGET)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A takeover and a release train, each on warm history."""
        weekly = rhythm("npm:mara", days=7, count=32, package="npm/left", bot=False)
        trains = [
            event
            for week in range(8)
            for event in train("npm:release-bot", week * 7 * DAY, packages=12 + week, bot=True)
        ]
        now = 32 * 7 * DAY
        burst = [publish("npm:mara", now + i * MINUTE, f"npm/left-{i}") for i in range(3)]
        return (
            Example(
                "third package in three minutes, one a week before", lambda: weekly + burst, True
            ),
            Example("the weekly package", lambda: [*weekly, burst[0]], False),
            Example(
                "a release train of a bot that has had eight",
                lambda: trains + train("npm:release-bot", 56 * DAY, packages=18, bot=True),
                False,
            ),
            Example(
                "the first train of a new release bot",
                lambda: train("npm:release-bot", 0.0, packages=20, bot=True),
                False,
            ),
            Example(
                "two packages at once by somebody never seen",
                lambda: burst[:2],
                False,
            ),
        )


def _package(activity: Activity) -> str:
    target = activity.target
    if activity.outcome == Outcome.FAILURE or target is None:
        return ""
    return target.package or target.name


def _usual(bursts: Bursts) -> str:
    alone = 1.0 - (bursts.reached[1] if len(bursts.reached) > 1 else 0.0) / bursts.count
    return f"one package in {alone:.0%} of {bursts.count:.0f} bursts"
