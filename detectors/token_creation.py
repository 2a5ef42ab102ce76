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
from detectors.toolbox.familiar import features
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.occasions import OccasionModel, Occasions
from detectors.toolbox.proportion import Proportion
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
        changes: decayed number of active days with a factor change.
        changed: time of the last one, whole seconds.
    """

    changes: int | float = 0
    changed: int = 0

    def fade(self, keep: float) -> None:
        """Let all counts fade."""
        super().fade(keep)
        if self.changes:
            self.changes *= keep

    def factors(self) -> Occasions:
        """Active days with a factor change."""
        return Occasions(self.changes, self.trials)


class SharedTokenHabits(SharedActs):
    """The same of a group."""

    factors: Proportion = msgspec.field(default_factory=Proportion)


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
        version=2,
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
        groups = shared_levels(context)
        chance, judged = self._model.judge(activity, state, groups)
        since = activity.time - state.changed
        p_after = 1.0
        if 0.0 <= since <= _RECENT:
            p_after = self._factors.chance(
                [state.factors(), *(group.factors for group in groups)], _RECENT / DAY
            )
        p = fisher((chance, cauchy((judged.both, p_after), _WEIGHTS)))
        if p > context.signal_below:
            return Score(p)
        reasons = [
            Feature("tokens and keys", "one now", state.usual(), bits(chance)),
            *features(activity.origin, judged, state),
        ]
        if p_after < 1.0:
            after = f"{since / 60:.0f} minutes before"
            reasons.append(Feature("factor change", after, state.factors().usual(), bits(p_after)))
        return Score(
            p,
            tuple(reasons),
            state.cold,
            "Token or key made from surroundings this identity is not known by"
            + (", soon after a factor change" if p_after < 1.0 else ""),
        )

    def learn(
        self, activity: Activity, state: TokenHabits, context: Context[SharedTokenHabits]
    ) -> None:
        """Learn place and tool from everything, occasions from tokens, keys and changes."""
        groups, time, action = shared_levels(context), activity.time, activity.action
        if self._model.learn(activity, action in _MADE, state, groups):
            for group in groups:
                group.factors.learn(False, time, self._factors.half_life)
        if action in _CHANGES and activity.outcome is Outcome.SUCCESS:
            if not state.changed or time // DAY > state.changed // DAY:
                state.changes = min(state.changes + 1, state.trials)
                for group in groups:
                    group.factors.hits = min(group.factors.hits + 1, group.factors.trials)
            state.changed = max(state.changed, int(time))

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
