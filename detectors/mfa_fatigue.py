"""Prompts for a second factor refused or left unanswered in a row, until one is approved."""

from collections.abc import Iterable
from itertools import chain

import msgspec

from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.samples import DAY, HOUR, MONDAY, act, at_work, team_logins
from detectors.toolbox import burst
from detectors.toolbox.burst import Bursts
from detectors.toolbox.firsts import FirstModel
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.occasions import Occasions
from detectors.toolbox.proportion import Proportion, of_group
from detectors.toolbox.sessions import Sessions
from detectors.toolbox.uses import HORIZON, PER_DAY
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Outcome
from schemas.signal import Feature, bits

GAP = HOUR  # Uber 2022: prompts went on for over an hour
KEEP = 2 * DAY  # a held-out refusal is learned a day late and looks for its run then
HALF_LIFE = 180 * DAY
ONE_PROMPT = 10.0  # seconds; a vendor logs one refusal up to three times
# Chance that a second refused prompt follows within the hour, and each further one, before anybody
# has been watched: a telephone in another room is asked twice or three times.
AGAIN = (0.3, 0.4)
FRAUD = 0.05  # refused prompts that the person reports, nobody being known
FRAUD_WORTH = 20.0
_SENT_TO = frozenset({"push", "voice", "phone", "okta_verify", "passwordless_phone"})
_TYPED = frozenset({"totp", "webauthn", "sms", "email", "password", "question", "recovery_code"})
_REFUSED = frozenset({"denied", "fraud", "timeout", "no_response"})


class Prompts(msgspec.Struct, array_like=True):
    """One identity.

    Attributes:
        runs: runs of prompts without approval, and the sizes of earlier ones.
        occasions: days with such a prompt.
        sent: when the prompt that is still open went out, whole seconds; 0 if none is.
        approved: when a prompt was approved last.
    """

    runs: Sessions = msgspec.field(default_factory=Sessions)
    occasions: Occasions = msgspec.field(default_factory=Occasions)
    sent: int = 0
    approved: int = 0


class SharedPrompts(msgspec.Struct, array_like=True):
    """A group.

    Attributes:
        sizes: of runs.
        first: its members' first days with such a prompt.
        frauds: prompts reported as fraud, of those not approved.
    """

    sizes: Bursts = msgspec.field(default_factory=Bursts)
    first: Proportion = msgspec.field(default_factory=Proportion)
    frauds: Proportion = msgspec.field(default_factory=Proportion)


