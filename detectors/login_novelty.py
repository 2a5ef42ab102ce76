"""Login from surroundings that this identity does not work from."""

from collections.abc import Iterable
from itertools import chain

import msgspec

from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.samples import (
    DAY,
    HOUR,
    INTRUDER,
    LAPTOP,
    MONDAY,
    NEW_LAPTOP,
    abroad,
    at_home,
    at_work,
    login,
    team_logins,
)
from detectors.toolbox.combine import cauchy
from detectors.toolbox.hours import HourModel, Hours, cell_of, describe
from detectors.toolbox.levels import levels_of
from detectors.toolbox.surroundings import Crowd, Surroundings, SurroundingsModel
from schemas.action import Action
from schemas.activity import Activity, Outcome
from schemas.signal import Feature, bits

# Place and tool at once is what matters; each of them, or the hour, alone says little.
_WEIGHTS = (3.0, 1.0, 1.0, 1.0)


class LoginHabits(msgspec.Struct, array_like=True):
    """Where from, with what and when an identity logs in."""

    surroundings: Surroundings = msgspec.field(default_factory=Surroundings)
    hours: Hours = msgspec.field(default_factory=Hours)


class SharedHabits(msgspec.Struct, array_like=True):
    """The same of a group."""

    surroundings: Crowd = msgspec.field(default_factory=Crowd)
    hours: Hours = msgspec.field(default_factory=Hours)


class LoginNovelty(Detector[LoginHabits, SharedHabits]):
    """Place, tool and hour of a login against the identity's own, its peers', everybody's.

    Four dependent p-values (place and tool at once, place, tool, hour) by Cauchy's combination.
    """

    meta = Metadata(
        id="login_novelty",
        title="Login from unknown surroundings",
        description=(
            "A successful login from a network or country, with a device or client, or at an hour "
            "that this identity does not use. A trip, a new laptop or a late night alone stays "
            "weak; a new place and a new tool together are strong. Newcomers are judged by their "
            "peers."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset({Action.LOGIN, Action.SSO}),
        technique=Technique.STATISTICAL,
        stage=Stage.ACCESS,
        judged_per_day=8.0,
        attack=("T1078", "T1078.004"),
        severity_floor=2,
        runbook=(
            "Ask the person whether it was them, over a channel that needs no such account.",
            "Look at what the session did next: factors, tokens, keys, grants.",
            "If not: end all sessions, reset password and factors, revoke tokens made since.",
        ),
        blind_spots=(
            "An intruder on the person's own machine, or on the same network with the same "
            "client; vendors that give neither network nor device."
        ),
        version=2,
    )
    State = LoginHabits
    Shared = SharedHabits

    _surroundings = SurroundingsModel()
    _hours = HourModel()

    def judge(
        self, activity: Activity, state: LoginHabits, context: Context[SharedHabits]
    ) -> Score | None:
        """Score a successful login."""
        if not _judgeable(activity):
            return None
        levels = levels_of(state, context)
        verdict = self._surroundings.judge(
            activity.origin, activity.time, [level.surroundings for level in levels]
        )
        p_hour = 1.0
        cell = cell_of(activity.time)
        if activity.action == Action.LOGIN:
            p_hour = self._hours.judge(cell, activity.time, [level.hours for level in levels])
        p = cauchy((verdict.both, verdict.place, verdict.tool, p_hour), _WEIGHTS)
        if p > context.signal_below:
            return Score(p)
        features = verdict.features()
        if activity.action == Action.LOGIN:
            hour = Feature("hour (UTC)", describe(cell), state.hours.usual(), bits(p_hour))
            features = (*features, hour)
        cold = self._surroundings.cold(state.surroundings, activity.time)
        origin = activity.origin
        where = " in ".join(part for part in (origin.network, origin.country) if part)
        return Score(
            p,
            features,
            cold,
            f"Login from {where or 'an unnamed place'} with {origin.client or 'an unnamed client'}"
            + (", judged by the peers" if cold else ", unlike this identity"),
        )

    def learn(self, activity: Activity, state: LoginHabits, context: Context[SharedHabits]) -> None:
        """A failed login teaches nothing: anybody can try a password from anywhere."""
        if not _judgeable(activity):
            return
        levels = levels_of(state, context)
        self._surroundings.learn(
            activity.origin, activity.time, [level.surroundings for level in levels]
        )
        if activity.action == Action.LOGIN:
            cell = cell_of(activity.time)
            self._hours.learn(cell, activity.time, [level.hours for level in levels])

    @staticmethod
    def examples() -> Iterable[Example]:
        """Ordinary changes stay quiet; a stranger does not."""

        def after(*last: Activity) -> Iterable[Activity]:
            return chain(team_logins(), last)

        tuesday = MONDAY + DAY
        yield Example(
            "a stranger logs in from another country with another machine",
            lambda: after(login(tuesday + 8 * HOUR, abroad(INTRUDER))),
            fires=True,
        )
        yield Example(
            "a stranger logs in from an unknown network of the same country, at night",
            lambda: after(
                login(tuesday + 2 * HOUR, msgspec.structs.replace(abroad(INTRUDER), country="DE"))
            ),
            fires=True,
        )
        yield Example(
            "a trip abroad with the usual laptop",
            lambda: after(login(tuesday + 9 * HOUR, abroad(LAPTOP))),
            fires=False,
        )
        yield Example(
            "a new laptop at home",
            lambda: after(login(tuesday + 17 * HOUR, at_home(NEW_LAPTOP))),
            fires=False,
        )
        yield Example(
            "a late night at home",
            lambda: after(login(tuesday + 23 * HOUR, at_home())),
            fires=False,
        )
        yield Example(
            "a newcomer's first day at work",
            lambda: after(login(tuesday + 8 * HOUR, at_work(NEW_LAPTOP), who="newcomer")),
            fires=False,
        )


def _judgeable(activity: Activity) -> bool:
    origin = activity.origin
    known = origin.network or origin.country or origin.device or origin.client
    return activity.outcome is Outcome.SUCCESS and bool(known)
