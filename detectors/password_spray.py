"""Many accounts fail to log in from one address; then one succeeds, or none."""

from collections.abc import Iterable
from itertools import chain

import msgspec

from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.samples import DAY, HOUR, INTRUDER, MONDAY, abroad, act, at_work, login, team_logins
from detectors.toolbox import burst
from detectors.toolbox.burst import Bursts
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.window import Window, label_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Origin, Outcome
from schemas.signal import Feature, bits

GAP = 2 * HOUR  # a run of failures ends after so long a pause
KEEP = 2 * DAY  # a held-out login is learned a day late and looks for its run then
HALF_LIFE = 180 * DAY
PAUSE = 15 * 60.0  # a spray that nobody fell to is reported once it pauses, or is this large:
LARGE = 16
MOST_FAILED = 64  # accounts of a run; the scale of sizes ends at 32
MOST_KNOWN = 128  # accounts that are at home at an address, the latest
OWN_RUNS = 5.0
# Chance that a second account fails at an address within the run, and each further one, before
# anybody has been watched; and that a login meets failures of other accounts at its address.
ANOTHER = (0.1, 0.5)
MEETS = (0.02, 0.5)


class Address(msgspec.Struct, array_like=True):
    """One address.

    Attributes:
        known: labels of accounts that have logged in here, latest last.
        failed: accounts that are not known here, failed, and have not logged in since.
        runs: numbers of strangers (such accounts beyond those known) in earlier runs of failures.
        met: numbers of them, plus one, that logins of accounts new here met.
        largest: number in the present run, as far as it is learned.
        last: latest failure of that run, whole seconds.
        waiting: a timer is set for the present run, or it has been reported.
        checked: latest failure when the timer went off.
        entered: latest login of an account that was new here.
    """

    known: list[int] = []
    failed: Window = msgspec.field(default_factory=Window)
    runs: Bursts = msgspec.field(default_factory=Bursts)
    met: Bursts = msgspec.field(default_factory=Bursts)
    largest: int = 0
    last: int = 0
    waiting: bool = False
    checked: int = 0
    entered: int = 0


class Addresses(msgspec.Struct, array_like=True):
    """The same of all addresses."""

    runs: Bursts = msgspec.field(default_factory=Bursts)
    met: Bursts = msgspec.field(default_factory=Bursts)


