"""An AI agent acts for a person who is not there, or from where the person is not."""

from collections.abc import Iterable
from itertools import chain

import msgspec
from msgspec.structs import replace

from detectors.agent_samples import DESK, days, person, request, working_days
from detectors.artifact_samples import DAY, HOUR
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.absence import AbsenceModel, Absences
from detectors.toolbox.categories import Categories, CategoryModel, brief
from detectors.toolbox.combine import cauchy, conjunction
from detectors.toolbox.levels import shared_levels
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, ActorKind, Origin, Outcome
from schemas.signal import Feature, bits

PAUSE = HOUR  # an agent quiet for that long has finished; what follows is a run of its own
HALF_LIFE = 90 * DAY
OWN_RUNS = 5.0
_AGENT = frozenset(
    {
        Action.AGENT_TOOL,
        Action.AGENT_REQUEST,
        Action.AGENT_CONNECT,
        Action.AGENT_DECISION,
        Action.PUSH,
        Action.PULL_REQUEST_OPEN,
        Action.COMMENT,
        Action.REVIEW,
    }
)
_PERSON = frozenset(
    {
        Action.LOGIN,
        Action.SSO,
        Action.AGENT_PROMPT,
        Action.AGENT_PERMISSION,
        Action.AGENT_DECISION,
        Action.PUSH,
        Action.PULL_REQUEST_OPEN,
        Action.PULL_REQUEST_MERGE,
        Action.COMMENT,
        Action.REVIEW,
    }
)
_PEOPLE = frozenset({ActorKind.PERSON, ActorKind.UNKNOWN})
# Both at once, absence, place. A new place alone is a move of the agent, of little weight.
_WEIGHTS = (2.0, 2.0, 0.5)


class Alone(Absences):
    """One identity: a person and the agents that act for them.

    Attributes:
        person: when the person last did something, whole seconds; 0 for never.
        agent: when an agent last did.
        begun: when its latest run began.
        networks: where person and agents have been.
        devices: on what agents run.
    """

    person: int = 0
    agent: int = 0
    begun: int = 0
    networks: Categories = msgspec.field(default_factory=Categories)
    devices: Categories = msgspec.field(default_factory=Categories)


class SharedAlone(Absences):
    """A group: the absences, and the networks and devices that were new to a member."""

    networks: Categories = msgspec.field(default_factory=Categories)
    devices: Categories = msgspec.field(default_factory=Categories)


