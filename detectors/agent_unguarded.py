"""An AI coding tool at work with its permission prompts switched off."""

from collections.abc import Iterable

import msgspec

from detectors.artifact_samples import activity as sample
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.decay import DAY
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.proportion import Proportion, of_group
from detectors.toolbox.window import label_of
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Target, TargetKind
from schemas.signal import Feature, bits

UNGUARDED_MODES = frozenset({"bypassPermissions", "yolo", "trust-all-tools"})
HALF_LIFE = 60 * DAY  # tools and how they are used change within months
STRENGTH = 1.0
GROUP_STRENGTH = 10.0  # people differ: ten sessions of others tell as much as one
DEFAULT = 0.05  # nobody known yet: one session in twenty, so that it takes own habit to be normal
FIRST_USE = 2.0**-8  # the rule's own weight: just enough to be seen, once an actor
SESSIONS = 16  # remembered, to judge each once
OWN_SESSIONS = 5.0


class GuardState(msgspec.Struct, array_like=True):
    """One identity.

    Attributes:
        unguarded: share of sessions with prompts off.
        sessions: labels of the latest sessions, latest last.
        reported: those among them that were judged unguarded.
        learned: those among them that count in `unguarded` as such.
    """

    unguarded: Proportion = msgspec.field(default_factory=Proportion)
    sessions: list[int] = []
    reported: list[int] = []
    learned: list[int] = []


class GuardShared(msgspec.Struct, array_like=True):
    """Share of a group's sessions with prompts off."""

    unguarded: Proportion = msgspec.field(default_factory=Proportion)


class AgentUnguarded(Detector[GuardState, GuardShared]):
    """Judges a session once, when its prompts are first known to be off."""

    meta = Metadata(
        id="agent_unguarded",
        title="AI tool without permission prompts",
        description=(
            "A session of an AI coding tool runs with its permission prompts bypassed, so that"
            " whatever steers the model runs commands unasked. Judged once a session by how usual"
            " that is for this person and their peers; the first time is always shown."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset(
            {
                Action.AGENT_PERMISSION,
                Action.AGENT_TOOL,
                Action.AGENT_DECISION,
                Action.AGENT_CONNECT,
                Action.AGENT_EXTEND,
                Action.AGENT_PROMPT,
            }
        ),
        technique=Technique.BEHAVIORAL,
        stage=Stage.TAMPERING,
        phrase="without permission prompts",
        attack=("T1562.001", "T1204"),
        severity_floor=3,
        runbook=(
            "Ask the person whether they switched the prompts off, and for what.",
            "Look at the commands the tool ran in this session, network and file access first.",
            "Look for whatever started the tool: a script, an install hook, an extension.",
            "Where prompts must stay on, set the tool's managed policy to forbid the mode.",
        ),
        blind_spots=(
            "A tool that sends no telemetry, or whose telemetry the attacker turned off, is not"
            " seen. Allow-lists that permit everything look like prompts that were answered."
        ),
        version=2,
    )
    State = GuardState
    Shared = GuardShared

    def judge(
        self, activity: Activity, state: GuardState, context: Context[GuardShared]
    ) -> Score | None:
        """P-value of an unguarded session; None for what is guarded or was judged already."""
        if not _is_unguarded(activity) or _session(activity) in state.reported:
            return None
        group = of_group(
            context.peers.unguarded, context.organization.unguarded, DEFAULT, GROUP_STRENGTH
        )
        p = state.unguarded.probability(group, STRENGTH)
        if not state.unguarded.hits:
            p = min(p, FIRST_USE)
        cold = state.unguarded.trials < OWN_SESSIONS
        if p > context.signal_below:
            return Score(p, cold=cold)
        own = state.unguarded
        feature = Feature(
            "permission prompts",
            f"off ({activity.facts.get(facts.MODE) or 'unguarded'})",
            f"off in {own.hits:.0f} of {own.trials:.0f} sessions, {group:.0%} among peers",
            bits(p),
        )
        title = f"{activity.actor.account} runs an AI tool with its permission prompts switched off"
        return Score(p, (feature,), cold, title)

    def observe(
        self,
        activity: Activity,
        state: GuardState,
        context: Context[GuardShared],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """Remember that the session was judged, so that it is judged once."""
        if _is_unguarded(activity):
            state.reported = _latest(state.reported, _session(activity))

    def learn(self, activity: Activity, state: GuardState, context: Context[GuardShared]) -> None:
        """Count a session once, and once more as unguarded when it turns out to be."""
        self.observe(activity, state, context)
        session = _session(activity)
        levels = [state.unguarded, *(group.unguarded for group in shared_levels(context))]
        if session not in state.sessions:
            for share in levels:
                share.learn(False, activity.time, HALF_LIFE)
        state.sessions = _latest(state.sessions, session)
        if _is_unguarded(activity) and session not in state.learned:
            for share in levels:
                share.hits += 1
            state.learned = _latest(state.learned, session)

    @staticmethod
    def examples() -> Iterable[Example]:
        """Guarded sessions, then one without prompts; and somebody who always works so."""

        def work(day: int, mode: str, account: str = "claude_code:mara@example.com") -> Activity:
            return sample(
                Action.AGENT_TOOL,
                account,
                day * DAY,
                target=Target(TargetKind.TOOL, "Bash"),
                session=f"{account}-{day}",
                values={facts.MODE: mode, facts.TOOL: "Bash"},
            )

        guarded = [work(day, "default") for day in range(20)]
        habit = [work(day, "bypassPermissions") for day in range(20)]
        return (
            Example(
                "the first session without prompts",
                lambda: [*guarded, work(20, "bypassPermissions")],
                True,
            ),
            Example("somebody new starts without prompts", lambda: habit[:1], True),
            Example("the twentieth such session", lambda: habit, False),
            Example("prompts on, as always", lambda: guarded, False),
        )


def _is_unguarded(activity: Activity) -> bool:
    mode = activity.facts.get(facts.MODE)
    return activity.facts.get(facts.UNGUARDED) is True or (
        isinstance(mode, str) and mode in UNGUARDED_MODES
    )


def _session(activity: Activity) -> int:
    """Label of the session; of the day, where the tool names none."""
    return label_of(activity.session or f"{activity.actor.account}/{activity.time // DAY:.0f}")


def _latest(labels: list[int], label: int) -> list[int]:
    if labels and labels[-1] == label:
        return labels
    return [*(known for known in labels if known != label), label][-SESSIONS:]