class PasswordSpray(Detector[Address, Addresses]):
    """How many strange accounts are failing here when one that is new here gets in.

    Only accounts count that have never logged in from this address and do not do so in the end,
    and only as far as there are more of them than of those at home here: in an office or behind a
    company's exit, people who mistype a password are at home, or they get in at the second try.
    """

    meta = Metadata(
        id="password_spray",
        title="Passwords tried on many accounts",
        description=(
            "From one address the logins of many accounts fail that have nothing to do with it: "
            "common passwords tried on everybody (spraying), or stolen ones on their owners "
            "(stuffing). Shown for the account that gets in afterwards; or once, for the first "
            "account that was tried, when none does. Offices, VPN exits and mobile networks, where "
            "many people mistype, are known by those who log in there."
        ),
        scope=Scope.ORIGIN,
        actions=frozenset({Action.LOGIN, Action.SSO}),
        technique=Technique.STATISTICAL,
        stage=Stage.ACCESS,
        judged_per_day=1 / 4,
        attack=("T1110.003", "T1110.004", "T1078"),
        severity_floor=3,
        runbook=(
            "Block the address; list all accounts that it tried, and those that got in.",
            "Reset the password of each that got in and end its sessions.",
            "See what it did since: factors, tokens, applications.",
        ),
        blind_spots=(
            "Sprays from a new address for every account or two, or with pauses of more than two "
            "hours; on fewer accounts than are at home at the address, as from inside an office; "
            "against systems that log neither failed logins nor addresses."
        ),
        version=2,
    )
    State = Address
    Shared = Addresses

    def judge(
        self, activity: Activity, state: Address, context: Context[Addresses]
    ) -> Score | None:
        """Score a login by an account that is new to the address."""
        if activity.outcome is not Outcome.SUCCESS or not state.failed.events:
            return None
        label = _label(activity)
        if activity.action != Action.LOGIN or label in state.known:
            return None
        others = _strangers(state, activity.time, label)
        if not others:
            return None
        p = state.met.at_least(
            others + 1, burst.of_group(context.peers.met, context.organization.met, MEETS)
        )
        if p > context.signal_below:
            return Score(p)
        count = f"{others + len(state.known)} other accounts"
        feature = Feature(
            "accounts failing at this address",
            count,
            f"{_usual(state.met)} of the logins new to it" if state.met.count else "none",
            bits(p),
        )
        title = (
            f"{activity.actor.account} logged in from {activity.origin.ip}, where {count} had "
            "failed just before"
        )
        return Score(p, (feature,), state.met.count < OWN_RUNS, title)

    def observe(self, activity: Activity, state: Address, context: Context[Addresses]) -> None:
        """Remember who failed; who gets in is no longer failing."""
        outcome = activity.outcome
        if outcome is Outcome.SUCCESS:
            if state.failed.events:
                self._enter(_label(activity), activity.time, state)
        elif _fails(activity) and (label := _label(activity)) not in state.known:
            if not state.failed.session(activity.time, GAP):
                state.waiting = False
            state.failed.add(activity.time, label, MOST_FAILED, KEEP)
            if not state.waiting:
                state.waiting = True
                context.wake(activity.time + PAUSE, activity)

    @staticmethod
    def _enter(label: int, time: float, state: Address) -> None:
        failed = state.failed.events
        if label not in state.known:
            state.entered = max(state.entered, int(time))
        if time >= failed[-1][0]:
            state.failed.events = [event for event in failed if event[1] != label]

    def learn(self, activity: Activity, state: Address, context: Context[Addresses]) -> None:
        """Learn who is at home here, and how many fail."""
        label, time = _label(activity), activity.time
        groups = shared_levels(context)
        if activity.outcome is Outcome.SUCCESS:
            if state.known and state.known[-1] == label:
                return
            if label not in state.known:
                met = _strangers(state, time, label) + 1
                for sizes in (state.met, *(group.met for group in groups)):
                    sizes.learn(0, met, time, HALF_LIFE)
            state.known = [*(known for known in state.known if known != label), label]
            del state.known[:-MOST_KNOWN]
        elif _fails(activity) and label not in state.known:
            if time - state.last > GAP:
                if state.largest:
                    state.runs.learn(0, state.largest, state.last, HALF_LIFE)
                state.largest = 0
            state.last = max(state.last, int(time))
            size = _strangers(state, time)
            if size > state.largest:
                for group in groups:
                    group.runs.learn(state.largest, size, time, HALF_LIFE)
                state.largest = size

    def due(self, activity: Activity, state: Address, context: Context[Addresses]) -> Score | None:
        """Score a run that has paused, or become large, by its size."""
        events = state.failed.events
        last = events[-1][0] if events else 0
        run = state.failed.session(last, GAP)
        size = _strangers(state, last)
        if last > max(state.checked, activity.time) and size < LARGE:
            state.checked = last
            context.wake(last + PAUSE, activity)
            return None
        state.checked, state.waiting = last, False
        if size < 2 or state.entered >= run[0][0]:  # noqa: PLR2004 - several accounts
            return None
        p = state.runs.at_least(
            size, burst.of_group(context.peers.runs, context.organization.runs, ANOTHER)
        )
        if p > context.signal_below:
            return Score(p)
        state.waiting = True  # once a run
        minutes = (last - run[0][0]) / 60.0
        failed = len({label for _, label in run})
        count = f"{failed} accounts" if len(run) < MOST_FAILED else f"{failed} accounts or more"
        feature = Feature(
            "accounts failing at this address",
            f"{count} within {minutes:.0f} min",
            f"{state.runs.count:.0f} earlier runs here, few so large",
            bits(p),
        )
        title = f"{count} failed to log in from {activity.origin.ip}, and none got in"
        return Score(p, (feature,), state.runs.count < OWN_RUNS, title)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A spray that finds one password, one that finds none; an office on Monday morning."""
        noon = MONDAY + DAY + 12 * HOUR
        there = abroad(INTRUDER)

        def fail(time: float, who: str, origin: Origin = there) -> Activity:
            return act(Action.LOGIN, time, who=who, origin=origin, outcome=Outcome.FAILURE)

        def spray(count: int, gap: float = 20.0) -> list[Activity]:
            return [fail(noon + gap * i, f"target{i}") for i in range(count)]

        def office(count: int) -> Iterable[Activity]:
            """All mistype; nobody has been at this address before."""
            for i in range(count):
                yield fail(noon + 30.0 * i, f"person{i}", at_work())
                yield login(noon + 30.0 * i + 20.0, at_work(), f"person{i}")

        def known_office() -> Iterable[Activity]:
            """Twelve people of the office fail at once, and a visitor gets in."""
            for i in range(12):
                yield login(noon - HOUR + i, at_work(), f"person{i}")
            for i in range(12):
                yield fail(noon + i, f"person{i}", at_work())
            yield login(noon + 60, at_work(), "visitor")

        yield Example(
            "thirty accounts fail at one address, the next gets in",
            lambda: chain(team_logins(), spray(30), [login(noon + 900, there)]),
            fires=True,
        )
        yield Example(
            "twelve accounts fail, slowly, and another gets in",
            lambda: chain(spray(12, 600.0), [login(noon + 2 * HOUR, there)]),
            fires=True,
        )
        yield Example(
            "one person forgot the password and another gets in",
            lambda: chain(
                team_logins(),
                [
                    *(fail(noon + 20.0 * i, "colleague1") for i in range(9)),
                    login(noon + 300, there),
                ],
            ),
            fires=False,
        )
        yield Example("a new office where everybody mistypes once", lambda: office(40), fires=False)
        yield Example("a directory outage at the office", known_office, fires=False)


def _label(activity: Activity) -> int:
    return label_of(activity.actor.identity or activity.actor.account)


def _fails(activity: Activity) -> bool:
    """A password was wrong. A sign-on fails so only over a protocol that takes passwords."""
    return activity.outcome is Outcome.FAILURE and (
        activity.action == Action.LOGIN or bool(activity.facts.get(facts.PROTOCOL))
    )


def _strangers(state: Address, time: float, label: int = -1) -> int:
    """Accounts failing in the run at `time`, without this one, beyond the number at home here."""
    failed = {other for _, other in state.failed.session(time, GAP)} - {label}
    return max(0, len(failed) - len(state.known))


def _usual(met: Bursts) -> str:
    """Share of logins that met another account's failure.

    >>> _usual(Bursts([50.0, 1.0]))
    'more than none at 2%'
    """
    return f"more than none at {met.reached[1] / met.count if len(met.reached) > 1 else 0:.0%}"
