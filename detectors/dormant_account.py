"""An account that has long been silent is used again, from surroundings it is not known by."""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec.structs import replace

from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.samples import (
    DAY,
    HOUR,
    INTRUDER,
    MONDAY,
    NEW_LAPTOP,
    abroad,
    at_home,
    at_work,
    login,
    team_logins,
)
from detectors.toolbox.decay import UNIT
from detectors.toolbox.familiar import Crowd, Familiar, FamiliarModel, features, seen_in
from detectors.toolbox.gaps import GapModel, Gaps
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.proportion import Proportion, of_group
from schemas.action import Action
from schemas.activity import Activity, Origin, Outcome
from schemas.signal import Feature, bits

SILENCE = 42 * DAY + 16 * HOUR  # a class of gaps begins here: longer than a holiday
AWAKE = DAY  # the first sign of life may come without an address, and the login after it
HALF_LIFE = 360 * DAY
# Of those who come back after so long, how many come from another place with another device,
# nobody being known: a new job within the company, a replaced laptop.
MOVED = 0.2
MOVED_WORTH = 10.0
_ACTIONS: Final = frozenset(
    {
        Action.LOGIN,
        Action.SSO,
        Action.TOKEN_CREATE,
        Action.KEY_ADD,
        Action.PUSH,
        Action.CLONE,
        Action.DOWNLOAD,
        Action.PULL_REQUEST_OPEN,
        Action.PULL_REQUEST_MERGE,
        Action.REVIEW,
        Action.COMMENT,
        Action.RELEASE_PUBLISH,
        Action.PACKAGE_PUBLISH,
        Action.AGENT_PROMPT,
    }
)


class Rhythm(Familiar):
    """One identity: its places and tools, and when it is active. Times in whole seconds, 0: never.

    Attributes:
        gaps: silences between its activities.
        seen: when it was last active, normal or not.
        slept, woke: when its latest silence longer than `SILENCE` began and ended.
        shown: the awakening that has shown where it is from.
        counted: the awakening that is learned.
    """

    gaps: Gaps = msgspec.field(default_factory=Gaps)
    seen: int = 0
    slept: int = 0
    woke: int = 0
    shown: int = 0
    counted: int = 0


class SharedRhythm(Crowd):
    """A group: places and tools, silences, and how many come back from others than before."""

    gaps: Gaps = msgspec.field(default_factory=Gaps)
    moved: Proportion = msgspec.field(default_factory=Proportion)


