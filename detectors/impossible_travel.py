"""Two countries within a time too short for the way between them."""

from collections.abc import Iterable
from itertools import chain

import msgspec
from msgspec.structs import replace

from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.samples import (
    DAY,
    HOUR,
    INTRUDER,
    MONDAY,
    abroad,
    act,
    at_home,
    at_work,
    login,
    team_logins,
    working_days,
)
from detectors.toolbox.categories import Categories, CategoryModel, brief, key_of
from detectors.toolbox.firsts import FirstModel
from detectors.toolbox.levels import levels_of, shared_levels
from detectors.toolbox.occasions import Occasions
from detectors.toolbox.proportion import Proportion
from detectors.toolbox.uses import COLD_DAYS, HORIZON, PER_DAY
from schemas.action import Action
from schemas.activity import Activity, Outcome
from schemas.signal import Feature, bits

# Nobody who logs in before a flight logs in after it, in another country, within two hours. Land
# borders are crossed faster: who lives at one is learned.
TRIP = 2 * HOUR
_NOTED = 6
_NOTED_A_DAY = 2


class Travel(msgspec.Struct, array_like=True):
    """One identity.

    Attributes:
        country, device: of its last login or sign-on; device may be empty.
        time: of that, whole seconds.
        hops: days with two countries within `TRIP`, of all active days.
        pairs: of which two countries.
        noted: the first such hops of the latest days, second -> pair, learned or not.
    """

    country: str = ""
    device: str = ""
    time: int = 0
    hops: Occasions = msgspec.field(default_factory=Occasions)
    pairs: Categories = msgspec.field(default_factory=Categories)
    noted: dict[int, str] = msgspec.field(default_factory=dict)


class SharedTravel(msgspec.Struct, array_like=True):
    """A group: its members' first days with a hop, and pairs new to those who hopped."""

    first: Proportion = msgspec.field(default_factory=Proportion)
    pairs: Categories = msgspec.field(default_factory=Categories)


