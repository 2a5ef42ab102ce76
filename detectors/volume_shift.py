"""An organisation reads, publishes or hands out access far beyond what the hour usually brings."""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from detectors.artifact_samples import DAY, HOUR, activity
from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.toolbox.forecast import HOURS, ForecastModel, Series
from detectors.toolbox.hours import CELLS, cell_of
from detectors.toolbox.peaks import GroupPeaks, PeakModel, Peaks
from detectors.toolbox.ranks import RankModel
from schemas.action import Action
from schemas.activity import Activity, Outcome, Target, TargetKind
from schemas.signal import Feature, bits

KINDS = {
    Action.CLONE: 0,
    Action.DOWNLOAD: 0,
    Action.PACKAGE_DOWNLOAD: 0,
    Action.PACKAGE_PUBLISH: 1,
    Action.RELEASE_PUBLISH: 1,
    Action.KEY_ADD: 2,
    Action.TOKEN_CREATE: 2,
}
NAMES = ("clones and downloads", "publishes", "tokens and keys made")
LEAST = 3  # events within the hour; fewer are no volume
KNOWN = 7 * HOURS  # hours of a series from which on it has seen enough of itself
LONGEST = int(28 * DAY // HOUR)  # an organisation silent for longer starts anew
LONGEST_NAME = 64


class Volume(msgspec.Struct, array_like=True):
    """Events of one kind.

    Attributes:
        weekday, weekend: the series of their hours.
        hour: the open one, since the epoch; -1 before the first.
        count: events in it.
        who: the account with most of them, if one has more than half (majority vote).
        votes: its events less those of others, since it became that.
        theirs: its events since then.
        peaks: of the hours.
    """

    weekday: Series = msgspec.field(default_factory=Series)
    weekend: Series = msgspec.field(default_factory=Series)
    hour: int = -1
    count: int = 0
    who: str = ""
    votes: int = 0
    theirs: int = 0
    peaks: Peaks = msgspec.field(default_factory=Peaks)

    def series(self, hour: int) -> tuple[int, Series]:
        """Hour of the day, and the series that an hour since the epoch belongs to."""
        cell = cell_of(hour * HOUR)
        return cell % HOURS, self.weekday if cell < CELLS // 2 else self.weekend


class Volumes(msgspec.Struct, array_like=True):
    """An organisation, by kind of event."""

    kinds: tuple[Volume, Volume, Volume] = msgspec.field(
        default_factory=lambda: (Volume(), Volume(), Volume())
    )


class VolumeShift(Detector[Volumes, GroupPeaks]):
    """Seasonal forecast of each hour, its residual ranked among the hours before.

    An hour's score is how far its count exceeds the forecast. Hours with events of all kinds and
    organisations are ranked together; those without any are not, so that a release a month is none
    of a surprise an hour.
    """

    meta = Metadata(
        id="volume_shift",
        title="Volume far beyond forecast",
        description=(
            "The accounts of an organisation together clone and download, publish, or make tokens"
            " and keys far more within an hour than this hour of the day usually brings, by a"
            " forecast that learns working days and weekends. It sees what is spread over many"
            " accounts or addresses, each of which stays small."
        ),
        scope=Scope.ORGANIZATION,
        actions=frozenset(KINDS),
        technique=Technique.LEARNING,
        stage=Stage.COLLECTION,
        phrase="while its organisation's volume is far beyond forecast",
        echo=True,
        judged_per_day=5.0,
        attack=("T1213.003", "T1119", "T1098.001"),
        severity_floor=2,
        runbook=(
            "List the hour's events by account, token and address: one of them, or many alike.",
            "Ask who started a migration, a release or a new integration today.",
            "If nobody did, revoke what they have in common: an application's grant, a token.",
            "Rotate secrets in what was taken; take back what was published.",
        ),
        blind_spots=(
            "Whoever takes little an hour. Vendors that do not name the organisation. The first"
            " weeks, and hours in which the organisation does as much anyway."
        ),
    )
    State = Volumes
    Shared = GroupPeaks

    _forecast = ForecastModel()
    _peaks = PeakModel(
        RankModel(half_life=180 * DAY, least=2.0**-3, per_octave=2, bins=24), width=HOUR
    )

    def judge(
        self, activity: Activity, state: Volumes, context: Context[GroupPeaks]
    ) -> Score | None:
        """P-value of the hour's volume, when this event lifts it."""
        volume = state.kinds[KINDS[Action(activity.action)]]
        count, score = self._score(activity, volume)
        groups, time = [context.organization], activity.time
        if not self._peaks.rises(score, time, volume.peaks, groups):
            return None
        p = self._peaks.judge(score, time, volume.peaks, groups)
        hour, series = volume.series(volume.hour)
        cold = series.hours < KNOWN
        if p > context.signal_below:
            return Score(p, cold=cold)
        name = NAMES[KINDS[Action(activity.action)]]
        expected = f"{self._forecast.expected(hour, series):.2g}"
        feature = Feature(f"{name}, {hour:02}:00 UTC", f"{count} so far", expected, bits(p))
        title = f"{_organization(activity)}: {count} {name} within the hour, forecast {expected}"
        if volume.theirs > count / 2:
            title += f", {volume.theirs} or more by {volume.who}"
        return Score(p, (feature,), cold, title)

    def observe(self, activity: Activity, state: Volumes, context: Context[GroupPeaks]) -> None:
        """The event belongs to its hour, normal or not; hours before it are over."""
        if not _counts(activity):
            return
        volume, time = state.kinds[KINDS[Action(activity.action)]], activity.time
        self._advance(int(time // HOUR), volume)
        score = self._score(activity, volume)[1]
        groups = [context.organization]
        if self._peaks.rises(score, time, volume.peaks, groups):
            p = self._peaks.judge(score, time, volume.peaks, groups)
            reported = p <= context.signal_below
            self._peaks.observe(score, time, volume.peaks, groups, reported=reported)
        if int(time // HOUR) == volume.hour:
            volume.count += 1
            _vote(activity.actor.account[:LONGEST_NAME], volume)

    def learn(self, activity: Activity, state: Volumes, context: Context[GroupPeaks]) -> None:
        """Hours that are over count as normal."""
        volume = state.kinds[KINDS[Action(activity.action)]]
        self._peaks.learn(activity.time, volume.peaks, [context.organization])

    def subject(self, activity: Activity) -> str:
        """The organisation: it may be nobody's doing alone."""
        return f"organization:{_organization(activity)}"

    def _score(self, activity: Activity, volume: Volume) -> tuple[int, float]:
        """The hour's count with this event; one more than its residual, 0 if it has none."""
        count = volume.count + 1
        if not _counts(activity) or int(activity.time // HOUR) != volume.hour or count < LEAST:
            return count, 0.0
        hour, series = volume.series(volume.hour)
        if series.hours < HOURS:
            return count, 0.0
        return count, 1.0 + self._forecast.score(count, hour, series)

    def _advance(self, hour: int, volume: Volume) -> None:
        """Learn the hours before, those without events too."""
        if hour <= volume.hour:
            return
        if volume.hour >= 0 and hour - volume.hour <= LONGEST:
            for passed in range(volume.hour, hour):
                of_day, series = volume.series(passed)
                self._forecast.learn(volume.count, of_day, series)
                volume.count = 0
        else:
            volume.weekday, volume.weekend = Series(), Series()
        volume.hour, volume.count = hour, 0
        volume.who, volume.votes, volume.theirs = "", 0, 0

    @staticmethod
    def examples() -> Iterable[Example]:
        """Tokens of many people clone everything; a busy day, a weekend, a small organisation."""
        organisation = Target(TargetKind.REPOSITORY, organization="example-org")

        def clones(count: int, time: float, people: int = 40) -> list[Activity]:
            return [
                activity(
                    Action.CLONE,
                    f"github:member-{number % people}",
                    time + 3000.0 * number / count,
                    target=replace(organisation, name=f"service-{number % 12}"),
                )
                for number in range(count)
            ]

        def past(days: int, daily: int = 8) -> list[Activity]:
            """Clones in eight hours of a day, few at weekends, thrice as many early on Mondays."""
            return [
                event
                for day in range(days)
                for hour in range(8)
                for event in clones(
                    1
                    if day % 7 > 4  # noqa: PLR2004 - a weekend; the first day is a Monday
                    else (daily + (3 * day + 5 * hour) % 7) * (1 if day % 7 or hour else 3),
                    day * DAY + hour * HOUR,
                )
            ]

        def small(days: int) -> list[Activity]:
            return [event for day in range(0, days, 9) for event in clones(2, day * DAY)]

        return (
            Example(
                "twelve times the clones within an hour, a few by each of forty people",
                lambda: [*past(91), *clones(256, 91 * DAY + 3 * HOUR)],
                True,
            ),
            Example(
                "an hour with twice the clones",
                lambda: [*past(91), *clones(20, 91 * DAY + 3 * HOUR)],
                False,
            ),
            Example("a quiet weekend", lambda: [*past(89), *clones(2, 89 * DAY + 3 * HOUR)], False),
            Example(
                "a small organisation clones seven for once",
                lambda: [*small(91), *clones(7, 91 * DAY)],
                False,
            ),
        )


def _organization(activity: Activity) -> str:
    return activity.target.organization if activity.target else ""


def _counts(activity: Activity) -> bool:
    return activity.outcome is not Outcome.FAILURE


def _vote(account: str, volume: Volume) -> None:
    """Majority vote (Boyer and Moore 1991, doi:10.1007/978-94-011-3488-0_5)."""
    if not volume.votes:
        volume.who, volume.theirs = account, 0
    if account == volume.who:
        volume.votes += 1
        volume.theirs += 1
    else:
        volume.votes -= 1
