"""A token or key is made from surroundings the identity is not known by."""

from collections.abc import Iterable
from itertools import chain

import msgspec

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
    factor,
    login,
    team_logins,
    token,
    working_days,
)
from detectors.toolbox.combine import cauchy, fisher
from detectors.toolbox.levels import levels_of
from detectors.toolbox.occasions import OccasionModel, Occasions
from detectors.toolbox.rare_act import Acts, RareActModel, SharedActs
from schemas.action import Action
from schemas.activity import Activity, Outcome
from schemas.signal import Feature, bits

_MADE = frozenset({Action.TOKEN_CREATE, Action.KEY_ADD})
_CHANGES = frozenset({Action.FACTOR_ENROLL, Action.FACTOR_REMOVE, Action.FACTOR_RESET})
_RECENT = DAY  # between two people of one account, factor and token come within hours
# Surroundings and recent factor change. The latter has a signal of its own and often good reason:
# a new phone brings new tokens.
_WEIGHTS = (9.0, 1.0)


class TokenHabits(Acts):
    """Acts, and the factor changes among them.

    Attributes:
        factors: days with a factor change.
        changed: time of the last factor change, whole seconds.
    """

    factors: Occasions = msgspec.field(default_factory=Occasions)
    changed: int = 0


class SharedTokenHabits(SharedActs):
    """The same of a group."""

    factors: Occasions = msgspec.field(default_factory=Occasions)


class TokenCreation(Detector[TokenHabits, SharedTokenHabits]):
    """How seldom this actor makes tokens or keys, from where, and how soon after a factor change.

    Rarity and circumstances are independent and add up (Fisher); surroundings and a recent factor
    change may come together for good reason, hence Cauchy's combination for these.
    """

    meta = Metadata(
        id="token_creation",
        title="Token or key made from unknown surroundings",
        description=(
            "A personal access token, API token, SSH or deploy key is made from a place and with "
            "a tool that this identity has not been using for at least a day, the more so shortly "
            "after a factor was changed. A token from the usual laptop stays quiet."
        ),
        scope=Scope.IDENTITY,
        actions=_MADE | _CHANGES | {Action.LOGIN, Action.SSO},
        technique=Technique.STATISTICAL,
        stage=Stage.PERSISTENCE,
        judged_per_day=1 / 64,
        attack=("T1098.001", "T1550.001", "T1098.004"),
        severity_floor=3,
        runbook=(
            "Ask the person whether they made the token or key, and what for.",
            "Look at what it was used for since, and from where.",
            "If not: revoke it and all made since the first unknown login, end the sessions.",
        ),
        blind_spots=(
            "Tokens of registries that log no token events (npm); an intruder on the person's own "
            "machine; tokens stolen rather than made."
        ),
    )
    State = TokenHabits
    Shared = SharedTokenHabits

    _model = RareActModel()
    _factors = OccasionModel()

    def judge(
        self, activity: Activity, state: TokenHabits, context: Context[SharedTokenHabits]
    ) -> Score | None:
        """Score the making of a token or key; the rest is only learned."""
        if activity.action not in _MADE or activity.outcome is not Outcome.SUCCESS:
            return None
        levels = levels_of(state, context)
        chance, verdict = self._model.judge(activity, levels)
        since = activity.time - state.changed
        p_after = 1.0
        if 0.0 <= since <= _RECENT:
            p_after = self._factors.chance([level.factors for level in levels], _RECENT / DAY)
        p = fisher((chance, cauchy((verdict.both, p_after), _WEIGHTS)))
        if p > context.signal_below:
            return Score(p)
        features = [
            Feature("tokens and keys", "one now", state.occasions.usual(), bits(chance)),
            *verdict.features(),
        ]
        if p_after < 1.0:
            after = f"{since / 60:.0f} minutes before"
            features.append(Feature("factor change", after, state.factors.usual(), bits(p_after)))
        return Score(
            p,
            tuple(features),
            self._model.cold(state, activity.time),
            "Token or key made from surroundings this identity is not known by"
            + (", soon after a factor change" if p_after < 1.0 else ""),
        )

    def learn(
        self, activity: Activity, state: TokenHabits, context: Context[SharedTokenHabits]
    ) -> None:
        """Learn surroundings from everything, occasions from tokens, keys and factor changes."""
        levels = levels_of(state, context)
        self._model.learn(activity, activity.action in _MADE, levels)
        if activity.outcome is Outcome.SUCCESS:
            change = activity.action in _CHANGES
            self._factors.learn(change, activity.time, [level.factors for level in levels])
            if change:
                state.changed = max(state.changed, int(activity.time))

    @staticmethod
    def examples() -> Iterable[Example]:
        """A stranger's token against everyday ones."""
        noon = MONDAY + DAY + 12 * HOUR
        stranger = abroad(INTRUDER)

        def after(*last: Activity) -> Iterable[Activity]:
            return chain(team_logins(), last)

        def monthly() -> Iterable[Activity]:
            for index, midnight in enumerate(working_days(12)):
                yield login(midnight + 7 * HOUR, at_work())
                if index % 20 == 0:
                    yield token(midnight + 8 * HOUR, at_work())

        yield Example(
            "a stranger logs in, enrols a factor and makes a token",
            lambda: after(
                login(noon, stranger), factor(noon + 1200, stranger), token(noon + 2400, stranger)
            ),
            fires=True,
        )
        yield Example(
            "a stranger makes a token with a stolen session",
            lambda: after(token(noon, stranger)),
            fires=True,
        )
        yield Example(
            "the monthly token from the usual laptop",
            lambda: chain(monthly(), [token(noon, at_work())]),
            fires=False,
        )
        yield Example(
            "the first token ever, from the usual laptop",
            lambda: after(token(noon, at_work())),
            fires=False,
        )
        yield Example(
            "a new laptop at home gets its own key",
            lambda: after(
                login(noon + 5 * HOUR, at_home(NEW_LAPTOP)),
                token(noon + 6 * HOUR, at_home(NEW_LAPTOP)),
            ),
            fires=False,
        )
        yield Example(
            "a new phone is enrolled and a token made, both from the usual laptop",
            lambda: after(factor(noon, at_work()), token(noon + 3600, at_work())),
            fires=False,
        )