class ImpossibleTravel(Detector[Travel, SharedTravel]):
    """Chance of a day with such a hop, times how unusual the pair of countries is for one."""

    meta = Metadata(
        id="impossible_travel",
        title="Two countries in too short a time",
        description=(
            "Two sign-ins of one identity come from two countries within two hours, with different "
            "devices: nobody flies that fast. How often that happens for other reasons (telephone "
            "and laptop on different networks, a company's exit abroad, a home at a border) is "
            "learned of the identity and the organisation, and which two countries it joins."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset({Action.LOGIN, Action.SSO}),
        technique=Technique.STATISTICAL,
        stage=Stage.ACCESS,
        judged_per_day=PER_DAY,
        attack=("T1078", "T1078.004"),
        severity_floor=2,
        runbook=(
            "Ask the person where they are, and whether both devices are theirs.",
            "Look at which of the two places is new, and what its session did.",
            "If one is not theirs: end all sessions, reset password and factors.",
        ),
        blind_spots=(
            "Distances within a country, and journeys that merely took too short a time beyond two "
            "hours: places are known by country only. Addresses that the vendor calls a proxy, VPN "
            "or relay, and those without a country, are not looked at. An intruder who shows the "
            "person's own device id, or exits in the person's country."
        ),
        version=2,
    )
    State = Travel
    Shared = SharedTravel

    _days = FirstModel(default=0.01)
    _pairs = CategoryModel(half_life=180 * DAY, cap=4, shared_cap=64)

    def judge(
        self, activity: Activity, state: Travel, context: Context[SharedTravel]
    ) -> Score | None:
        """Score a sign-in from another country than the one just before."""
        if not _is_hop(activity, state):
            return None
        levels = levels_of(state, context)
        pair = _pair(state.country, activity.origin.country)
        peers, organization = context.peers.first, context.organization.first
        chance = self._days.chance(state.hops, peers, organization, HORIZON)
        unusual = self._pairs.judge(pair, activity.time, [level.pairs for level in levels])
        p = chance * unusual
        if p > context.signal_below:
            return Score(p)
        minutes = (activity.time - state.time) / 60.0
        here = activity.origin.country
        return Score(
            p,
            (
                Feature(
                    "time between two countries",
                    f"{minutes:.0f} min",
                    f"less than {TRIP / HOUR:.0f} h {state.hops.usual()}",
                    bits(chance),
                ),
                Feature("country", pair, levels[-1].pairs.usual(), bits(unusual)),
            ),
            state.hops.trials < COLD_DAYS,
            f"{activity.actor.account} signed in from {here} {minutes:.0f} minutes after "
            f"{state.country}, with another device",
        )

    def observe(
        self,
        activity: Activity,
        state: Travel,
        context: Context[SharedTravel],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """Remember where the identity was last seen, normal or not."""
        if not _placed(activity) or activity.time < state.time:
            return
        time = int(activity.time)
        if _is_hop(activity, state):
            today = sum(second // DAY == time // DAY for second in state.noted)
            if today < _NOTED_A_DAY:  # more would push out what is held out and learned tomorrow
                state.noted[time] = _pair(state.country, activity.origin.country)
            if len(state.noted) > _NOTED:
                del state.noted[min(state.noted)]
        state.country = key_of(activity.origin.country)
        state.device = brief(activity.origin.device)
        state.time = time

    def learn(self, activity: Activity, state: Travel, context: Context[SharedTravel]) -> None:
        """Count the day, and the hop that `observe` noted."""
        if not _placed(activity):
            return
        pair = state.noted.get(int(activity.time), "")
        if not pair and activity.time // DAY <= state.hops.day:
            return
        groups = shared_levels(context)
        self._days.learn(bool(pair), activity.time, state.hops, [group.first for group in groups])
        if pair:
            levels = [state.pairs, *(group.pairs for group in groups)]
            self._pairs.learn(pair, activity.time, levels)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A stranger while the person is at work; proxies, trips and company exits."""
        noon = MONDAY + DAY + 12 * HOUR
        stranger = abroad(INTRUDER)
        telephone = replace(abroad(INTRUDER), country="NL", network="AS64510")

        def after(*last: Activity) -> Iterable[Activity]:
            return chain(team_logins(), last)

        def roaming() -> Iterable[Activity]:
            for midnight in working_days(12):
                yield login(midnight + 7 * HOUR, at_work())
                yield login(midnight + 8 * HOUR, telephone)

        yield Example(
            "a stranger signs in from Brazil while the person works in Germany",
            lambda: after(login(noon, at_work()), login(noon + 1200, stranger)),
            fires=True,
        )
        yield Example(
            "the stranger's address is a known proxy",
            lambda: after(
                login(noon, at_work()), login(noon + 1200, replace(stranger, proxy=True))
            ),
            fires=False,
        )
        yield Example(
            "the usual laptop behind an exit abroad",
            lambda: after(login(noon, at_work()), login(noon + 1200, abroad())),
            fires=False,
        )
        yield Example(
            "a flight, and a new telephone bought there",
            lambda: after(login(noon, at_work()), login(noon + 14 * HOUR, stranger)),
            fires=False,
        )
        yield Example(
            "a telephone whose network is abroad, every day",
            lambda: chain(
                roaming(), [login(noon - 5 * HOUR, at_home()), login(noon - 4 * HOUR, telephone)]
            ),
            fires=False,
        )
        yield Example(
            "a failed attempt from abroad",
            lambda: after(
                login(noon, at_work()),
                act(Action.LOGIN, noon + 60, origin=stranger, outcome=Outcome.FAILURE),
            ),
            fires=False,
        )


def _placed(activity: Activity) -> bool:
    origin = activity.origin
    return activity.outcome is Outcome.SUCCESS and bool(origin.country) and not origin.proxy


def _is_hop(activity: Activity, state: Travel) -> bool:
    origin = activity.origin
    device = brief(origin.device)
    return (
        _placed(activity)
        and bool(state.country)
        and key_of(origin.country) != state.country
        and 0.0 <= activity.time - state.time <= TRIP
        and not (device and device == state.device)
    )


def _pair(one: str, other: str) -> str:
    """Both directions are one pair.

    >>> _pair("NL", "DE")
    'DE-NL'
    """
    return key_of("-".join(sorted((one, other))))