class DormantAccount(Detector[Rhythm, SharedRhythm]):
    """Chance of so long a silence, times the chance to come back from place and tool unknown.

    The second is at least the share of those who came back so before: an absence has reasons, and
    they often bring a new laptop with them.
    """

    meta = Metadata(
        id="dormant_account",
        title="Dormant account awake",
        description=(
            "An identity that has been silent for more than six weeks, against its own rhythm, is "
            "used again, from a network and with a device or client it was not known by. Whoever "
            "comes back from a long absence to the usual laptop or the usual network stays quiet."
        ),
        scope=Scope.IDENTITY,
        actions=_ACTIONS,
        technique=Technique.STATISTICAL,
        stage=Stage.ACCESS,
        phrase="after a long silence",
        judged_per_day=1 / 32,
        attack=("T1078", "T1078.004"),
        severity_floor=2,
        version=2,
        runbook=(
            "Find out whose account it is, whether they still work here, and ask them.",
            "Look at what the account did since it woke: tokens, keys, pushes, publishes.",
            "If nobody needs it, close it; if it was not them, reset it and revoke its tokens.",
        ),
        blind_spots=(
            "Accounts that had no rhythm before they fell silent; those that an old token or job "
            "keeps busy; activities that the vendor logs without address and client."
        ),
    )
    State = Rhythm
    Shared = SharedRhythm

    _gaps = GapModel(half_life=HALF_LIFE)
    _familiar = FamiliarModel()

    def judge(
        self, activity: Activity, state: Rhythm, context: Context[SharedRhythm]
    ) -> Score | None:
        """Score the first activity with an origin after a long silence."""
        if not state.seen or activity.outcome is not Outcome.SUCCESS:
            return None
        began = _silent_since(activity.time, state)
        if not began:
            return None
        origin = activity.origin
        if not _is_told(origin):
            return None
        groups = shared_levels(context)
        judged = self._familiar.judge(origin, activity.time, state, groups)
        if judged.both >= 1.0:
            return Score(1.0)
        silence = self._gaps.judge(
            state.gaps.time + SILENCE, [state.gaps, *(group.gaps for group in groups)]
        )
        peers, organization = context.peers.moved, context.organization.moved
        moved = max(judged.both, of_group(peers, organization, MOVED, MOVED_WORTH))
        p = silence * moved
        if p > context.signal_below:
            return Score(p)
        days = f"{(activity.time - began) / DAY:.0f} days"
        many = sum(state.gaps.classes) / UNIT
        return Score(
            p,
            (
                Feature(
                    "silence before",
                    days,
                    f"{many:.0f} shorter ones, hardly any such",
                    bits(silence),
                ),
                *features(origin, judged, state),
            ),
            title=f"{activity.actor.account} is used again after {days} of silence, from "
            "surroundings it is not known by",
        )

    def observe(
        self,
        activity: Activity,
        state: Rhythm,
        context: Context[SharedRhythm],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """Remember that the account is awake, and whether it has shown its surroundings."""
        if activity.outcome is not Outcome.SUCCESS:
            return
        time = int(activity.time)
        if state.seen and time - state.seen >= SILENCE:
            state.slept, state.woke = state.seen, time
        if _silent_since(time, state) and _is_told(activity.origin):
            state.shown = state.woke
        state.seen = max(state.seen, time)

    def learn(self, activity: Activity, state: Rhythm, context: Context[SharedRhythm]) -> None:
        """Learn silences, places and tools."""
        if activity.outcome is not Outcome.SUCCESS:
            return
        time = activity.time
        groups = shared_levels(context)
        self._gaps.learn(time, [state.gaps, *(group.gaps for group in groups)])
        origin = activity.origin
        if not _is_told(origin):
            return
        if state.woke > state.counted and 0.0 <= time - state.woke <= AWAKE:
            state.counted = state.woke
            seen = seen_in(origin)
            moved = not any(
                seen.labels[kind] in state.known[kind] for kind in (seen.place, seen.tool)
            )
            for group in groups:
                group.moved.learn(moved, time, HALF_LIFE)
        self._familiar.learn(origin, time, state, groups)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A forgotten account in a stranger's hands; people who come back."""
        spring = MONDAY + 200 * DAY + 9 * HOUR

        def after(*last: Activity) -> list[Activity]:
            others = (
                replace(event, uid=event.uid ^ 1, time=event.time + 190 * DAY)
                for event in team_logins()
                if event.actor.identity != "mara"
            )
            return [*team_logins(), *others, *last]

        yield Example(
            "an account silent since last year is used by a stranger",
            lambda: after(login(spring, abroad(INTRUDER))),
            fires=True,
        )
        yield Example(
            "back from parental leave, with the usual laptop at home",
            lambda: after(login(spring, at_home())),
            fires=False,
        )
        yield Example(
            "back from parental leave, with a new laptop at the office",
            lambda: after(login(spring, at_work(NEW_LAPTOP))),
            fires=False,
        )
        yield Example(
            "a stranger the day after a day at work is no matter of silence",
            lambda: after(login(MONDAY + DAY, abroad(INTRUDER))),
            fires=False,
        )


def _silent_since(time: float, state: Rhythm) -> int:
    """When the silence began that this activity ends, or that ended less than a day before."""
    if time - state.seen >= SILENCE:
        return state.seen
    if state.woke > state.shown and 0.0 <= time - state.woke <= AWAKE:
        return state.slept
    return 0


def _is_told(origin: Origin) -> bool:
    return bool(origin.network or origin.device or origin.client)
