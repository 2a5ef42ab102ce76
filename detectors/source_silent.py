"""An audit source falls silent against its own rhythm."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain

import msgspec
from msgspec.structs import replace

from detectors.artifact_samples import DAY, HOUR, MINUTE, activity
from detectors.base import (
    Context,
    Detector,
    Example,
    Metadata,
    Scope,
    Score,
    Stage,
    Technique,
)
from detectors.toolbox.silence import Rhythm, class_of
from schemas.action import Action
from schemas.activity import Activity
from schemas.signal import Feature, bits

RAREST = 2.0**-10  # a day of a source by chance; with ten sources once in three months
LEAST_DAYS = 7.0  # weekdays and a weekend
MOST_SOURCES = 64
AGAIN = 7 * DAY
_ROUNDED = 1.0 + 1e-6  # the timer stands where a class begins


class SourceRhythm(Rhythm):
    """A source's rhythm, and the timer that counts.

    Attributes:
        armed: when it is due, or will be set anew.
        armed_by: uid of the event that it was set for.
        fresh: it has not been due since that event.
        reported: the silence of now has been.
        excused: when a reported silence last ended that was not learned as normal.
    """

    armed: float = 0.0
    armed_by: int = 0
    fresh: bool = False
    reported: bool = False
    excused: float = 0.0


class Speakers(msgspec.Struct, array_like=True):
    """Sources of one partition: name to when it last spoke, whole seconds."""

    heard: dict[str, int] = {}


class SourceSilent(Detector[SourceRhythm, Speakers]):
    """Keeps a timer a source: when it is due, it looks whether there is still nothing.

    The timer stands where the silence will be rare enough. When it is due and the source has
    spoken, it moves on from the last event, until the next event sets one of its own. So a source
    costs two timers in a few hours, however much it sends. When other sources that this partition
    hears have fallen silent too, it waits for one of them: then it is the collector, or the end of
    a recording, and not this source.
    """

    meta = Metadata(
        id="source_silent",
        title="Audit source fell silent",
        description=(
            "A source of audit events sends nothing for so long that, by its own rhythm over hours,"
            " weekdays and weekends, many events are missing, several times as many as in the"
            " longest silence of its recent days. Its stream may be paused, its credentials"
            " revoked, or it is switched off so that nobody sees what comes next."
        ),
        scope=Scope.SOURCE,
        actions=frozenset(Action) - {Action.CLOCK_TICK},
        technique=Technique.RULE,
        stage=Stage.TAMPERING,
        phrase="while an audit source is silent",
        judged_per_day=1.0,
        attack=("T1562.008", "T1562.001"),
        severity_floor=3,
        runbook=(
            "Look whether the source's own console shows events that did not arrive here.",
            "Check the audit stream, webhook or poller: is it paused, was it changed, by whom.",
            "Check its credentials and the collector's log.",
            "Once it is back, fetch what is missing and run it through `devspm replay`.",
        ),
        blind_spots=(
            "A source of a few events a day is missed only after many days. A filter that drops"
            " some events and lets others pass. A source in its first week. When all sources of a"
            " partition fall silent at once, it is left to the alert on the pipeline's own input."
        ),
    )
    State = SourceRhythm
    Shared = Speakers

    def judge(
        self,
        activity: Activity,  # noqa: ARG002 - the contract's signature
        state: SourceRhythm,  # noqa: ARG002
        context: Context[Speakers],  # noqa: ARG002
    ) -> Score | None:
        """Nothing: what speaks is not silent."""
        return None

    def learn(self, activity: Activity, state: SourceRhythm, context: Context[Speakers]) -> None:
        """Take the event into the rhythm; set the timer if there is none of late."""
        heard = context.organization.heard
        heard[activity.source] = max(int(activity.time), heard.pop(activity.source, 0))
        if len(heard) > MOST_SOURCES:
            del heard[next(iter(heard))]
        # A reported silence is no habit; two within a week are the source's new rhythm.
        normal = not state.reported or activity.time - state.excused < AGAIN
        if not normal:
            state.excused = activity.time
        state.reported = False
        state.learn(activity.time, activity.received, normal=normal)
        if state.days >= LEAST_DAYS and not (state.fresh and activity.time < state.armed):
            self._arm(activity, state, context)
            state.fresh = True

    def due(
        self, activity: Activity, state: SourceRhythm, context: Context[Speakers]
    ) -> Score | None:
        """P-value of the silence, or, if the source has spoken, another timer."""
        now = state.armed
        if activity.uid != state.armed_by:
            return None  # a later event has set another
        state.fresh = False
        since = state.last
        if since > now or (rare := self._rare(state)) is None or rare > now + 1.0:
            self._arm(activity, state, context)
            return None
        if _all_silent(activity.source, since, now, context.organization):
            state.armed = now + (now - since) / 2.0
            context.wake(state.armed, activity)
            return None
        missing = state.missing(since, now)
        p = state.at_least(class_of(missing * _ROUNDED))
        if p > context.signal_below:
            return Score(p)
        state.reported = True
        hours = (now - since) / HOUR
        feature = Feature(
            "events missing",
            f"about {missing:.0f} in {hours:.1f} h",
            f"at most {4 ** (len(state.reached) - 1)} in {state.days:.0f} days",
            bits(p),
        )
        title = (
            f"Source {activity.source} silent since {_minute(since)}, for {hours:.1f} h,"
            f" in which about {missing:.0f} events were usual"
        )
        return Score(p, (feature,), title=title)

    @staticmethod
    def _rare(state: SourceRhythm) -> float | None:
        """When a silence since the last event will be rare; None: not for weeks."""
        reached = next(i for i in range(1, 64) if state.at_least(i) <= RAREST)
        return state.until(state.last, 4.0 ** (reached - 1))

    def _arm(self, activity: Activity, state: SourceRhythm, context: Context[Speakers]) -> None:
        """Set the timer to when a silence will be rare; none today where that is weeks away."""
        at = self._rare(state)
        state.armed, state.armed_by = at or state.last + DAY, activity.uid
        if at is not None:
            context.wake(at, activity)

    def subject(self, activity: Activity) -> str:
        """The source: nobody has done anything."""
        return f"source:{activity.source}"

    @staticmethod
    def examples() -> Iterable[Example]:
        """A stream that stops at noon; nights, weekends and rare sources stay quiet."""

        def event(time: float, source: str = "github.audit") -> Activity:
            made = activity(Action.TOKEN_CREATE, "github:mara", time)
            return replace(made, source=source)

        def office(end: float, start: float = 0.0) -> Iterable[Activity]:
            """Every few minutes from nine to seven, Mondays to Fridays; a job each hour."""
            minutes = (n * 10 * MINUTE for n in range(int(start / MINUTE) // 10, 6 * 24 * 60))
            for time in minutes:
                if time >= end:
                    return
                hour, day = time % DAY / HOUR, time // DAY
                if (hour < 10 and day % 7 < 5) or time % HOUR == 0:  # noqa: PLR2004
                    yield event(time)

        noon = 56 * DAY + 3 * HOUR
        rare = [event(n * DAY / 2) for n in range(60)]
        return (
            Example(
                "a stream that stopped on Monday comes back for a moment and stops again",
                lambda: chain(office(noon), [event(noon + 2 * DAY)]),
                True,
                advance=2 * DAY,
            ),
            Example("an hour without events", lambda: office(noon), False, advance=HOUR),
            Example("a night", lambda: office(56 * DAY + 10 * HOUR), False, advance=14 * HOUR),
            Example(
                "a day off, the hourly job goes on",
                lambda: chain(office(56 * DAY), (event(56 * DAY + n * HOUR) for n in range(24))),
                False,
                advance=MINUTE,
            ),
            Example("a source in its first week", lambda: office(3 * DAY), False, advance=9 * DAY),
            Example("two events a day, and none for two days", lambda: rare, False, 2 * DAY),
        )


def _minute(time: float) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M}Z"


def _all_silent(source: str, since: float, now: float, speakers: Speakers) -> bool:
    """Have sources that spoke a day or less before the silence said nothing in its latter half."""
    others = [at for name, at in speakers.heard.items() if name != source and at > since - DAY]
    return bool(others) and max(others) < (since + now) / 2.0