class MfaFatigue(Detector[Prompts, SharedPrompts]):
    """Chance of a day with a refused prompt, times the chance that it becomes so many.

    Judged as the run grows, and once more when a prompt is approved. A prompt that the person
    reports as fraud is judged by the share of refused prompts that are reported.
    """

    meta = Metadata(
        id="mfa_fatigue",
        title="Second factor asked for until it was approved",
        description=(
            "Prompts that are sent to a person (push, call) are refused or left unanswered several "
            "times in a row, and perhaps approved in the end: somebody has the password and hopes "
            "that the person gives in. Codes that are typed wrongly do not count; a prompt missed "
            "once or twice is everyday. A prompt that the person reports as fraud is shown at once."
        ),
        scope=Scope.IDENTITY,
        actions=frozenset({Action.MFA_CHALLENGE, Action.LOGIN, Action.SSO}),
        technique=Technique.STATISTICAL,
        stage=Stage.ACCESS,
        phrase="amid refused ones",
        judged_per_day=PER_DAY,
        attack=("T1621", "T1078.004"),
        severity_floor=3,
        runbook=(
            "Call the person: did they ask for these prompts? If not, the password is known.",
            "Reset the password; if one was approved, end all sessions and look at their actions.",
            "Have prompts show a number to type in, or replace them by a passkey.",
        ),
        blind_spots=(
            "One single prompt that the person approves; fewer than one prompt an hour; vendors "
            "that log neither the prompts they send nor those that are not approved; several logs "
            "of one prompt within ten seconds count as one."
        ),
        version=2,
    )
    State = Prompts
    Shared = SharedPrompts

    # Nobody's past shows that they will never miss a prompt: one day in two hundred at least.
    _days = FirstModel(rarest=0.005)

    def judge(
        self, activity: Activity, state: Prompts, context: Context[SharedPrompts]
    ) -> Score | None:
        """Score a prompt that was not approved, or the approval after such prompts."""
        if activity.action != Action.MFA_CHALLENGE:
            return None
        approved = activity.outcome is Outcome.SUCCESS
        if not approved and not _unanswered(activity, state):
            return None
        label = _label(activity.time)
        size = len(_run(state, activity.time) | (set() if approved else {label}))
        if not size:
            return None
        peers, organization = context.peers, context.organization
        chance = self._days.chance(state.occasions, peers.first, organization.first, HORIZON)
        again = state.runs.sizes.at_least(
            size, burst.of_group(peers.sizes, organization.sizes, AGAIN)
        )
        reported = activity.facts.get(facts.REASON) == "fraud"
        if reported:  # two looks at one occasion
            share = of_group(peers.frauds, organization.frauds, FRAUD, FRAUD_WORTH)
            again = min(1.0, 2.0 * min(again, share))
        p = chance * again
        if p > context.signal_below:
            return Score(p)
        minutes = (activity.time - state.runs.began(activity.time, GAP)) / 60.0
        observed = f"{size} within {minutes:.0f} min"
        told = (
            "reported as fraud"
            if reported
            else "then one approved"
            if approved
            else "none approved"
        )
        return Score(
            p,
            (
                Feature("days with such a prompt", "today", state.occasions.usual(), bits(chance)),
                Feature(
                    "prompts not approved in a row",
                    f"{observed}, {told}",
                    f"{state.runs.sizes.count:.0f} earlier runs, few so long",
                    bits(again),
                ),
            ),
            state.occasions.trials < burst.GROUP_STRENGTH,
            f"{activity.actor.account} did not approve {observed} of prompts for a second factor, "
            + told,
        )

    def observe(
        self,
        activity: Activity,
        state: Prompts,
        context: Context[SharedPrompts],  # noqa: ARG002 - the contract's signature
    ) -> None:
        """A prompt is open, refused, or answered; whether that is normal or not."""
        if activity.action != Action.MFA_CHALLENGE:
            return
        time = int(activity.time)
        if activity.outcome is Outcome.SUCCESS:
            state.approved, state.sent = max(state.approved, time), 0
            return
        if _unanswered(activity, state):
            state.runs.observe(activity.time, _label(activity.time), KEEP)
        state.sent = time if activity.outcome is Outcome.UNKNOWN and _is_sent(activity) else 0

    def learn(self, activity: Activity, state: Prompts, context: Context[SharedPrompts]) -> None:
        """Learn days, and the length of runs of prompts not approved."""
        time = activity.time
        groups = shared_levels(context)
        label = _label(time)
        refused = (
            activity.action == Action.MFA_CHALLENGE
            and activity.outcome is not Outcome.SUCCESS
            and (int(time), label) in state.runs.recent.events
        )
        if refused or time // DAY > state.occasions.day:
            self._days.learn(refused, time, state.occasions, [group.first for group in groups])
        if not refused:
            return
        growth = state.runs.learn(time, label, GAP, KEEP, HALF_LIFE)
        fraud = activity.facts.get(facts.REASON) == "fraud"
        for group in groups:
            group.frauds.learn(fraud, time, HALF_LIFE)
            if growth:
                group.sizes.learn(*growth, time, HALF_LIFE)

    @staticmethod
    def examples() -> Iterable[Example]:
        """A person worn down; a telephone in another room; a code mistyped."""
        noon = MONDAY + DAY + 12 * HOUR

        def prompt(
            time: float, outcome: Outcome, reason: str = "", factor: str = "push"
        ) -> Activity:
            told = {facts.FACTOR: factor} | ({facts.REASON: reason} if reason else {})
            return act(
                Action.MFA_CHALLENGE, time, origin=at_work(), outcome=outcome, facts=dict(told)
            )

        def history() -> Iterable[Activity]:
            for event in team_logins():
                yield event
                if event.actor.identity == "mara" and event.action == Action.LOGIN:
                    yield prompt(event.time + 5, Outcome.SUCCESS)

        def refused(count: int, last: Outcome) -> Iterable[Activity]:
            yield from history()
            for i in range(count):
                yield prompt(noon + 90.0 * i, Outcome.FAILURE, "denied")
            yield prompt(noon + 90.0 * count, last, "denied" if last is Outcome.FAILURE else "")

        def mistyped() -> Iterable[Activity]:
            wrong = (prompt(noon + 20.0 * i, Outcome.FAILURE, factor="totp") for i in range(8))
            return chain(history(), wrong, [prompt(noon + 200, Outcome.SUCCESS, factor="totp")])

        yield Example(
            "ten prompts refused, the eleventh approved",
            lambda: refused(10, Outcome.SUCCESS),
            fires=True,
        )
        yield Example("twelve prompts refused", lambda: refused(11, Outcome.FAILURE), fires=True)
        yield Example(
            "a prompt is reported as fraud",
            lambda: chain(history(), [prompt(noon, Outcome.FAILURE, "fraud")]),
            fires=True,
        )
        yield Example(
            "the telephone in another room: one missed, the next approved",
            lambda: refused(1, Outcome.SUCCESS),
            fires=False,
        )
        yield Example("a code typed wrongly eight times", mistyped, fires=False)


def _label(time: float) -> int:
    return int(time // ONE_PROMPT) & 0xFFFF


def _is_sent(activity: Activity) -> bool:
    factor = activity.facts.get(facts.FACTOR)
    return isinstance(factor, str) and factor in _SENT_TO


def _unanswered(activity: Activity, state: Prompts) -> bool:
    """Refused, timed out; or a prompt goes out while the one before is open."""
    if activity.outcome is Outcome.FAILURE:
        factor, reason = activity.facts.get(facts.FACTOR), activity.facts.get(facts.REASON)
        if _is_sent(activity):
            return True
        typed = isinstance(factor, str) and factor in _TYPED
        return not typed and isinstance(reason, str) and reason in _REFUSED
    waited = activity.time - state.sent
    return (
        activity.outcome is Outcome.UNKNOWN
        and state.sent > 0
        and _is_sent(activity)
        and ONE_PROMPT <= waited <= GAP
    )


def _run(state: Prompts, time: float) -> set[int]:
    """Labels of the prompts not approved since the last approval, or the start of the run."""
    after = state.approved if state.approved <= time else 0
    return {label for second, label in state.runs.recent.session(time, GAP) if second > after}