class AgentAlone(Detector[Alone, SharedAlone]):
    """Judges the start of an agent's run: how long the person has been away, and the place.

    How long: the conformal p-value of `detectors.toolbox.absence`, over the
    identity's own runs, with the group's share as a prior. Where: novelty of network and device.
    Both at once, and each of them, by Cauchy.
    """

    meta = Metadata(
        id="agent_alone",
        title="AI agent at work without its person",
        description=(
            "An AI agent that acts for a person starts to work although the person has shown no"
            " sign of life (login, prompt, push, review) for longer than usual at such a moment, or"
            " from a network or device that neither uses; both together weigh most. Agents that"
            " always work by themselves, overnight or in CI, are expected to."
        ),
        scope=Scope.IDENTITY,
        actions=_AGENT | _PERSON,
        technique=Technique.STATISTICAL,
        stage=Stage.ACCESS,
        phrase="while its person was away",
        judged_per_day=2.0,
        attack=("T1078", "T1550.001"),
        runbook=(
            "Ask the person whether they started the agent, over another channel.",
            "Find out where it runs and whose token it uses; look at what started it.",
            "If nobody did: revoke the agent's tokens, stop the session, undo its changes.",
        ),
        blind_spots=(
            "Whoever types into the person's own terminal. A stolen token used in the person's"
            " working hours from an address that the vendor does not tell. Agents under an account"
            " that is not linked to the person's identity."
        ),
        version=2,
    )
    State = Alone
    Shared = SharedAlone

    _absences = AbsenceModel(half_life=HALF_LIFE)
    _model = CategoryModel(half_life=HALF_LIFE, cap=8, repeat=6 * HOUR)

    def judge(
        self, activity: Activity, state: Alone, context: Context[SharedAlone]
    ) -> Score | None:
        """P-value of a run that begins; None within a run, and for people."""
        if not _begins(activity, state):
            return None
        away = activity.time - state.person
        groups = shared_levels(context)
        by_time = self._absences.judge(away, activity.time, state, groups)
        origin, ps = activity.origin, []
        if origin.network:
            places = [state.networks, *(level.networks for level in groups)]
            ps.append(self._model.judge(brief(origin.network), activity.time, places))
        if origin.device:
            machines = [state.devices, *(level.devices for level in groups)]
            ps.append(self._model.judge(brief(origin.device), activity.time, machines))
        by_place = cauchy(ps)
        p = cauchy((conjunction((by_time, by_place)), by_time, by_place), _WEIGHTS)
        cold = state.count() < OWN_RUNS
        if p > context.signal_below:
            return Score(p, cold=cold)
        often = f"{state.longer(away):.0f} of {state.count():.0f} runs so late"
        features = [
            Feature("person's last sign of life", f"{_ago(away)} ago", often, bits(by_time))
        ]
        if origin.network and not state.networks.knows(brief(origin.network)):
            usual = f"{len(state.networks.weights)} others known"
            features.append(Feature("network", origin.network, usual, bits(by_place)))
        if origin.device and not state.devices.knows(brief(origin.device)):
            features.append(Feature("device", "not seen before", "known ones", bits(by_place)))
        title = (
            f"An agent of {activity.actor.identity} started to work,"
            f" {_ago(away)} after the person's last sign of life"
        )
        return Score(p, tuple(features), cold, title)

    def observe(
        self,
        activity: Activity,
        state: Alone,
        context: Context[SharedAlone],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """Note who was there."""
        if _is_agent(activity):
            if activity.time - state.agent >= PAUSE:
                state.begun = int(activity.time)
            state.agent = max(state.agent, int(activity.time))
        elif _is_person(activity):
            state.person = max(state.person, int(activity.time))

    def learn(self, activity: Activity, state: Alone, context: Context[SharedAlone]) -> None:
        """Count a run, at its start, by how long the person had been away; take in the place."""
        agent = _is_agent(activity)
        # What follows the start is not looked at: the start may be held out.
        if not (int(activity.time) <= state.begun if agent else _is_person(activity)):
            return
        origin, time, shared = activity.origin, activity.time, shared_levels(context)
        if origin.network:
            places = [state.networks, *(level.networks for level in shared)]
            self._model.learn(brief(origin.network), time, places)
        if agent and origin.device:
            machines = [state.devices, *(level.devices for level in shared)]
            self._model.learn(brief(origin.device), time, machines)
        if agent and state.person:
            self._absences.learn(time - state.person, time, (state, *shared))

    @staticmethod
    def examples() -> Iterable[Example]:
        """A stranger with the person's token at night; overnight agents and Mondays."""
        elsewhere = Origin(network="AS64511", client="claude-code/2", device="elsewhere")
        night = 119 * DAY + 16 * HOUR  # one in the morning, after a day's work

        def after(*last: Activity) -> Iterable[Activity]:
            return chain(working_days(120), last)

        def nightly(*last: Activity) -> Iterable[Activity]:
            runs = (request(day + 16 * HOUR) for day in days(120))
            work = sorted((*working_days(120), *runs), key=lambda event: event.time)
            return chain(work, last)

        def build(time: float) -> Activity:
            made = request(time, who="builder")
            return replace(made, actor=replace(made.actor, on_behalf_of=""))

        return (
            Example(
                "an agent runs on another machine in another network at night",
                lambda: after(replace(request(night), origin=elsewhere)),
                True,
            ),
            Example(
                "an agent runs on the usual machine while the person is on leave",
                lambda: after(request(119 * DAY + 150 * HOUR)),
                True,
            ),
            Example("the nightly run of an agent", lambda: nightly(request(night)), False),
            Example(
                "the person starts the day with a prompt",
                lambda: after(person(Action.AGENT_PROMPT, 120 * DAY), request(120 * DAY + 5.0)),
                False,
            ),
            Example(
                "an agent in CI that belongs to nobody",
                lambda: [build(n * 5 * HOUR) for n in range(400)],
                False,
            ),
            Example(
                "a newcomer's agent runs at night",
                lambda: [
                    person(Action.AGENT_PROMPT, 0.0),
                    request(5.0),
                    replace(request(16 * HOUR), origin=DESK),
                ],
                False,
            ),
        )


def _is_agent(activity: Activity) -> bool:
    return (
        activity.actor.kind is ActorKind.AGENT
        and activity.action in _AGENT
        and not _decided_by_person(activity)
    )


def _decided_by_person(activity: Activity) -> bool:
    """Did the person answer the tool's permission prompt."""
    by = activity.facts.get(facts.DECIDED_BY)
    return isinstance(by, str) and by.startswith("user_")


def _is_person(activity: Activity) -> bool:
    """Does it show that the person is there: not what a script says in their name."""
    return _decided_by_person(activity) or (
        activity.actor.kind in _PEOPLE
        and activity.action in _PERSON
        and activity.outcome is not Outcome.FAILURE
        and activity.facts.get(facts.INTERACTIVE) is not False
    )


def _begins(activity: Activity, state: Alone) -> bool:
    """Is it the first of a run of an agent whose person is known."""
    return (
        _is_agent(activity)
        and activity.time - state.agent >= PAUSE
        and 0 < state.person <= activity.time
    )


def _ago(seconds: float) -> str:
    return f"{seconds / DAY:.1f} days" if seconds >= 2 * DAY else f"{seconds / HOUR:.0f} h"
