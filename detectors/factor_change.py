"""A second factor is enrolled, removed or reset from surroundings the identity is not known by."""

from collections.abc import Iterable
from itertools import chain

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
    factor,
    login,
    team_logins,
)
from detectors.toolbox.combine import fisher
from detectors.toolbox.familiar import features
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.rare_act import Acts, RareActModel, SharedActs
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome
from schemas.signal import Feature, bits

_CHANGES = frozenset({Action.FACTOR_ENROLL, Action.FACTOR_REMOVE, Action.FACTOR_RESET})


class FactorChange(Detector[Acts, SharedActs]):
    """How seldom this actor changes factors, and whether it is done from known surroundings.

    The two are independent and add up (Fisher). An administrator who resets the factors of others
    is judged by the administrator's own habits, and is whom the signal is about: what is unusual
    about such a reset is who makes it and from where.
    """

    meta = Metadata(
        id="factor_change",
        title="Second factor changed from unknown surroundings",
        description=(
            "A factor is enrolled, removed or reset from a place and with a tool that this "
            "identity has not been using for at least a day. A new phone enrolled from the usual "
            "laptop, or a new laptop at home, stays quiet; so does a help desk that resets "
            "factors every day."
        ),
        scope=Scope.IDENTITY,
        actions=_CHANGES | {Action.LOGIN, Action.SSO},
        technique=Technique.STATISTICAL,
        stage=Stage.PERSISTENCE,
        judged_per_day=1 / 64,
        attack=("T1556.006", "T1098.005"),
        severity_floor=3,
        version=2,
        runbook=(
            "Ask the person, not over the account or the new factor, whether they changed it.",
            "Compare the login before the change with the person's usual network and device.",
            "If not: remove the factor, end all sessions, reset the password, look for tokens.",
        ),
        blind_spots=(
            "An intruder who waits for more than a day between two visits before touching "
            "factors; changes that the vendor logs without an origin."
        ),
    )
    State = Acts
    Shared = SharedActs

    _model = RareActModel()

    def judge(self, activity: Activity, state: Acts, context: Context[SharedActs]) -> Score | None:
        """Score a factor change; logins are only learned."""
        if activity.action not in _CHANGES or activity.outcome is not Outcome.SUCCESS:
            return None
        chance, judged = self._model.judge(activity, state, shared_levels(context))
        p = fisher((chance, judged.both))
        if p > context.signal_below:
            return Score(p)
        often = Feature("factor changes", "one now", state.usual(), bits(chance))
        subject = activity.facts.get(facts.SUBJECT)
        whose = f"of {subject} " if subject else ""
        return Score(
            p,
            (often, *features(activity.origin, judged, state)),
            state.cold,
            f"Second factor {whose}changed ({activity.action.partition('.')[2]}) from a place and "
            "with a tool this identity is not known by",
        )

    def learn(self, activity: Activity, state: Acts, context: Context[SharedActs]) -> None:
        """Learn place and tool from everything, occasions from changes."""
        change = activity.action in _CHANGES
        self._model.learn(activity, change, state, shared_levels(context))

    @staticmethod
    def examples() -> Iterable[Example]:
        """A stranger's factor against a new phone, a new laptop and the help desk."""
        noon = MONDAY + DAY + 12 * HOUR
        stranger = abroad(INTRUDER)

        def after(*last: Activity) -> Iterable[Activity]:
            return chain(team_logins(), last)

        yield Example(
            "a stranger logs in and enrols a factor twenty minutes later",
            lambda: after(login(noon, stranger), factor(noon + 1200, stranger)),
            fires=True,
        )
        yield Example(
            "a stranger in an administrator's session resets a colleague's factors",
            lambda: after(
                login(noon, stranger), factor(noon + 600, stranger, subject="colleague1")
            ),
            fires=True,
        )
        yield Example(
            "a new phone is enrolled at home from the usual laptop",
            lambda: after(factor(noon + 5 * HOUR, at_home())),
            fires=False,
        )
        yield Example(
            "a factor is enrolled from a new laptop at home",
            lambda: after(
                login(noon + 5 * HOUR, at_home(NEW_LAPTOP)),
                factor(noon + 5 * HOUR + 300, at_home(NEW_LAPTOP)),
            ),
            fires=False,
        )
        yield Example(
            "a factor is enrolled on a trip with the usual laptop",
            lambda: after(login(noon, abroad(LAPTOP)), factor(noon + 300, abroad(LAPTOP))),
            fires=False,
        )
        yield Example(
            "a newcomer enrols the first factor on the first day",
            lambda: after(
                login(noon, at_work(NEW_LAPTOP), "newcomer"),
                factor(noon + 300, at_work(NEW_LAPTOP), "newcomer"),
            ),
            fires=False,
        )
